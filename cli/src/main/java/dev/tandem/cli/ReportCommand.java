package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.Dataset;
import dev.tandem.train.RunFolder;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "report",
    description =
        "Writes a run's report.html anew from the files of its folder: of a run that was killed, or of one that goes on.",
    mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(paramLabel = "RUN", description = "A run folder.")
  private Path run;

  @Option(
      names = "--evaluate",
      description =
          "Measures the run's model first, on the test samples or the best there are, and shows it samples.")
  private boolean evaluate;

  ReportCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    RunFolder folder = RunFolder.open(run);
    if (evaluate) {
      evaluate(folder);
    }
    RunWriter.writeReport(folder);
    terminal.say("report " + folder.report());
    return 0;
  }

  private void evaluate(RunFolder folder) {
    LoadedConfig loaded = options.read(folder.config());
    try (Backend backend = ConfigOptions.open(loaded, terminal::note);
        TrainedModel trained = TrainedModel.open(loaded, folder.model(), backend)) {
      RunData data = RunData.open(loaded, folder.readTokenizer());
      Dataset dataset = data.measured();
      RunWriter.writeEvaluation(
          folder,
          new Examiner(
                  trained.learner(),
                  trained.card().inputs(),
                  trained.card().targets(),
                  Prepared.measuredAtOnce(dataset))
              .examine(
                  data.measuredPart(),
                  dataset,
                  trained.measure(dataset),
                  data.tokenizer(),
                  loaded.config().seed()));
    }
  }
}
