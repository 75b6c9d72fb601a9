package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.data.DataException;
import dev.tandem.data.Normalization;
import dev.tandem.data.Target;
import dev.tandem.data.Tokenizer;
import dev.tandem.data.TokenizerFile;
import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import dev.tandem.io.HuggingFace;
import dev.tandem.io.HuggingFaceConfig;
import dev.tandem.io.SafeTensors;
import dev.tandem.io.SafeTensorsFile;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.Llama;
import dev.tandem.nn.Sequential;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.train.RunFolder;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "import",
    description =
        "Makes a folder for generate, and for train to go on from, of a language model as Hugging Face publishes it: GPT-2 and"
            + " Llama.",
    mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
  private static final String WEIGHTS = "model.safetensors";

  private final Terminal terminal;

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FOLDER|FILE",
      description = "A folder with config.json and model.safetensors, or such a file in it.")
  private Path source;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FOLDER",
      description = "Where the model is written; made if need be.")
  private Path out;

  @Option(
      names = "--tokenizer",
      paramLabel = "KIND|FILE",
      description =
          "What the model's tokens are: gpt2, bytes, or what a tokens.json says. Default: gpt2 for 50257 tokens, else nothing,"
              + " and generate takes and writes numbers")
  private String tokenizer;

  ImportCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    boolean file = Files.isRegularFile(source);
    Path folder = file ? source.toAbsolutePath().getParent() : source;
    Path weights = file ? source : folder.resolve(WEIGHTS);
    HuggingFaceConfig config = HuggingFaceConfig.read(folder.resolve(HuggingFaceConfig.NAME));
    if (!file && !Files.exists(weights) && Files.exists(folder.resolve(WEIGHTS + ".index.json"))) {
      throw new FileException(
          "import: the weights lie in several files, got "
              + folder.resolve(WEIGHTS + ".index.json")
              + "; join them into one model.safetensors");
    }
    DType dtype = dtype(weights);
    Optional<Tokenizer> known = tokenizer(config, folder);
    try (Backend backend = ConfigOptions.open("cpu", BackendException::new, terminal::note)) {
      LanguageModel model = config.build(new Init(backend, dtype, new Random(0)));
      try (Sequential whole = Sequential.of(model)) {
        HuggingFace.load(weights, model);
        RunFolder written = NewFolder.make("import", out);
        ModelCard card =
            new ModelCard(
                new TensorType(DType.I32, Shape.of(config.context())),
                new Target.Tokens(config.vocabulary()),
                Normalization.none(Shape.of(config.context())),
                Optional.empty(),
                Optional.empty());
        SafeTensors.writeChecked(written.model(), whole.parameters(), card.metadata());
        known.ifPresent(written::writeTokenizer);
        AtomicFile.text(written.config(), yaml(config, dtype, known));
        terminal.say(
            Report.format(
                "import: %s, %,d parameters in %s, tokens %s, folder %s",
                model.describe(),
                whole.parameterElements(),
                dtype,
                known.map(Tokenizer::name).orElse("unknown"),
                out));
      }
    }
    return 0;
  }

  /** The file's own, where it has one: numbers then stay what they are. */
  private static DType dtype(Path weights) {
    try (SafeTensorsFile opened = SafeTensors.open(weights)) {
      Set<DType> types =
          opened.entries().values().stream()
              .filter(entry -> entry.known() && entry.type().dtype().floating())
              .map(entry -> entry.type().dtype())
              .collect(Collectors.toSet());
      return types.equals(Set.of(DType.BF16)) || types.equals(Set.of(DType.F16))
          ? types.iterator().next()
          : DType.F32;
    }
  }

  private Optional<Tokenizer> tokenizer(HuggingFaceConfig config, Path folder) {
    if (tokenizer == null) {
      // An export of ours has its tokens beside it.
      Optional<Tokenizer> beside =
          TokenizerFile.in(folder).filter(known -> known.size() == config.vocabulary());
      if (beside.isPresent()) {
        return beside;
      }
      return Optional.<Tokenizer>of(Tokenizer.gpt2())
          .filter(gpt2 -> gpt2.size() == config.vocabulary());
    }
    Tokenizer known =
        switch (tokenizer) {
          case "gpt2" -> Tokenizer.gpt2();
          case "bytes" -> Tokenizer.bytes();
          default -> {
            if (!Files.isRegularFile(Path.of(tokenizer))) {
              throw new CommandLine.ParameterException(
                  spec.commandLine(),
                  "no such tokenizer, got '"
                      + tokenizer
                      + "'; use gpt2, bytes, or a "
                      + TokenizerFile.NAME);
            }
            yield TokenizerFile.read(Path.of(tokenizer));
          }
        };
    if (known.size() != config.vocabulary()) {
      throw new DataException(
          "import: the tokenizer is another model's, got "
              + known.size()
              + " tokens of "
              + known.name()
              + " where the model has "
              + config.vocabulary()
              + "; leave --tokenizer out where there is none that fits");
    }
    return Optional.of(known);
  }

  /** A config that trains the model further, and tells eval and generate what it is. */
  private static String yaml(HuggingFaceConfig config, DType dtype, Optional<Tokenizer> known) {
    String source =
        known
            .map(tokenizer -> "kind: text, file: text.txt, tokens: " + tokenizer.name())
            .orElse("kind: tokens, shards: shards, vocabulary: " + config.vocabulary());
    return """
    # Made by 'tandem import'. To train the model further on data of yours:
    #   tandem train CONFIG --data PATH

    precision: %s

    data:
      source: {%s, length: %d}

    model:
      weights: model.safetensors
      layers:
        - %s

    optimizer: {kind: adamw, lr: 0.00003, weight_decay: 0.1}
    schedule: {kind: cosine, warmup: 0.1}
    clip: {kind: norm, limit: 1}

    training:
      batch: 4
      epochs: 1
      decay: matrices
    """
        .formatted(dtype.name().toLowerCase(Locale.ROOT), source, config.context(), layer(config));
  }

  private static String layer(HuggingFaceConfig config) {
    return switch (config) {
      case HuggingFaceConfig.OfGpt(Gpt.Config sizes) ->
          Report.format(
              "gpt: {layers: %d, heads: %d, channels: %d, context: %d, padded: false}",
              sizes.layers(), sizes.heads(), sizes.channels(), sizes.context());
      case HuggingFaceConfig.OfLlama(Llama.Config sizes) ->
          "llama: {layers: "
              + sizes.layers()
              + ", heads: "
              + sizes.heads()
              + ", key_heads: "
              + sizes.keyHeads()
              + ", channels: "
              + sizes.channels()
              + ", hidden: "
              + sizes.hidden()
              + ", context: "
              + sizes.context()
              + ", base: "
              + plain(sizes.base())
              + ", epsilon: "
              + plain(sizes.epsilon())
              + ", tied: "
              + sizes.tied()
              + ", padded: false"
              + "}";
    };
  }

  private static String plain(double number) {
    return new BigDecimal(Double.toString(number)).toPlainString();
  }
}
