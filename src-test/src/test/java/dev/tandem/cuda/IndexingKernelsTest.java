package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.conformance.Values;
import dev.tandem.op.Indexing.Embedding;
import dev.tandem.op.Indexing.EmbeddingGrad;
import dev.tandem.op.Indexing.Gather;
import dev.tandem.op.Indexing.GatherGrad;
import dev.tandem.op.Indexing.OneHot;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Indexing beyond what a grid holds, and the sums behind its gradients: sorts of several passes and many tiles, runs over many
 * windows. Sums are of whole numbers, exact in any order.
 */
final class IndexingKernelsTest {
  /** Indices in the order of their positions. */
  private record Indices(String name, int count, IntUnaryOperator at) {
    static Indices random(int count, int rows) {
      SplittableRandom random = new SplittableRandom(count);
      return new Indices("random", count, _ -> random.nextInt(rows));
    }

    /** Some rows at random among many of the last: as text is padded. */
    static Indices padded(int count, int rows) {
      SplittableRandom random = new SplittableRandom(count);
      return new Indices(
          "mostly padding", count, _ -> random.nextInt(5) == 0 ? random.nextInt(rows) : rows - 1);
    }

    static Indices same(int count, int row) {
      return new Indices("all " + row, count, _ -> row);
    }

    /** Runs of this length, which the windows cut at all places. */
    static Indices runs(int count, int length) {
      return new Indices("runs of " + length, count, i -> i / length);
    }

    static Indices descending(int count, int rows) {
      return new Indices("descending", count, i -> rows - 1 - (int) ((long) i * rows / count));
    }

    Values values(Shape shape) {
      double[] data = new double[count];
      Arrays.setAll(data, at::applyAsInt);
      return Values.of(DType.I32, shape, data);
    }
  }

