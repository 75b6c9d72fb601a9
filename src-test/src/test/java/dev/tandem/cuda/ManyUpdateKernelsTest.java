package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.Operand;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.Values;
import dev.tandem.op.Philox;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.op.Update.Masters;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Steps of more weights than a table holds, of no elements, of tails and of several pieces; and steps that are skipped. */
final class ManyUpdateKernelsTest {
  private static final int WEIGHTS = 77;
  private static final long KEY = 0x80000001_fffffffeL;
  private static final long DRAW = 0xdeadbeef_80000003L;

  private static Emulated gpu;

  @BeforeAll
  static void open() {
    gpu = KernelRun.gpu(false);
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  private static List<Update.Optimizer> rules() {
    return List.of(
        new Update.Sgd(0.01),
        new Update.Momentum(0.9, true, 0.01),
        new Update.Adagrad(1e-8, 0.01),
        new Update.RmsProp(0.99, 1e-8, 0.01),
        new Update.Adam(0.9, 0.999, 1e-8, 0.01, true),
        new Update.Adam(0.9, 0.999, 1e-8, 0.01, false),
        new Update.Lion(0.9, 0.99, 0.1));
  }

  private static int length(int weight) {
    return weight == 75 ? 16_387 : weight % 9 == 4 ? 0 : 1 + weight * 5 % 23;
  }

  /** Operands of a step of weights that are as long as {@link #length} says. */
  private static List<Values> operands(Update.Many op, DType dtype, double factor) {
    SplittableRandom random = new SplittableRandom(21);
    List<Values> operands = new ArrayList<>();
    for (int i = 0; i < op.count(); i++) {
      Shape shape = Shape.of(length(i));
      Values master =
          KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(-2, 2)).as(DType.F32);
      operands.add(master.as(dtype));
      for (int state = 0; state < op.rule().states(); state++) {
        operands.add(
            KernelRun.drawn(DType.F32, shape, () -> random.nextDouble(0.1, 1)).as(DType.F32));
      }
      if (op.masters() != Masters.NONE) {
        operands.add(master);
      }
    }
    for (int i = 0; i < op.count(); i++) {
      operands.add(
          KernelRun.drawn(dtype, Shape.of(length(i)), () -> random.nextDouble(-40, 40)).as(dtype));
    }
    operands.add(Values.scalar(DType.F32, 0.125));
    operands.add(Values.scalar(DType.F32, factor));
    if (op.rule().counted()) {
      operands.add(Values.scalar(DType.I32, 3));
    }
    if (op.masters() == Masters.ROUNDED_STOCHASTICALLY) {
      operands.add(
          Values.of(
              DType.I32,
              Stochastic.STATE.shape(),
              (int) KEY,
              (int) (KEY >>> 32),
              (int) DRAW,
              (int) (DRAW >>> 32)));
    }
    return operands;
  }

  private static List<Values> step(Backend backend, Update.Many op, List<Values> before) {
    List<Operand> operands = before.stream().map(values -> values.on(backend)).toList();
    try {
      backend.update(op, operands);
      return operands.stream().map(operand -> Values.from(backend, operand)).toList();
    } finally {
      operands.forEach(operand -> operand.buffer().close());
    }
  }

  @TestFactory
  Stream<DynamicTest> stepsByTheRule() {
    return rules().stream()
        .flatMap(rule ->
            Stream.of(DType.F32, DType.BF16, DType.F16)
                .flatMap(dtype ->
                    masters(dtype)
                        .map(masters ->
                            DynamicTest.dynamicTest(
                                rule + " " + dtype + " " + masters,
                                () -> check(new Update.Many(rule, WEIGHTS, masters), dtype)))));
  }

  private static Stream<Masters> masters(DType dtype) {
    return dtype.half()
        ? Stream.of(Masters.ROUNDED_TO_NEAREST, Masters.ROUNDED_STOCHASTICALLY)
        : Stream.of(Masters.NONE);
  }

