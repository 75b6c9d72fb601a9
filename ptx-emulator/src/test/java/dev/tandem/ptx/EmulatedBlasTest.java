package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Gemm.Matrix;
import dev.tandem.cuda.driver.MathMode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of the software GPU, bit for bit what {@link BlasDefinition} has them be, and what they refuse. */
final class EmulatedBlasTest {
  /** Types that cuBLAS takes together, from its documentation's table. */
  record Types(ComputeType compute, DataType operands, DataType result) {}

  static List<Types> types() {
    return List.of(
        new Types(ComputeType.F16, DataType.F16, DataType.F16),
        new Types(ComputeType.F32, DataType.F32, DataType.F32),
        new Types(ComputeType.F32, DataType.F16, DataType.F16),
        new Types(ComputeType.F32, DataType.F16, DataType.F32),
        new Types(ComputeType.F32, DataType.BF16, DataType.BF16),
        new Types(ComputeType.F32, DataType.BF16, DataType.F32),
        new Types(ComputeType.F32_PEDANTIC, DataType.F32, DataType.F32),
        new Types(ComputeType.F32_PEDANTIC, DataType.BF16, DataType.BF16),
        new Types(ComputeType.F32_FAST_BF16, DataType.F32, DataType.F32),
        new Types(ComputeType.F32_FAST_TF32, DataType.F32, DataType.F32),
        new Types(ComputeType.F64, DataType.F64, DataType.F64));
  }

  /** Sizes, and how they lie in memory: extra elements after each column and each matrix. */
  record Layout(int m, int n, int k, boolean ta, boolean tb, int gap, int batch) {}

  static Stream<Layout> layouts() {
    List<Layout> layouts = new ArrayList<>();
    for (boolean ta : new boolean[] {false, true}) {
      for (boolean tb : new boolean[] {false, true}) {
        layouts.add(new Layout(1, 1, 1, ta, tb, 0, 1));
        layouts.add(new Layout(5, 3, 7, ta, tb, 0, 1));
        layouts.add(new Layout(3, 5, 4, ta, tb, 3, 2));
        layouts.add(new Layout(1, 4, 9, ta, tb, 1, 3));
      }
    }
    // More rows than are summed at a time.
    layouts.add(new Layout(1030, 2, 3, false, false, 0, 1));
    return layouts.stream();
  }

