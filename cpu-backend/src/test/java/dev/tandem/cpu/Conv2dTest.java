package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.op.Linear.Conv2d;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Linear.Conv2dGradInput;
import dev.tandem.op.Linear.Conv2dGradWeight;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Conv2dTest {
  private record Sample(Shape x, Shape w, Conv2dGeometry geometry) {
    Shape y() {
      return new Conv2d(geometry)
          .outputs(List.of(new TensorType(DType.F32, x), new TensorType(DType.F32, w)))
          .getFirst()
          .shape();
    }
  }

  private static Conv2dGeometry geometry(int stride, int padding, int dilation, int groups) {
    return new Conv2dGeometry(Size2d.of(stride), Size2d.of(padding), Size2d.of(dilation), groups);
  }

  private static List<Sample> samples() {
    List<Sample> samples =
        new ArrayList<>(
            List.of(
                new Sample(Shape.of(3, 1, 28, 28), Shape.of(8, 1, 5, 5), geometry(1, 0, 1, 1)),
                new Sample(Shape.of(9, 4, 12, 12), Shape.of(16, 4, 5, 5), geometry(1, 0, 1, 1)),
                new Sample(Shape.of(20, 3, 7, 7), Shape.of(70, 3, 3, 3), geometry(1, 1, 1, 1)),
                new Sample(Shape.of(2, 3, 9, 8), Shape.of(4, 3, 7, 6), geometry(1, 1, 1, 1)),
                new Sample(Shape.of(2, 6, 9, 9), Shape.of(8, 3, 4, 4), geometry(1, 2, 2, 2)),
                new Sample(Shape.of(16, 2, 5, 5), Shape.of(6, 2, 3, 3), geometry(1, 1, 1, 1)),
                new Sample(Shape.of(2, 60, 5, 6), Shape.of(5, 60, 3, 3), geometry(1, 1, 1, 1)),
                new Sample(Shape.of(1, 1, 1, 1), Shape.of(1, 1, 1, 1), geometry(1, 0, 1, 1)),
                new Sample(Shape.of(2, 3, 4, 4), Shape.of(5, 3, 1, 1), geometry(3, 0, 1, 1)),
                new Sample(Shape.of(2, 6, 9, 8), Shape.of(6, 1, 3, 3), geometry(1, 1, 1, 6)),
                new Sample(Shape.of(2, 6, 9, 8), Shape.of(12, 1, 3, 3), geometry(2, 1, 1, 6)),
                new Sample(Shape.of(2, 12, 9, 8), Shape.of(2, 6, 3, 2), geometry(2, 1, 2, 2)),
                new Sample(Shape.of(2, 3, 4, 5), Shape.of(4, 3, 3, 3), geometry(1, 4, 1, 1)),
                // Enough channels and tiles for Winograd's way: several images a block, and several
                // blocks an image.
                new Sample(Shape.of(13, 32, 4, 4), Shape.of(33, 32, 3, 3), geometry(1, 1, 1, 1)),
                new Sample(Shape.of(3, 33, 7, 9), Shape.of(50, 33, 3, 3), geometry(1, 2, 1, 1)),
                new Sample(Shape.of(5, 66, 5, 8), Shape.of(63, 66, 3, 3), geometry(1, 1, 1, 1)),
                new Sample(Shape.of(2, 70, 21, 9), Shape.of(61, 70, 3, 3), geometry(1, 0, 1, 1)),
                new Sample(Shape.of(2, 32, 31, 18), Shape.of(49, 32, 3, 3), geometry(1, 0, 1, 1)),
                new Sample(
                    Shape.of(2, 2, 17, 15),
                    Shape.of(3, 2, 2, 4),
                    new Conv2dGeometry(new Size2d(2, 3), new Size2d(1, 2), new Size2d(3, 1), 1))));
    for (int stride = 1; stride <= 3; stride++) {
      for (int padding = 0; padding <= 2; padding++) {
        for (int dilation = 1; dilation <= 2; dilation++) {
          for (int groups = 1; groups <= 2; groups++) {
            samples.add(
                new Sample(
                    Shape.of(3, 4 * groups, 9, 11),
                    Shape.of(5 * groups, 4, 3, 2),
                    geometry(stride, padding, dilation, groups)));
          }
        }
      }
    }
    return samples;
  }

  @Test
  void f64IsTheDefinition() {
    for (Sample sample : samples()) {
      double[] x = whole(sample.x), w = whole(sample.w), dy = whole(sample.y());
      double[] y = new double[(int) sample.y().elements()];
      double[] dx = new double[x.length];
      double[] dw = new double[w.length];
      define(sample, x, w, y, dy, dx, dw);
      assertArrayEquals(y, forward(sample, x, w).f64().getFirst(), sample.toString());
      assertArrayEquals(dx, gradInput(sample, w, dy).f64().getFirst(), sample.toString());
      assertArrayEquals(dw, gradWeight(sample, x, dy).f64().getFirst(), sample.toString());
      assertArrayEquals(y, forward(sample, x, w).f32().getFirst(), sample.toString());
      assertArrayEquals(dx, gradInput(sample, w, dy).f32().getFirst(), sample.toString());
      assertArrayEquals(dw, gradWeight(sample, x, dy).f32().getFirst(), sample.toString());
    }
  }

  /** Sums that are cut, in one part: whole numbers, and so halves of them, are exact in any order. */
  @Test
  void manyChannels() {
    Sample sample =
        new Sample(Shape.of(13, 520, 4, 4), Shape.of(64, 520, 3, 3), geometry(1, 1, 1, 1));
    double[] x = whole(sample.x), w = whole(sample.w), dy = whole(sample.y());
    double[] y = new double[dy.length];
    double[] dx = new double[x.length];
    double[] dw = new double[w.length];
    define(sample, x, w, y, dy, dx, dw);
    assertArrayEquals(y, forward(sample, x, w).f32().getFirst());
    assertArrayEquals(dx, gradInput(sample, w, dy).f32().getFirst());
    assertArrayEquals(dw, gradWeight(sample, x, dy).f32().getFirst());
  }

  @Test
  void f32AgreesWithF64() {
    for (Sample sample : samples()) {
      new Trial(new Conv2d(sample.geometry))
          .input(sample.x, -1, 1)
          .input(sample.w, -1, 1)
          .agrees(2e-5);
      new Trial(new Conv2dGradInput(sample.geometry, sample.x))
          .input(sample.w, -1, 1)
          .input(sample.y(), -1, 1)
          .agrees(2e-5);
      new Trial(new Conv2dGradWeight(sample.geometry, sample.w))
          .input(sample.x, -1, 1)
          .input(sample.y(), -1, 1)
          .agrees(5e-5);
    }
  }

  @Test
  void emptyImagesAndFilters() {
    for (Sample sample :
        List.of(
            new Sample(Shape.of(0, 2, 5, 5), Shape.of(3, 2, 3, 3), geometry(1, 0, 1, 1)),
            new Sample(Shape.of(2, 0, 5, 5), Shape.of(3, 0, 3, 3), geometry(1, 0, 1, 1)),
            new Sample(Shape.of(2, 2, 5, 5), Shape.of(0, 2, 3, 3), geometry(1, 0, 1, 1)))) {
      new Trial(new Conv2d(sample.geometry))
          .input(sample.x, -1, 1)
          .input(sample.w, -1, 1)
          .agrees(0);
      new Trial(new Conv2dGradInput(sample.geometry, sample.x))
          .input(sample.w, -1, 1)
          .input(sample.y(), -1, 1)
          .agrees(0);
      new Trial(new Conv2dGradWeight(sample.geometry, sample.w))
          .input(sample.x, -1, 1)
          .input(sample.y(), -1, 1)
          .agrees(0);
    }
  }

  private static Trial forward(Sample sample, double[] x, double[] w) {
    return new Trial(new Conv2d(sample.geometry)).values(sample.x, x).values(sample.w, w);
  }

  private static Trial gradInput(Sample sample, double[] w, double[] dy) {
    return new Trial(new Conv2dGradInput(sample.geometry, sample.x))
        .values(sample.w, w)
        .values(sample.y(), dy);
  }

  private static Trial gradWeight(Sample sample, double[] x, double[] dy) {
    return new Trial(new Conv2dGradWeight(sample.geometry, sample.w))
        .values(sample.x, x)
        .values(sample.y(), dy);
  }

  /** Small whole numbers, whose sums are exact in F32. */
  private static double[] whole(Shape shape) {
    return new Random(shape.hashCode()).ints(shape.elements(), -4, 5).asDoubleStream().toArray();
  }

  private static void define(
      Sample sample, double[] x, double[] w, double[] y, double[] dy, double[] dx, double[] dw) {
    Shape in = sample.x, filter = sample.w, out = sample.y();
    Conv2dGeometry g = sample.geometry;
    int groupOutputs = filter.length(0) / g.groups();
    for (int i = 0; i < y.length * filter.length(1) * filter.length(2) * filter.length(3); i++) {
      int q = i % filter.length(3), p = i / filter.length(3) % filter.length(2);
      int c = i / (filter.length(3) * filter.length(2)) % filter.length(1);
      int yAt = i / (filter.length(3) * filter.length(2) * filter.length(1));
      int column = yAt % out.length(3), row = yAt / out.length(3) % out.length(2);
      int o = yAt / (out.length(3) * out.length(2)) % out.length(1);
      int image = yAt / (out.length(3) * out.length(2) * out.length(1));
      int h = row * g.stride().height() - g.padding().height() + p * g.dilation().height();
      int v = column * g.stride().width() - g.padding().width() + q * g.dilation().width();
      if (h >= 0 && h < in.length(2) && v >= 0 && v < in.length(3)) {
        int channel = o / groupOutputs * filter.length(1) + c;
        int xAt = ((image * in.length(1) + channel) * in.length(2) + h) * in.length(3) + v;
        int wAt = ((o * filter.length(1) + c) * filter.length(2) + p) * filter.length(3) + q;
        y[yAt] += x[xAt] * w[wAt];
        dx[xAt] += dy[yAt] * w[wAt];
        dw[wAt] += dy[yAt] * x[xAt];
      }
    }
  }

  /** So large a filter that sums over images are taken in fewer parts than there are images. */
  @Test
  void theWidthOfVectorsDoesNotShowInGradientsOfWeights() {
    Sample sample =
        new Sample(Shape.of(8, 512, 2, 2), Shape.of(450, 512, 3, 3), geometry(1, 1, 1, 1));
    assertArrayEquals(
        weightGradient(sample, new ScalarGemmKernels()),
        weightGradient(sample, new NarrowKernels()));
  }

  private static float[] weightGradient(Sample sample, GemmKernels kernels) {
    float[] dw = new float[(int) sample.w.elements()];
    try (Parallel parallel = new Parallel(2)) {
      CpuConv2d.Machine machine =
          new CpuConv2d.Machine(
              parallel, new BufferPool(), kernels, new ScalarRowKernels(), new ScalarTileKernels());
      Conv2dSizes sizes = new Conv2dSizes(sample.geometry, sample.x, sample.w, sample.y());
      new WeightGradient(machine, sizes, uneven(sample.x), uneven(sample.y()), dw).run();
    }
    return dw;
  }

  private static float[] uneven(Shape shape) {
    Random random = new Random(3);
    float[] numbers = new float[(int) shape.elements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = random.nextFloat() - 0.5f;
    }
    return numbers;
  }

  /** As on a machine with vectors of four floats. */
  private static final class NarrowKernels implements GemmKernels {
    @Override
    public int lanes() {
      return 4;
    }

    @Override
    public int vectors() {
      return 2;
    }

    @Override
    public void run(Tile t, int height, int vectors) {
      for (int i = 0; i <= t.lastRow; i++) {
        for (int j = 0; j < vectors * 4; j++) {
          float sum = t.accumulate ? t.c[t.row(i) + j] : 0f;
          for (int k = 0; k < t.depth; k++) {
            sum = Math.fma(t.a[t.rowAt[i] + t.stepAt[k]], t.b[t.bAt + k * t.bStep + j], sum);
          }
          t.c[t.row(i) + j] = sum;
        }
      }
    }
  }
}
