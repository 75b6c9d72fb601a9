package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tandem.op.Pooling;
import dev.tandem.op.Size2d;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Scalar and vector rows give the same bits, at lengths around those of vectors and of partial sums. */
class RowKernelsTest {
  private static final int[] LENGTHS = {
    0, 1, 3, 4, 7, 8, 13, 15, 16, 17, 63, 64, 65, 127, 128, 196, 702, 4_098
  };

  private final RowKernels scalar = new ScalarRowKernels();
  private RowKernels vector;

  @BeforeEach
  void needsVectors() {
    assumeTrue(Vectorization.available());
    vector = new VectorRowKernels();
  }

  private static float[] numbers(int n, int seed) {
    Random random = new Random(seed);
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = random.nextFloat() - 0.3f;
    }
    return numbers;
  }

  @Test
  void sums() {
    for (int n : LENGTHS) {
      float[] x = numbers(n + 5, 1);
      float[] y = numbers(n + 5, 2);
      assertEquals(scalar.dot(x, 2, y, 5, n), vector.dot(x, 2, y, 5, n), "dot " + n);
      assertEquals(
          scalar.sumOfDifferences(x, 3, n, 0.4f),
          vector.sumOfDifferences(x, 3, n, 0.4f),
          "differences " + n);
      assertEquals(
          scalar.sumOfSquares(x, 3, n, 0.4f), vector.sumOfSquares(x, 3, n, 0.4f), "squares " + n);
    }
  }

  @Test
  void elements() {
    for (int n : LENGTHS) {
      same(
          "add " + n,
          kernels -> {
            float[] y = numbers(n + 5, 2);
            kernels.add(numbers(n + 5, 1), 2, y, 5, n);
            kernels.addScaled(0.7f, numbers(n + 5, 3), 1, y, 3, n);
            return y;
          });
      same(
          "scale " + n,
          kernels -> {
            float[] y = numbers(n + 5, 2);
            kernels.scale(0.7f, numbers(n + 5, 1), 2, y, 5, n);
            return y;
          });
      same(
          "slopes " + n,
          kernels -> {
            float[] y = numbers(n + 5, 2);
            kernels.slopes(numbers(n + 5, 1), y, 3, n, 0.2f, 0.7f);
            return y;
          });
      same(
          "turn " + n,
          kernels -> {
            RowKernels.Turn t = new RowKernels.Turn(numbers(2 * n + 5, 1), new float[2 * n + 5], n);
            t.cosines = numbers(n + 2, 3);
            t.sines = numbers(n + 2, 4);
            t.sign = -1;
            t.at = 3;
            t.angle = 1;
            kernels.turn(t);
            return t.y;
          });
      same(
          "normalize " + n,
          kernels -> {
            RowKernels.Row r = row(n);
            r.rest = 1e-3f;
            kernels.normalize(r);
            return r.out;
          });
      same(
          "normalize grad " + n,
          kernels -> {
            RowKernels.Row r = row(n);
            kernels.normalizeGradSums(r);
            kernels.normalizeGrad(r, 0.1f, 0.2f);
            return concat(r.out, r.h, r.g, r.dgamma, r.dbeta);
          });
      same(
          "normalize grad to a sum " + n,
          kernels -> {
            RowKernels.Row r = row(n);
            r.dsum = numbers(r.x.length, 9);
            kernels.normalizeGradSums(r);
            kernels.normalizeGrad(r, 0.1f, 0.2f);
            return r.out;
          });
    }
  }

  @Test
  void sumsOfRows() {
    for (int n : LENGTHS) {
      for (int count = 1; count <= 16; count++) {
        int[] rows = new int[count];
        Arrays.setAll(rows, row -> (row * 5 + 3) % 17 * n + 2);
        same(
            "rows " + n,
            kernels -> {
              float[] y = numbers(n + 5, 2);
              kernels.sumOfRows(numbers(17 * n + 5, 1), rows, rows.length, y, n);
              return y;
            });
      }
    }
  }

  @Test
  void manyShortRows() {
    for (int length : new int[] {1, 5, 8, 14, 16, 24, 40}) {
      same(
          "rows " + length,
          kernels -> {
            RowKernels.Rows rows = new RowKernels.Rows(numbers(4_000, 1), numbers(4_000, 2));
            rows.at = 3;
            rows.step = length + 2;
            rows.to = 1;
            rows.toStep = length + 9;
            rows.count = 7;
            rows.length = length;
            kernels.addRows(rows);
            rows.to = 1_000;
            kernels.copyRows(rows);
            return rows.y;
          });
    }
  }

  @Test
  void gather() {
    int[] offsets = {9, 0, 50, 7, 100};
    float[] x = numbers(4_000, 1);
    for (int length : new int[] {1, 15, 16, 33, 64}) {
      for (int step = 1; step <= 2; step++) {
        float[] y = new float[400];
        Gather g = new Gather(x, offsets, y);
        g.at = 4;
        g.step = step;
        g.count = length;
        g.first = 1;
        g.depth = 4;
        g.to = 2;
        g.toStep = length + 3;
        g.run();
        float[] expected = new float[400];
        for (int k = 0; k < 4; k++) {
          for (int j = 0; j < length; j++) {
            expected[2 + k * (length + 3) + j] = x[4 + offsets[1 + k] + j * step];
          }
        }
        assertArrayEquals(expected, y, "length " + length + " step " + step);
      }
    }
  }

  @Test
  void windows() {
    for (int width : new int[] {1, 2, 7, 16, 24, 35}) {
      for (int stride = 1; stride <= 3; stride++) {
        int step = stride;
        same(
            "windows " + width + " stride " + stride,
            kernels -> {
              Pooling.Window window =
                  new Pooling.Window(Size2d.of(3), Size2d.of(step), Size2d.of(1));
              int columns = (width - 1) / step + 1;
              RowKernels.Windows w = new RowKernels.Windows(width, columns, window);
              float[] x = numbers(3 * width, 1);
              x[width] = Float.NaN;
              x[2 * width - 1] = x[width - 1];
              w.clear(0);
              for (int row = 0; row < 3; row++) {
                kernels.maxOfColumns(w, x, row * width, row);
              }
              kernels.maxOfWindows(w);
              float[] result = new float[2 * columns];
              for (int j = 0; j < columns; j++) {
                result[j] = w.largest[j];
                result[columns + j] = w.index[j];
              }
              return result;
            });
      }
    }
  }

  private static RowKernels.Row row(int n) {
    RowKernels.Row r = new RowKernels.Row(n);
    r.x = numbers(n + 5, 1);
    r.gamma = numbers(n, 2);
    r.beta = numbers(n, 3);
    r.dy = numbers(n + 5, 4);
    r.out = new float[n + 5];
    r.at = 2;
    r.mean = 0.2f;
    r.rstd = 1.7f;
    r.h = new float[n];
    r.g = new float[n];
    r.dgamma = new float[n + 3];
    r.dbeta = new float[n + 3];
    r.part = 1;
    return r;
  }

  private static float[] concat(float[]... parts) {
    float[] all = new float[0];
    for (float[] part : parts) {
      int length = all.length;
      all = Arrays.copyOf(all, length + part.length);
      System.arraycopy(part, 0, all, length, part.length);
    }
    return all;
  }

  private void same(String what, Function<RowKernels, float[]> run) {
    assertArrayEquals(run.apply(scalar), run.apply(vector), what);
  }
}
