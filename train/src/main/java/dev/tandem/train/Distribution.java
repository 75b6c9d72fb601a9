package dev.tandem.train;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Arrays;

/**
 * How a tensor's values are spread: bins of equal width from the least to the greatest finite one. The greatest is in the last
 * bin; where all values are equal there is one bin. Without finite values there is none, and the figures are 0.
 *
 * @param shape the tensor's
 * @param deviation the standard deviation of the values themselves, not an estimate for more
 * @param broken how many values are NaN or infinite, which no bin counts
 * @param counts finite values in each bin
 */
public record Distribution(
    Shape shape,
    double least,
    double most,
    double mean,
    double deviation,
    long broken,
    long[] counts) {
  /** Bins of a tensor whose values differ. */
  public static final int BINS = 40;

  /** Of larger tensors so many values are looked at, in {@link #BLOCKS} blocks spread evenly: shares are then off by half a percent. */
  static final int MOST_VALUES = 1 << 16;

  static final int BLOCKS = 16;

  /** Copies the counts. */
  public Distribution {
    counts = counts.clone();
  }

  /** A copy. */
  @Override
  public long[] counts() {
    return counts.clone();
  }

  /** A bin's upper border. */
  public double upper(int bin) {
    return bin + 1 == counts.length ? most : least + (most - least) * (bin + 1) / counts.length;
  }

  /** How the values of a tensor, divided by the scale, are spread. Waits for the device. */
  public static Distribution of(Tensor tensor, double scale) {
    double[] values = sampled(tensor);
    if (scale != 1) {
      for (int i = 0; i < values.length; i++) {
        values[i] /= scale;
      }
    }
    return of(tensor.shape(), values);
  }

  /** @param values all of a tensor, or some of them */
  static Distribution of(Shape shape, double[] values) {
    double[] finite = Arrays.stream(values).filter(Double::isFinite).toArray();
    long broken = values.length - finite.length;
    if (finite.length == 0) {
      return new Distribution(shape, 0, 0, 0, 0, broken, new long[0]);
    }
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    double sum = 0;
    for (double value : finite) {
      least = Math.min(least, value);
      most = Math.max(most, value);
      sum += value;
    }
    double mean = sum / finite.length;
    double squares = 0;
    long[] counts = new long[least == most ? 1 : BINS];
    double perBin = (most - least) / counts.length;
    for (double value : finite) {
      squares += (value - mean) * (value - mean);
      counts[perBin > 0 ? Math.min(counts.length - 1, (int) ((value - least) / perBin)) : 0]++;
    }
    return new Distribution(
        shape, least, most, mean, Math.sqrt(squares / finite.length), broken, counts);
  }

  private static double[] sampled(Tensor tensor) {
    long elements = tensor.shape().elements();
    if (elements <= MOST_VALUES) {
      return tensor.toDoubles();
    }
    double[] values = new double[MOST_VALUES];
    int block = MOST_VALUES / BLOCKS;
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      Tensor flat = tensor.reshape(-1);
      for (int b = 0; b < BLOCKS; b++) {
        int from = (int) ((elements - block) * b / (BLOCKS - 1));
        Tensor part = flat.slice(0, from, block);
        System.arraycopy(
            (part.dtype() == DType.F64 ? part : part.cast(DType.F32)).toDoubles(),
            0,
            values,
            b * block,
            block);
      }
    }
    return values;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Distribution d
        && shape.equals(d.shape)
        && Double.compare(least, d.least) == 0
        && Double.compare(most, d.most) == 0
        && Double.compare(mean, d.mean) == 0
        && Double.compare(deviation, d.deviation) == 0
        && broken == d.broken
        && Arrays.equals(counts, d.counts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(counts);
  }
}
