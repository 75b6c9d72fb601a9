package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.Dataset;
import dev.tandem.data.Target;
import dev.tandem.train.Metrics;
import dev.tandem.train.RunFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "eval",
    description = "Measures a trained model: loss, accuracy, and which classes it takes for which.",
    mixinStandardHelpOptions = true)
final class EvalCommand implements Callable<Integer> {
  /** The parts of the data. */
  enum Part {
    TEST,
    VALIDATION,
    TRAINING
  }

  private final Terminal terminal;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(
      paramLabel = "RUN_OR_CONFIG",
      description = "A run folder, or a config together with --model.")
  private Path run;

  @Option(
      names = "--model",
      paramLabel = "FILE",
      description = "The weights. Default: the run folder's model.safetensors")
  private Path model;

  @Option(
      names = "--part",
      paramLabel = "PART",
      description =
          "What to measure on: ${COMPLETION-CANDIDATES}. Default: test, or validation where nothing is kept for a test")
  private Part part;

  EvalCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    boolean folder = Files.isDirectory(run);
    if (!folder && model == null) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "no run folder, got '" + run + "'; give one, or a config and --model with its weights");
    }
    Optional<RunFolder> trainedIn = folder ? Optional.of(RunFolder.open(run)) : Optional.empty();
    LoadedConfig loaded = options.read(trainedIn.map(RunFolder::config).orElse(run));
    Path weights =
        Optional.ofNullable(model).orElseGet(() -> trainedIn.map(RunFolder::model).orElseThrow());
    try (Backend backend = ConfigOptions.open(loaded, terminal::note);
        TrainedModel trained = TrainedModel.open(loaded, weights, backend)) {
      RunData data = RunData.open(loaded, trainedIn.flatMap(RunFolder::readTokenizer));
      Part asked =
          part != null
              ? part
              : data.test().isEmpty() && data.validation().isPresent()
                  ? Part.VALIDATION
                  : Part.TEST;
      Dataset dataset =
          switch (asked) {
            case TEST -> data.test().orElseThrow(() -> absent(loaded, asked));
            case VALIDATION -> data.validation().orElseThrow(() -> absent(loaded, asked));
            case TRAINING -> data.training();
          };
      Metrics metrics = trained.measure(dataset);
      terminal.say(
          dataset.name()
              + ": loss "
              + Report.loss(metrics.loss())
              + ", "
              + Report.measured(metrics, dataset.target(), trained.card().targets()));
      if (metrics.confusion().isPresent()
          && dataset.target() instanceof Target.Classes(var names)) {
        terminal.out().print(metrics.confusion().get().table(names));
      }
      return 0;
    }
  }

  private static RuntimeException absent(LoadedConfig loaded, Part part) {
    return loaded.problem(
        "data",
        "there is no such part of the data, got --part "
            + part.name().toLowerCase(Locale.ROOT)
            + "; the config keeps nothing for it");
  }
}
