package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Philox;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Size2d;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What an op on BF16 and F16 means: the op on the same numbers in F32, each result that is of two bytes then
 * rounded once. Bit for bit, for both runs do the same sums. Rounding is that of {@link HalfTable}.
 */
class InF32Test {
  private final OnCpu cpu = new OnCpu(2);
  private final Random random = new Random(3);

  @AfterEach
  void close() {
    cpu.close();
  }

  /** An operand of a call: its numbers, and its type where the op is on numbers of two bytes. */
  private record Given(TensorType type, double[] numbers) {}

  private Given given(DType dtype, Shape shape, double low, double high) {
    double[] numbers = new double[(int) shape.elements()];
    for (int i = 0; i < numbers.length; i++) {
      double number = low + (high - low) * random.nextDouble();
      numbers[i] =
          switch (dtype) {
            case BF16, F16 -> HalfTable.of(dtype).round(number);
            case F32 -> (float) number;
            case F64 -> number;
            case I32, U8 -> Math.floor(number);
          };
    }
    return new Given(new TensorType(dtype, shape), numbers);
  }

  private Given given(DType dtype, Shape shape) {
    return given(dtype, shape, -2, 2);
  }

  private Operand on(Given given) {
    return cpu.tensor(given.type.dtype(), given.type.shape(), given.numbers);
  }

  private Operand wide(Given given) {
    return cpu.tensor(given.type.dtype().statistics(), given.type.shape(), given.numbers);
  }

  private void check(Op op, Given... inputs) {
    check(op, op, inputs);
  }

  /** @param inF32 the same op, for one that names the type of its result */
  private void check(Op op, Op inF32, Given... inputs) {
    List<Operand> got = cpu.run(op, Arrays.stream(inputs).map(this::on).toArray(Operand[]::new));
    List<Operand> f32 =
        cpu.run(inF32, Arrays.stream(inputs).map(this::wide).toArray(Operand[]::new));
    assertEquals(f32.size(), got.size());
    for (int i = 0; i < got.size(); i++) {
      double[] expected = rounded(got.get(i).dtype(), cpu.numbers(f32.get(i)));
      assertArrayEquals(
          expected, cpu.numbers(got.get(i)), op + " of " + List.of(inputs) + ", result " + i);
    }
  }

