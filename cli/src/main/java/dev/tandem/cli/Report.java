package dev.tandem.cli;

import dev.tandem.data.Normalization;
import dev.tandem.data.Target;
import dev.tandem.train.EpochReport;
import dev.tandem.train.History;
import dev.tandem.train.Metrics;
import dev.tandem.train.RegressionErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;

/** What a run is told in: lines for people. */
final class Report {
  private Report() {}

  /** A table of the layers, their outputs and parameters. */
  static String layers(Network network) {
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"layer", "output", "parameters"});
    network
        .layers()
        .forEach(layer ->
            rows.add(
                new String[] {
                  layer.description(),
                  layer.output().toString(),
                  layer.parameters() == 0 ? "" : count(layer.parameters())
                }));
    rows.add(new String[] {"", "", count(network.parameters())});
    return table(rows, column -> column == 2);
  }

  /** Columns side by side. @param right the columns whose cells stand at the right */
  static String table(List<String[]> rows, IntPredicate right) {
    int columns = rows.getFirst().length;
    int[] widths = new int[columns];
    rows.forEach(row -> {
      for (int c = 0; c < columns; c++) {
        widths[c] = Math.max(widths[c], row[c].length());
      }
    });
    StringBuilder table = new StringBuilder();
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder("  ");
      for (int c = 0; c < columns; c++) {
        String space = " ".repeat(widths[c] - row[c].length());
        line.append(right.test(c) ? space + row[c] : row[c] + space).append("  ");
      }
      table.append(line.toString().stripTrailing()).append('\n');
    }
    return table.toString().stripTrailing();
  }

  /**
   * {@code epoch  3/20  train loss 0.1234 accuracy 96.1 %  validation loss 0.0987 accuracy 97.2 %  lr 0.0019  1.2 s}.
   *
   * @param window tokens a sample, of which perplexity and speed are told; 0 for other data
   */
  static String epoch(EpochReport report, int epochs, int window) {
    int width = Integer.toString(epochs).length();
    StringBuilder line =
        new StringBuilder(
            format(
                "epoch %" + width + "d/%d  train loss %s",
                report.epoch(),
                epochs,
                loss(report.trainLoss())));
    if (window > 0) {
      line.append(" perplexity ").append(perplexity(report.trainLoss()));
    }
    report
        .trainAccuracy()
        .ifPresent(accuracy -> line.append(" accuracy ").append(percent(accuracy)));
    report
        .validation()
        .ifPresent(metrics -> {
          line.append("  validation loss ").append(loss(metrics.loss()));
          if (window > 0) {
            line.append(" perplexity ").append(perplexity(metrics.loss()));
          }
          metrics
              .accuracy()
              .ifPresent(accuracy -> line.append(" accuracy ").append(percent(accuracy)));
          metrics.regression().ifPresent(errors -> line.append(format(" R2 %.4f", errors.r2())));
        });
    line.append("  lr ")
        .append(format("%.3g", report.learningRate()))
        .append(format("  %.1f s", report.timing().seconds()));
    return line.toString();
  }

  /**
   * {@code accuracy 98.9 % (355 of 359)}, {@code mean absolute error 0.12, R2 0.95 (30 samples)}, or of next tokens {@code
   * perplexity 5.17, accuracy 51.0 % (600 windows)}.
   */
  static String measured(Metrics metrics, Target target, Optional<Normalization> scaled) {
    if (metrics.regression().isPresent()) {
      RegressionErrors errors = metrics.regression().get();
      boolean one = target instanceof Target.Numbers(List<String> names) && names.size() == 1;
      double unit =
          one ? scaled.map(normalization -> normalization.scale().getFirst()).orElse(1.0) : 1;
      String note = scaled.isPresent() && !one ? " in scaled units" : "";
      return format(
          "mean absolute error %.4g%s, R2 %.4f (%s samples)",
          errors.meanAbsolute() * unit, note, errors.r2(), count(metrics.samples()));
    }
    double accuracy = metrics.accuracy().orElse(Double.NaN);
    if (target instanceof Target.Tokens) {
      return format(
          "perplexity %s, accuracy %s (%s windows)",
          perplexity(metrics.loss()), percent(accuracy), count(metrics.samples()));
    }
    return format(
        "accuracy %s (%s of %s)",
        percent(accuracy),
        count(Math.round(accuracy * metrics.samples())),
        count(metrics.samples()));
  }

  /** Samples a second over all epochs, validation excluded. */
  static double samplesPerSecond(History history) {
    double seconds = history.epochs().stream().mapToDouble(epoch -> epoch.timing().seconds()).sum();
    double samples =
        history.epochs().stream()
            .mapToDouble(epoch -> epoch.timing().seconds() * epoch.timing().samplesPerSecond())
            .sum();
    return seconds == 0 ? 0 : samples / seconds;
  }

  /** Among how many tokens one would have to guess to be as unsure: e to the loss. */
  static String perplexity(double loss) {
    return format("%.4g", Math.exp(loss));
  }

  static String loss(double loss) {
    return Math.abs(loss) >= 1e4 || Math.abs(loss) < 1e-3
        ? format("%.3e", loss)
        : format("%.4f", loss);
  }

  static String percent(double share) {
    return format("%.1f %%", 100 * share);
  }

  static String count(long number) {
    return format("%,d", number);
  }

  static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }
}
