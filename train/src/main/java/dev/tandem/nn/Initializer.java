package dev.tandem.nn;

import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.tensor.Random;
import java.util.Arrays;

/**
 * A distribution of initial values. Drawn on the host from Philox words, hence bit for bit the
 * same on every backend and machine for one seed.
 *
 * <p>For weights (out, in) of a linear layer fan-in is in and fan-out is out; for weights (O, C,
 * KH, KW) of a convolution they are C * KH * KW and O * KH * KW. Keeping activations at variance 1
 * needs variance 1 / fan-in, keeping gradients so needs 1 / fan-out.
 */
public sealed interface Initializer {
  /** Values for a tensor of the shape, row-major. */
  float[] draw(Shape shape, Random random);

  /** 0 everywhere: for biases. Weights need something that tells their units apart. */
  record Zeros() implements Initializer {
    @Override
    public float[] draw(Shape shape, Random random) {
      return new float[count(shape)];
    }
  }

  /** One value everywhere. */
  record Constant(double value) implements Initializer {
    @Override
    public float[] draw(Shape shape, Random random) {
      float[] values = new float[count(shape)];
      Arrays.fill(values, (float) value);
      return values;
    }
  }

  /** Spread evenly from low to high; rounding to F32 may reach high itself. */
  record Uniform(double low, double high) implements Initializer {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Uniform {
      if (!(low < high) || Double.isInfinite(high - low)) {
        throw new IllegalArgumentException(
            "uniform: not an interval, got ["
                + low
                + ", "
                + high
                + "); low must be below high, both finite");
      }
    }

    @Override
    public float[] draw(Shape shape, Random random) {
      return random.uniform(count(shape), low, high);
    }
  }

  /** Normal, with mean and standard deviation. */
  record Normal(double mean, double deviation) implements Initializer {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Normal {
      if (!(deviation >= 0) || !Double.isFinite(mean + deviation)) {
        throw new IllegalArgumentException(
            "normal: not a distribution, got mean "
                + mean
                + ", deviation "
                + deviation
                + "; both must be finite, the deviation not negative");
      }
    }

    @Override
    public float[] draw(Shape shape, Random random) {
      return random.normal(count(shape), mean, deviation);
    }
  }

  /**
   * Uniform with variance gain^2 * 2 / (fan-in + fan-out): for tanh (gain 5/3), sigmoid and
   * linear units (gain 1). Glorot and Bengio 2010, "Understanding the difficulty of training deep
   * feedforward neural networks", equation 16.
   */
  record XavierUniform(double gain) implements Initializer {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public XavierUniform {
      checkGain("xavier_uniform", gain);
    }

    @Override
    public float[] draw(Shape shape, Random random) {
      return uniform(shape, gain * Math.sqrt(2.0 / (fanIn(shape) + fanOut(shape))), random);
    }
  }

  /** Normal with the variance of {@link XavierUniform}. */
  record XavierNormal(double gain) implements Initializer {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public XavierNormal {
      checkGain("xavier_normal", gain);
    }

    @Override
    public float[] draw(Shape shape, Random random) {
      return random.normal(count(shape), 0, gain * Math.sqrt(2.0 / (fanIn(shape) + fanOut(shape))));
    }
  }

  /**
   * Uniform with variance 2 / fan-in: for relu and its kin. He, Zhang, Ren and Sun 2015,
   * arXiv:1502.01852, section 2.2.
   */
  record HeUniform() implements Initializer {
    @Override
    public float[] draw(Shape shape, Random random) {
      return uniform(shape, Math.sqrt(2.0 / fanIn(shape)), random);
    }
  }

  /**
   * Normal with variance 2 / fan-in. He, Zhang, Ren and Sun 2015, arXiv:1502.01852, equation 10.
   */
  record HeNormal() implements Initializer {
    @Override
    public float[] draw(Shape shape, Random random) {
      return random.normal(count(shape), 0, Math.sqrt(2.0 / fanIn(shape)));
    }
  }

  /**
   * gain times a matrix with orthonormal rows, or columns where there are fewer of them; weights
   * of more axes count as (first, rest). Uniform over all such matrices. Saxe, McClelland and
   * Ganguli 2013, arXiv:1312.6120.
   */
  record Orthogonal(double gain) implements Initializer {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Orthogonal {
      checkGain("orthogonal", gain);
    }

    @Override
    public float[] draw(Shape shape, Random random) {
      fanIn(shape);
      int rows = shape.length(0);
      int columns = count(shape) / Math.max(1, rows);
      int vectors = Math.min(rows, columns);
      int length = Math.max(rows, columns);
      double[][] basis = orthonormal(random.normal(vectors * length, 0, 1), vectors, length);
      float[] values = new float[rows * columns];
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          double q = rows <= columns ? basis[row][column] : basis[column][row];
          values[row * columns + column] = (float) (gain * q);
        }
      }
      return values;
    }

    /**
     * Gram-Schmidt, modified, each vector twice: after the second pass the angles are right to
     * rounding, after one they are not (Giraud, Langou and Rozloznik 2005). Dividing by a norm
     * keeps the diagonal of R positive, which makes the matrix uniform (Mezzadri 2006,
     * arXiv:math-ph/0609050); a Householder QR would need its signs mended.
     */
    private static double[][] orthonormal(float[] normal, int vectors, int length) {
      double[][] basis = new double[vectors][length];
      for (int i = 0; i < vectors; i++) {
        double[] vector = basis[i];
        for (int k = 0; k < length; k++) {
          vector[k] = normal[i * length + k];
        }
        for (int pass = 0; pass < 2; pass++) {
          for (int j = 0; j < i; j++) {
            double along = dot(vector, basis[j]);
            for (int k = 0; k < length; k++) {
              vector[k] -= along * basis[j][k];
            }
          }
        }
        double norm = Math.sqrt(dot(vector, vector));
        for (int k = 0; k < length; k++) {
          vector[k] /= norm;
        }
      }
      return basis;
    }

    private static double dot(double[] a, double[] b) {
      double sum = 0;
      for (int k = 0; k < a.length; k++) {
        sum += a[k] * b[k];
      }
      return sum;
    }
  }

  /** How many inputs a unit sums over. */
  static long fanIn(Shape shape) {
    if (shape.rank() < 2) {
      throw new ShapeException(
          "initializer: fans need a weight of two axes or more, got "
              + shape
              + "; use zeros, constant, uniform or normal for vectors");
    }
    return shape.elements(1, shape.rank());
  }

  /** How many outputs an input reaches. */
  static long fanOut(Shape shape) {
    fanIn(shape);
    return shape.length(0) * shape.elements(2, shape.rank());
  }

  private static float[] uniform(Shape shape, double deviation, Random random) {
    double bound = Math.sqrt(3) * deviation; // the variance of [-b, b] is b^2 / 3
    return random.uniform(count(shape), -bound, bound);
  }

  private static int count(Shape shape) {
    return Math.toIntExact(shape.elements());
  }

  private static void checkGain(String name, double gain) {
    if (!(gain > 0) || Double.isInfinite(gain)) {
      throw new IllegalArgumentException(
          name
              + ": the gain must be positive and finite, got "
              + gain
              + "; 1 for linear units, 5/3 for tanh");
    }
  }
}
