package dev.tandem.cli;

import dev.tandem.cli.config.DataConfig;
import dev.tandem.cli.config.DataConfig.AugmentationConfig;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.Augmentation;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Csv;
import dev.tandem.data.CsvSchema;
import dev.tandem.data.DataException;
import dev.tandem.data.Dataset;
import dev.tandem.data.Digits;
import dev.tandem.data.FashionMnist;
import dev.tandem.data.Idx;
import dev.tandem.data.IdxFolder;
import dev.tandem.data.NoSuchColumnException;
import dev.tandem.data.Normalization;
import dev.tandem.data.Splits;
import dev.tandem.data.Target;
import dev.tandem.data.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The data of a config, opened and split.
 *
 * @param targets how number targets are scaled while training; empty where they are not
 * @param schema of a CSV file, with all that was learned from it
 * @param tokenizer of a text, where it is known
 * @param shuffled whether training samples come in an order drawn anew in each epoch
 */
record RunData(
    Dataset training,
    Optional<Dataset> validation,
    Optional<Dataset> test,
    Normalization inputs,
    Optional<Normalization> targets,
    Optional<CsvSchema> schema,
    Optional<Tokenizer> tokenizer,
    boolean shuffled) {
  private static final double TEST = 0.2;

  /** Targets larger than this are worth a word. */
  private static final double LARGE = 100;

  /** What a source has before it is split. @param test the share for the test where nothing is said */
  private record Opened(
      Splitting splitting,
      double share,
      Optional<Dataset> test,
      Optional<CsvSchema> schema,
      Optional<TokenData> tokens) {
    static Opened of(Dataset training, Optional<Dataset> test) {
      return of(training, test, Optional.empty());
    }

    static Opened of(Dataset training, Optional<Dataset> test, Optional<CsvSchema> schema) {
      return new Opened(
          (fractions, seed) -> Splits.of(training, fractions, seed),
          TEST,
          test,
          schema,
          Optional.empty());
    }

    static Opened of(TokenData tokens, double share) {
      return new Opened(
          (fractions, _) -> tokens.split(fractions),
          share,
          tokens.test(),
          Optional.empty(),
          Optional.of(tokens));
    }
  }

  /** Parts samples, the seed deciding which go where. */
  private interface Splitting {
    Splits of(Splits.Fractions fractions, long seed);
  }

  /** Opens data set and split; throws {@link DataException} or ConfigException. */
  static RunData open(LoadedConfig loaded) {
    return open(loaded, Optional.empty());
  }

  /** As {@link #open(LoadedConfig)}. @param trained the tokenizer of the run that goes on, or whose model is measured */
  static RunData open(LoadedConfig loaded, Optional<Tokenizer> trained) {
    DataConfig config = loaded.config().data();
    Opened opened = source(loaded, trained);
    if (opened.test().isPresent() && config.test().orElse(0.0) > 0) {
      throw loaded.problem(
          "data.test",
          "the source has a test set of its own, got " + config.test().get() + "; remove it");
    }
    double test = opened.test().isPresent() ? 0 : config.test().orElse(opened.share());
    if (config.validation() + test >= 1) {
      throw loaded.problem(
          "data.validation",
          "nothing is left to train on, got "
              + config.validation()
              + " for validation and "
              + test
              + " for the test; 0.1 and 0.2 are usual");
    }
    Splits.Fractions fractions = new Splits.Fractions(config.validation(), test);
    Splits splits = opened.splitting().of(fractions, config.splitSeed());
    Dataset training = splits.training();
    RunData data =
        new RunData(
            training,
            splits.validation(),
            opened.test().or(splits::test),
            inputs(loaded, training),
            targets(config, training),
            opened.schema(),
            opened.tokens().flatMap(TokenData::tokenizer),
            opened.tokens().map(TokenData::shuffled).orElse(true));
    augmentation(loaded, 0)
        .ifPresent(augmentation -> {
          try {
            augmentation.check(training);
          } catch (DataException e) {
            throw loaded.problem("data.augmentation", e.getMessage());
          }
        });
    return data;
  }

  /**
   * Data like those of a config, without a number in them, to plan a run by. Tokens need not be there if the config says how many
   * different ones there are.
   */
  static RunData blank(LoadedConfig loaded) {
    return TokenData.absent(loaded)
        .map(windows ->
            new RunData(
                windows,
                Optional.of(windows),
                Optional.empty(),
                Normalization.none(windows.input().shape()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false))
        .orElseGet(() -> {
          RunData data = open(loaded);
          return new RunData(
              BlankData.like(data.training()),
              data.validation().map(BlankData::like),
              data.test().map(BlankData::like),
              Normalization.none(data.training().input().shape()),
              Optional.empty(),
              Optional.empty(),
              Optional.empty(),
              false);
        });
  }

  /** The random changes to training pictures; empty where there are none. */
  static Optional<Augmentation> augmentation(LoadedConfig loaded, long seed) {
    List<Augmentation.Step> steps = new ArrayList<>();
    for (AugmentationConfig step : loaded.config().data().augmentation()) {
      steps.add(
          switch (step) {
            case DataConfig.Shift(int pixels) -> new Augmentation.Step.Shift(pixels);
            case DataConfig.Flip(double probability) -> new Augmentation.Step.Flip(probability);
            case DataConfig.Crop(int padding) -> new Augmentation.Step.Crop(padding);
            case DataConfig.Rotation(double degrees) -> new Augmentation.Step.Rotation(degrees);
          });
    }
    return steps.isEmpty() ? Optional.empty() : Optional.of(new Augmentation(seed, steps));
  }

  /** The best part that there is to measure a trained model on. */
  Dataset measured() {
    return test.or(() -> validation).orElse(training);
  }

  /** What {@link #measured} is called. */
  String measuredPart() {
    return test.isPresent() ? "test" : validation.isPresent() ? "validation" : "training";
  }

  /** Tokens a sample; 0 where samples are none of tokens. */
  int window() {
    return training.target() instanceof Target.Tokens ? training.input().shape().length(0) : 0;
  }

  /** The loader with inputs and number targets scaled as the network takes them. */
  BatchLoader scaled(BatchLoader loader) {
    BatchLoader scaled =
        inputs.method() == Normalization.Method.NONE ? loader : loader.with(inputs.onInputs());
    return targets.map(normalization -> scaled.with(normalization.onTargets())).orElse(scaled);
  }

  /** {@code digits: 1,258 training, 180 validation, 359 test samples of F32 (1, 8, 8), 10 classes}. */
  String summary() {
    String parts =
        Report.count(training.size())
            + " training"
            + validation.map(part -> ", " + Report.count(part.size()) + " validation").orElse("")
            + test.map(part -> ", " + Report.count(part.size()) + " test").orElse("");
    String what =
        switch (training.target()) {
          case Target.Classes(List<String> names) -> names.size() + " classes";
          case Target.Numbers(List<String> names) ->
              names.size() == 1 ? "1 number each" : names.size() + " numbers each";
          case Target.Tokens(int vocabulary) -> vocabulary + " different tokens";
        };
    return training.name().replaceFirst(" \\(training\\)", "")
        + ": "
        + parts
        + " samples of "
        + training.input()
        + ", "
        + what;
  }

  /**
   * What to say of number targets that the network will see as they are, though they are far from what fresh weights give, about 1;
   * empty where they are scaled or near enough.
   */
  Optional<String> largeTargets() {
    if (targets.isPresent() || !(training.target() instanceof Target.Numbers(List<String> names))) {
      return Optional.empty();
    }
    Normalization seen = Normalization.ofTargets(training, Normalization.Method.STANDARDIZE);
    for (int i = 0; i < names.size(); i++) {
      double size = Math.max(Math.abs(seen.center().get(i)), seen.scale().get(i));
      if (size > LARGE) {
        return Optional.of(
            Report.format(
                "data.source.target: large numbers, '%s' has mean %,.4g and deviation %,.4g; learning them takes long or"
                    + " diverges, and target_normalization: standardize mends that",
                names.get(i), seen.center().get(i), seen.scale().get(i)));
      }
    }
    return Optional.empty();
  }

  private static Opened source(LoadedConfig loaded, Optional<Tokenizer> trained) {
    return switch (loaded.config().data().source()) {
      case DataConfig.Digits _ -> Opened.of(Digits.load(), Optional.empty());
      case DataConfig.FashionMnist(var folder, boolean download) ->
          both(FashionMnist.open(folder, download));
      case DataConfig.Mnist(var folder) -> both(IdxFolder.mnist(folder));
      case DataConfig.Idx idx -> {
        String name = idx.images().getFileName().toString();
        Dataset training = Idx.dataset(name, idx.images(), idx.labels(), idx.classes());
        Optional<Dataset> test =
            idx.testImages()
                .map(images ->
                    Idx.dataset(
                        name + " (test)", images, idx.testLabels().orElseThrow(), idx.classes()));
        yield Opened.of(training, test);
      }
      case DataConfig.Csv csv -> {
        Csv.Table table = table(loaded, csv);
        Optional<Dataset> test =
            csv.testFile().map(file -> Csv.read(file, table.schema()).dataset());
        yield Opened.of(table.dataset(), test, Optional.of(table.schema()));
      }
      case DataConfig.Text text -> Opened.of(TokenData.of(text, trained), TEST);
      case DataConfig.Tokens tokens -> Opened.of(TokenData.of(loaded, tokens, trained), 0);
    };
  }

  /** A column that the file lacks is the config's mistake: the message says where it is named. */
  private static Csv.Table table(LoadedConfig loaded, DataConfig.Csv csv) {
    try {
      return Csv.read(csv.file(), schema(csv));
    } catch (NoSuchColumnException e) {
      String key =
          naming(csv.target(), e, csv)
              ? "target"
              : naming(csv.inputs(), e, csv)
                  ? "inputs"
                  : naming(csv.categories(), e, csv) ? "categories" : "ignore";
      throw loaded.problem("data.source." + key, e.getMessage());
    }
  }

  private static boolean naming(
      List<String> columns, NoSuchColumnException missing, DataConfig.Csv csv) {
    return columns.stream().anyMatch(name -> place(csv, name).equals(missing.place()));
  }

  private static CsvSchema schema(DataConfig.Csv csv) {
    List<CsvSchema.Column> columns = new ArrayList<>();
    String[] classes = csv.classes().toArray(String[]::new);
    for (String name : csv.target()) {
      columns.add(
          switch (csv.task()) {
            case CLASSES -> CsvSchema.Column.targetClass(place(csv, name), classes);
            case NUMBERS -> CsvSchema.Column.targetNumber(place(csv, name));
          });
    }
    csv.inputs().forEach(name -> columns.add(CsvSchema.Column.number(place(csv, name))));
    csv.categories().forEach(name -> columns.add(CsvSchema.Column.category(place(csv, name))));
    csv.ignore().forEach(name -> columns.add(CsvSchema.Column.ignored(place(csv, name))));
    CsvSchema.Others others =
        csv.inputs().isEmpty() ? CsvSchema.Others.NUMBERS : CsvSchema.Others.IGNORED;
    return new CsvSchema(columns, others, csv.header(), csv.delimiter().charAt(0));
  }

  private static CsvSchema.Place place(DataConfig.Csv csv, String name) {
    return !csv.header() && name.matches("\\d{1,6}")
        ? CsvSchema.Place.of(Integer.parseInt(name))
        : CsvSchema.Place.of(name);
  }

  private static Opened both(IdxFolder folder) {
    return Opened.of(folder.training(), Optional.of(folder.test()));
  }

  private static Normalization inputs(LoadedConfig loaded, Dataset training) {
    Normalization.Method method = loaded.config().data().normalization();
    if (method == Normalization.Method.NONE) {
      return Normalization.none(training.input().shape());
    }
    try {
      boolean pictures = training.input().shape().rank() == 3;
      return Normalization.ofInputs(
          training,
          method,
          pictures ? Normalization.Grouping.CHANNEL : Normalization.Grouping.FEATURE);
    } catch (DataException e) {
      throw loaded.problem("data.normalization", e.getMessage());
    }
  }

  private static Optional<Normalization> targets(DataConfig config, Dataset training) {
    boolean scaled =
        config.source() instanceof DataConfig.Csv csv
            && csv.targetNormalization() != Normalization.Method.NONE
            && training.target() instanceof Target.Numbers;
    return scaled
        ? Optional.of(
            Normalization.ofTargets(
                training, ((DataConfig.Csv) config.source()).targetNormalization()))
        : Optional.empty();
  }
}
