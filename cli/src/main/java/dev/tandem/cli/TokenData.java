package dev.tandem.cli;

import dev.tandem.cli.config.DataConfig;
import dev.tandem.cli.config.DataConfig.WindowsConfig;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.CharacterTokenizer;
import dev.tandem.data.Dataset;
import dev.tandem.data.ShardFolder;
import dev.tandem.data.Splits;
import dev.tandem.data.Text;
import dev.tandem.data.TokenSequence;
import dev.tandem.data.TokenShards;
import dev.tandem.data.TokenWindows;
import dev.tandem.data.Tokenizer;
import dev.tandem.data.TokenizerFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A source of tokens, opened: a text, or shards. What it has no validation set for is cut from the end of its tokens, so
 * that no window lies on both sides.
 *
 * @param validation the source's own, where it has one
 */
record TokenData(
    String name,
    TokenSequence training,
    Optional<TokenSequence> validation,
    Optional<TokenSequence> testing,
    Optional<Tokenizer> tokenizer,
    Cut cut) {
  /** How windows are cut. @param measured at most so many for the validation */
  private record Cut(int length, WindowsConfig windows, Optional<Integer> measured) {}

  /** @param trained the tokenizer of the run that goes on: characters learned anew could be others */
  static TokenData of(DataConfig.Text config, Optional<Tokenizer> trained) {
    Tokenizer tokenizer =
        switch (config.tokens()) {
          case CHARACTERS ->
              trained
                  .filter(CharacterTokenizer.class::isInstance)
                  .orElseGet(() -> CharacterTokenizer.learn(List.of(config.file())));
          case BYTES -> Tokenizer.bytes();
          case GPT2 -> Tokenizer.gpt2();
        };
    return new TokenData(
        config.file().toString(),
        Text.of(config.file(), tokenizer).tokens(),
        Optional.empty(),
        Optional.empty(),
        Optional.of(tokenizer),
        new Cut(config.length(), config.windows(), config.validationWindows()));
  }

  /** @param trained the tokenizer of the run that goes on, which must be the shards' */
  static TokenData of(LoadedConfig loaded, DataConfig.Tokens config, Optional<Tokenizer> trained) {
    Path shards = config.shards();
    boolean folder = !Files.isRegularFile(shards);
    Path beside = folder ? shards : shards.toAbsolutePath().getParent();
    ShardFolder files =
        folder
            ? ShardFolder.of(shards)
            : new ShardFolder(beside, List.of(shards), List.of(), List.of());
    Optional<Tokenizer> told = TokenizerFile.in(beside);
    Optional<Tokenizer> tokenizer = config.tokenizer().map(TokenData::tokenizer).or(() -> told);
    if (told.isPresent() && !told.equals(tokenizer)) {
      throw loaded.problem(
          "data.source.tokenizer",
          "tokens.json beside the shards says otherwise, got "
              + tokenizer.get().name()
              + " where it says "
              + told.get().name()
              + "; remove one of them");
    }
    if (trained.isPresent() && tokenizer.isPresent() && !trained.equals(tokenizer)) {
      throw loaded.problem(
          "data.source.shards",
          "the tokens are others than the run was trained on, got "
              + words(tokenizer.get())
              + " where it has "
              + words(trained.get())
              + "; make shards with the run's tokens.json, or of the run's own text");
    }
    int vocabulary = vocabulary(loaded, config, tokenizer, beside);
    List<Path> validation =
        config.validationShards().map(TokenData::all).orElse(files.validation());
    return new TokenData(
        shards.toString(),
        TokenShards.open(files.training(), vocabulary),
        opened(validation, vocabulary),
        opened(files.test(), vocabulary),
        tokenizer,
        new Cut(config.length(), config.windows(), config.validationWindows()));
  }

  private static int vocabulary(
      LoadedConfig loaded, DataConfig.Tokens config, Optional<Tokenizer> tokenizer, Path beside) {
    int least = tokenizer.map(Tokenizer::size).orElse(0);
    int vocabulary = config.vocabulary().orElse(least);
    if (vocabulary == 0) {
      throw loaded.problem(
          "data.source",
          "nothing tells what the tokens are, got no tokens.json in "
              + beside
              + "; give tokenizer: gpt2, or vocabulary: 50257");
    }
    if (vocabulary < least) {
      throw loaded.problem(
          "data.source.vocabulary",
          "smaller than the tokenizer's, got "
              + vocabulary
              + " where "
              + tokenizer.get().name()
              + " has "
              + least
              + "; leave it out");
    }
    return vocabulary;
  }

  private static Tokenizer tokenizer(DataConfig.TokenKind kind) {
    return switch (kind) {
      case BYTES -> Tokenizer.bytes();
      case GPT2 -> Tokenizer.gpt2();
      case CHARACTERS -> throw new IllegalStateException("the config's reader refuses them");
    };
  }

  private static String words(Tokenizer tokenizer) {
    return tokenizer.size() + " " + tokenizer.name();
  }

  private static List<Path> all(Path validation) {
    return Files.isDirectory(validation)
        ? ShardFolder.validationIn(validation)
        : List.of(validation);
  }

  private static Optional<TokenSequence> opened(List<Path> files, int vocabulary) {
    return files.isEmpty() ? Optional.empty() : Optional.of(TokenShards.open(files, vocabulary));
  }

  /** Whether training windows come in an order, or at places, drawn anew in each epoch. */
  boolean shuffled() {
    return !(cut.windows() instanceof DataConfig.Sequential);
  }

  Optional<Dataset> test() {
    return testing.map(tokens -> windows("test", tokens));
  }

  /** Training windows; validation and test of their own, or cut from the end of the tokens in this order. */
  Splits split(Splits.Fractions fractions) {
    long size = training.size();
    long test = testing.isPresent() ? 0 : Math.round(size * fractions.test());
    long validating = validation.isPresent() ? 0 : Math.round(size * fractions.validation());
    long training = size - test - validating;
    Optional<TokenSequence> validation =
        this.validation.or(() -> part(training, training + validating));
    return new Splits(
        training(this.training.part(0, training)),
        validation.map(tokens -> measured(windows("validation", tokens))),
        part(size - test, size).map(tokens -> windows("test", tokens)));
  }

  private Optional<TokenSequence> part(long from, long to) {
    return from == to ? Optional.empty() : Optional.of(training.part(from, to));
  }

  private Dataset training(TokenSequence tokens) {
    TokenWindows windows = windows("training", tokens);
    return switch (cut.windows()) {
      case DataConfig.Random(Optional<Integer> number) ->
          windows.random(number.orElse(windows.size()));
      case DataConfig.Shuffled _, DataConfig.Sequential _ -> windows;
    };
  }

  private TokenWindows measured(TokenWindows windows) {
    int most = cut.measured().orElse(windows.size());
    return most < windows.size() ? windows.spread(most) : windows;
  }

  private TokenWindows windows(String part, TokenSequence tokens) {
    return TokenWindows.adjoining(name + " (" + part + ")", tokens, cut.length());
  }
}
