package dev.tandem.conformance;

import static dev.tandem.conformance.Source.indices;
import static dev.tandem.conformance.Source.result;
import static dev.tandem.conformance.Source.ties;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Shapes that nobody thought of: drawn from a fixed seed, on every backend against the oracle. {@code
 * -Dtandem.random.shapes=2000} tries more, {@code -Dtandem.random.seed=2} others.
 */
@ExtendWith(ConformanceReport.class)
final class RandomShapesTest {
  private static final int KINDS = 20;
  private static final int CASES = Integer.getInteger("tandem.random.shapes", 12 * KINDS);
  private static final long SEED = Long.getLong("tandem.random.seed", 1);

  private final Random random = new Random(SEED);

  @TestFactory
  Stream<DynamicTest> agreeWithOracle() {
    return IntStream.range(0, CASES).boxed().flatMap(this::tests);
  }

  private Stream<DynamicTest> tests(int number) {
    OpCase sample = null;
    while (sample == null) {
      try {
        sample = draw(number % KINDS);
        sample.op().outputs(sample.inputs(DType.F32).stream().map(Values::type).toList());
      } catch (ShapeException _) {
        sample = null; // a window that does not fit its image, and the like
      }
    }
    // Mostly F32; every sixth round in a half type.
    OpTrial trial =
        new OpTrial(
            sample,
            switch (number / KINDS % 12) {
              case 4 -> DType.BF16;
              case 10 -> DType.F16;
              default -> DType.F32;
            });
    if (TestBackends.available().stream().anyMatch(trial::supported)) {
      ConformanceReport.ranOracle();
    }
    return TrialTests.of(trial);
  }

  private OpCase draw(int kind) {
    return switch (kind) {
      case 0 -> binary();
      case 1 -> permute();
      case 2 -> slice();
      case 3 -> pad();
      case 4 -> concat();
      case 5 -> reduction(true);
      case 6 -> reduction(false);
      case 7 -> argMax();
      case 8 -> matmul();
      case 9 -> convolution(0);
      case 10 -> convolution(1);
      case 11 -> convolution(2);
      case 12 -> pooling();
      case 13 -> softmax();
      case 14 -> norm();
      case 15 -> indexing();
      case 16 -> attention();
      case 17 -> packedAttention();
      case 18 -> fused();
      case 19 -> random.nextBoolean() ? rotary() : globalNorm();
      default -> throw new AssertionError("no such kind: " + kind);
    };
  }

  private static OpCase of(Op op, Tolerance tolerance, Source... sources) {
    return new OpCase(op, List.of(DType.F32), List.of(sources), tolerance);
  }

  private int from(int low, int high) {
    return random.nextInt(low, high + 1);
  }

  /** Few elements in all, but any axis may be the long one; multiples of 4 are as likely as others. */
  private int[] lengths(int rank, int most) {
    int[] lengths = new int[rank];
    int left = most;
    for (int axis : shuffled(rank)) {
      int longest = Math.max(1, Math.min(left, random.nextInt(4) == 0 ? left : 9));
      int length = from(1, longest);
      lengths[axis] = random.nextBoolean() && length >= 4 ? length / 4 * 4 : length;
      left /= lengths[axis];
    }
    return lengths;
  }

  private int[] shuffled(int count) {
    List<Integer> order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    Collections.shuffle(order, random);
    return order.stream().mapToInt(Integer::intValue).toArray();
  }

  private Shape shape(int most) {
    return Shape.of(lengths(from(1, 6), most));
  }

  private OpCase binary() {
    int[] wide = lengths(from(1, 6), 5000);
    int[][] narrow = new int[2][];
    for (int i = 0; i < 2; i++) {
      int missing = from(0, wide.length);
      narrow[i] =
          IntStream.range(missing, wide.length)
              .map(axis -> random.nextInt(3) == 0 ? 1 : wide[axis])
              .toArray();
    }
    Op op = random.nextBoolean() ? new Elementwise.Sub() : new Elementwise.Mul();
    return of(
        op,
        Tolerance.exact(),
        uniform(Shape.of(narrow[0]), -2, 2),
        uniform(Shape.of(narrow[1]), -2, 2));
  }

