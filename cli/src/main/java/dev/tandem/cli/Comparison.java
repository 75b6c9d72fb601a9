package dev.tandem.cli;

import dev.tandem.train.EpochReport;
import dev.tandem.train.Metrics;
import dev.tandem.train.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What several runs on the same data came to. */
record Comparison(List<Run> runs) {
  /** A run. @param test of a run that did not diverge, where there is a test set */
  record Run(
      String label, Outcome outcome, LossCurve curve, Optional<Metrics> test, double seconds) {
    Optional<EpochReport> last() {
      return outcome.history().last();
    }

    Optional<EpochReport> best() {
      return outcome.history().best();
    }

    /** {@code diverged at step 12}, or why it ended before its last epoch. */
    String note() {
      return switch (outcome.reason()) {
        case MAX_EPOCHS -> "";
        case DIVERGED -> "diverged at step " + outcome.divergence().orElseThrow().step();
        case INTERRUPTED -> "interrupted";
        case TARGET_LOSS -> "reached the target loss";
        case NO_IMPROVEMENT -> "no longer improved";
        case GRADIENT_NORM -> "gradient vanished";
      };
    }
  }

  List<LossPlot.Curve> curves() {
    return runs.stream()
        .map(run -> new LossPlot.Curve(run.label(), run.note(), run.curve()))
        .toList();
  }

  /** A line a run, for people. */
  String table() {
    boolean regression =
        runs.stream().anyMatch(run -> run.test().flatMap(Metrics::regression).isPresent());
    List<String[]> rows = new ArrayList<>();
    rows.add(
        new String[] {
          "config",
          "train loss",
          "validation loss",
          "best (epoch)",
          regression ? "test error" : "test accuracy",
          "epochs",
          "seconds",
          ""
        });
    for (Run run : runs) {
      rows.add(
          new String[] {
            run.label(),
            run.last().map(epoch -> Report.loss(epoch.trainLoss())).orElse("-"),
            run.last()
                .flatMap(EpochReport::validation)
                .map(metrics -> Report.loss(metrics.loss()))
                .orElse("-"),
            run.best()
                .map(epoch -> Report.loss(epoch.monitoredLoss()) + " (" + epoch.epoch() + ")")
                .orElse("-"),
            run.test().map(Comparison::score).orElse("-"),
            Integer.toString(run.outcome().history().epochs().size()),
            Report.format("%.1f", run.seconds()),
            run.note()
          });
    }
    return Report.table(rows, column -> column >= 1);
  }

  private static String score(Metrics metrics) {
    return metrics
        .regression()
        .map(errors -> Report.format("%.4g", errors.meanAbsolute()))
        .orElseGet(() -> Report.percent(metrics.accuracy().orElse(Double.NaN)));
  }

  /** A line a run, for programs: numbers in full, empty where there is none. */
  String csv() {
    StringBuilder csv =
        new StringBuilder(
            "config,train_loss,validation_loss,best_loss,best_epoch,test_loss,test_accuracy,"
                + "test_mean_absolute,epochs,steps,seconds,ended,diverged_at_step\n");
    for (Run run : runs) {
      csv.append('"')
          .append(run.label().replace("\"", "\"\""))
          .append('"')
          .append(cell(run.last().map(EpochReport::trainLoss)))
          .append(cell(run.last().flatMap(EpochReport::validation).map(Metrics::loss)))
          .append(cell(run.best().map(EpochReport::monitoredLoss)))
          .append(cell(run.best().map(EpochReport::epoch)))
          .append(cell(run.test().map(Metrics::loss)))
          .append(
              cell(
                  run.test()
                      .flatMap(test ->
                          Optional.of(test.accuracy())
                              .filter(a -> a.isPresent())
                              .map(accuracy -> accuracy.getAsDouble()))))
          .append(
              cell(run.test().flatMap(Metrics::regression).map(errors -> errors.meanAbsolute())))
          .append(cell(Optional.of(run.outcome().history().epochs().size())))
          .append(cell(run.last().map(EpochReport::steps)))
          .append(cell(Optional.of(Report.format("%.3f", run.seconds()))))
          .append(cell(Optional.of(run.outcome().reason())))
          .append(cell(run.outcome().divergence().map(divergence -> divergence.step())))
          .append('\n');
    }
    return csv.toString();
  }

  private static String cell(Optional<?> value) {
    return "," + value.map(Object::toString).orElse("");
  }
}
