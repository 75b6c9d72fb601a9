package dev.tandem.cli;

import dev.tandem.train.EpochReport;
import dev.tandem.train.Outcome;
import dev.tandem.train.StepReport;
import dev.tandem.train.TrainingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The losses of a run as it goes: of training a few points an epoch, each the mean over the steps before it. */
final class LossCurve implements TrainingListener {
  /** Beyond so many points noise hides the course of a run. */
  private static final int POINTS = 150;

  /** @param epoch how far the run had come, in epochs and parts of them */
  record Point(double epoch, double loss) {}

  private final int epochs;
  private final List<Point> training = new ArrayList<>();
  private final List<Point> validation = new ArrayList<>();
  private Optional<Double> diverged = Optional.empty();
  private double now;
  private double sum;
  private int steps;

  /** @param epochs as many as the run may have */
  LossCurve(int epochs) {
    this.epochs = epochs;
  }

  @Override
  public void step(StepReport report) {
    now = report.epoch() - 1 + (double) report.batch() / report.batches();
    double loss = report.loss();
    if (!Double.isFinite(loss)) {
      return;
    }
    if (training.isEmpty()) {
      training.add(new Point(0, loss)); // where it began, not dimmed by a mean
    }
    sum += loss;
    steps++;
    if (steps >= Math.max(1, (long) report.batches() * epochs / POINTS)) {
      point();
    }
  }

  @Override
  public void epoch(EpochReport report) {
    report
        .validation()
        .ifPresent(metrics -> validation.add(new Point(report.epoch(), metrics.loss())));
  }

  @Override
  public void stopped(Outcome outcome) {
    if (steps > 0) {
      point();
    }
    diverged = outcome.divergence().map(_ -> now);
  }

  private void point() {
    training.add(new Point(now, sum / steps));
    sum = 0;
    steps = 0;
  }

  List<Point> training() {
    return training;
  }

  List<Point> validation() {
    return validation;
  }

  /** How far the run had come, in epochs, when its numbers broke down. */
  Optional<Double> diverged() {
    return diverged;
  }
}