  private OpCase permute() {
    Shape x = shape(9000);
    List<Integer> order = IntStream.of(shuffled(x.rank())).boxed().toList();
    return of(new Movement.Permute(order), Tolerance.exact(), uniform(x, -2, 2));
  }

  private OpCase slice() {
    Shape x = shape(9000);
    List<Integer> start = new ArrayList<>();
    List<Integer> length = new ArrayList<>();
    for (int axis = 0; axis < x.rank(); axis++) {
      start.add(random.nextBoolean() ? 0 : from(0, x.length(axis) - 1));
      length.add(from(1, x.length(axis) - start.get(axis)));
    }
    return of(new Movement.Slice(start, length), Tolerance.exact(), uniform(x, -2, 2));
  }

  private OpCase pad() {
    Shape x = shape(2000);
    List<Integer> before = Stream.generate(() -> from(0, 4)).limit(x.rank()).toList();
    List<Integer> after = Stream.generate(() -> from(0, 2)).limit(x.rank()).toList();
    return of(new Movement.Pad(before, after, -0.5), Tolerance.exact(), uniform(x, -2, 2));
  }

  private OpCase concat() {
    Shape first = shape(3000);
    int axis = from(0, first.rank() - 1);
    Source[] parts = new Source[from(1, 4)];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = uniform(first.with(axis, from(1, 9)), -2, 2);
    }
    return of(new Movement.Concat(axis), Tolerance.exact(), parts);
  }

  private List<Integer> axes(int rank) {
    return IntStream.range(0, rank).filter(_ -> random.nextBoolean()).boxed().toList();
  }

  private OpCase reduction(boolean sums) {
    Shape x = shape(sums ? 40_000 : 20_000);
    List<Integer> axes = axes(x.rank());
    boolean keep = random.nextBoolean();
    return sums
        ? of(
            random.nextBoolean() ? new Reduction.Sum(axes, keep) : new Reduction.Mean(axes, keep),
            Tolerance.sums(),
            uniform(x, -2, 2))
        : of(
            random.nextBoolean() ? new Reduction.Max(axes, keep) : new Reduction.Min(axes, keep),
            Tolerance.exact(),
            uniform(x, -2, 2));
  }

  private OpCase argMax() {
    Shape x = shape(20_000);
    return of(
        new Reduction.ArgMax(from(0, x.rank() - 1), random.nextBoolean()),
        Tolerance.exact(),
        random.nextBoolean() ? ties(x, 5) : uniform(x, -2, 2));
  }

  private OpCase matmul() {
    int m = from(1, 40);
    int k = from(1, 60);
    int n = from(1, 40);
    boolean transposeA = random.nextBoolean();
    boolean transposeB = random.nextBoolean();
    int[] batch = lengths(from(0, 3), 12);
    Shape[] batches = new Shape[2];
    for (int i = 0; i < 2; i++) {
      int missing = from(0, batch.length);
      batches[i] =
          Shape.of(
              IntStream.range(missing, batch.length)
                  .map(axis -> random.nextInt(3) == 0 ? 1 : batch[axis])
                  .toArray());
    }
    return of(
        new Linear.Matmul(transposeA, transposeB),
        Tolerance.sums(),
        uniform(batches[0].then(transposeA ? Shape.of(k, m) : Shape.of(m, k)), -2, 2),
        uniform(batches[1].then(transposeB ? Shape.of(n, k) : Shape.of(k, n)), -2, 2));
  }

  /** @param which 0 forward, 1 gradient of the input, 2 of the weight */
  private OpCase convolution(int which) {
    int groups = from(1, 4);
    int in = random.nextInt(3) == 0 ? 1 : from(1, 3); // 1: depthwise
    Conv2dGeometry geometry =
        new Conv2dGeometry(
            new Size2d(from(1, 3), from(1, 3)),
            new Size2d(from(0, 3), from(0, 3)),
            new Size2d(from(1, 2), from(1, 2)),
            groups);
    Shape x = Shape.of(from(1, 5), in * groups, from(3, 14), from(3, 14));
    Shape w = Shape.of(from(1, 3) * groups, in, from(1, 5), from(1, 5));
    Shape y =
        new Linear.Conv2d(geometry)
            .outputs(List.of(new TensorType(DType.F32, x), new TensorType(DType.F32, w)))
            .getFirst()
            .shape();
    return switch (which) {
      case 0 ->
          of(new Linear.Conv2d(geometry), Tolerance.sums(), uniform(x, -2, 2), uniform(w, -1, 1));
      case 1 ->
          of(
              new Linear.Conv2dGradInput(geometry, x),
              Tolerance.sums(),
              uniform(w, -1, 1),
              uniform(y, -2, 2));
      default ->
          of(
              new Linear.Conv2dGradWeight(geometry, w),
              Tolerance.sums(),
              uniform(x, -2, 2),
              uniform(y, -2, 2));
    };
  }

  private OpCase pooling() {
    Size2d kernel = new Size2d(from(1, 5), from(1, 5));
    Pooling.Window window =
        new Pooling.Window(
            kernel,
            new Size2d(from(1, 4), from(1, 4)),
            new Size2d(from(0, kernel.height() / 2), from(0, kernel.width() / 2)));
    Shape x = Shape.of(from(1, 4), from(1, 5), from(3, 20), from(3, 20));
    return random.nextBoolean()
        ? of(new Pooling.MaxPool2d(window), Tolerance.exact(), uniform(x, -2, 2))
        : of(new Pooling.AvgPool2d(window), Tolerance.sums(), uniform(x, -2, 2));
  }

  /** Rows of any length, up to some thousand, around where kernels change their ways. */
  private Shape rows() {
    int length = List.of(from(1, 40), from(1000, 1060), from(1, 5000)).get(from(0, 2));
    return Shape.of(from(1, Math.max(1, 20_000 / length)), length);
  }

  private OpCase softmax() {
    Source x = uniform(rows(), -6, 6);
    // As in NormalizationCases.
    return random.nextBoolean()
        ? of(new Normalization.Softmax(), Tolerance.relative(16).plusAbsolute(2), x)
        : of(new Normalization.LogSoftmax(), Tolerance.relative(4).plusAbsolute(8), x);
  }

  private OpCase norm() {
    Tolerance forward = Tolerance.relative(8).plusAbsolute(16); // as in NormalizationCases
    if (random.nextBoolean()) {
      Shape x = Shape.of(from(2, 6), from(1, 40), from(1, 12), from(1, 12));
      Shape c = Shape.of(x.length(1));
      return of(
          new Normalization.BatchNorm(1e-5),
          forward,
          uniform(x, -2, 2),
          uniform(c, -2, 2),
          uniform(c, -1, 1));
    }
    Shape x = rows();
    Shape c = Shape.of(x.length(1));
    return of(
        new Normalization.LayerNorm(1e-5),
        forward,
        uniform(x, -2, 2),
        uniform(c, -2, 2),
        uniform(c, -1, 1));
  }

  /** Around the tiles of 16, 32 and 64 that kernels go by. */
  private int positions() {
    return List.of(from(1, 20), from(28, 36), from(60, 70)).get(from(0, 2));
  }

  private OpCase attention() {
    boolean causal = random.nextBoolean();
    int queries = positions();
    int keys = causal ? queries + from(0, 20) : positions();
    int keyHeads = from(1, 2);
    int heads = keyHeads * from(1, 3);
    int batch = from(1, 2);
    int length = List.of(from(1, 20), from(30, 66)).get(from(0, 1));
    double scale = 1 / Math.sqrt(length);
    double bound = SequenceCases.ORDINARY;
    Op forward = new Sequence.Attention(causal, scale);
    Source q = uniform(Shape.of(batch, queries, heads, length), -bound, bound);
    Source k = uniform(Shape.of(batch, keys, keyHeads, length), -bound, bound);
    Source v = uniform(Shape.of(batch, keys, keyHeads, length), -2, 2);
    return random.nextBoolean()
        ? of(forward, SequenceCases.forward(bound), q, k, v)
        : of(
            new Sequence.AttentionGrad(causal, scale),
            SequenceCases.backward(bound),
            q,
            k,
            v,
            result(forward, 0, 0, 1, 2),
            result(forward, 1, 0, 1, 2),
            uniform(Shape.of(batch, queries, heads, length), -2, 2));
  }

  private OpCase packedAttention() {
    boolean causal = random.nextBoolean();
    int positions = positions();
    int keyHeads = from(1, 2);
    int heads = keyHeads * from(1, 3);
    int batch = from(1, 2);
    int length = from(1, 40);
    double scale = 1 / Math.sqrt(length);
    double bound = SequenceCases.ORDINARY;
    Op forward = new Sequence.PackedAttention(heads, keyHeads, causal, scale);
    Source qkv =
        uniform(Shape.of(batch, positions, (heads + 2 * keyHeads) * length), -bound, bound);
    return random.nextBoolean()
        ? of(forward, SequenceCases.forward(bound), qkv)
        : of(
            new Sequence.PackedAttentionGrad(heads, keyHeads, causal, scale),
            SequenceCases.backward(bound),
            qkv,
            result(forward, 0, 0),
            result(forward, 1, 0),
            uniform(Shape.of(batch, positions, heads * length), -2, 2));
  }

  private OpCase fused() {
    Shape x = rows();
    Shape c = Shape.of(x.length(1));
    if (random.nextBoolean()) {
      return biased();
    }
    return random.nextBoolean()
        ? of(
            new Fused.BiasGeluTanh(),
            Tolerance.relative(8).plusAbsolute(16), // as in FusedCases
            uniform(x, -4, 4),
            uniform(c, -2, 2))
        : of(
            new Fused.ResidualLayerNorm(1e-5),
            NormalizationCases.forward(),
            uniform(x, -2, 2),
            uniform(x, -1, 1),
            uniform(c, -2, 2),
            uniform(c, -1, 1));
  }

  private OpCase biased() {
    int rows = from(0, 40);
    int columns = from(1, 90);
    if (random.nextBoolean()) {
      Shape y = Shape.of(rows, columns, from(1, 3), from(1, 30));
      Source both = uniform(random.nextBoolean() ? y : y.part(0, 2), -2, 2);
      return of(new Fused.ReluGradSum(), Tolerance.sums(), both, both);
    }
    int depth = from(0, 600);
    return of(
        new Fused.BiasedMatmul(random.nextBoolean()),
        FusedCases.biasedSums(),
        uniform(Shape.of(rows, depth), -2, 2),
        uniform(Shape.of(columns, depth), -2, 2),
        uniform(Shape.of(columns), -2, 2));
  }

  private OpCase rotary() {
    int heads = from(1, 6);
    return of(
        new Sequence.Rotary(from(0, heads), 10_000, from(0, 3000), random.nextBoolean()),
        Tolerance.relative(2).plusAbsolute(6), // as in SequenceCases
        uniform(Shape.of(from(1, 3), from(1, 40), heads, 2 * from(1, 40)), -2, 2));
  }

  private OpCase globalNorm() {
    return of(
        new Reduction.GlobalNorm(),
        Tolerance.relative(6),
        Stream.generate(() -> uniform(shape(5000), -2, 2))
            .limit(from(1, 70))
            .toArray(Source[]::new));
  }

  private OpCase indexing() {
    int bound = List.of(from(1, 5), from(200, 300), from(1, 5000)).get(from(0, 2));
    int width = from(1, 40);
    Shape places = shape(3000);
    return switch (from(0, 2)) {
      case 0 ->
          of(
              new Indexing.Embedding(),
              Tolerance.exact(),
              uniform(Shape.of(bound, width), -2, 2),
              indices(places, bound));
      case 1 ->
          of(
              new Indexing.EmbeddingGrad(bound),
              Tolerance.sums(),
              uniform(places.then(Shape.of(width)), -2, 2),
              indices(places, bound));
      default -> {
        int axis = from(0, places.rank() - 1);
        yield of(
            new Indexing.GatherGrad(axis, bound),
            Tolerance.sums(),
            uniform(places, -2, 2),
            indices(places, bound));
      }
    };
  }
}
