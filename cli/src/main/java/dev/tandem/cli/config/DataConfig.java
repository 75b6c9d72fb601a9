package dev.tandem.cli.config;

import dev.tandem.data.Normalization;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What to learn from. */
public record DataConfig(
    @Setting(
            value = "where samples come from",
            example = "digits",
            mistaken = {"kind", "dataset"})
        Source source,
    @Setting(
            value =
                "share of the samples kept for validation; of no account where the source has a validation set",
            otherwise = "0.1",
            min = 0,
            below = 1)
        double validation,
    @Setting(
            value =
                "share of the samples kept for the test; default: 0.2, or 0 where the source has a test set, and for"
                    + " tokens",
            example = "0.2",
            min = 0,
            below = 1)
        Optional<Double> test,
    @Setting(
            value =
                "what the split is drawn from: not the run's seed, so that runs of other seeds compare",
            otherwise = "1",
            min = 0)
        long splitSeed,
    @Setting(
            value =
                "how inputs are scaled; fitted to the training samples: standardize (mean 0, deviation 1), min-max"
                    + " (0 to 1) or none",
            otherwise = "none",
            mistaken = {"normalize", "normalisation"})
        Normalization.Method normalization,
    @Setting(
            value = "random changes to training pictures, in this order",
            otherwise = "[]",
            mistaken = "augment")
        List<AugmentationConfig> augmentation,
    @Setting(
            value = "batches made ahead of time on a thread of their own",
            otherwise = "2",
            min = 0,
            max = 1000)
        int prefetch) {

  /** Where samples come from. */
  @Choice("data source")
  public sealed interface Source {}

  @Named("1,797 handwritten digits, 8 x 8, that come with Tandem")
  public record Digits() implements Source {}

  @Named(
      value = "60,000 + 10,000 pictures of clothes, 28 x 28",
      as = "fashion-mnist",
      data = "folder",
      mistaken = "fmnist")
  public record FashionMnist(
      @Setting(
              "folder with the four idx files; default: where Debian's package or a download puts them")
          Optional<Path> folder,
      @Setting(
              value = "fetch the data, 30 MB, if they are nowhere on this machine",
              otherwise = "false")
          boolean download)
      implements Source {}

  @Named(value = "60,000 + 10,000 handwritten digits, 28 x 28", data = "folder")
  public record Mnist(
      @Setting(value = "folder with the four idx files", example = "data/mnist") Path folder)
      implements Source {}

  @Named("pictures and labels in idx files, plain or gzip")
  public record Idx(
      @Setting(
              value = "pictures, (N, H, W) or (N, C, H, W)",
              example = "train-images-idx3-ubyte.gz")
          Path images,
      @Setting(value = "labels, (N)", example = "train-labels-idx1-ubyte.gz") Path labels,
      @Setting("pictures of the test set") Optional<Path> testImages,
      @Setting("labels of the test set") Optional<Path> testLabels,
      @Setting(
              value = "names of the classes, in the order of their numbers",
              example = "[cat, dog]")
          List<String> classes)
      implements Source {
    public Idx {
      if (testImages.isPresent() != testLabels.isPresent()) {
        throw new IllegalArgumentException(
            "test_images and test_labels go together, got one; give both or neither");
      }
      if (classes.size() < 2) {
        throw new IllegalArgumentException(
            "fewer than 2 classes, got " + classes + "; name every class");
      }
    }
  }

  @Named(value = "a table in a CSV file, plain or gzip", data = "file")
  public record Csv(
      @Setting(value = "the file", example = "iris.csv") Path file,
      @Setting("a file with the test set, of the same columns") Optional<Path> testFile,
      @Setting(
              value = "the column to predict, or a list of number columns",
              example = "species",
              mistaken = {"targets", "label", "label_column"})
          List<String> target,
      @Setting(value = "what the target is: classes or numbers", otherwise = "classes") Task task,
      @Setting(
              value =
                  "class names in the order of their numbers; default: those in the file, sorted",
              otherwise = "[]")
          List<String> classes,
      @Setting(
              value = "input columns; default: all that are named nowhere else",
              otherwise = "[]",
              mistaken = {"columns", "features"})
          List<String> inputs,
      @Setting(value = "input columns that hold words", otherwise = "[]", mistaken = "categorical")
          List<String> categories,
      @Setting(value = "columns to leave out", otherwise = "[]") List<String> ignore,
      @Setting(
              value = "whether the first line names the columns; else they are 0, 1, ...",
              otherwise = "true")
          boolean header,
      @Setting(value = "what is between two values", otherwise = "','", mistaken = "separator")
          String delimiter,
      @Setting(value = "how number targets are scaled while training", otherwise = "none")
          Normalization.Method targetNormalization)
      implements Source {
    public Csv {
      if (delimiter.length() != 1) {
        throw new IllegalArgumentException(
            "delimiter is not one character, got '" + delimiter + "'; give ',' or ';'");
      }
      if (target.isEmpty()) {
        throw new IllegalArgumentException(
            "no target, got an empty list; name the column to predict");
      }
    }
  }

  /** What a CSV file's target is. */
  public enum Task {
    CLASSES,
    NUMBERS
  }

  @Named(value = "windows of a text, each to be continued by one token", data = "file")
  public record Text(
      @Setting(value = "the file, plain or gzip; UTF-8, but for bytes", example = "shakespeare.txt")
          Path file,
      @Setting(value = "what a token is: characters, bytes or gpt2", otherwise = "characters")
          TokenKind tokens,
      @Setting(value = "tokens a window", otherwise = "64", min = 1) int length,
      @Setting(value = "which windows train", otherwise = "shuffled") WindowsConfig windows,
      @Setting(
              value =
                  "at most so many windows, evenly spread, measure the validation; default: all that adjoin",
              min = 1)
          Optional<Integer> validationWindows)
      implements Source {}

  @Named(
      value =
          "windows of token shards, .bin files as 'tandem tokenize', llm.c and nanoGPT write them",
      data = "shards",
      mistaken = {"shards", "bin"})
  public record Tokens(
      @Setting(
              value =
                  "a folder with train*.bin, and perhaps val*.bin and test*.bin, or one .bin file",
              example = "shakespeare-tokens",
              mistaken = {"folder", "file", "files", "path"})
          Path shards,
      @Setting("a .bin file, or a folder of them, for validation") Optional<Path> validationShards,
      @Setting(
              value =
                  "what made the tokens: bytes or gpt2; default: what tokens.json beside the shards says",
              example = "gpt2")
          Optional<TokenKind> tokenizer,
      @Setting(
              value =
                  "how many different tokens there may be, more perhaps than the tokenizer has; default: as many",
              example = "50257",
              min = 1)
          Optional<Integer> vocabulary,
      @Setting(value = "tokens a window", otherwise = "64", min = 1) int length,
      @Setting(value = "which windows train", otherwise = "random") WindowsConfig windows,
      @Setting(
              value =
                  "at most so many windows, evenly spread, measure the validation; default: all that adjoin",
              min = 1)
          Optional<Integer> validationWindows)
      implements Source {
    public Tokens {
      if (tokenizer.equals(Optional.of(TokenKind.CHARACTERS))) {
        throw new IllegalArgumentException(
            "which characters there are only tokens.json tells, got tokenizer: characters; put tokens.json beside the"
                + " shards, or give the size of the vocabulary");
      }
    }
  }

  /** What a token of a text is. */
  public enum TokenKind {
    CHARACTERS,
    BYTES,
    GPT2
  }

  /** Which windows of a text train. */
  @Choice("choice of windows")
  public sealed interface WindowsConfig {}

  @Named("anywhere in the text, drawn anew in each epoch")
  public record Random(
      @Setting(value = "windows an epoch; default: as many as would adjoin", min = 1)
          Optional<Integer> number)
      implements WindowsConfig {}

  @Named("windows that adjoin, in an order drawn anew in each epoch")
  public record Shuffled() implements WindowsConfig {}

  @Named("windows that adjoin, in the order of the text")
  public record Sequential() implements WindowsConfig {}

  /** A random change to pictures. */
  @Choice(value = "augmentation", named = true)
  public sealed interface AugmentationConfig {}

  @Named("moved by up to so many pixels each way; zeros move in")
  public record Shift(@Setting(value = "pixels", otherwise = "2", min = 0) int pixels)
      implements AugmentationConfig {}

  @Named(
      value = "mirrored left and right",
      mistaken = {"mirror", "horizontal_flip"})
  public record Flip(
      @Setting(value = "how often", otherwise = "0.5", min = 0, max = 1) double probability)
      implements AugmentationConfig {}

  @Named(
      value = "padded by mirroring, and a window of the old size cut out",
      mistaken = "random_crop")
  public record Crop(@Setting(value = "pixels on each side", otherwise = "2", min = 0) int padding)
      implements AugmentationConfig {}

  @Named(value = "rotated by up to so many degrees either way", mistaken = "rotate")
  public record Rotation(
      @Setting(value = "degrees", otherwise = "10", min = 0, max = 180) double degrees)
      implements AugmentationConfig {}
}
