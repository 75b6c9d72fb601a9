package dev.tandem.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * An epoch's report as one line of JSON, flat, so that any tool can plot it. Numbers are written so that reading gives the
 * same bits; what is not finite is written as null, for JSON has no word for it, and read as NaN.
 */
final class EpochJson {
  private static final JsonFactory JSON = new JsonFactory();

  private EpochJson() {}

  static String write(EpochReport report) {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(line)) {
      json.writeStartObject();
      json.writeNumberField("epoch", report.epoch());
      json.writeNumberField("steps", report.steps());
      number(json, "train_loss", report.trainLoss());
      optional(json, "train_accuracy", report.trainAccuracy());
      if (report.validation().isPresent()) {
        validation(json, report.validation().get());
      }
      number(json, "learning_rate", report.learningRate());
      number(json, "gradient_norm", report.gradientNorm());
      json.writeBooleanField("best", report.best());
      number(json, "seconds", report.timing().seconds());
      number(json, "samples_per_second", report.timing().samplesPerSecond());
      optional(json, "tokens_per_second", report.timing().tokensPerSecond());
      json.writeNumberField("peak_bytes", report.timing().peakBytes());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory refused characters", e);
    }
    return line.toString();
  }

  private static void validation(JsonGenerator json, Metrics metrics) throws IOException {
    number(json, "validation_loss", metrics.loss());
    json.writeNumberField("validation_samples", metrics.samples());
    optional(json, "validation_accuracy", metrics.accuracy());
    if (metrics.regression().isPresent()) {
      RegressionErrors errors = metrics.regression().get();
      number(json, "validation_mean_absolute", errors.meanAbsolute());
      number(json, "validation_root_mean_square", errors.rootMeanSquare());
      number(json, "validation_r2", errors.r2());
    }
  }

  private static void optional(JsonGenerator json, String name, OptionalDouble value)
      throws IOException {
    if (value.isPresent()) {
      number(json, name, value.getAsDouble());
    }
  }

  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }

  /** Reads what {@link #write} wrote. @throws IOException naming what is wrong with the line */
  static EpochReport read(String line) throws IOException {
    Map<String, Double> numbers = new LinkedHashMap<>();
    try (JsonParser json = JSON.createParser(line)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        numbers.put(
            name,
            switch (json.nextToken()) {
              case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> json.getDoubleValue();
              case VALUE_NULL -> Double.NaN;
              case VALUE_TRUE -> 1.0;
              case VALUE_FALSE -> 0.0;
              default -> throw new IOException("'" + name + "' is no number");
            });
      }
    }
    return report(numbers);
  }

  private static EpochReport report(Map<String, Double> numbers) throws IOException {
    Optional<Metrics> validation =
        numbers.containsKey("validation_loss")
            ? Optional.of(
                new Metrics(
                    need(numbers, "validation_loss"),
                    (long) need(numbers, "validation_samples"),
                    optional(numbers, "validation_accuracy"),
                    errors(numbers),
                    Optional.empty()))
            : Optional.empty();
    return new EpochReport(
        (int) need(numbers, "epoch"),
        (long) need(numbers, "steps"),
        need(numbers, "train_loss"),
        optional(numbers, "train_accuracy"),
        validation,
        need(numbers, "learning_rate"),
        need(numbers, "gradient_norm"),
        need(numbers, "best") == 1,
        new Timing(
            need(numbers, "seconds"),
            need(numbers, "samples_per_second"),
            optional(numbers, "tokens_per_second"),
            // Runs of old did not tell.
            numbers.getOrDefault("peak_bytes", 0.0).longValue()));
  }

  private static Optional<RegressionErrors> errors(Map<String, Double> numbers) throws IOException {
    return numbers.containsKey("validation_mean_absolute")
        ? Optional.of(
            new RegressionErrors(
                need(numbers, "validation_mean_absolute"),
                need(numbers, "validation_root_mean_square"),
                need(numbers, "validation_r2")))
        : Optional.empty();
  }

  private static OptionalDouble optional(Map<String, Double> numbers, String name) {
    return numbers.containsKey(name)
        ? OptionalDouble.of(numbers.get(name))
        : OptionalDouble.empty();
  }

  private static double need(Map<String, Double> numbers, String name) throws IOException {
    Double number = numbers.get(name);
    if (number == null) {
      throw new IOException("'" + name + "' is missing");
    }
    return number;
  }
}
