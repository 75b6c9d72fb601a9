package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.DataException;
import dev.tandem.data.TokenText;
import dev.tandem.data.Tokenizer;
import dev.tandem.io.FileException;
import dev.tandem.io.HuggingFaceConfig;
import dev.tandem.nn.Generator;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.Sampler;
import dev.tandem.tensor.Random;
import dev.tandem.train.RunFolder;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "generate",
    description =
        "Continues a text by a trained language model and writes it as it comes. One seed gives one text.",
    mixinStandardHelpOptions = true)
final class GenerateCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(
      paramLabel = "RUN|MODEL",
      description = "A folder of train or import, or the model.safetensors in it.")
  private Path run;

  @ArgGroup(exclusive = true, multiplicity = "0..1")
  private Prompt prompt = new Prompt();

  /** What is continued. */
  static final class Prompt {
    @Option(
        names = "--prompt",
        paramLabel = "TEXT",
        description =
            "What to continue; of a model whose tokens nobody knows, their numbers. Default: the start of a text")
    private String text;

    @Option(
        names = "--prompt-file",
        paramLabel = "FILE",
        description = "A UTF-8 file with what to continue.")
    private Path file;
  }

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "500",
      description = "How many tokens to write, at most. Default: ${DEFAULT-VALUE}")
  private int tokens;

  @Option(
      names = "--temperature",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "Below 1 less surprising, above 1 more, 0 always the likeliest. Default: ${DEFAULT-VALUE}")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      defaultValue = "0",
      description = "Draws among the N likeliest tokens; 0 for all. Default: ${DEFAULT-VALUE}")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description =
          "Draws among the fewest tokens that together have this probability. Default: ${DEFAULT-VALUE}")
  private double topP;

  GenerateCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Sampler sampler = sampler();
    boolean file = Files.isRegularFile(run);
    RunFolder folder = RunFolder.open(file ? run.toAbsolutePath().getParent() : run);
    requireOurs(folder);
    LoadedConfig loaded = options.read(folder.config());
    Optional<Tokenizer> tokenizer = folder.readTokenizer();
    try (Backend backend = ConfigOptions.open(loaded, terminal::note);
        TrainedModel trained = TrainedModel.open(loaded, file ? run : folder.model(), backend)) {
      LanguageModel model = trained.languageModel();
      Speech speech =
          tokenizer
              .<Speech>map(known -> new Speech.InWords(known, new TokenText(known)))
              .orElse(new Speech.InNumbers(model.vocabulary()));
      return generate(
          new Generator(model, sampler, new Random(loaded.config().seed())), speech, prompt());
    }
  }

  private int generate(Generator generator, Speech speech, Optional<String> prompt) {
    int[] start = prompt.map(speech::read).orElseGet(speech::start);
    prompt.ifPresent(this::write);
    AtomicBoolean stopped = new AtomicBoolean();
    int[] count = {0};
    long begin = System.nanoTime();
    try (Interruption _ =
        Interruption.stops(() -> stopped.set(true), terminal, "finishing the token")) {
      generator.generate(
          start,
          tokens,
          token -> {
            count[0]++;
            if (speech.ends(token)) {
              return false;
            }
            write(speech.word(token));
            return !stopped.get();
          });
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    write(speech.last() + "\n");
    terminal.note(
        Report.format(
            "generate: %,d tokens in %.1f s, %.4g tokens/s",
            count[0], seconds, count[0] / seconds));
    return stopped.get() ? Interruption.EXIT : 0;
  }

  /** UTF-8 whatever the terminal's encoding is said to be: a text is often written to a file. */
  private void write(String text) {
    terminal.out().writeBytes(text.getBytes(StandardCharsets.UTF_8));
    terminal.out().flush();
  }

  private Optional<String> prompt() {
    if (prompt.file == null) {
      return Optional.ofNullable(prompt.text).filter(text -> !text.isEmpty());
    }
    try {
      return Optional.of(Files.readString(prompt.file)).filter(text -> !text.isEmpty());
    } catch (CharacterCodingException e) {
      throw new FileException(
          "prompt: " + prompt.file + " is not UTF-8, got " + e + "; convert it", e);
    } catch (IOException e) {
      throw FileException.of("prompt", prompt.file, "cannot be read", e);
    }
  }

  private Sampler sampler() {
    if (tokens < 1) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--tokens must be at least 1, got " + tokens + "; 500 are a page");
    }
    try {
      return new Sampler(temperature, topK, topP);
    } catch (IllegalArgumentException e) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), e.getMessage().replaceFirst("^sampler: ", ""));
    }
  }

  private static void requireOurs(RunFolder folder) {
    if (!Files.exists(folder.config())
        && Files.exists(folder.path().resolve(HuggingFaceConfig.NAME))) {
      throw new FileException(
          "generate: the model is as Hugging Face publishes it, got "
              + folder.path()
              + "; first 'tandem import' it into a folder of Tandem's");
    }
  }

  /** How tokens are read and written. */
  private sealed interface Speech {
    int[] read(String text);

    /** What to continue where nothing is given. */
    int[] start();

    boolean ends(int token);

    String word(int token);

    /** What is left to write after the last word. */
    String last();

    record InWords(Tokenizer tokenizer, TokenText text) implements Speech {
      private static final String LINE_BREAK = "\n";

      @Override
      public int[] read(String prompt) {
        return tokenizer.encode(prompt);
      }

      @Override
      public int[] start() {
        if (tokenizer.endOfText().isPresent()) {
          return new int[] {tokenizer.endOfText().getAsInt()};
        }
        try {
          return tokenizer.encode(LINE_BREAK);
        } catch (DataException _) {
          return new int[] {0}; // a text without lines: any token will do
        }
      }

      @Override
      public boolean ends(int token) {
        return tokenizer.endOfText().equals(OptionalInt.of(token));
      }

      @Override
      public String word(int token) {
        // A model may have more tokens than the tokenizer, which were never trained.
        return token < tokenizer.size() ? text.next(token) : "\uFFFD";
      }

      @Override
      public String last() {
        return text.end();
      }
    }

    record InNumbers(int vocabulary) implements Speech {
      @Override
      public int[] read(String prompt) {
        String[] words = prompt.strip().split("\\s+");
        int[] read = new int[words.length];
        for (int i = 0; i < read.length; i++) {
          if (!words[i].matches("\\d{1,9}") || Integer.parseInt(words[i]) >= vocabulary) {
            throw new DataException(
                "generate: no tokens.json tells what the model's tokens are, so the prompt must be numbers below "
                    + vocabulary
                    + ", got '"
                    + words[i]
                    + "'; give e.g. --prompt \"1 2 3\"");
          }
          read[i] = Integer.parseInt(words[i]);
        }
        return read;
      }

      @Override
      public int[] start() {
        return new int[] {0};
      }

      @Override
      public boolean ends(int token) {
        return false;
      }

      @Override
      public String word(int token) {
        return " " + token;
      }

      @Override
      public String last() {
        return "";
      }
    }
  }
}
