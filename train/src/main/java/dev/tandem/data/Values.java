package dev.tandem.data;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;

/**
 * Host values of one field of a batch, row-major. The array is the caller's to change: transforms work
 * in place. Equality is by identity of the array.
 */
public sealed interface Values {
  /** The shape with the batch axis: (N) followed by the shape of one sample. */
  Shape shape();

  /** The element type. */
  DType dtype();

  /** F32 values: inputs and regression targets. */
  record Floats(Shape shape, float[] data) implements Values {
    /** Throws {@link DataException} when the array's length is not the shape's. */
    public Floats {
      checkLength(shape, data.length);
    }

    @Override
    public DType dtype() {
      return DType.F32;
    }
  }

  /** I32 values: class numbers and tokens. */
  record Ints(Shape shape, int[] data) implements Values {
    /** Throws {@link DataException} when the array's length is not the shape's. */
    public Ints {
      checkLength(shape, data.length);
    }

    @Override
    public DType dtype() {
      return DType.I32;
    }
  }

  /** Zeros for so many samples of a type, F32 or I32. */
  static Values zeros(TensorType sample, int count) {
    Shape shape = Shape.of(count).then(sample.shape());
    if (shape.elements() > Integer.MAX_VALUE - 8) {
      throw new DataException(
          "batch: too many elements for one array, got "
              + count
              + " samples of "
              + sample
              + "; use a smaller batch");
    }
    int elements = (int) shape.elements();
    return switch (sample.dtype()) {
      case F32 -> new Floats(shape, new float[elements]);
      case I32 -> new Ints(shape, new int[elements]);
      case F64, BF16, F16, U8 ->
          throw new DataException(
              "batch: samples are F32 or I32, got "
                  + sample
                  + "; convert them where the data set is read");
    };
  }

  private static void checkLength(Shape shape, int length) {
    if (shape.elements() != length) {
      throw new DataException(
          "values: array and shape differ, got "
              + length
              + " values for shape "
              + shape
              + "; give "
              + shape.elements());
    }
  }
}
