package dev.tandem.cpu;

import dev.tandem.op.Pooling;
import java.util.Arrays;

/**
 * Loops over rows of floats, beside those of {@link Kernels}: products, statistics, and copies of many short
 * rows. Both implementations give the same bits; sums are taken as in {@link Kernels#sum}.
 */
interface RowKernels {
  static RowKernels best() {
    return Vectorization.available() ? new VectorRowKernels() : new ScalarRowKernels();
  }

  /** Sum of x * y over n elements, by fused multiply-adds. */
  float dot(float[] x, int xAt, float[] y, int yAt, int n);

  /** Sum of x - shift. */
  float sumOfDifferences(float[] x, int at, int n, float shift);

  /** Sum of (x - shift)^2. */
  float sumOfSquares(float[] x, int at, int n, float shift);

  /** y += x. */
  void add(float[] x, int xAt, float[] y, int yAt, int n);

  /** y[j] = x[rows[0] + j] + x[rows[1] + j] + ..., in this order, of count rows for j below n. */
  void sumOfRows(float[] x, int[] rows, int count, float[] y, int n);

  /** y = a * x. */
  void scale(float a, float[] x, int xAt, float[] y, int yAt, int n);

  /** y += a * x, fused. */
  void addScaled(float a, float[] x, int xAt, float[] y, int yAt, int n);

  /** slopes[i] = weights[i] * (slopes[i] - dot) * scale for n elements from the given one: what softmax does to a gradient. */
  void slopes(float[] weights, float[] slopes, int at, int n, float dot, float scale);

  /** Folds a row of an image into the largest of each column. */
  void maxOfColumns(Windows w, float[] x, int at, int row);

  /** From the largest of each column, those of each window. */
  void maxOfWindows(Windows w);

  /**
   * Windows of 2x2 at step 2 without padding, whose two rows begin at these places of x: the largest to y, and where in the plane it
   * is, from index on, to places. Writes on beyond the count of columns, but not beyond the end. False if there is no room for that, or no
   * fast way: nothing is done then.
   */
  default boolean maxOfPairs(
      float[] x, int at, Windows w, int index, float[] y, int[] places, int to, int end) {
    return false;
  }

  /**
   * A row of the windows of a max-pooling: NaN wins, and of equals the first. Columns carry the padding, so
   * that no window is cut, and slack for vectors that read on.
   */
  final class Windows {
    private static final int SLACK = 64;

    final int width;
    final int columns;
    final int kernel;
    final int stride;
    final int padding;

    /** The largest of each column, after those of the padding, and the row of the image where it is. */
    final float[] best;

    final int[] where;

    /** The largest of each window, and where in the image's plane it is. */
    final float[] largest;

    final int[] index;

    Windows(int width, int columns, Pooling.Window window) {
      this.width = width;
      this.columns = columns;
      kernel = window.kernel().width();
      stride = window.stride().width();
      padding = window.padding().width();
      best =
          new float
              [Math.max(width + padding, columns * stride + kernel) + SLACK * Math.max(1, stride)];
      where = new int[best.length];
      largest = new float[columns + SLACK];
      index = new int[largest.length];
      Arrays.fill(best, Float.NEGATIVE_INFINITY);
      // Below all rows, so that padding loses to any element that is its equal.
      Arrays.fill(where, (Integer.MAX_VALUE - width - padding) / Math.max(1, width));
    }

    /** Before the first row, which is the top one. */
    void clear(int top) {
      Arrays.fill(best, padding, padding + width, Float.NEGATIVE_INFINITY);
      Arrays.fill(where, padding, padding + width, top);
    }

    /** In plain Java, from the first column that does not fill a vector. */
    void columns(float[] x, int at, int row, int from) {
      for (int j = from; j < width; j++) {
        float value = x[at + j];
        float old = best[padding + j];
        if (value > old || value != value && old == old) {
          best[padding + j] = value;
          where[padding + j] = row;
        }
      }
    }

    void windows(int from) {
      for (int j = from; j < columns; j++) {
        float most = Float.NEGATIVE_INFINITY;
        int place = Integer.MAX_VALUE;
        for (int at = j * stride; at < j * stride + kernel; at++) {
          float value = best[at];
          int candidate = where[at] * width + at - padding;
          if (value > most
              || value != value && most == most
              || candidate < place && (value == most || value != value)) {
            most = value;
            place = candidate;
          }
        }
        largest[j] = most;
        index[j] = place;
      }
    }
  }

  /** y = h * gamma + beta, h = (x - mean - rest) * rstd. */
  void normalize(Row r);

  /** h = (x - mean) * rstd; g = dy * gamma; dgamma += dy * h; dbeta += dy. */
  void normalizeGradSums(Row r);

  /** dx = rstd * (g - meanG - h * meanGh), and dsum where there is one. */
  void normalizeGrad(Row r, float meanG, float meanGh);

  /** A row of a normalization and its statistics. Mutable and reused, for a task goes through hundreds. */
  final class Row {
    final int n;
    float[] x;
    float[] gamma;
    float[] beta;
    float[] dy;

    /** What is added to dx, or null. */
    float[] dsum;

    /** y or dx. */
    float[] out;

    /** Where the row starts in x, dy, dsum and out. */
    int at;

    float mean;

    /** What rounding took from the mean. */
    float rest;

    float rstd;
    float[] h;
    float[] g;
    float[] dgamma;
    float[] dbeta;

    /** Where the sums start in dgamma and dbeta. */
    int part;

    Row(int n) {
      this.n = n;
    }
  }

  /**
   * For j below pairs, a = x[at + j] and b = x[at + pairs + j]: y[at + j] = a cos - b sin, y[at + pairs + j] = b cos + a sin, with
   * cos = cosines[angle + j] and sin = sign * sines[angle + j].
   */
  void turn(Turn t);

  /** The operands of {@link #turn}. Mutable and reused, for a row holds many heads. */
  final class Turn {
    final float[] x;
    final float[] y;
    final int pairs;
    float[] cosines;
    float[] sines;
    float sign;
    int at;
    int angle;

    Turn(float[] x, float[] y, int pairs) {
      this.x = x;
      this.y = y;
      this.pairs = pairs;
    }

    /** In plain Java, from the j that does not fill a vector. */
    void turn(int from) {
      for (int j = from; j < pairs; j++) {
        float cosine = cosines[angle + j];
        float sine = sign * sines[angle + j];
        float a = x[at + j];
        float b = x[at + pairs + j];
        y[at + j] = Math.fma(-sine, b, a * cosine);
        y[at + pairs + j] = Math.fma(sine, a, b * cosine);
      }
    }
  }

  /** For i of count rows and j below length: y[to + i * toStep + j] += x[at + i * step + j]. */
  void addRows(Rows r);

  /** The same, but overwrites y. */
  void copyRows(Rows r);

  /**
   * Many rows of one array and as many of another. Mutable and reused, for a task goes through thousands of
   * these.
   */
  final class Rows {
    final float[] x;
    final float[] y;
    int at;
    int step;
    int to;
    int toStep;
    int count;
    int length;

    Rows(float[] x, float[] y) {
      this.x = x;
      this.y = y;
    }

    /** In plain Java, from the j that does not fill a vector. */
    void add(int from) {
      for (int i = 0; i < count; i++) {
        for (int j = from; j < length; j++) {
          y[to + i * toStep + j] += x[at + i * step + j];
        }
      }
    }

    void copy(int from) {
      for (int i = 0; i < count; i++) {
        for (int j = from; j < length; j++) {
          y[to + i * toStep + j] = x[at + i * step + j];
        }
      }
    }
  }
}