  private static void check(Update.Many op, DType dtype) {
    List<Values> before = operands(op, dtype, 0.03125);
    long launches = launches();
    List<Values> actual = step(gpu.backend(), op, before);
    assertEquals(2, launches() - launches, "launches");
    List<Values> expected;
    try (OracleBackend oracle = new OracleBackend()) {
      expected = step(oracle, op, before);
    }
    for (int k = 0; k < before.size(); k++) {
      boolean rounded = k < op.written() && k % op.group() == 0 && op.masters() != Masters.NONE;
      if (rounded) {
        Values master = actual.get(k + op.group() - 1);
        double[] w = rounded(op.masters(), dtype, master.data(), k / op.group());
        assertArrayEquals(w, actual.get(k).data(), "weight " + k / op.group());
      } else {
        double[] numbers = expected.get(k).data();
        for (int i = 0; i < numbers.length; i++) {
          // A few roundings of numbers near 1, and lr times as many of the step.
          double allowed = 0x1p-24 * 16 * (1 + Math.abs(numbers[i]));
          assertEquals(numbers[i], actual.get(k).data()[i], allowed, "operand " + k + " at " + i);
        }
      }
    }
  }

  private static long launches() {
    return gpu.backend().launches().entrySet().stream()
        .filter(entry -> entry.getKey().name().startsWith("MANY_"))
        .mapToLong(java.util.Map.Entry::getValue)
        .sum();
  }

  /** Weights of masters, to the bit. */
  private static double[] rounded(Masters masters, DType dtype, double[] master, int weight) {
    double[] w = new double[master.length];
    int[] words = new int[4];
    int spare = dtype == DType.BF16 ? 16 : 13;
    int mask = (1 << spare) - 1;
    for (int i = 0; i < w.length; i++) {
      float cut = (float) master[i];
      if (masters == Masters.ROUNDED_STOCHASTICALLY && Float.isFinite(cut)) {
        Philox.block(KEY, (long) weight << 32 | i / 4, DRAW, words);
        int bits = Float.floatToRawIntBits(cut) + (words[i % 4] & mask);
        cut = Float.intBitsToFloat(bits & ~mask);
      }
      w[i] = Values.of(DType.F32, Shape.of(1), cut).as(dtype).data()[0];
    }
    return w;
  }

  /** Masters between the numbers of a type and beyond them. What is next to infinity may go there, what is NaN stays. */
  @Test
  void oddMastersAreRounded() {
    double[] odd = {
      0,
      -0.0,
      1e-9,
      -3e-8,
      5.1e-5,
      -6.2e-5,
      65504,
      65519,
      -65535,
      3e38,
      Float.MAX_VALUE,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      Double.NaN,
      1 + 0x1p-20,
      0x1p-130
    };
    for (DType dtype : List.of(DType.BF16, DType.F16)) {
      Update.Many op = new Update.Many(new Update.Sgd(0), 1, Masters.ROUNDED_STOCHASTICALLY);
      List<Values> operands = new ArrayList<>(operands(op, dtype, 0.03125));
      Shape shape = Shape.of(odd.length);
      operands.set(0, KernelRun.drawn(dtype, shape, () -> 0));
      operands.set(1, Values.of(DType.F32, shape, odd).as(DType.F32));
      operands.set(2, KernelRun.drawn(dtype, shape, () -> 0));
      List<Values> actual = step(gpu.backend(), op, operands);
      double[] masters = operands.get(1).data();
      assertArrayEquals(masters, actual.get(1).data(), dtype.toString());
      assertArrayEquals(
          rounded(op.masters(), dtype, masters, 0), actual.get(0).data(), dtype.toString());
    }
  }

