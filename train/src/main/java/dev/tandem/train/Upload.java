package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.data.DataException;
import dev.tandem.data.Dataset;
import dev.tandem.data.Target;
import dev.tandem.data.Values;
import dev.tandem.nn.LossFunction;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Brings the values of a batch to the device, in the form that a model and its loss take them. */
final class Upload {
  private Upload() {}

  /** Numbers in the model's own element type, tokens and class numbers as they are. */
  static Tensor values(Backend backend, DType dtype, Values values) {
    return inType(dtype, raw(backend, values));
  }

  /** As they are: F32 or I32. */
  static Tensor raw(Backend backend, Values values) {
    return switch (values) {
      case Values.Floats(Shape shape, float[] data) ->
          Tensor.of(backend, new TensorType(DType.F32, shape), MemorySegment.ofArray(data));
      case Values.Ints(Shape shape, int[] data) ->
          Tensor.of(backend, new TensorType(DType.I32, shape), MemorySegment.ofArray(data));
    };
  }

  /** Overwrites what {@link #raw} made from values of the same shape. */
  static void overwrite(Tensor raw, Values values) {
    raw.write(
        switch (values) {
          case Values.Floats(_, float[] data) -> MemorySegment.ofArray(data);
          case Values.Ints(_, int[] data) -> MemorySegment.ofArray(data);
        });
  }

  /** Raw numbers in the model's element type, raw integers as they are. */
  static Tensor inType(DType dtype, Tensor raw) {
    return raw.dtype().floating() ? raw.cast(dtype) : raw;
  }

  /**
   * The target as the loss compares it with a prediction. Class numbers stay what they are for losses over classes;
   * elsewhere they become 0 and 1 where the model has one output a sample, with -1 for 0 under {@link LossFunction.Hinge},
   * and otherwise a one-hot row, of {@link DType#statistics}. Numbers take the prediction's shape where they only differ in axes of length 1.
   */
  static Tensor target(LossFunction loss, Tensor prediction, Tensor raw, Dataset dataset) {
    boolean single = prediction.shape().elements() == raw.shape().elements();
    if (raw.dtype().floating()) {
      return single ? raw.reshape(prediction.shape()) : raw;
    }
    if (single && !(loss instanceof LossFunction.CrossEntropy)) {
      if (dataset.target() instanceof Target.Classes(List<String> names) && names.size() > 2) {
        throw new DataException(
            loss.name()
                + ": one output tells two classes apart, got "
                + names.size()
                + " classes of "
                + dataset.name()
                + " for a prediction "
                + prediction.type()
                + "; give the model an output a class");
      }
      Tensor numbers = raw.cast(prediction.dtype().statistics()).reshape(prediction.shape());
      return loss instanceof LossFunction.Hinge ? numbers.mul(2).sub(1) : numbers;
    }
    boolean takesClasses =
        loss instanceof LossFunction.CrossEntropy || loss instanceof LossFunction.Hinge;
    return takesClasses
        ? raw
        : raw.oneHot(prediction.shape().length(-1), prediction.dtype().statistics());
  }

  /** The class, I32, that the model puts first. prediction: (N, ..., C), or one output a sample; y: (N, ...). */
  static Tensor classes(LossFunction loss, Tensor prediction, Shape targets) {
    if (prediction.shape().elements() != targets.elements()
        || loss instanceof LossFunction.CrossEntropy) {
      return prediction.argMax(-1);
    }
    // One output a sample: a logit or a margin turns at 0, a number that learns 0 and 1 half way.
    boolean logit =
        loss instanceof LossFunction.BinaryCrossEntropyWithLogits
            || loss instanceof LossFunction.Hinge;
    Tensor border = Tensor.scalar(prediction.backend(), prediction.dtype(), logit ? 0 : 0.5);
    return prediction.greater(border).cast(DType.I32).reshape(targets);
  }

  /** How many class numbers the model gets right, one number of {@link DType#statistics}. targets: I32 (N, ...). */
  static Tensor correct(LossFunction loss, Tensor prediction, Tensor targets) {
    return classes(loss, prediction, targets.shape())
        .equalTo(targets)
        .cast(prediction.dtype().statistics())
        .sum();
  }
}