  private static DynamicTest embeddingGrad(Indices indices, int rows, int width) {
    return DynamicTest.dynamicTest(
        indices.count + " " + indices.name + " of " + rows + " rows of " + width,
        () -> {
          Values at = indices.values(Shape.of(indices.count));
          Values dy =
              KernelRun.whole(DType.F32, Shape.of(indices.count, width), -8, 8, rows + width);
          double[] expected = new double[rows * width];
          for (int i = 0; i < indices.count; i++) {
            for (int c = 0; c < width; c++) {
              expected[(int) at.data()[i] * width + c] += dy.data()[i * width + c];
            }
          }
          try (Emulated gpu = KernelRun.gpu(false)) {
            assertArrayEquals(expected, KernelRun.of(gpu, new EmbeddingGrad(rows), dy, at).first());
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> sumsRowsOfEqualIndices() {
    return Stream.of(
        embeddingGrad(Indices.random(1, 1), 1, 1),
        embeddingGrad(Indices.random(63, 5), 5, 4),
        embeddingGrad(Indices.random(64, 5), 5, 4),
        embeddingGrad(Indices.random(65, 5), 5, 4),
        // Tiles of 2048 keys, full and one beyond; 1, 2 and 3 passes.
        embeddingGrad(Indices.random(2048, 255), 255, 3),
        embeddingGrad(Indices.random(2049, 256), 256, 5),
        embeddingGrad(Indices.random(10_000, 65_535), 65_535, 1),
        embeddingGrad(Indices.random(10_000, 65_536), 65_536, 1),
        embeddingGrad(Indices.descending(4_500, 70_000), 70_000, 4),
        // Pieces that several ranks of a block add up, in columns beyond one chunk.
        embeddingGrad(Indices.padded(5_000, 70), 70, 132),
        embeddingGrad(Indices.padded(3_000, 900), 900, 33),
        embeddingGrad(Indices.same(9_001, 3), 7, 8),
        embeddingGrad(Indices.same(20_000, 0), 1, 1),
        embeddingGrad(Indices.runs(4_000, 63), 64, 6),
        embeddingGrad(Indices.runs(4_000, 64), 64, 8),
        embeddingGrad(Indices.runs(4_000, 65), 64, 4),
        embeddingGrad(Indices.runs(4_000, 100), 64, 2),
        embeddingGrad(Indices.runs(4_000, 1), 4_000, 3),
        // More tiles than the grid has blocks; more than the scan takes at a time.
        embeddingGrad(Indices.random(70_001, 300), 300, 1),
        embeddingGrad(Indices.padded(530_000, 200), 200, 1));
  }

  @Test
  void sumsAreTheSameBitsEachTime() {
    Values at = Indices.padded(3_000, 90).values(Shape.of(3_000));
    SplittableRandom random = new SplittableRandom(1);
    Values dy = KernelRun.drawn(DType.F32, Shape.of(3_000, 9), random::nextDouble);
    try (Emulated gpu = KernelRun.gpu(false);
        Emulated other = KernelRun.gpu(true)) {
      double[] first = KernelRun.of(gpu, new EmbeddingGrad(90), dy, at).first();
      assertArrayEquals(first, KernelRun.of(other, new EmbeddingGrad(90), dy, at).first());
    }
  }

  @Test
  void sumsLeaveOutWhatIsOutOfRange() {
    int n = 3_000;
    int rows = 50;
    SplittableRandom random = new SplittableRandom(2);
    Values at = new Indices("beyond", n, _ -> random.nextInt(-20, rows + 20)).values(Shape.of(n));
    Values dy = KernelRun.whole(DType.F32, Shape.of(n, 4), -8, 8, 3);
    double[] expected = new double[rows * 4];
    for (int i = 0; i < n; i++) {
      int row = (int) at.data()[i];
      for (int c = 0; c < 4 && row >= 0 && row < rows; c++) {
        expected[row * 4 + c] += dy.data()[i * 4 + c];
      }
    }
    try (Emulated gpu = KernelRun.gpu(false)) {
      CudaBackend backend = gpu.backend();
      EmbeddingGrad op = new EmbeddingGrad(rows);
      Operand sums = Values.zeros(op.outputs(List.of(dy.type(), at.type())).getFirst()).on(backend);
      backend.run(op, List.of(dy.on(backend), at.on(backend)), List.of(sums));
      String message = assertThrows(BackendException.class, backend::finish).getMessage();
      assertTrue(message.contains("embedding_grad: index is out of range"), message);
      assertArrayEquals(expected, Values.from(backend, sums).data());
    }
  }

  private static Stream<DynamicTest> gather(
      Kernel sum, int outer, int places, int length, int inner) {
    Shape from = Shape.of(outer, length, inner);
    Shape to = Shape.of(outer, places, inner);
    Values at = Indices.random(outer * places * inner, length).values(to);
    Values x = KernelRun.whole(DType.F32, from, -100, 100, 4);
    Values dy = KernelRun.whole(DType.F32, to, -8, 8, 5);
    double[] y = new double[outer * places * inner];
    double[] dx = new double[outer * length * inner];
    for (int o = 0; o < outer; o++) {
      for (int j = 0; j < places; j++) {
        for (int k = 0; k < inner; k++) {
          int i = (o * places + j) * inner + k;
          int source = (o * length + (int) at.data()[i]) * inner + k;
          y[i] = x.data()[source];
          dx[source] += dy.data()[i];
        }
      }
    }
    return Stream.of(false, true)
        .map(wide ->
            DynamicTest.dynamicTest(
                to + " of " + from + (wide ? ", wide" : ""),
                () -> {
                  try (Emulated gpu = KernelRun.gpu(wide)) {
                    assertArrayEquals(y, KernelRun.of(gpu, new Gather(1), x, at).first());
                    KernelRun sums = KernelRun.of(gpu, new GatherGrad(1, length), dy, at);
                    assertArrayEquals(dx, sums.first());
                    assertTrue(sums.kernels().contains(sum), () -> "launched " + sums.kernels());
                  }
                }));
  }

  @TestFactory
  Stream<DynamicTest> gathers() {
    return Stream.of(
            gather(Kernel.GATHER_GRAD_F32, 300, 2, 5, 41),
            gather(Kernel.GATHER_GRAD_F32, 9_000, 4, 3, 1),
            gather(Kernel.GATHER_GRAD_F32, 1, 32, 3, 7),
            gather(Kernel.JOIN_WINDOWS_F32, 1, 9_999, 7, 1),
            gather(Kernel.JOIN_WINDOWS_F32, 5, 33, 9, 3),
            gather(Kernel.JOIN_WINDOWS_F32, 3, 1_001, 2, 11))
        .flatMap(tests -> tests);
  }

  private static Stream<DynamicTest> embedding(DType dtype, int count, int rows, int width) {
    Values at = Indices.random(count, rows).values(Shape.of(count));
    Values table = KernelRun.whole(dtype, Shape.of(rows, width), 0, 200, 6);
    double[] expected = new double[count * width];
    Arrays.setAll(expected, i -> table.data()[(int) at.data()[i / width] * width + i % width]);
    return Stream.of(false, true)
        .map(wide ->
            DynamicTest.dynamicTest(
                count + " of " + table.type() + (wide ? ", wide" : ""),
                () -> {
                  try (Emulated gpu = KernelRun.gpu(wide)) {
                    assertArrayEquals(
                        expected, KernelRun.of(gpu, new Embedding(), table, at).first());
                  }
                }));
  }

  @TestFactory
  Stream<DynamicTest> embeddings() {
    return Stream.of(DType.F32, DType.I32, DType.U8)
        .flatMap(dtype ->
            Stream.of(
                embedding(dtype, 1_201, 50, 32),
                embedding(dtype, 1_201, 50, 7),
                embedding(dtype, 10_001, 50, 1)))
        .flatMap(tests -> tests);
  }

  @Test
  void oneHotBeyondOneGrid() {
    Values at = Indices.random(10_001, 6).values(Shape.of(10_001));
    double[] expected = new double[10_001 * 6];
    for (int i = 0; i < 10_001; i++) {
      expected[i * 6 + (int) at.data()[i]] = 1;
    }
    try (Emulated gpu = KernelRun.gpu(false)) {
      for (DType dtype : EnumSet.of(DType.F32, DType.I32, DType.U8)) {
        assertArrayEquals(expected, KernelRun.of(gpu, new OneHot(6, dtype), at).first());
      }
      assertEquals(3, gpu.backend().launches().values().stream().mapToLong(n -> n).sum());
    }
  }
}
