package dev.tandem.cli;

import dev.tandem.data.CharacterTokenizer;
import dev.tandem.data.Tokenization;
import dev.tandem.data.Tokenization.Validation;
import dev.tandem.data.Tokenizer;
import dev.tandem.data.TokenizerFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "tokenize",
    description =
        "Makes token shards of texts of any length, for data of kind tokens: .bin files in llm.c's layout, and tokens.json.",
    mixinStandardHelpOptions = true)
final class TokenizeCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "TEXT",
      description =
          "UTF-8 files, plain or gzip; of several, each begins with <|endoftext|> where the tokenizer has it.")
  private List<Path> texts = new ArrayList<>();

  @Option(
      names = "--tokenizer",
      paramLabel = "KIND|FILE",
      defaultValue = "gpt2",
      description =
          "What a token is: gpt2, bytes, characters of these texts, or what a tokens.json says. Default: ${DEFAULT-VALUE}")
  private String tokenizer;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FOLDER",
      description = "Where shards are written; made if need be.")
  private Path out;

  @Option(
      names = "--validation",
      paramLabel = "SHARE|TEXT",
      defaultValue = "0.05",
      description =
          "The share of the tokens that is cut off at the end for validation, or a text for it; 0 for none. Default:"
              + " ${DEFAULT-VALUE}")
  private String validation;

  @Option(
      names = "--shard-tokens",
      paramLabel = "N",
      defaultValue = "" + Tokenization.SHARD_TOKENS,
      description = "The most tokens a shard. Default: ${DEFAULT-VALUE}")
  private int shardTokens;

  TokenizeCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Validation held = held();
    long begin = System.nanoTime();
    Tokenization tokenization = new Tokenization(texts, tokenizer(held), held, shardTokens);
    Tokenization.Written written;
    try (MovingBar bar = new MovingBar(terminal, "tokenize", tokenization.bytes(), "bytes")) {
      written = tokenization.write(out, bar::stepTo);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    terminal.say(part("training", written.trainingTokens(), written.trainingShards()));
    if (written.validationTokens() > 0) {
      terminal.say(part("validation", written.validationTokens(), written.validationShards()));
    }
    terminal.say(
        Report.format(
            "tokenize: %,d tokens of %,d different %s from %,d bytes in %.1f s, %,d tokens/s, folder %s",
            written.tokens(),
            tokenization.tokenizer().size(),
            tokenization.tokenizer().name(),
            tokenization.bytes(),
            seconds,
            Math.round(written.tokens() / seconds),
            out));
    return 0;
  }

  private static String part(String part, long tokens, int shards) {
    return Report.format(
        "%s: %,d tokens in %,d %s", part, tokens, shards, shards == 1 ? "shard" : "shards");
  }

  private Validation held() {
    return validation.matches("-?\\d*\\.?\\d+")
        ? new Validation.Share(Double.parseDouble(validation))
        : new Validation.Texts(List.of(Path.of(validation)));
  }

  private Tokenizer tokenizer(Validation held) {
    return switch (tokenizer) {
      case "bytes" -> Tokenizer.bytes();
      case "gpt2" -> Tokenizer.gpt2();
      case "characters" -> {
        List<Path> all = new ArrayList<>(texts);
        if (held instanceof Validation.Texts(List<Path> more)) {
          all.addAll(more);
        }
        yield CharacterTokenizer.learn(all);
      }
      default -> {
        if (!Files.isRegularFile(Path.of(tokenizer))) {
          throw new CommandLine.ParameterException(
              spec.commandLine(),
              "no such tokenizer, got '"
                  + tokenizer
                  + "'; use gpt2, bytes, characters, or a tokens.json");
        }
        yield TokenizerFile.read(Path.of(tokenizer));
      }
    };
  }
}
