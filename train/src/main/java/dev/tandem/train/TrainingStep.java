package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.data.Target;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.op.Update;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.LossScale;
import dev.tandem.optim.Optimizer;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

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

  /** Steps that moved weights: in F16 those whose gradients overflowed do not. */
  static final int DONE = 4;

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

  /** 1 as long as every step since {@link #begin} was finite, then 0. */
  private final Tensor sound;

  /** The loss's, in F16; null in other types. */
  private final LossScale scale;

  /**
   * Whether predictions are compared with class numbers. Next tokens are not: the likeliest of 50,000 logits a position is a
   * pass over the largest tensor of the step, for a number that says less than the loss.
   */
  private final boolean compares;

  /** The type of losses, norms and sums. */
  private final DType wide;

  /** What the step's gradients are scaled by while they can be looked at; null where they are not. */
  private Tensor gradientScale;

  /**
   * What a batch counts for.
   *
   * @param terms of its loss
   * @param compared class numbers that were predicted; 0 for numbers and next tokens
   */
  record Counts(long terms, long compared) {
    Counts plus(Counts more) {
      return new Counts(terms + more.terms, compared + more.compared);
    }
  }

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
    wide = dtype.statistics();
    compares = setup.feed().training().dataset().target() instanceof Target.Classes;
    if (dtype == DType.F16 && setup.descent().clipping() instanceof Clipping.ByValue) {
      throw new IllegalArgumentException(
          "training: F16 gradients are scaled, so a limit for each does not say what it means, got "
              + setup.descent().clipping()
              + "; clip by norm, or train in BF16");
    }
    Backend backend = setup.learner().backend();
    try (Scope _ = Scope.open()) { // frees the first where there is no room for the others
      meanLoss = Tensor.zeros(backend, new TensorType(wide, Shape.scalar()));
      sound = Tensor.scalar(backend, wide, 1);
      scale = dtype == DType.F16 ? new LossScale(backend) : null;
      meanLoss.release();
      sound.release();
    }
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
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      Measured measured = gather(rawInputs, rawTargets);
      Tensor norm = Clipping.globalNorm(trained);
      Tensor unscaled = scale == null ? norm : norm.div(scale.scale());
      record(measured, norm, unscaled);
      if (course.proceed()) {
        if (setup.descent().clipping() instanceof Clipping.ByValue clipping) {
          clipping.apply(trained);
        }
        optimizer.step(factor(norm, unscaled));
        if (scale != null) {
          // A captured step has nobody who could ask.
          gradientScale = course == Course.STRAIGHT ? null : scale.scale().copy();
          scale.observe(norm);
        }
        course.done(measured.counts);
      }
      return measured.counts;
    } finally {
      gradientScale = null;
      parameters.forEach(Tensor::clearGradient);
    }
  }

  /** What a batch came to: its loss, and how many class numbers were right. Numbers on the device, of the sums' type. */
  private record Measured(Tensor loss, Tensor correct, Counts counts) {}

  /** Forward and backward, a micro-batch after the other, whose gradients add up. */
  private Measured gather(Tensor rawInputs, Tensor rawTargets) {
    int rows = rawInputs.shape().length(0);
    int micro = Math.min(rows, setup.descent().microBatch().orElse(rows));
    Measured total = null;
    for (int from = 0; from < rows; from += micro) {
      int count = Math.min(micro, rows - from);
      Measured part = part(rows(rawInputs, from, count), rows(rawTargets, from, count), rows);
      total =
          total == null
              ? part
              : new Measured(
                  total.loss.add(part.loss),
                  total.correct.add(part.correct),
                  total.counts.plus(part.counts));
    }
    return total;
  }

  private static Tensor rows(Tensor x, int from, int count) {
    return count == x.shape().length(0) ? x : x.slice(0, from, count);
  }

  /** @param rows of the whole batch, which the mean is taken over */
  private Measured part(Tensor rawInputs, Tensor rawTargets, int rows) {
    try (Tape tape = Tape.open()) {
      Tensor targets = Upload.inType(wide, rawTargets);
      Tensor prediction = model.forward(Upload.inType(dtype, rawInputs));
      Tensor target = Upload.target(loss, prediction, targets, setup.feed().training().dataset());
      Tensor total = loss.sum(prediction, target);
      long terms = loss.terms(prediction, target);
      Counts counts = new Counts(terms, compares ? targets.shape().elements() : 0);
      // Backward frees what it passes; what is measured is kept.
      Tensor correct = tape.keep(correct(prediction, targets));
      Tensor measured = tape.keep(total.detach());
      double all = (double) terms * rows / rawInputs.shape().length(0);
      Tensor small = setup.learner().reduction() == Learner.Reduction.SUM ? total : total.div(all);
      (scale == null ? small : small.mul(scale.scale())).backward();
      return new Measured(measured, correct, counts);
    }
  }

  private Tensor correct(Tensor prediction, Tensor raw) {
    try (Scope scope = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      return scope.keep(
          compares
              ? Upload.correct(loss, prediction, raw)
              : Tensor.scalar(prediction.backend(), wide, 0));
    }
  }

  private void record(Measured measured, Tensor norm, Tensor unscaled) {
    Tensor.update(
        new Update.Assign(), meanLoss, measured.loss.div(measured.counts.terms).cast(wide));
    Tensor zero = Tensor.scalar(norm.backend(), norm.dtype(), 0);
    Tensor good = finite(norm);
    Tensor going = finite(measured.loss);
    Tensor seen = unscaled;
    if (scale == null) {
      going = going.mul(good);
    } else {
      // Gradients beyond F16 are met by a smaller scale, as long as there is one.
      Tensor one = Tensor.scalar(norm.backend(), norm.dtype(), 1);
      going = going.mul(good.maximum(one.less(scale.scale()).cast(norm.dtype())));
      seen = Tensor.select(good.greater(zero), unscaled, zero);
    }
    // A bad step changes no weight, so the steps after it may be good ones: count those before it.
    Tensor.update(new Update.Assign(), sound, sound.mul(going));
    sums.add(measured.loss, measured.correct, seen, sound, good);
  }

  /** 1 if the number is finite, else 0: x - x is 0 only for those. */
  private Tensor finite(Tensor x) {
    return x.sub(x).equalTo(Tensor.scalar(x.backend(), x.dtype(), 0)).cast(wide);
  }

  /** What gradients are multiplied by: for clipping, and to undo the scale of the loss. NaN leaves the step out. */
  private Tensor factor(Tensor norm, Tensor unscaled) {
    Tensor clipped =
        setup.descent().clipping() instanceof Clipping.ByGlobalNorm clipping
            ? clipping.factor(unscaled)
            : norm.sub(norm).add(1);
    return scale == null ? clipped : clipped.div(scale.scale()).add(norm.sub(norm));
  }

  /** What the gradients that are there now were multiplied by. Good during {@link Course#done}; waits for the device. */
  double gradientScale() {
    return gradientScale == null ? 1 : gradientScale.item();
  }

  /** From here on steps are counted anew. */
  void begin() {
    try (Scope _ = Scope.open()) {
      Tensor.update(new Update.Assign(), sound, Tensor.scalar(sound.backend(), sound.dtype(), 1));
    }
  }

  /** Whether steps were sound so far, and the scale of F16's loss: for checkpoints. */
  Map<String, Tensor> state() {
    Map<String, Tensor> state = new TreeMap<>(scale == null ? Map.of() : scale.state());
    state.put("sound", sound);
    return state;
  }

  @Override
  public void close() {
    meanLoss.close();
    sound.close();
    if (scale != null) {
      scale.close();
    }
  }
}