  @Test
  void aFactorThatIsNotFiniteWritesNothing() {
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
      for (double factor :
          new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
        masters(dtype)
            .forEach(masters -> {
              Update.Many op =
                  new Update.Many(new Update.Adam(0.9, 0.999, 1e-8, 0, true), 5, masters);
              List<Values> before = operands(op, dtype, factor);
              List<Values> after = step(gpu.backend(), op, before);
              for (int k = 0; k < before.size(); k++) {
                assertArrayEquals(before.get(k).data(), after.get(k).data(), "operand " + k);
              }
            });
      }
    }
  }

  @Test
  void weightsWithoutElementsLaunchNothing() {
    Update.Many op = new Update.Many(new Update.Sgd(0), 1, Masters.NONE);
    Values none = Values.zeros(Values.scalar(DType.F32, 0).type().withShape(Shape.of(0)));
    long before = launches();
    step(
        gpu.backend(),
        op,
        List.of(none, none, Values.scalar(DType.F32, 1), Values.scalar(DType.F32, 1)));
    assertEquals(before, launches());
  }

  /** A table goes into the graph by value: replays step the same weights, and read lr, factor and t where they lie. */
  @Test
  void aCapturedStepStepsOn() {
    Update.Many op =
        new Update.Many(
            new Update.Adam(0.9, 0.999, 1e-8, 0.01, true), 6, Masters.ROUNDED_STOCHASTICALLY);
    List<Values> start = operands(op, DType.BF16, 0.03125);
    try (Emulated plain = Emulated.open();
        Emulated captured = Emulated.open()) {
      List<Operand> one = start.stream().map(values -> values.on(plain.backend())).toList();
      for (int i = 0; i < 3; i++) {
        oneStep(plain.backend(), op, one);
      }
      List<Operand> other = start.stream().map(values -> values.on(captured.backend())).toList();
      try (CapturedStep step =
          captured.backend().capture(() -> oneStep(captured.backend(), op, other))) {
        step.replay();
        step.replay();
      }
      for (int k = 0; k < one.size(); k++) {
        assertArrayEquals(
            Values.from(plain.backend(), one.get(k)).data(),
            Values.from(captured.backend(), other.get(k)).data(),
            "operand " + k);
      }
    }
  }

  private static void oneStep(CudaBackend backend, Update.Many op, List<Operand> operands) {
    backend.update(op, operands);
    int scalars = op.count() * (op.group() + 1);
    backend.update(
        new Update.IncrementIfFinite(),
        List.of(operands.get(scalars + 2), operands.get(scalars + 1)));
    backend.update(new Update.NextDraw(), List.of(operands.getLast()));
  }

  @Test
  void theCountStandsStillWhereNothingIsStepped() {
    for (double factor : new double[] {0, 2, Double.NaN, Double.NEGATIVE_INFINITY}) {
      double t = scalars(new Update.IncrementIfFinite(), Values.scalar(DType.I32, 7), factor)[0];
      assertEquals(Double.isFinite(factor) ? 8 : 7, t);
    }
  }

  @Test
  void theLossScaleGrowsAndBacksOff() {
    Update.LossScale op = new Update.LossScale(2, 0.5, 3);
    assertArrayEquals(new double[] {8, 2}, lossScale(op, 8, 1, 5));
    assertArrayEquals(new double[] {16, 0}, lossScale(op, 8, 2, 5));
    assertArrayEquals(new double[] {4, 0}, lossScale(op, 8, 2, Double.POSITIVE_INFINITY));
    assertArrayEquals(new double[] {1, 0}, lossScale(op, 1.5, 0, Double.NaN));
    assertArrayEquals(new double[] {0x1p127, 0}, lossScale(op, 0x1p127, 2, 0));
  }

  private static double[] lossScale(Update.LossScale op, double scale, int streak, double norm) {
    Values streaks = Values.scalar(DType.I32, streak);
    double[] found = new double[2];
    CudaBackend backend = gpu.backend();
    List<Operand> operands =
        Stream.of(Values.scalar(DType.F32, scale), streaks, Values.scalar(DType.F32, norm))
            .map(values -> values.on(backend))
            .toList();
    backend.update(op, operands);
    for (int i = 0; i < 2; i++) {
      found[i] = Values.from(backend, operands.get(i)).data()[0];
    }
    operands.forEach(operand -> operand.buffer().close());
    return found;
  }

  private static double[] scalars(Update op, Values target, double factor) {
    CudaBackend backend = gpu.backend();
    Operand written = target.on(backend);
    Operand read = Values.scalar(DType.F32, factor).on(backend);
    backend.update(op, List.of(written, read));
    double[] found = Values.from(backend, written).data();
    written.buffer().close();
    read.buffer().close();
    assertTrue(found.length == 1);
    return found;
  }
}
