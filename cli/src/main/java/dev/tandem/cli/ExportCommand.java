package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.TokenizerFile;
import dev.tandem.io.HuggingFace;
import dev.tandem.io.HuggingFaceConfig;
import dev.tandem.nn.LanguageModel;
import dev.tandem.train.RunFolder;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "export",
    description =
        "Writes a trained language model as Hugging Face's transformers reads it: config.json and model.safetensors.",
    mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(paramLabel = "RUN", description = "A folder of train or import.")
  private Path run;

  @Option(
      names = "--hf",
      required = true,
      paramLabel = "FOLDER",
      description = "Where to write; made if need be.")
  private Path out;

  ExportCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    RunFolder folder = RunFolder.open(run);
    LoadedConfig loaded = options.read(folder.config());
    try (Backend backend = ConfigOptions.open(loaded, terminal::note);
        TrainedModel trained = TrainedModel.open(loaded, folder.model(), backend)) {
      LanguageModel model = trained.languageModel();
      Path written = NewFolder.make("export", out).path();
      HuggingFace.write(written.resolve("model.safetensors"), model);
      folder
          .readTokenizer()
          .ifPresent(
              tokenizer -> TokenizerFile.write(written.resolve(TokenizerFile.NAME), tokenizer));
      HuggingFaceConfig.write(written.resolve(HuggingFaceConfig.NAME), model);
      terminal.say("export: " + model.describe() + ", folder " + out);
      return 0;
    }
  }
}
