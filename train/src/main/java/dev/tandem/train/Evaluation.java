package dev.tandem.train;

import dev.tandem.data.Batch;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Batches;
import dev.tandem.data.DataException;
import dev.tandem.data.Target;
import dev.tandem.data.Values;
import dev.tandem.nn.Module;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Optional;
import java.util.OptionalDouble;

/** Measures a model on every sample of a data set, without learning. */
public final class Evaluation {
  /** Beyond so many classes no confusion matrix is made: nobody could read it. */
  public static final int MOST_CONFUSED = 1000;

  // The sums that are gathered on the device; what ERROR is depends on the target.
  private static final int LOSS = 0;
  private static final int ERROR = 1;
  private static final int SQUARES = 2;

  private final Learner learner;
  private final BatchLoader loader;
  private final DeviceSums sums;
  private final TargetSpread spread;
  private final long[][] confusion;
  private long terms;
  private long compared;
  private long samples;

  private Evaluation(Learner learner, BatchLoader loader, DeviceSums sums, boolean confuse) {
    this.learner = learner;
    this.loader = loader;
    this.sums = sums;
    this.spread = new TargetSpread();
    int classes =
        loader.dataset().target() instanceof Target.Classes all
            ? all.names().size()
            : Integer.MAX_VALUE;
    this.confusion = confuse && classes <= MOST_CONFUSED ? new long[classes][classes] : null;
  }

  /**
   * All metrics that fit the data set's target. The model computes as in evaluation (dropout off, running statistics) and is
   * then set back to what it was.
   */
  public static Metrics evaluate(Learner learner, BatchLoader loader) {
    return run(learner, loader, true);
  }

  /** As {@link #evaluate}, with or without what needs predictions on the host. */
  static Metrics run(Learner learner, BatchLoader loader, boolean confuse) {
    requireAll(loader);
    Module model = learner.model();
    boolean training = model.training();
    model.training(false);
    try (DeviceSums sums =
            new DeviceSums(learner.backend(), learner.dtype().statistics(), SQUARES + 1);
        Tape.Pause _ = Tape.noGrad();
        Batches batches = loader.epoch(0)) {
      Evaluation evaluation = new Evaluation(learner, loader, sums, confuse);
      for (Batch batch : batches) {
        evaluation.add(batch);
      }
      return evaluation.metrics();
    } finally {
      model.training(training);
    }
  }

  /** Metrics that leave samples out would not be those of the data set. */
  static void requireAll(BatchLoader loader) {
    if (loader.samples() < loader.dataset().size()) {
      throw new DataException(
          "evaluation: the loader leaves samples out, got "
              + loader.samples()
              + " of the "
              + loader.dataset().size()
              + " of "
              + loader.dataset().name()
              + "; use one that keeps the last batch");
    }
  }

  private void add(Batch batch) {
    try (Scope _ = Scope.open()) {
      DType wide = learner.dtype().statistics();
      Tensor raw = Upload.values(learner.backend(), wide, batch.targets());
      Tensor prediction =
          learner
              .model()
              .forward(Upload.values(learner.backend(), learner.dtype(), batch.inputs()));
      Tensor target = Upload.target(learner.loss(), prediction, raw, loader.dataset());
      Tensor loss = learner.loss().sum(prediction, target);
      switch (loader.dataset().target()) {
        case Target.Numbers _ -> {
          Tensor errors = prediction.cast(wide).sub(target);
          sums.add(loss, errors.abs().sum(), errors.square().sum());
          spread.add((Values.Floats) batch.targets());
        }
        case Target.Classes _, Target.Tokens _ -> {
          sums.add(
              loss,
              Upload.correct(learner.loss(), prediction, raw),
              Tensor.zeros(loss.backend(), loss.type()));
          if (confusion != null) {
            confuse(
                Upload.classes(learner.loss(), prediction, raw.shape()).toInts(),
                (Values.Ints) batch.targets());
          }
        }
      }
      terms += learner.loss().terms(prediction, target);
      compared += raw.shape().elements();
      samples += batch.size();
    }
  }

  private void confuse(int[] predicted, Values.Ints actual) {
    for (int i = 0; i < predicted.length; i++) {
      if (predicted[i] >= confusion.length) {
        throw new DataException(
            "evaluation: the model has more outputs than the data has classes, got output "
                + predicted[i]
                + " for the "
                + confusion.length
                + " classes of "
                + loader.dataset().name()
                + "; evaluate on the data it was made for");
      }
      confusion[actual.data()[i]][predicted[i]]++;
    }
  }

  private Metrics metrics() {
    double[] totals = sums.read();
    double loss = totals[LOSS] / terms;
    return switch (loader.dataset().target()) {
      case Target.Numbers _ ->
          new Metrics(
              loss,
              samples,
              OptionalDouble.empty(),
              Optional.of(
                  new RegressionErrors(
                      totals[ERROR] / compared,
                      Math.sqrt(totals[SQUARES] / compared),
                      spread.sumOfSquares() == 0
                          ? Double.NaN
                          : 1 - totals[SQUARES] / spread.sumOfSquares())),
              Optional.empty());
      case Target.Classes _, Target.Tokens _ ->
          new Metrics(
              loss,
              samples,
              OptionalDouble.of(totals[ERROR] / compared),
              Optional.empty(),
              Optional.ofNullable(confusion).map(Confusion::new));
    };
  }
}
