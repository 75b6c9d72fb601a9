package dev.tandem.cpu;

/**
 * Loops over a row of floats, {@code x[xAt] .. x[xAt + n - 1]}. Sums are taken in an order that n and the width of the
 * vectors alone decide.
 */
interface RowKernels {
  /** The implementation for this JVM. */
  static RowKernels best() {
    return Vectorization.available() ? new VectorRowKernels() : new ScalarRowKernels();
  }

  /** Sum of x * y. */
  float dot(float[] x, int xAt, float[] y, int yAt, int n);

  /** moments[0] = sum of (x - shift), moments[1] = sum of (x - shift)^2. */
  void moments(float[] x, int xAt, int n, float shift, float[] moments);

  /** y += x. */
  void add(float[] x, int xAt, float[] y, int yAt, int n);

  /** y += a * x. */
  void addScaled(float a, float[] x, int xAt, float[] y, int yAt, int n);

  /** For i of count rows and j below length: y[to + i * toStep + j] += x[at + i * step + j]. */
  void addRows(Rows r);

  /** The operands of {@link #addRows}. Mutable and reused, for a task adds thousands of these. */
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

    /** In plain Java, for what does not fill a vector. */
    void add(int from) {
      for (int i = 0; i < count; i++) {
        for (int j = from; j < length; j++) {
          y[to + i * toStep + j] += x[at + i * step + j];
        }
      }
    }
  }

  /** For k of depth rows: copies x[at + offsets[first + k] + j * step], j = 0 .. count - 1, to y[k * toStep + to + j]. */
  void gather(Gather g);

  /** The operands of {@link #gather}. Mutable and reused, for a task copies thousands of these. */
  final class Gather {
    final float[] x;
    final int[] offsets;
    final float[] y;
    int at;
    int step;
    int count;
    int first;
    int depth;
    int to;
    int toStep;

    Gather(float[] x, int[] offsets, float[] y) {
      this.x = x;
      this.offsets = offsets;
      this.y = y;
    }

    /** In plain Java, for stretches too short, or elements too far apart, for vectors. */
    void copy(int from) {
      for (int k = 0; k < depth; k++) {
        int source = at + offsets[first + k];
        int target = k * toStep + to;
        for (int j = from; j < count; j++) {
          y[target + j] = x[source + j * step];
        }
      }
    }
  }
}