  private static double[] rounded(DType dtype, double[] numbers) {
    return dtype.half()
        ? Arrays.stream(numbers).map(HalfTable.of(dtype)::round).toArray()
        : numbers;
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void elementwise(DType dtype) {
    // Beyond a grain and a block, with a rest.
    Given x = given(dtype, Shape.of(3, 20_001));
    Given dy = given(dtype, Shape.of(3, 20_001));
    for (Elementwise op :
        List.of(
            new Elementwise.Affine(1.7, -0.3),
            new Elementwise.Exp(),
            new Elementwise.Log(),
            new Elementwise.Sqrt(),
            new Elementwise.Rsqrt(),
            new Elementwise.Pow(2.5),
            new Elementwise.Abs(),
            new Elementwise.Sign(),
            new Elementwise.Clamp(-1.001, 0.3),
            new Elementwise.Relu(),
            new Elementwise.LeakyRelu(0.1),
            new Elementwise.Sigmoid(),
            new Elementwise.Tanh(),
            new Elementwise.GeluTanh(),
            new Elementwise.GeluErf(),
            new Elementwise.Silu(),
            new Elementwise.Softplus())) {
      check(op, x);
    }
    for (Elementwise op :
        List.of(
            new Elementwise.ReluGrad(),
            new Elementwise.LeakyReluGrad(0.1),
            new Elementwise.SigmoidGrad(),
            new Elementwise.TanhGrad(),
            new Elementwise.GeluTanhGrad(),
            new Elementwise.GeluErfGrad(),
            new Elementwise.SiluGrad())) {
      check(op, x, dy);
    }
    for (Shape shape : List.of(Shape.of(3, 20_001), Shape.of(20_001), Shape.of(3, 1))) {
      Given b = given(dtype, shape);
      for (Elementwise op :
          List.of(
              new Elementwise.Add(),
              new Elementwise.Sub(),
              new Elementwise.Mul(),
              new Elementwise.Div(),
              new Elementwise.Maximum(),
              new Elementwise.Minimum(),
              new Elementwise.Equal(),
              new Elementwise.Less(),
              new Elementwise.LessEqual())) {
        check(op, x, b);
      }
      check(new Elementwise.Select(), given(DType.U8, Shape.of(3, 20_001), 0, 2), x, b);
    }
    check(new Creation.Fill(x.type, 0.1), new Creation.Fill(x.type.withDType(DType.F32), 0.1));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void folds(DType dtype) {
    Given x = given(dtype, Shape.of(5, 300, 7));
    for (List<Integer> axes : List.of(List.of(0), List.of(1), List.of(0, 2), List.of(0, 1, 2))) {
      check(new Reduction.Sum(axes, false), x);
      check(new Reduction.Mean(axes, true), x);
      check(new Reduction.Max(axes, false), x);
      check(new Reduction.Min(axes, true), x);
    }
    check(new Reduction.ArgMax(1, false), x);
    check(new Reduction.Mean(List.of(0), false), given(dtype, Shape.of(0, 3)));
  }

  /** Ten thousand ones: BF16 sums would stick at 256, F16 ones at 2048. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void sumsDoNotStick(DType dtype) {
    Operand ones =
        cpu.run(new Creation.Fill(new TensorType(dtype, Shape.of(1, 10_000)), 1)).getFirst();
    double[] sum = {HalfTable.of(dtype).round(10_000)};
    assertArrayEquals(sum, cpu.numbers(new Reduction.Sum(List.of(0, 1), false), ones));
    assertArrayEquals(sum, cpu.numbers(new Linear.Matmul(false, true), ones, ones));
  }

  /** Sizes that go each way through the blocks, tiles, dots and splits. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void products(DType dtype) {
    int[][] sizes = {
      {1, 1, 1},
      {1, 70, 33},
      {70, 1, 33},
      {3, 17, 9},
      {6, 64, 1},
      {8, 48, 16},
      {9, 33, 1030},
      {13, 7, 5000},
      {25, 32, 9000},
      {65, 67, 70},
      {97, 200, 513},
      {20, 4100, 40},
      {3, 4100, 4200},
      {520, 515, 530}
    };
    for (int[] size : sizes) {
      int m = size[0], n = size[1], k = size[2];
      for (int transposes = 0; transposes < 4; transposes++) {
        boolean ta = (transposes & 1) != 0, tb = (transposes & 2) != 0;
        check(
            new Linear.Matmul(ta, tb),
            given(dtype, ta ? Shape.of(k, m) : Shape.of(m, k), -1, 1),
            given(dtype, tb ? Shape.of(n, k) : Shape.of(k, n), -1, 1));
      }
    }
    check(
        new Linear.Matmul(false, false),
        given(dtype, Shape.of(2, 1, 5, 6)),
        given(dtype, Shape.of(3, 6, 7)));
    check(
        new Linear.Matmul(true, false), given(dtype, Shape.of(0, 3)), given(dtype, Shape.of(0, 4)));
    check(
        new Linear.Matmul(false, false),
        given(dtype, Shape.of(0, 3)),
        given(dtype, Shape.of(3, 4)));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void convolutionsAndPools(DType dtype) {
    Shape x = Shape.of(2, 6, 9, 8);
    for (int groups : new int[] {1, 2, 6}) {
      Linear.Conv2dGeometry geometry =
          new Linear.Conv2dGeometry(Size2d.of(2), Size2d.of(1), Size2d.of(1), groups);
      Shape w = Shape.of(12, 6 / groups, 3, 3);
      Shape y = Shape.of(2, 12, 5, 4);
      check(new Linear.Conv2d(geometry), given(dtype, x), given(dtype, w));
      check(new Linear.Conv2dGradInput(geometry, x), given(dtype, w), given(dtype, y));
      check(new Linear.Conv2dGradWeight(geometry, w), given(dtype, x), given(dtype, y));
    }
    Pooling.Window window = new Pooling.Window(Size2d.of(3), Size2d.of(2), Size2d.of(1));
    Shape y = Shape.of(2, 6, 5, 4);
    check(new Pooling.MaxPool2d(window), given(dtype, x));
    check(new Pooling.MaxPool2dGrad(window, x), given(dtype, y), given(DType.I32, y, 0, 72));
    check(new Pooling.AvgPool2d(window), given(dtype, x));
    check(new Pooling.AvgPool2dGrad(window, x), given(dtype, y));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void movementAndIndices(DType dtype) {
    Given x = given(dtype, Shape.of(4, 30, 50));
    check(new Movement.Reshape(Shape.of(50, 120)), x);
    check(new Movement.Expand(Shape.of(3, 4, 30, 50)), x);
    check(new Movement.Expand(Shape.of(4, 70)), given(dtype, Shape.of(4, 1)));
    check(new Movement.Permute(List.of(2, 0, 1)), x);
    check(new Movement.Permute(List.of(1, 0, 2)), x);
    check(new Movement.Slice(List.of(1, 2, 3), List.of(2, 20, 40)), x);
    check(new Movement.Pad(List.of(1, 0, 3), List.of(0, 2, 1), 0.1), x);
    check(new Movement.Concat(1), x, given(dtype, Shape.of(4, 3, 50)));
    Given rows = given(DType.I32, Shape.of(40), 0, 30);
    Given table = given(dtype, Shape.of(30, 11));
    check(new Indexing.Embedding(), table, rows);
    check(new Indexing.EmbeddingGrad(30), given(dtype, Shape.of(40, 11)), rows);
    Given places = given(DType.I32, Shape.of(4, 6, 50), 0, 30);
    check(new Indexing.Gather(1), x, places);
    check(new Indexing.GatherGrad(1, 30), given(dtype, Shape.of(4, 6, 50)), places);
    check(new Indexing.OneHot(30, dtype), new Indexing.OneHot(30, DType.F32), rows);
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void normalization(DType dtype) {
    Shape rows = Shape.of(17, 65);
    Given x = given(dtype, rows);
    Given dy = given(dtype, rows);
    Given gamma = given(dtype, Shape.of(65));
    Given beta = given(dtype, Shape.of(65));
    Given mean = given(DType.F32, Shape.of(17));
    Given rstd = given(DType.F32, Shape.of(17), 0.5, 2);
    check(new Normalization.Softmax(), x);
    check(new Normalization.SoftmaxGrad(), x, dy);
    check(new Normalization.LogSoftmax(), x);
    check(new Normalization.LogSoftmaxGrad(), x, dy);
    check(new Normalization.LayerNorm(1e-5), x, gamma, beta);
    check(new Normalization.LayerNormGrad(), x, gamma, mean, rstd, dy);
    check(new Normalization.RmsNorm(1e-5), x, gamma);
    check(new Normalization.RmsNormGrad(), x, gamma, rstd, dy);
    Shape images = Shape.of(4, 5, 6, 7);
    Given scale = given(dtype, Shape.of(5));
    Given shift = given(dtype, Shape.of(5));
    Given means = given(DType.F32, Shape.of(5));
    Given variances = given(DType.F32, Shape.of(5), 0.5, 2);
    check(new Normalization.BatchNorm(1e-5), given(dtype, images), scale, shift);
    check(
        new Normalization.BatchNormGrad(1e-5),
        given(dtype, images),
        scale,
        means,
        variances,
        given(dtype, images));
    check(
        new Normalization.BatchNormInference(1e-5),
        given(dtype, images),
        scale,
        shift,
        means,
        variances);
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void lossesAndDropout(DType dtype) {
    Given logits = given(dtype, Shape.of(33, 10), -5, 5);
    Given soft = given(dtype, Shape.of(33, 10), 0, 0.2);
    Given labels = given(DType.I32, Shape.of(33), 0, 10);
    Given lse = given(DType.F32, Shape.of(33), 2, 6);
    Given dy = given(DType.F32, Shape.of(33));
    check(new Loss.CrossEntropy(0.1), logits, labels);
    check(new Loss.CrossEntropyGrad(0.1), logits, labels, lse, dy);
    check(new Loss.SoftCrossEntropy(), logits, soft);
    check(new Loss.SoftCrossEntropyGrad(), logits, soft, lse, dy);
    Given state = given(Stochastic.STATE.dtype(), Stochastic.STATE.shape(), 0, 1000);
    check(new Stochastic.Dropout(0.3), given(dtype, Shape.of(999)), state);
    check(
        new Stochastic.DropoutGrad(0.3),
        given(dtype, Shape.of(999)),
        given(DType.U8, Shape.of(999), 0, 2));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void sequencesAndFusedPasses(DType dtype) {
    Given q = given(dtype, Shape.of(2, 9, 4, 8));
    Given k = given(dtype, Shape.of(2, 11, 2, 8));
    Given v = given(dtype, Shape.of(2, 11, 2, 8));
    Given lse = given(DType.F32, Shape.of(2, 4, 9), 2, 4);
    check(new Sequence.Attention(true, 0.3), q, k, v);
    check(
        new Sequence.AttentionGrad(true, 0.3),
        q,
        k,
        v,
        given(dtype, q.type.shape()),
        lse,
        given(dtype, q.type.shape()));
    Given qkv = given(dtype, Shape.of(2, 9, 64));
    Given y = given(dtype, Shape.of(2, 9, 32));
    check(new Sequence.PackedAttention(4, 2, true, 0.3), qkv);
    check(
        new Sequence.PackedAttentionGrad(4, 2, true, 0.3),
        qkv,
        y,
        lse,
        given(dtype, y.type.shape()));
    check(new Sequence.Rotary(3, 10000, 5, false), q);
    Given x = given(dtype, Shape.of(17, 65));
    Given b = given(dtype, Shape.of(65));
    Given mean = given(DType.F32, Shape.of(17));
    Given rstd = given(DType.F32, Shape.of(17), 0.5, 2);
    check(new Fused.BiasGeluTanh(), x, b);
    check(new Fused.BiasGeluTanhGrad(), x, b, given(dtype, x.type.shape()));
    check(
        new Fused.ResidualLayerNormGrad(),
        x,
        b,
        mean,
        rstd,
        given(dtype, x.type.shape()),
        given(dtype, x.type.shape()));
  }

  /** Not of the sum in F32: what goes on through the network is the rounded one. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void theResidualsNormIsOfTheRoundedSum(DType dtype) {
    Operand x = on(given(dtype, Shape.of(17, 65)));
    Operand delta = on(given(dtype, Shape.of(17, 65)));
    Operand gamma = on(given(dtype, Shape.of(65)));
    Operand beta = on(given(dtype, Shape.of(65)));
    List<Operand> fused = cpu.run(new Fused.ResidualLayerNorm(1e-5), x, delta, gamma, beta);
    Operand sum = cpu.run(new Elementwise.Add(), x, delta).getFirst();
    List<Operand> apart = cpu.run(new Normalization.LayerNorm(1e-5), sum, gamma, beta);
    List<Operand> expected = List.of(apart.get(0), sum, apart.get(1), apart.get(2));
    for (int i = 0; i < 4; i++) {
      assertEquals(expected.get(i).type(), fused.get(i).type());
      assertArrayEquals(cpu.numbers(expected.get(i)), cpu.numbers(fused.get(i)), "result " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void theGlobalNormIsOfF32(DType dtype) {
    Given a = given(dtype, Shape.of(3000));
    Given b = given(dtype, Shape.of(7, 11));
    double squares =
        DoubleStream.concat(Arrays.stream(a.numbers), Arrays.stream(b.numbers))
            .map(x -> x * x)
            .sum();
    Operand norm = cpu.run(new Reduction.GlobalNorm(), on(a), on(b)).getFirst();
    assertEquals(DType.F32, norm.dtype());
    // Sums of a few thousand squares in partial sums, and two more roundings.
    assertEquals(Math.sqrt(squares), cpu.numbers(norm)[0], 1e-6 * Math.sqrt(squares));
  }

  /** Two weights; the first is long enough for two threads, and the last block of words is not full. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void weightsFollowTheirMasters(DType dtype) {
    int[] state = {7, -3, 9, 1};
    double scale = 0.75;
    for (Update.Masters masters :
        List.of(Update.Masters.ROUNDED_TO_NEAREST, Update.Masters.ROUNDED_STOCHASTICALLY)) {
      boolean stochastic = masters == Update.Masters.ROUNDED_STOCHASTICALLY;
      Update.Optimizer rule = new Update.Adam(0.9, 0.99, 1e-8, 0.1, true);
      List<Operand> operands = new ArrayList<>();
      List<Operand> slopes = new ArrayList<>();
      List<List<Operand>> alone = new ArrayList<>();
      Operand lr = cpu.tensor(DType.F32, Shape.scalar(), 0.01);
      Operand t = cpu.tensor(DType.I32, Shape.scalar(), 3);
      for (Shape shape : List.of(Shape.of(40_001), Shape.of(3, 7))) {
        Given master = given(DType.F32, shape);
        Given m = given(DType.F32, shape, 0, 1);
        Given v = given(DType.F32, shape, 0, 1);
        Given dw = given(dtype, shape);
        operands.addAll(List.of(on(given(dtype, shape)), on(m), on(v), on(master)));
        slopes.add(on(dw));
        double[] scaled = Arrays.stream(dw.numbers).map(x -> (float) (x * scale)).toArray();
        List<Operand> f32 =
            List.of(on(master), on(m), on(v), cpu.tensor(DType.F32, shape, scaled), lr, t);
        cpu.update(rule, f32.toArray(Operand[]::new));
        alone.add(f32);
      }
      List<Operand> all = new ArrayList<>(operands);
      all.addAll(slopes);
      all.addAll(List.of(lr, cpu.tensor(DType.F32, Shape.scalar(), scale), t));
      if (stochastic) {
        all.add(
            cpu.tensor(
                DType.I32,
                Stochastic.STATE.shape(),
                Arrays.stream(state).asDoubleStream().toArray()));
      }
      Update.Many many = new Update.Many(rule, 2, masters);
      cpu.update(many, all.toArray(Operand[]::new));
      for (int n = 0; n < 2; n++) {
        List<Operand> group = operands.subList(4 * n, 4 * n + 4);
        double[] master = cpu.numbers(group.get(3));
        assertArrayEquals(cpu.numbers(alone.get(n).get(0)), master, "master " + n);
        assertArrayEquals(cpu.numbers(alone.get(n).get(1)), cpu.numbers(group.get(1)), "m " + n);
        assertArrayEquals(cpu.numbers(alone.get(n).get(2)), cpu.numbers(group.get(2)), "v " + n);
        double[] expected = stochastic ? drawn(dtype, master, n, state) : rounded(dtype, master);
        assertArrayEquals(expected, cpu.numbers(group.get(0)), "weight " + n + " " + masters);
      }
      double[] before = cpu.numbers(operands.get(0));
      double[] masterBefore = cpu.numbers(operands.get(3));
      all.set(4 * 2 + 2 + 1, cpu.tensor(DType.F32, Shape.scalar(), Double.NaN));
      cpu.update(many, all.toArray(Operand[]::new));
      assertArrayEquals(before, cpu.numbers(operands.get(0)), "a bad step is left out");
      assertArrayEquals(masterBefore, cpu.numbers(operands.get(3)), "a bad step is left out");
    }
  }

  /** The words of {@link Update.Many}, added below the bits that stay. */
  private static double[] drawn(DType dtype, double[] master, int n, int[] state) {
    double[] weights = new double[master.length];
    int[] words = new int[4];
    int cut = dtype == DType.BF16 ? 16 : 13;
    for (int i = 0; i < master.length; i++) {
      Philox.block(
          Integer.toUnsignedLong(state[0]) | (long) state[1] << 32,
          i / 4 | (long) n << 32,
          Integer.toUnsignedLong(state[2]) | (long) state[3] << 32,
          words);
      int bits = Float.floatToRawIntBits((float) master[i]) + (words[i % 4] & (1 << cut) - 1);
      weights[i] = HalfTable.of(dtype).round(Float.intBitsToFloat(bits >>> cut << cut));
    }
    return weights;
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void logitsMayBecomeTheirGradient(DType dtype) {
    Loss.CrossEntropyGrad op = new Loss.CrossEntropyGrad(0);
    Operand logits = on(given(dtype, Shape.of(33, 10), -5, 5));
    Operand labels = on(given(DType.I32, Shape.of(33), 0, 10));
    Operand lse = on(given(DType.F32, Shape.of(33), 2, 6));
    Operand dy = on(given(DType.F32, Shape.of(33)));
    double[] apart = cpu.numbers(op, logits, labels, lse, dy);
    cpu.backend().run(op, List.of(logits, labels, lse, dy), List.of(logits));
    assertArrayEquals(apart, cpu.numbers(logits));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void updates(DType dtype) {
    Given source = given(dtype, Shape.of(20_003));
    Given scalar = given(dtype, Shape.scalar(), 0.1, 0.5);
    updated(new Update.Assign(), source);
    updated(new Update.Accumulate(), source);
    updated(new Update.RunningAverage(0.1), source);
    updated(new Update.ClampInPlace(-0.7, 0.9));
    updated(new Update.Scale(), scalar);
    Given state = given(dtype, Shape.of(20_003), 0, 1);
    updated(new Update.Sgd(0.1), source, scalar);
    updated(new Update.Momentum(0.9, true, 0.1), state, source, scalar);
    updated(
        new Update.Adam(0.9, 0.99, 1e-8, 0.1, true),
        state,
        state,
        source,
        scalar,
        given(DType.I32, Shape.scalar(), 3, 4));
    Operand own = on(source);
    cpu.update(new Update.Accumulate(), own, own);
    assertArrayEquals(
        rounded(dtype, Arrays.stream(source.numbers).map(x -> 2 * x).toArray()), cpu.numbers(own));
  }

  private void updated(Update update, Given... others) {
    DType dtype = others.length == 0 ? DType.BF16 : others[0].type.dtype();
    Given target = given(dtype, Shape.of(20_003));
    List<Operand> narrow = new ArrayList<>(List.of(on(target)));
    List<Operand> wide = new ArrayList<>(List.of(wide(target)));
    for (Given other : others) {
      narrow.add(on(other));
      wide.add(wide(other));
    }
    cpu.update(update, narrow.toArray(Operand[]::new));
    cpu.update(update, wide.toArray(Operand[]::new));
    for (int i = 0; i < update.written(); i++) {
      assertArrayEquals(
          rounded(dtype, cpu.numbers(wide.get(i))),
          cpu.numbers(narrow.get(i)),
          update + ", operand " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void scratchOfWhatFailsIsWrittenOff(DType dtype) {
    Operand logits = on(given(dtype, Shape.of(2, 10)));
    Operand wrong = cpu.tensor(DType.I32, Shape.of(2), 3, 10);
    Loss op = new Loss.CrossEntropy(0);
    assertThrows(BackendException.class, () -> cpu.run(op, logits, wrong));
    long reserved = cpu.backend().memory().reserved();
    for (int i = 0; i < 3; i++) {
      cpu.run(op, logits, cpu.tensor(DType.I32, Shape.of(2), 3, 9))
          .forEach(result -> result.buffer().close());
      assertThrows(BackendException.class, () -> cpu.run(op, logits, wrong));
    }
    // The labels and results of those calls, each of the smallest class.
    assertEquals(reserved, cpu.backend().memory().reserved(), 64 * 16);
  }
}
