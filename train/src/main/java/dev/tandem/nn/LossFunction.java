package dev.tandem.nn;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How wrong a prediction is: what training makes smaller. Each loss is had in three folds:
 * {@link #perSample}, one number a sample; {@link #sum}, the total over the batch; {@link #mean},
 * the total over {@link #terms}. Over a data set of many batches the total is the sum of the
 * batches' sums, and the mean is that over the sum of their terms: exactly what one batch of
 * everything would give, also when the last batch is smaller.
 *
 * <p>p is the prediction, t the target. Unless a loss says otherwise both are of one type and
 * shape, (N) or (N, ...), and nothing broadcasts: (N, 1) against (N) would silently compare every
 * sample with every other. A target that is computed should be detached; cross-entropy refuses to
 * pass a gradient to one.
 *
 * <p>Losses are of {@link DType#statistics}. To a prediction of BF16 or F16 the target may be of F32
 * too, and but for cross-entropy, which does so by itself, both are widened before anything is
 * computed: a sum of many terms would lose the digits of a small one.
 */
public sealed interface LossFunction {
  /** The loss of each sample: the sum over the sample's own outputs. y: (N). */
  Tensor perSample(Tensor prediction, Tensor target);

  /**
   * How many terms {@link #mean} divides by; every element of the prediction, unless the loss says
   * otherwise.
   */
  default long terms(Tensor prediction, Tensor target) {
    return prediction.shape().elements();
  }

  /** The total over the batch, one number. Of {@link SquaredError} this is the sum of squares. */
  default Tensor sum(Tensor prediction, Tensor target) {
    return perSample(prediction, target).sum();
  }

  /** The total over the number of terms, one number. */
  default Tensor mean(Tensor prediction, Tensor target) {
    return sum(prediction, target).div(terms(prediction, target));
  }

  /** The name in messages and configs: {@code squared_error}. */
  default String name() {
    return getClass()
        .getSimpleName()
        .replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_")
        .toLowerCase(Locale.ROOT);
  }

  /**
   * p - t: for teaching only, and wrong. A loss has to be smallest where the prediction is right;
   * this one is smaller the further the prediction falls below the target, so training on it drives
   * predictions to minus infinity. Errors of opposite sign also cancel in its total.
   */
  record SignedDifference() implements LossFunction {
    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      return fold(difference(this, prediction, target));
    }
  }

  /** |p - t|. Its slope is the same near and far: robust to outliers, restless near the optimum. */
  record AbsoluteError() implements LossFunction {
    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      return fold(difference(this, prediction, target).abs());
    }
  }

  /**
   * (p - t)^2, without a factor 1/2. The sum over a batch is the sum of squares, the mean is
   * PyTorch's mse_loss.
   */
  record SquaredError() implements LossFunction {
    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      return fold(difference(this, prediction, target).square());
    }
  }

  /**
   * With d = |p - t|: d^2 / 2 up to delta, delta * (d - delta / 2) beyond: squared near, absolute
   * far. Huber 1964.
   *
   * @param delta where one turns into the other; 1 is usual
   */
  record HuberError(double delta) implements LossFunction {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public HuberError {
      if (!(delta > 0) || Double.isInfinite(delta)) {
        throw new IllegalArgumentException(
            "huber_error: delta must be positive and finite, got " + delta + "; 1 is usual");
      }
    }

    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      Tensor distance = difference(this, prediction, target).abs();
      Tensor near = distance.clamp(0, delta);
      return fold(near.square().mul(0.5).add(distance.sub(near).mul(delta)));
    }
  }

  /**
   * -t ln s(p) - (1 - t) ln(1 - s(p)), s the sigmoid: p are logits, t probabilities in [0, 1].
   * Computed as t * softplus(-p) + (1 - t) * softplus(p), which neither overflows nor cancels for
   * logits of any size.
   */
  record BinaryCrossEntropyWithLogits() implements LossFunction {
    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      sameType(this, prediction, target);
      Tensor p = wide(prediction);
      Tensor t = wide(target);
      Tensor ifTrue = t.mul(p.neg().softplus());
      Tensor ifFalse = t.neg().add(1).mul(p.softplus());
      return fold(ifTrue.add(ifFalse));
    }
  }

  /**
   * -sum over classes of q ln softmax(p), q the target distribution. p: logits (N, C) or (N, ...,
   * C); t: class numbers, I32 of p's shape less the last axis, or probabilities of p's type. The
   * mean is over distributions, N for (N, C), as PyTorch's cross_entropy.
   *
   * @param smoothing s in [0, 1]: q = (1 - s) * t + s / C. Szegedy et al. 2015, arXiv:1512.00567,
   *     section 7
   */
  record CrossEntropy(double smoothing) implements LossFunction {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public CrossEntropy {
      if (!(smoothing >= 0 && smoothing <= 1)) {
        throw new IllegalArgumentException(
            "cross_entropy: smoothing must lie in [0, 1], got " + smoothing + "; 0 means none");
      }
    }

    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      requireClasses(this, prediction);
      Tensor logits = rows(prediction);
      if (target.dtype().floating()) {
        sameType(this, prediction, target);
        Tensor soft = rows(target);
        Tensor mixed =
            smoothing == 0
                ? soft
                : soft.mul(1 - smoothing).add(smoothing / logits.shape().length(1));
        return unfold(logits.softCrossEntropy(mixed.cast(logits.dtype())), prediction);
      }
      classNumbers(this, prediction, target);
      return unfold(
          logits.crossEntropy(target.reshape(logits.shape().part(0, 1)), smoothing), prediction);
    }

    @Override
    public long terms(Tensor prediction, Tensor target) {
      return distributions(prediction);
    }
  }

  /**
   * sum over classes of t * (ln t - ln softmax(p)), with 0 ln 0 = 0: by how much t diverges from
   * the prediction, 0 if they agree. p: logits (N, C) or (N, ..., C), or log-probabilities, which
   * log-softmax leaves as they are; t: probabilities of p's type. The mean is over distributions:
   * PyTorch's kl_div with reduction batchmean, whose plain mean is no divergence. Kullback and
   * Leibler 1951.
   */
  record KlDivergence() implements LossFunction {
    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      requireClasses(this, prediction);
      sameType(this, prediction, target);
      // The smallest normal F32 stands in for 0, whose logarithm would make 0 * -infinity.
      Tensor t = wide(target);
      Tensor logTarget = t.clamp(Float.MIN_NORMAL, Double.POSITIVE_INFINITY).log();
      return fold(t.mul(logTarget.sub(wide(prediction).logSoftmax(-1))));
    }

    @Override
    public long terms(Tensor prediction, Tensor target) {
      return distributions(prediction);
    }
  }

  /**
   * max(0, 1 - t * p) for targets t of -1 or 1, of p's type; Cortes and Vapnik 1995. With class
   * numbers t, I32 of p's shape less the last axis, the sum over classes c other than t of max(0,
   * 1 - p[t] + p[c]), Weston and Watkins 1999; its mean is over samples, and C times PyTorch's
   * multi_margin_loss, which divides by C as well.
   */
  record Hinge() implements LossFunction {
    @Override
    public Tensor perSample(Tensor prediction, Tensor target) {
      if (target.dtype().floating()) {
        sameType(this, prediction, target);
        return fold(wide(prediction).mul(wide(target)).neg().add(1).relu());
      }
      requireClasses(this, prediction);
      classNumbers(this, prediction, target);
      Tensor scores = rows(wide(prediction));
      Tensor indices = target.reshape(scores.shape().length(0), 1);
      Tensor margins = scores.sub(scores.gather(1, indices)).add(1).relu();
      // The class itself has a margin of exactly 1, and no gradient: what it pulls up it pulls
      // down.
      return unfold(margins.sum(1).sub(1), prediction);
    }

    @Override
    public long terms(Tensor prediction, Tensor target) {
      return target.dtype().floating() ? prediction.shape().elements() : distributions(prediction);
    }
  }

  private static Tensor difference(LossFunction loss, Tensor prediction, Tensor target) {
    sameType(loss, prediction, target);
    return wide(prediction).sub(wide(target));
  }

  private static Tensor wide(Tensor x) {
    return x.cast(x.dtype().statistics());
  }

  private static void sameType(LossFunction loss, Tensor prediction, Tensor target) {
    TensorType type = prediction.type();
    if (!target.type().equals(type)
        && !target.type().equals(type.withDType(type.dtype().statistics()))) {
      throw new ShapeException(
          loss.name()
              + ": the target does not fit the prediction, got "
              + target.type()
              + " for "
              + prediction.type()
              + "; give both one element type and one shape");
    }
  }

  private static void requireClasses(LossFunction loss, Tensor prediction) {
    if (prediction.shape().rank() < 2) {
      throw new ShapeException(
          loss.name()
              + ": the prediction has no axis of classes, got "
              + prediction.type()
              + "; it must be (N, C)");
    }
  }

  private static void classNumbers(LossFunction loss, Tensor prediction, Tensor target) {
    TensorType expected = new TensorType(DType.I32, prediction.shape().without(-1));
    if (!target.type().equals(expected)) {
      throw new ShapeException(
          loss.name()
              + ": the targets do not fit the prediction, got "
              + target.type()
              + " for "
              + prediction.type()
              + "; give class numbers "
              + expected
              + ", or numbers of the prediction's own type");
    }
  }

  /** (N, ..., C) as (rows, C). */
  private static Tensor rows(Tensor x) {
    int classes = x.shape().length(-1);
    return x.shape().rank() == 2
        ? x
        : x.reshape(Shape.of(Math.toIntExact(distributions(x)), classes));
  }

  /** A loss a row of {@link #rows}, summed over the rows of each sample. */
  private static Tensor unfold(Tensor rowLosses, Tensor prediction) {
    return prediction.shape().rank() == 2
        ? rowLosses
        : fold(rowLosses.reshape(prediction.shape().without(-1)));
  }

  private static long distributions(Tensor prediction) {
    return prediction.shape().elements(0, prediction.shape().rank() - 1);
  }

  /** The sum over all axes but the first. */
  private static Tensor fold(Tensor losses) {
    int rank = losses.shape().rank();
    return rank == 1 ? losses : losses.sum(IntStream.range(1, rank).toArray());
  }
}