  static Stream<Arguments> products() {
    return types().stream().flatMap(types -> layouts().map(layout -> Arguments.of(types, layout)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("products")
  void everyElementIsAsDefined(Types types, Layout layout) {
    Trial trial = new Trial(types, layout, new Random(7));
    Gemm gemm = trial.gemm(0.7, -1.3);
    List<BigDecimal> expected = trial.expected(gemm);
    int initialised = trial.memory.initialised();
    trial.memory.run(gemm);
    assertEquals(expected, trial.result());
    assertEquals(initialised, trial.memory.initialised(), "bytes between columns were touched");
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("types")
  void betaZeroDoesNotReadC(Types types) {
    Layout layout = new Layout(5, 4, 6, false, true, 2, 2);
    Trial trial = new Trial(types, layout, new Random(8));
    trial.memory.fill(trial.c, 5, 4, 2, () -> Double.NaN);
    Gemm gemm = trial.gemm(1.5, 0);
    trial.memory.run(gemm);
    assertEquals(trial.expected(gemm), trial.result());
  }

  @Test
  void betaZeroLeavesUnwrittenCUnread() {
    BlasTrial memory = new BlasTrial(4096);
    Matrix a = memory.fill(memory.place(DataType.F32, 2, 4, 1), 2, 2, 1, () -> 3);
    Matrix c = memory.place(DataType.F32, 2, 4, 1);
    memory.run(square(2, a, a, c, ComputeType.F32, 0));
    assertEquals(18, memory.get(c, 0, 1, 1));
    // So small that the F32 in which cuBLAS is given it is 0.
    Matrix another = memory.place(DataType.F32, 2, 4, 1);
    memory.run(square(2, a, a, another, ComputeType.F32, 1e-60));
    assertEquals(18, memory.get(another, 0, 0, 0));
  }

  /** What {@link EmulatedGemm} promises of F32: one rounding away from the exact product, and sums in double. */
  @Test
  void f32IsTheIdealProduct() {
    int k = 300;
    Random random = new Random(9);
    BlasTrial memory = new BlasTrial(1 << 16);
    DoubleSupplier values = () -> (float) random.nextGaussian();
    Matrix a = memory.fill(memory.place(DataType.F32, 3, 3 * k, 1), 3, k, 1, values);
    Matrix b = memory.fill(memory.place(DataType.F32, k, 2 * k, 1), k, 2, 1, values);
    Matrix c = memory.place(DataType.F32, 3, 6, 1);
    memory.run(new Gemm(false, false, 3, 2, k, 1, a, b, 0, c, ComputeType.F32, 1));
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 2; column++) {
        BigDecimal exact = BigDecimal.ZERO;
        double magnitude = 0;
        for (int p = 0; p < k; p++) {
          double x = memory.get(a, 0, row, p);
          double y = memory.get(b, 0, p, column);
          exact = exact.add(new BigDecimal(x).multiply(new BigDecimal(y)));
          magnitude += Math.abs(x * y);
        }
        double error =
            exact.subtract(new BigDecimal(memory.get(c, 0, row, column))).abs().doubleValue();
        double bound = exact.abs().doubleValue() * 0x1p-24 + k * magnitude * 0x1p-53;
        assertTrue(error <= bound, error + " > " + bound);
      }
    }
  }

  @Test
  void operandsOfStrideZeroServeEveryProduct() {
    BlasTrial memory = new BlasTrial(4096);
    double[] next = {0};
    DoubleSupplier counting = () -> ++next[0];
    Matrix a = memory.fill(memory.place(DataType.F32, 2, 4, 1), 2, 2, 1, counting); // 1 3; 2 4
    Matrix shared = new Matrix(a.address(), DataType.F32, 2, 0);
    // 5 7; 6 8 and 9 11; 10 12
    Matrix b = memory.fill(memory.place(DataType.F32, 2, 4, 2), 2, 2, 2, counting);
    Matrix c = memory.place(DataType.F32, 2, 4, 2);
    memory.run(batch(shared, b, c));
    assertEquals(1 * 5 + 3 * 6, memory.get(c, 0, 0, 0));
    assertEquals(2 * 11 + 4 * 12, memory.get(c, 1, 1, 1));
    memory.run(batch(b, shared, c));
    assertEquals(5 * 1 + 7 * 2, memory.get(c, 0, 0, 0));
    assertEquals(10 * 3 + 12 * 4, memory.get(c, 1, 1, 1));
  }

  private static Gemm batch(Matrix a, Matrix b, Matrix c) {
    return new Gemm(false, false, 2, 2, 2, 1, a, b, 0, c, ComputeType.F32, 2);
  }

  private static Gemm square(
      int size, Matrix a, Matrix b, Matrix c, ComputeType compute, double beta) {
    return new Gemm(false, false, size, size, size, 1, a, b, beta, c, compute, 1);
  }

  /** A product of single numbers with k = 3, in a mode. */
  private static double dot(MathMode mode, ComputeType compute, double[] x, double[] y) {
    BlasTrial memory = new BlasTrial(4096);
    Matrix a = memory.place(DataType.F32, 1, 3, 1);
    Matrix b = memory.place(DataType.F32, 3, 3, 1);
    for (int p = 0; p < 3; p++) {
      memory.set(a, 0, 0, p, x[p]);
      memory.set(b, 0, p, 0, y[p]);
    }
    Matrix c = memory.place(DataType.F32, 1, 1, 1);
    EmulatedBlas blas = memory.blas();
    blas.mathMode(mode, mode == MathMode.TF32);
    blas.gemm(new Gemm(false, false, 1, 1, 3, 1, a, b, 0, c, compute, 1));
    memory.queue().getFirst().work().run();
    return memory.get(c, 0, 0, 0);
  }

  @Test
  void modesChangeF32Alone() {
    double[] one = {1, 1, 1};
    double[] cancelling = {1e8, 1, -1e8}; // in F32 the 1 is lost
    double[] fine = {1 + 0x1p-12, 0, 0}; // in TF32 the fraction is lost
    assertEquals(1, dot(MathMode.DEFAULT, ComputeType.F32, cancelling, one));
    assertEquals(0, dot(MathMode.PEDANTIC, ComputeType.F32, cancelling, one));
    assertEquals(0, dot(MathMode.DEFAULT, ComputeType.F32_PEDANTIC, cancelling, one));
    assertEquals(1 + 0x1p-12, dot(MathMode.DEFAULT, ComputeType.F32, fine, one));
    assertEquals(1, dot(MathMode.TF32, ComputeType.F32, fine, one));
    assertEquals(1 + 0x1p-12, dot(MathMode.TF32, ComputeType.F32_PEDANTIC, fine, one));
    assertEquals(1, dot(MathMode.PEDANTIC, ComputeType.F32_FAST_TF32, fine, one));
  }

  /** 1 + 2^-23 + 2^-24 - 2^-54 lies under a tie; rounded to double first it would lie on it, and go up to even. */
  @Test
  void pedanticSumsAreRoundedOnce() {
    double[] x = {1 + 0x1p-23, 0x1p-24 * (1 + 0x1p-15), 0};
    double[] y = {1, 1 - 0x1p-15, 0};
    assertEquals(1 + 0x1p-23, dot(MathMode.DEFAULT, ComputeType.F32_PEDANTIC, x, y));
  }

  @Test
  void infinitiesAndNaNsPass() {
    double infinity = Double.POSITIVE_INFINITY;
    for (ComputeType compute :
        List.of(
            ComputeType.F32,
            ComputeType.F32_PEDANTIC,
            ComputeType.F32_FAST_BF16,
            ComputeType.F32_FAST_TF32)) {
      assertEquals(
          infinity,
          dot(MathMode.DEFAULT, compute, new double[] {infinity, 1, 1}, new double[] {2, 1, 1}));
      assertEquals(
          Double.NaN,
          dot(MathMode.DEFAULT, compute, new double[] {infinity, 1, 1}, new double[] {0, 1, 1}));
      assertEquals(
          Double.NaN,
          dot(MathMode.DEFAULT, compute, new double[] {1, Double.NaN, 1}, new double[] {1, 1, 1}));
      assertEquals(
          -infinity,
          dot(MathMode.DEFAULT, compute, new double[] {3e38, 0, 0}, new double[] {-3e38, 0, 0}));
    }
  }

  /** Patterns worked out by hand from the formats: TF32 keeps ten bits of fraction, BF16 seven. */
  @Test
  void roundsAsTheHardwareDoes() {
    assertEquals(1 + 0x1p-10f, EmulatedNumbers.tf32(1 + 0x1p-11f), "a tie goes away from zero");
    assertEquals(-1 - 0x1p-10f, EmulatedNumbers.tf32(-1 - 0x1p-11f));
    assertEquals(1, EmulatedNumbers.tf32(1 + 0x1p-11f - 0x1p-23f));
    assertEquals(Float.POSITIVE_INFINITY, EmulatedNumbers.tf32(Float.MAX_VALUE));
    assertEquals(Float.NEGATIVE_INFINITY, EmulatedNumbers.tf32(Float.NEGATIVE_INFINITY));
    assertTrue(Float.isNaN(EmulatedNumbers.tf32(Float.intBitsToFloat(0x7F80_0001))));
    assertEquals((short) 0x3F80, EmulatedNumbers.floatToBf16(1 + 0x1p-8f), "a tie goes to even");
    assertEquals((short) 0x3F82, EmulatedNumbers.floatToBf16(1 + 0x3p-8f));
    assertEquals((short) 0x3F81, EmulatedNumbers.floatToBf16(1 + 0x1p-8f + 0x1p-23f));
    assertEquals((short) 0x7F80, EmulatedNumbers.floatToBf16(Float.MAX_VALUE));
    assertEquals((short) 0xFF80, EmulatedNumbers.floatToBf16(Float.NEGATIVE_INFINITY));
    assertEquals((short) 0x7FFF, EmulatedNumbers.floatToBf16(Float.intBitsToFloat(0x7F80_0001)));
    assertEquals((short) 0x7FFF, EmulatedNumbers.floatToF16(Float.NaN));
    assertEquals((short) 0x7C00, EmulatedNumbers.floatToF16(65520));
    assertEquals((short) 0x8000, EmulatedNumbers.floatToBf16(-0f));
  }

  @Test
  void workRunsWhenTheQueueDoesAndAgain() {
    BlasTrial memory = new BlasTrial(4096);
    Matrix a = memory.fill(memory.place(DataType.F32, 1, 1, 1), 1, 1, 1, () -> 2);
    Matrix c = memory.fill(memory.place(DataType.F32, 1, 1, 1), 1, 1, 1, () -> 1);
    EmulatedBlas blas = memory.blas();
    dev.tandem.cuda.driver.Stream stream = BlasTrial.stream();
    blas.stream(stream);
    blas.gemm(square(1, a, a, c, ComputeType.F32, 1));
    assertEquals(1, memory.get(c, 0, 0, 0), "ran before its turn");
    BlasTrial.Given given = memory.queue().getFirst();
    assertSame(stream, given.stream());
    assertEquals("gemm (1, 1) x (1, 1), F32 to F32 computed in F32", given.what());
    given.work().run();
    given.work().run();
    assertEquals(1 + 4 + 4, memory.get(c, 0, 0, 0));
  }

  @Test
  void findsCOverAnOperand() {
    BlasTrial memory = new BlasTrial(1 << 16);
    Matrix a = memory.fill(memory.place(DataType.F32, 4, 16, 1), 4, 4, 1, () -> 1);
    Matrix b = memory.fill(memory.place(DataType.F32, 4, 16, 1), 4, 4, 1, () -> 1);
    Matrix lastOfA = new Matrix(a.address() + 15 * 4, DataType.F32, 4);
    assertSanitizes("C lies over A", memory, square(4, a, b, lastOfA, ComputeType.F32, 0));
    assertSanitizes("C lies over B", memory, square(4, a, b, b, ComputeType.F32, 0));
  }

  @Test
  void findsCOverC() {
    BlasTrial memory = new BlasTrial(1 << 16);
    Matrix a = memory.fill(memory.place(DataType.F32, 2, 4, 2), 2, 2, 2, () -> 1);
    Matrix close = memory.place(DataType.F32, 2, 3, 4);
    assertSanitizes("another C", memory, batch(a, a, close));
  }

  /** Heads of an attention: their columns take turns in one matrix, and the operand lies in the same rows. */
  @Test
  void interlockingMatricesDoNotOverlap() {
    BlasTrial memory = new BlasTrial(1 << 16);
    Matrix all = memory.place(DataType.F32, 6, 12, 1);
    Matrix a = new Matrix(all.address(), DataType.F32, 6, 1);
    memory.fill(a, 1, 2, 2, () -> 3); // rows 0 and 1 of six
    Matrix b = memory.fill(memory.place(DataType.F32, 2, 4, 1), 2, 2, 1, () -> 5);
    Matrix shared = new Matrix(b.address(), DataType.F32, 2, 0);
    Matrix c = new Matrix(all.address() + 2 * 4, DataType.F32, 6, 2); // rows 2 and 4
    memory.run(new Gemm(false, false, 1, 2, 2, 1, a, shared, 0, c, ComputeType.F32, 2));
    assertEquals(30, memory.get(c, 0, 0, 0));
    assertEquals(30, memory.get(c, 1, 0, 1));
    assertEquals(3, memory.get(a, 1, 0, 1), "an operand was overwritten");
  }

  private static void assertSanitizes(String words, BlasTrial memory, Gemm gemm) {
    DriverException e = assertThrows(DriverException.class, () -> memory.run(gemm));
    assertEquals(DriverError.SANITIZER, e.error());
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  @Test
  void refusesMemoryThatIsNotThere() {
    BlasTrial memory = new BlasTrial(64);
    Matrix a = memory.fill(memory.place(DataType.F32, 2, 4, 1), 2, 2, 1, () -> 1);
    Matrix beyond = new Matrix(BlasTrial.BASE + 60, DataType.F32, 2);
    Gemm gemm = square(2, a, a, beyond, ComputeType.F32, 0);
    DriverException e = assertThrows(DriverException.class, () -> memory.run(gemm));
    assertEquals(DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, e.error());
    Matrix endless = new Matrix(BlasTrial.BASE + 48, DataType.F32, 1L << 33);
    Gemm far = square(2, a, a, endless, ComputeType.F32, 0);
    e = assertThrows(DriverException.class, () -> memory.run(far));
    assertEquals(DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, e.error());
    Matrix crooked = new Matrix(BlasTrial.BASE + 18, DataType.F32, 2);
    Gemm misaligned = square(2, a, a, crooked, ComputeType.F32, 0);
    e = assertThrows(DriverException.class, () -> memory.run(misaligned));
    assertEquals(DriverError.CUDA_ERROR_MISALIGNED_ADDRESS, e.error());
    assertTrue(e.getMessage().contains("C of F32 lies at 0x70000012"), e.getMessage());
  }

  @Test
  void refusesWhatCublasRefuses() {
    BlasTrial memory = new BlasTrial(4096);
    Matrix a = memory.fill(memory.place(DataType.F32, 1, 1, 1), 1, 1, 1, () -> 1);
    Matrix c = memory.place(DataType.F32, 1, 1, 1);
    Gemm gemm = square(1, a, a, c, ComputeType.F32, 0);
    EmulatedBlas fresh = new EmulatedBlas(memory, (_, _, work) -> work.run());
    IllegalStateException unset = assertThrows(IllegalStateException.class, () -> fresh.gemm(gemm));
    assertTrue(unset.getMessage().endsWith("call stream first"), unset.getMessage());
    DriverException e =
        assertThrows(DriverException.class, () -> fresh.workspace(BlasTrial.BASE + 128, 512));
    assertEquals(DriverError.CUBLAS_STATUS_INVALID_VALUE, e.error());
    fresh.workspace(BlasTrial.BASE, 512);
    fresh.workspace(0, 0);
    fresh.close();
    fresh.close();
    e = assertThrows(DriverException.class, () -> fresh.gemm(gemm));
    assertEquals(DriverError.CUBLAS_STATUS_NOT_INITIALIZED, e.error());
  }

  /** A product's matrices in memory, filled with numbers of all their type's bits. */
  private static final class Trial {
    final BlasTrial memory = new BlasTrial(1 << 17);
    final Types types;
    final Layout layout;
    final Matrix a;
    final Matrix b;
    final Matrix c;

    Trial(Types types, Layout layout, Random random) {
      this.types = types;
      this.layout = layout;
      boolean ta = layout.ta;
      boolean tb = layout.tb;
      a = matrix(types.operands, ta ? layout.k : layout.m, ta ? layout.m : layout.k, random);
      b = matrix(types.operands, tb ? layout.n : layout.k, tb ? layout.k : layout.n, random);
      c = matrix(types.result, layout.m, layout.n, random);
    }

    private Matrix matrix(DataType type, int rows, int columns, Random random) {
      long leading = rows + layout.gap;
      long stride = leading * columns + layout.gap;
      DoubleSupplier values =
          () -> BlasDefinition.round(new BigDecimal(random.nextGaussian()), type).doubleValue();
      Matrix place = memory.place(type, leading, stride, layout.batch);
      return memory.fill(place, rows, columns, layout.batch, values);
    }

    Gemm gemm(double alpha, double beta) {
      return new Gemm(
          layout.ta,
          layout.tb,
          layout.m,
          layout.n,
          layout.k,
          alpha,
          a,
          b,
          beta,
          c,
          types.compute,
          layout.batch);
    }

    List<BigDecimal> expected(Gemm gemm) {
      BlasDefinition definition = new BlasDefinition(types.compute, gemm.alpha(), gemm.beta());
      List<BigDecimal> elements = new ArrayList<>();
      each((i, row, column) -> {
        double[] x = new double[layout.k];
        double[] y = new double[layout.k];
        for (int p = 0; p < layout.k; p++) {
          x[p] = layout.ta ? memory.get(a, i, p, row) : memory.get(a, i, row, p);
          y[p] = layout.tb ? memory.get(b, i, column, p) : memory.get(b, i, p, column);
        }
        double before = gemm.beta() == 0 ? 0 : memory.get(c, i, row, column);
        elements.add(definition.element(x, y, before, types.result).stripTrailingZeros());
      });
      return elements;
    }

    List<BigDecimal> result() {
      List<BigDecimal> elements = new ArrayList<>();
      each((i, row, column) ->
          elements.add(new BigDecimal(memory.get(c, i, row, column)).stripTrailingZeros()));
      return elements;
    }

    private interface Place {
      void at(int i, int row, int column);
    }

    private void each(Place place) {
      for (int i = 0; i < layout.batch; i++) {
        for (int column = 0; column < layout.n; column++) {
          for (int row = 0; row < layout.m; row++) {
            place.at(i, row, column);
          }
        }
      }
    }
  }

  /** The compute types must not be one and the same in disguise. */
  @Test
  void computeTypesDiffer() {
    double[] x = {1 + 0x1p-12, 0.1f, 0.3f};
    double[] y = {1 - 0x1p-13, 0.7f, 0.9f};
    double f32 = dot(MathMode.DEFAULT, ComputeType.F32, x, y);
    double tf32 = dot(MathMode.DEFAULT, ComputeType.F32_FAST_TF32, x, y);
    double bf16 = dot(MathMode.DEFAULT, ComputeType.F32_FAST_BF16, x, y);
    assertNotEquals(f32, tf32);
    assertNotEquals(tf32, bf16);
  }
}
