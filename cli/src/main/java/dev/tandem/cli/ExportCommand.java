package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.TokenizerFile;
import dev.tandem.io.HuggingFace;
import dev.tandem.io.HuggingFaceConfig;
import dev.tandem.io.Onnx;
import dev.tandem.nn.LanguageModel;
import dev.tandem.train.RunFolder;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "export",
    description =
        "Writes a trained model for others: any as an ONNX file, a language model also as Hugging Face's transformers reads it.",
    mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(paramLabel = "RUN", description = "A folder of train or import.")
  private Path run;

  @ArgGroup(multiplicity = "1")
  private Form form;

  /** One of them. */
  static final class Form {
    @Option(
        names = "--hf",
        required = true,
        paramLabel = "FOLDER",
        description = "Writes config.json and model.safetensors there; made if need be.")
    private Path folder;

    @Option(
        names = "--onnx",
        required = true,
        paramLabel = "FILE",
        description =
            "Writes an ONNX file that takes raw features or token ids; it replaces one that is there.")
    private Path file;
  }

  ExportCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    RunFolder folder = RunFolder.open(run);
    LoadedConfig loaded = options.read(folder.config());
    try (Backend backend = ConfigOptions.open(loaded, terminal::note);
        TrainedModel trained = TrainedModel.open(loaded, folder.model(), backend)) {
      if (form.file != null) {
        Onnx.write(form.file, trained.model(), trained.card().use(trained.output()));
        terminal.say("export: " + trained.model().describe() + ", file " + form.file);
      } else {
        huggingFace(folder, trained.languageModel());
      }
      return 0;
    }
  }

  private void huggingFace(RunFolder folder, LanguageModel model) {
    Path out = form.folder;
    Path written = NewFolder.make("export", out).path();
    HuggingFace.write(written.resolve("model.safetensors"), model);
    folder
        .readTokenizer()
        .ifPresent(
            tokenizer -> TokenizerFile.write(written.resolve(TokenizerFile.NAME), tokenizer));
    HuggingFaceConfig.write(written.resolve(HuggingFaceConfig.NAME), model);
    terminal.say("export: " + model.describe() + ", folder " + out);
  }
}
