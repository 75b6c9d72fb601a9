package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.Csv;
import dev.tandem.data.CsvSchema;
import dev.tandem.data.DataException;
import dev.tandem.data.Idx;
import dev.tandem.data.Target;
import dev.tandem.data.Values;
import dev.tandem.io.AtomicFile;
import dev.tandem.io.Sentence;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.train.Predictor;
import dev.tandem.train.RunFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "predict",
    description =
        "Tells what a trained model makes of new samples: a class and its probability, or numbers, as CSV.",
    mixinStandardHelpOptions = true)
final class PredictCommand implements Callable<Integer> {
  /** Samples that are computed at once. */
  private static final int AT_ONCE = 256;

  private final Terminal terminal;

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Parameters(paramLabel = "RUN", description = "A run folder.")
  private Path run;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description =
          "The samples. A model trained on CSV takes a CSV file with the same input columns. A model of pictures"
              + " takes an idx file, told by idx or ubyte in its name, or a CSV file without header, a line of pixels each.")
  private Path input;

  @Option(
      names = "--white",
      paramLabel = "N",
      defaultValue = "1",
      description = "What a white pixel is in a CSV file of pictures. Default: ${DEFAULT-VALUE}")
  private double white;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description =
          "Where to write. Default: standard output, where control characters in names become blanks.")
  private Path output;

  @Option(names = "--all", description = "Writes the probability of every class.")
  private boolean all;

  PredictCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    if (!(white > 0 && Double.isFinite(white))) {
      throw new CommandLine.ParameterException(
          spec.commandLine(),
          "--white must be greater than 0, got " + white + "; give 255 for pixels of 0 to 255");
    }
    RunFolder folder = RunFolder.open(run);
    LoadedConfig loaded = options.read(folder.config());
    try (Backend backend = ConfigOptions.open(loaded, terminal::note);
        TrainedModel trained = TrainedModel.open(loaded, folder.model(), backend)) {
      String table = table(trained, samples(trained.card()));
      if (output == null) {
        terminal.out().print(table);
      } else {
        AtomicFile.text(output, table);
      }
      return 0;
    }
  }

  /** The samples of the input file, scaled as the model was trained. */
  private Values.Floats samples(ModelCard card) {
    if (card.input().dtype() != DType.F32) {
      throw new DataException(
          "predict: the model takes tokens of a text, got "
              + run
              + "; only models of numbers and"
              + " pictures can predict here, eval measures this one");
    }
    Values.Floats samples =
        card.schema().map(schema -> Csv.inputs(input, schema)).orElseGet(() -> pictures(card));
    Shape sample = samples.shape().without(0);
    if (!sample.equals(card.input().shape())) {
      throw new DataException(
          "predict: the samples are not what the model takes, got "
              + sample
              + " in "
              + input
              + " for "
              + card.input().shape()
              + "; give samples like those it was trained on");
    }
    card.inputs().apply(samples);
    return samples;
  }

  private Values.Floats pictures(ModelCard card) {
    String name = String.valueOf(input.getFileName()); // null of a root
    if (name.contains("idx") || name.contains("ubyte")) {
      return Idx.pictures(input);
    }
    int pixels = Math.toIntExact(card.input().shape().elements());
    List<CsvSchema.Column> columns =
        new ArrayList<>(
            IntStream.range(0, pixels)
                .mapToObj(i -> CsvSchema.Column.number(CsvSchema.Place.of(i)))
                .toList());
    // A schema has a target; the file need not.
    columns.add(CsvSchema.Column.targetNumber(CsvSchema.Place.of(pixels)));
    Values.Floats rows =
        Csv.inputs(input, new CsvSchema(columns, CsvSchema.Others.IGNORED, false, ','));
    float[] scaled = rows.data();
    float largest = 0;
    for (float pixel : scaled) {
      largest = Math.max(largest, pixel);
    }
    if (largest > white) {
      throw new DataException(
          "predict: a pixel is whiter than white, got "
              + largest
              + " in "
              + input
              + " where white is "
              + white
              + "; give --white, such as 16 or 255");
    }
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] /= (float) white;
    }
    return new Values.Floats(Shape.of(rows.shape().length(0)).then(card.input().shape()), scaled);
  }

  private String table(TrainedModel trained, Values.Floats samples) {
    Target target = trained.card().target();
    StringBuilder table = new StringBuilder("sample");
    switch (target) {
      case Target.Classes(List<String> names) -> {
        table.append(",class,probability");
        if (all) {
          names.forEach(name -> table.append(',').append(cell(name)));
        }
      }
      case Target.Numbers(List<String> names) ->
          names.forEach(name -> table.append(',').append(cell(name)));
      case Target.Tokens _ -> throw new IllegalStateException("predict: tokens were refused above");
    }
    table.append('\n');
    int size = samples.shape().length(0);
    int width = size == 0 ? 0 : samples.data().length / size;
    for (int from = 0; from < size; from += AT_ONCE) {
      int count = Math.min(AT_ONCE, size - from);
      Values.Floats part =
          new Values.Floats(
              Shape.of(count).then(trained.card().input().shape()),
              Arrays.copyOfRange(samples.data(), from * width, (from + count) * width));
      rows(trained, part, from, table);
    }
    return table.toString();
  }

  private void rows(TrainedModel trained, Values.Floats part, int first, StringBuilder table) {
    Predictor predictor = new Predictor(trained.learner());
    if (trained.card().target() instanceof Target.Classes(List<String> names)) {
      float[][] probabilities = predictor.probabilities(part);
      int[] classes = predictor.classes(part);
      for (int i = 0; i < classes.length; i++) {
        float[] row = two(probabilities[i]);
        table
            .append(first + i)
            .append(',')
            .append(cell(names.get(classes[i])))
            .append(',')
            .append(share(row[classes[i]]));
        if (all) {
          for (float probability : row) {
            table.append(',').append(share(probability));
          }
        }
        table.append('\n');
      }
      return;
    }
    float[][] numbers = predictor.outputs(part);
    int columns = numbers.length == 0 ? 0 : numbers[0].length;
    Values.Floats flat =
        new Values.Floats(Shape.of(numbers.length, columns), new float[numbers.length * columns]);
    for (int i = 0; i < numbers.length; i++) {
      System.arraycopy(numbers[i], 0, flat.data(), i * columns, columns);
    }
    trained.card().targets().ifPresent(normalization -> normalization.invert(flat));
    for (int i = 0; i < numbers.length; i++) {
      table.append(first + i);
      for (int c = 0; c < columns; c++) {
        table.append(',').append(flat.data()[i * columns + c]);
      }
      table.append('\n');
    }
  }

  /** Of one probability, that of class 1, the two. */
  static float[] two(float[] row) {
    return row.length == 1 ? new float[] {1 - row[0], row[0]} : row;
  }

  private static String share(float probability) {
    return Report.format("%.4f", probability);
  }

  private String cell(String name) {
    // Names come with the model, and a terminal obeys its codes.
    String text = output == null ? Sentence.plain(name) : name;
    return text.matches("[^\",\r\n]*") ? text : '"' + text.replace("\"", "\"\"") + '"';
  }
}
