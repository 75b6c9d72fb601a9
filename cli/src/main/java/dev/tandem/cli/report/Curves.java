package dev.tandem.cli.report;

import dev.tandem.cli.report.Plot.Ground;
import dev.tandem.cli.report.Plot.Line;
import dev.tandem.cli.report.Plot.Point;
import dev.tandem.train.EpochReport;
import dev.tandem.train.Metrics;
import dev.tandem.train.RegressionErrors;
import dev.tandem.train.RunSampler;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The plots of a run: one for each figure that its epochs tell. */
final class Curves {
  private static final int TRAINING = 0;
  private static final int VALIDATION = 1;

  private static final Pattern SCALED =
      Pattern.compile("target_normalization: (?:standardize|min-max)");

  /** From here on an axis counts in thousands. */
  private static final double MANY = 1e5;

  private final RunFiles run;

  Curves(RunFiles run) {
    this.run = run;
  }

  /** Whether the run learns next tokens. */
  static boolean ofTokens(RunFiles run) {
    return run.history().epochs().stream().anyMatch(e -> e.timing().tokensPerSecond().isPresent());
  }

  String html() {
    StringBuilder html = new StringBuilder();
    Stream.of(loss(), perplexity(), accuracy(), errors(), r2(), rate(), norm(), speed(), memory())
        .map(Plot::html)
        .forEach(html::append);
    return html.isEmpty()
        ? "<p class=\"faint\">No epoch is finished yet.</p>\n"
        : "<div class=\"grid\">\n" + html + "</div>\n";
  }

  private Plot loss() {
    List<Point> batches =
        run.points().stream().map(point -> new Point(point.epoch(), point.loss())).toList();
    return new Plot(
        "Loss",
        List.of(
            new Line("training, single batches", TRAINING, true, batches),
            line("training", TRAINING, e -> Optional.of(e.trainLoss())),
            line("validation", VALIDATION, e -> e.validation().map(Metrics::loss))),
        Html::number,
        Ground.FITTING);
  }

  private Plot perplexity() {
    return new Plot(
        "Perplexity",
        ofTokens(run)
            ? List.of(
                line("training", TRAINING, e -> Optional.of(Math.exp(e.trainLoss()))),
                line(
                    "validation",
                    VALIDATION,
                    e -> e.validation().map(metrics -> Math.exp(metrics.loss()))))
            : List.of(),
        Html::number,
        Ground.FITTING);
  }

  private Plot accuracy() {
    return new Plot(
        "Accuracy (%)",
        List.of(
            line("training", TRAINING, e -> percent(e.trainAccuracy())),
            line(
                "validation",
                VALIDATION,
                e -> e.validation().flatMap(metrics -> percent(metrics.accuracy())))),
        value -> Html.format("%.1f %%", value),
        Ground.LEAST);
  }

  private static Optional<Double> percent(OptionalDouble share) {
    return Html.present(share).map(value -> 100 * value);
  }

  private Plot errors() {
    return new Plot(
        SCALED.matcher(run.config()).find()
            ? "Error in validation, of scaled targets"
            : "Error in validation",
        List.of(
            regression("mean absolute", 2, RegressionErrors::meanAbsolute),
            regression("root mean square", 3, RegressionErrors::rootMeanSquare)),
        Html::number,
        Ground.FITTING);
  }

  private Plot r2() {
    return new Plot(
        "R² in validation",
        List.of(regression("R²", VALIDATION, RegressionErrors::r2)),
        Html::number,
        Ground.LEAST);
  }

  private Line regression(String name, int colour, Function<RegressionErrors, Double> figure) {
    return line(name, colour, e -> e.validation().flatMap(Metrics::regression).map(figure));
  }

  private Plot rate() {
    Line line =
        run.points().size() > run.history().epochs().size()
            ? new Line(
                "learning rate",
                4,
                false,
                run.points().stream()
                    .map((RunSampler.Point point) -> new Point(point.epoch(), point.learningRate()))
                    .toList())
            : line("learning rate", 4, e -> Optional.of(e.learningRate()));
    return new Plot("Learning rate", List.of(line), Html::number, Ground.ZERO);
  }

  private Plot norm() {
    return new Plot(
        "Gradient norm, mean of an epoch",
        List.of(line("gradient norm", 3, e -> Optional.of(e.gradientNorm()))),
        Html::number,
        Ground.FITTING);
  }

  private Plot speed() {
    boolean tokens = ofTokens(run);
    Function<EpochReport, Double> figure =
        e ->
            tokens
                ? e.timing().tokensPerSecond().orElse(Double.NaN)
                : e.timing().samplesPerSecond();
    boolean many = run.history().epochs().stream().anyMatch(e -> figure.apply(e) >= MANY);
    double unit = many ? 1000 : 1;
    String what = tokens ? "tokens" : "samples";
    DoubleFunction<String> label = value -> Html.format("%,d %s/s", Math.round(value * unit), what);
    return new Plot(
        "Throughput (" + (many ? "thousand " : "") + what + " a second)",
        List.of(line("throughput", 2, e -> Optional.of(figure.apply(e) / unit))),
        label,
        Ground.ZERO);
  }

  private Plot memory() {
    double most =
        run.history().epochs().stream().mapToDouble(e -> e.timing().peakBytes()).max().orElse(0);
    boolean large = most >= 1L << 30;
    boolean small = most < 1L << 20;
    double unit = large ? 1L << 30 : small ? 1L << 10 : 1L << 20;
    return new Plot(
        "Memory of tensors, the most so far (" + (large ? "GiB" : small ? "KiB" : "MiB") + ")",
        List.of(
            line(
                "memory",
                5,
                e ->
                    e.timing().peakBytes() > 0
                        ? Optional.of(e.timing().peakBytes() / unit)
                        : Optional.empty())),
        value -> Html.bytes(value * unit),
        Ground.ZERO);
  }

  private Line line(String name, int colour, Function<EpochReport, Optional<Double>> figure) {
    return new Line(
        name,
        colour,
        false,
        run.history().epochs().stream()
            .flatMap(e -> figure.apply(e).map(value -> new Point(e.epoch(), value)).stream())
            .toList());
  }
}
