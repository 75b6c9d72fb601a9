package dev.tandem.cli.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.tandem.train.Confusion;
import dev.tandem.train.RegressionErrors;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a trained model made of samples that it did not learn from: evaluation.json of a run folder.
 *
 * @param part of the data: test, validation or training
 * @param samples how many were measured
 * @param names of the classes, or of the numbers; empty for tokens
 * @param confusion of classes, where there are not too many
 * @param mistakes samples taken for a class that they are not of, the surest first
 * @param examples samples taken evenly from all
 * @param meetings of numbers: (actual, predicted) pairs for each of {@link #names}, in their own units
 * @param passage of a text: tokens, and how probable the model found each after those before it
 * @param continuation what the model wrote after the beginning of the passage
 */
public record Examined(
    String part,
    long samples,
    double loss,
    OptionalDouble accuracy,
    Optional<RegressionErrors> regression,
    List<String> names,
    Optional<Confusion> confusion,
    List<Example> mistakes,
    List<Example> examples,
    List<List<Meeting>> meetings,
    List<Word> passage,
    String continuation) {

  /**
   * A sample and what the model took it for.
   *
   * @param index in its part of the data
   * @param picture a PNG in base64; empty where samples are no pictures
   * @param inputs some of its numbers, where it is no picture
   * @param probability that the model gave to the class it took it for; actualProbability to that it is of
   */
  public record Example(
      int index,
      String picture,
      List<Float> inputs,
      int actual,
      int predicted,
      double probability,
      double actualProbability) {}

  /** A number, and what the model said it was. */
  public record Meeting(double actual, double predicted) {}

  /** A token in words, and the probability that the model gave it; NaN of the first, which nothing is before. */
  public record Word(String text, double probability) {}

  /** As JSON. */
  public String json() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("part", part);
      json.writeNumberField("samples", samples);
      number(json, "loss", loss);
      if (accuracy.isPresent()) {
        number(json, "accuracy", accuracy.getAsDouble());
      }
      if (regression.isPresent()) {
        number(json, "mean_absolute", regression.get().meanAbsolute());
        number(json, "root_mean_square", regression.get().rootMeanSquare());
        number(json, "r2", regression.get().r2());
      }
      json.writeArrayFieldStart("names");
      for (String name : names) {
        json.writeString(name);
      }
      json.writeEndArray();
      if (confusion.isPresent()) {
        json.writeArrayFieldStart("confusion");
        for (long[] row : confusion.get().counts()) {
          json.writeArray(row, 0, row.length);
        }
        json.writeEndArray();
      }
      write(json, "mistakes", mistakes);
      write(json, "examples", examples);
      json.writeArrayFieldStart("meetings");
      for (List<Meeting> of : meetings) {
        json.writeStartArray();
        for (Meeting meeting : of) {
          json.writeNumber(meeting.actual());
          json.writeNumber(meeting.predicted());
        }
        json.writeEndArray();
      }
      json.writeEndArray();
      json.writeArrayFieldStart("passage");
      for (Word word : passage) {
        json.writeStartObject();
        json.writeStringField("text", word.text());
        number(json, "probability", word.probability());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeStringField("continuation", continuation);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory refused characters", e);
    }
    return text.append('\n').toString();
  }

  private static void write(JsonGenerator json, String name, List<Example> all) throws IOException {
    json.writeArrayFieldStart(name);
    for (Example example : all) {
      json.writeStartObject();
      json.writeNumberField("index", example.index());
      json.writeStringField("picture", example.picture());
      json.writeArrayFieldStart("inputs");
      for (float input : example.inputs()) {
        json.writeNumber(input); // NaN as a text, which reads as NaN
      }
      json.writeEndArray();
      json.writeNumberField("actual", example.actual());
      json.writeNumberField("predicted", example.predicted());
      number(json, "probability", example.probability());
      number(json, "actual_probability", example.actualProbability());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }

  /** Reads what {@link #json} wrote. @throws IOException where it is not that */
  static Examined read(String text) throws IOException {
    Json json = Json.parse(text);
    List<String> names = json.texts("names");
    return new Examined(
        json.text("part"),
        (long) json.number("samples"),
        json.number("loss"),
        json.has("accuracy") ? OptionalDouble.of(json.number("accuracy")) : OptionalDouble.empty(),
        json.has("mean_absolute")
            ? Optional.of(
                new RegressionErrors(
                    json.number("mean_absolute"),
                    json.number("root_mean_square"),
                    json.number("r2")))
            : Optional.empty(),
        names,
        confusion(json.rows("confusion"), names.size()),
        examples(json.objects("mistakes"), names.size()),
        examples(json.objects("examples"), names.size()),
        json.rows("meetings").stream().map(Examined::pairs).toList(),
        json.objects("passage").stream()
            .map(word -> new Word(word.text("text"), word.number("probability")))
            .toList(),
        json.text("continuation"));
  }

  private static Optional<Confusion> confusion(List<double[]> rows, int classes)
      throws IOException {
    if (rows.isEmpty()) {
      return Optional.empty();
    }
    if (rows.size() != classes || rows.stream().anyMatch(row -> row.length != classes)) {
      throw new IOException("the confusion matrix is not of the " + classes + " classes");
    }
    return Optional.of(
        new Confusion(
            rows.stream()
                .map(row -> Arrays.stream(row).mapToLong(count -> (long) count).toArray())
                .toArray(long[][]::new)));
  }

  private static List<Example> examples(List<Json> all, int classes) throws IOException {
    for (Json one : all) {
      for (String name : List.of("actual", "predicted")) {
        if (!(one.number(name) >= 0 && one.number(name) < classes)) {
          throw new IOException("a sample is of none of the " + classes + " classes");
        }
      }
      if (!one.text("picture").matches("[A-Za-z0-9+/=]*")) {
        throw new IOException("a picture is not base64");
      }
    }
    return all.stream()
        .map(one ->
            new Example(
                (int) one.number("index"),
                one.text("picture"),
                Arrays.stream(one.numbers("inputs")).mapToObj(x -> (float) x).toList(),
                (int) one.number("actual"),
                (int) one.number("predicted"),
                one.number("probability"),
                one.number("actual_probability")))
        .toList();
  }

  private static List<Meeting> pairs(double[] flat) {
    List<Meeting> pairs = new ArrayList<>();
    for (int i = 0; i + 1 < flat.length; i += 2) {
      pairs.add(new Meeting(flat[i], flat[i + 1]));
    }
    return pairs;
  }
}
