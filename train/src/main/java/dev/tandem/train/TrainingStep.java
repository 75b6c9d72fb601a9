package dev.tandem.train;

import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.op.Update;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Collection;

/**
 * What a step does on the device: forward, loss, backward, clipping, update, and what is measured on the way. Nothing in it needs
 * a value on the host, so the whole can be captured.
 */
final class TrainingStep implements AutoCloseable {
  // The sums that a step adds to.
  static final int LOSS = 0;
  static final int CORRECT = 1;
  static final int NORM = 2;
  static final int FINITE = 3;

  private final Trainer.Setup setup;
  private final Module model;
  private final LossFunction loss;
  private final Optimizer optimizer;
  private final DType dtype;
  private final Collection<Tensor> trained;

  /** Also those that are frozen: they gather gradients all the same. */
  private final Collection<Tensor> parameters;

  private final DeviceSums sums;
  private final Tensor meanLoss;

  /**
   * What a batch counts for.
   *
   * @param terms of its loss
   * @param compared class numbers that were predicted; 0 for other targets
   */
  record Counts(long terms, long compared) {}

  /** What happens between the parts of a step; a captured one has none of it. */
  interface Course {
    /** Between backward and the update: whether to go on. The gradients are there. */
    boolean proceed();

    /** After the update, while the gradients are still there. */
    void done(Counts counts);

    /** From beginning to end. */
    Course STRAIGHT =
        new Course() {
          @Override
          public boolean proceed() {
            return true;
          }

          @Override
          public void done(Counts counts) {}
        };
  }

  TrainingStep(Trainer.Setup setup, DeviceSums sums) {
    this.setup = setup;
    this.sums = sums;
    model = setup.learner().model();
    loss = setup.learner().loss();
    optimizer = setup.descent().optimizer();
    dtype = setup.learner().dtype();
    trained = optimizer.parameters().values();
    parameters = model.parameters().values();
    meanLoss =
        Tensor.zeros(setup.learner().backend(), new TensorType(dtype, Shape.scalar())).release();
  }

  /** The mean loss of the last batch, before the update. Overwritten by each step. */
  Tensor meanLoss() {
    return meanLoss;
  }

  /**
   * Does the step.
   *
   * @param rawInputs the batch's on the device, as {@link Upload#raw} puts them there; rawTargets likewise
   */
  Counts run(Tensor rawInputs, Tensor rawTargets, Course course) {
    try (Tape _ = Tape.open()) {
      Tensor targets = Upload.inType(dtype, rawTargets);
      Tensor prediction = model.forward(Upload.inType(dtype, rawInputs));
      Tensor target = Upload.target(loss, prediction, targets, setup.feed().training().dataset());
      Tensor total = loss.sum(prediction, target);
      long terms = loss.terms(prediction, target);
      Tensor mean = total.div(terms);
      // Backward frees what it passes; detached handles stay for the sums and the listeners.
      Tensor measured = total.detach();
      Tensor reported = mean.detach();
      Tensor correct = correct(prediction, targets);
      (setup.learner().reduction() == Learner.Reduction.SUM ? total : mean).backward();
      Tensor norm = Clipping.globalNorm(trained);
      sums.add(measured, correct, norm, finite(measured, norm));
      Tensor.update(new Update.Assign(), meanLoss, reported);
      Counts counts =
          new Counts(terms, targets.dtype().floating() ? 0 : targets.shape().elements());
      if (course.proceed()) {
        clip(norm);
        optimizer.step();
        course.done(counts);
      }
      return counts;
    } finally {
      parameters.forEach(Tensor::clearGradient);
    }
  }

  private Tensor correct(Tensor prediction, Tensor raw) {
    try (Tape.Pause _ = Tape.noGrad()) {
      return raw.dtype().floating()
          ? Tensor.scalar(prediction.backend(), prediction.dtype(), 0)
          : Upload.correct(loss, prediction, raw);
    }
  }

  /** 1 if both numbers are finite, else 0: x - x is 0 only for those. Summed, it tells at which step that ended. */
  private static Tensor finite(Tensor a, Tensor b) {
    try (Tape.Pause _ = Tape.noGrad()) {
      Tensor zero = Tensor.scalar(a.backend(), a.dtype(), 0);
      return a.sub(a).add(b.sub(b)).equalTo(zero).cast(a.dtype());
    }
  }

  private void clip(Tensor norm) {
    if (setup.descent().clipping() instanceof Clipping.ByGlobalNorm clipping) {
      clipping.apply(trained, norm);
    } else {
      setup.descent().clipping().apply(trained);
    }
  }

  @Override
  public void close() {
    meanLoss.close();
  }
}
