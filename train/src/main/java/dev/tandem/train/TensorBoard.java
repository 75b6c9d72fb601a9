package dev.tandem.train;

import dev.tandem.io.FileException;
import dev.tandem.train.EventFile.Message;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalDouble;

/**
 * Writes a run for TensorBoard: an event file with scalars, histograms of weights and gradients, and the config as a text, by steps.
 * {@code tensorboard --logdir runs} shows them. A run that goes on writes one more file, from which TensorBoard learns that later steps of
 * the earlier ones are void.
 */
public final class TensorBoard implements RunSampler.Sink, AutoCloseable {
  private static final double MICROS = 1e6;

  // Fields of tensorflow.Event.
  private static final int WALL_TIME = 1;
  private static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;

  // SessionLog.status, and its START.
  private static final int STATUS = 1;
  private static final int START = 1;

  // Summary.value, and of Summary.Value.
  private static final int VALUE = 1;
  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int HISTOGRAM = 5;
  private static final int TENSOR = 8;
  private static final int METADATA = 9;

  // TensorProto: its type DT_STRING, its shape with an axis, and the string.
  private static final int DTYPE = 1;
  private static final int DT_STRING = 7;
  private static final int TENSOR_SHAPE = 2;
  private static final int DIM = 2;
  private static final int SIZE = 1;
  private static final int STRING_VALUE = 8;

  private final EventFile events;
  private final Path file;
  private final String config;

  /**
   * Makes an event file in the folder.
   *
   * @param config shown as text
   * @throws FileException naming the file that cannot be made
   */
  public TensorBoard(Path folder, String config) {
    this.config = config;
    Instant now = Instant.now();
    EventFile made = null;
    Path path = null;
    for (int number = 0; made == null; number++) {
      path =
          folder.resolve(
              "events.out.tfevents.%010d.tandem.%d".formatted(now.getEpochSecond(), number));
      try {
        made = new EventFile(path);
      } catch (FileAlreadyExistsException _) {
        // A run that went on within the second.
      } catch (IOException e) {
        throw FileException.of("tensorboard", path, "cannot be made", e);
      }
    }
    events = made;
    file = path;
    write(new Message().real(WALL_TIME, seconds()).text(FILE_VERSION, "brain.Event:2"));
  }

  /** Where the events are. */
  public Path file() {
    return file;
  }

  @Override
  public void begin(long steps) {
    if (steps > 0) {
      write(event(steps + 1).message(SESSION_LOG, new Message().number(STATUS, START)));
      return;
    }
    Message tensor =
        new Message()
            .number(DTYPE, DT_STRING)
            .message(TENSOR_SHAPE, new Message().message(DIM, new Message().number(SIZE, 1)))
            .text(STRING_VALUE, indented(config));
    Message metadata =
        new Message().message(1, new Message().text(1, "text")); // plugin_data.plugin_name
    summary(
        0,
        new Message()
            .message(
                VALUE,
                new Message()
                    .text(TAG, "config/text_summary")
                    .message(TENSOR, tensor)
                    .message(METADATA, metadata)));
  }

  /** As Markdown keeps it, in which TensorBoard shows texts. */
  private static String indented(String text) {
    return text.indent(4);
  }

  @Override
  public void point(RunSampler.Point point) {
    Message values = new Message();
    scalar(values, "step/loss", point.loss());
    scalar(values, "step/learning_rate", point.learningRate());
    summary(point.step(), values);
  }

  @Override
  public void epoch(EpochReport report) {
    Message values = new Message();
    scalar(values, "loss/training", report.trainLoss());
    scalar(values, "accuracy/training", report.trainAccuracy());
    report
        .validation()
        .ifPresent(metrics -> {
          scalar(values, "loss/validation", metrics.loss());
          scalar(values, "accuracy/validation", metrics.accuracy());
          metrics
              .regression()
              .ifPresent(errors -> {
                scalar(values, "regression/mean_absolute_error", errors.meanAbsolute());
                scalar(values, "regression/root_mean_square_error", errors.rootMeanSquare());
                scalar(values, "regression/r2", errors.r2());
              });
        });
    scalar(values, "training/epoch", report.epoch());
    scalar(values, "training/learning_rate", report.learningRate());
    scalar(values, "training/gradient_norm", report.gradientNorm());
    scalar(values, "speed/samples_per_second", report.timing().samplesPerSecond());
    scalar(values, "speed/tokens_per_second", report.timing().tokensPerSecond());
    scalar(values, "memory/peak_bytes", report.timing().peakBytes());
    summary(report.steps(), values);
  }

  @Override
  public void distributions(RunSampler.Distributions seen) {
    Message values = new Message();
    seen.weights().forEach((name, d) -> histogram(values, "weights/" + name, d));
    seen.gradients().forEach((name, d) -> histogram(values, "gradients/" + name, d));
    summary(seen.step(), values);
  }

  private static void scalar(Message values, String tag, OptionalDouble value) {
    value.ifPresent(number -> scalar(values, tag, number));
  }

  private static void scalar(Message values, String tag, double value) {
    values.message(VALUE, new Message().text(TAG, tag).real(SIMPLE_VALUE, (float) value));
  }

  private static void histogram(Message values, String tag, Distribution d) {
    long[] bins = d.counts();
    if (bins.length == 0) {
      return; // nothing finite
    }
    double[] limits = new double[bins.length];
    double[] counts = new double[bins.length];
    long number = 0;
    for (int i = 0; i < bins.length; i++) {
      limits[i] = d.upper(i);
      counts[i] = bins[i];
      number += bins[i];
    }
    Message histogram =
        new Message()
            .real(1, d.least())
            .real(2, d.most())
            .real(3, (double) number)
            .real(4, d.mean() * number)
            .real(5, (d.deviation() * d.deviation() + d.mean() * d.mean()) * number)
            .reals(6, limits)
            .reals(7, counts);
    values.message(VALUE, new Message().text(TAG, tag).message(HISTOGRAM, histogram));
  }

  private void summary(long step, Message values) {
    write(event(step).message(SUMMARY, values));
  }

  private static Message event(long step) {
    return new Message().real(WALL_TIME, seconds()).number(STEP, step);
  }

  private static double seconds() {
    Instant now = Instant.now();
    return now.getEpochSecond() + Math.floor(now.getNano() / 1e3) / MICROS;
  }

  private void write(Message event) {
    try {
      events.write(event);
    } catch (IOException e) {
      throw FileException.of("tensorboard", file, "cannot be written", e);
    }
  }

  /** Shuts the file. */
  @Override
  public void close() {
    try {
      events.close();
    } catch (IOException e) {
      throw FileException.of("tensorboard", file, "cannot be closed", e);
    }
  }
}
