package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.Values;
import dev.tandem.cuda.Product.Place;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.op.Linear;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Products in F32, BF16 and F16, compared with plain loops to the bit. Elements are whole numbers of 64ths below 4, which every type
 * holds; a sum of few products of them fits F32's 24 bits whatever its order, so that the only rounding is the last one, to the
 * result's type.
 */
final class ProductTest {
  /** Element types that a product takes together. */
  record Types(DType operands, DType result) {}

  /**
   * Sizes, and where the matrices lie.
   *
   * @param offset elements before the first matrix of each
   * @param gap elements beyond each matrix of a batch
   */
  record Layout(int m, int n, int k, int batch, int offset, int gap) {}

  private static ToldProducts gpu;

  @BeforeAll
  static void open() {
    gpu = new ToldProducts(CudaOptions.standard("cuda-emulated"));
  }

  @AfterAll
  static void close() {
    gpu.close();
  }

  static Stream<Arguments> products() {
    List<Types> types =
        List.of(
            new Types(DType.F32, DType.F32),
            new Types(DType.BF16, DType.BF16),
            new Types(DType.BF16, DType.F32),
            new Types(DType.F16, DType.F16),
            new Types(DType.F16, DType.F32));
    List<Layout> layouts =
        List.of(
            new Layout(1, 1, 1, 1, 0, 0),
            new Layout(7, 5, 9, 1, 0, 0),
            // As tensor cores like it: rows of 16 bytes, and pointers divisible by them.
            new Layout(16, 8, 24, 1, 8, 0),
            new Layout(16, 8, 24, 3, 0, 8),
            // As they do not, even where a matrix of halves begins: at two bytes.
            new Layout(3, 17, 33, 1, 1, 0),
            new Layout(5, 3, 11, 4, 3, 1));
    return types.stream()
        .flatMap(type -> layouts.stream().map(layout -> Arguments.of(type, layout)));
  }

  private final SplittableRandom random = new SplittableRandom(5);

  private Values drawn(DType dtype, Shape shape) {
    return KernelRun.drawn(dtype, shape, () -> random.nextInt(-255, 256) / 64.0);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("products")
  void everyElementIsThatOfPlainLoops(Types types, Layout layout) {
    for (int flags = 0; flags < 16; flags++) {
      check(types, layout, (flags & 1) != 0, (flags & 2) != 0, flags >>> 2 & 1, (flags & 8) != 0);
    }
  }

  /** @param shared whether all products of the batch have B in common */
  private void check(Types types, Layout at, boolean ta, boolean tb, int beta, boolean shared) {
    int strideA = at.m * at.k + at.gap;
    int strideB = shared ? 0 : at.k * at.n + at.gap;
    int strideC = at.m * at.n + at.gap;
    Values a = drawn(types.operands, Shape.of(at.offset + at.batch * strideA));
    Values b = drawn(types.operands, Shape.of(at.offset + at.batch * (at.k * at.n + at.gap)));
    Values c = drawn(types.result, Shape.of(at.offset + at.batch * strideC));
    double[] expected = c.data().clone();
    for (int i = 0; i < at.batch; i++) {
      for (int row = 0; row < at.m; row++) {
        for (int column = 0; column < at.n; column++) {
          int place = at.offset + i * strideC + row * at.n + column;
          double sum = beta == 0 ? 0 : expected[place];
          for (int p = 0; p < at.k; p++) {
            int ofA = at.offset + i * strideA + (ta ? p * at.m + row : row * at.k + p);
            int ofB = at.offset + i * strideB + (tb ? column * at.k + p : p * at.n + column);
            sum += a.data()[ofA] * b.data()[ofB];
          }
          expected[place] = sum;
        }
      }
    }
    Operand left = gpu.upload(a);
    Operand right = gpu.upload(b);
    Operand result = gpu.upload(c);
    Product product =
        new Product(
            ta,
            tb,
            at.m,
            at.n,
            at.k,
            Place.of(left, strideA).plus(at.offset),
            Place.of(right, strideB).plus(at.offset),
            Place.of(result, strideC).plus(at.offset),
            beta,
            at.batch);
    gpu.blas().gemm(product.columnMajor());
    assertArrayEquals(
        Values.of(types.result, c.shape(), expected).data(),
        Values.from(gpu.backend(), result).data(),
        () -> "transposed " + ta + " " + tb + ", beta " + beta + ", one B " + shared);
    for (Operand operand : List.of(left, right, result)) {
      operand.buffer().close();
    }
  }

  /** Shapes of two operands: batches that share one, go side by side, or stretch crosswise. */
  private static final List<List<Shape>> OPERANDS =
      List.of(
          List.of(Shape.of(5, 7), Shape.of(7, 3)),
          List.of(Shape.of(1, 1), Shape.of(1, 1)),
          List.of(Shape.of(2, 4, 6), Shape.of(6, 8)),
          List.of(Shape.of(6, 5), Shape.of(3, 5, 9)),
          List.of(Shape.of(3, 5, 7), Shape.of(3, 7, 2)),
          List.of(Shape.of(2, 1, 3, 5), Shape.of(4, 5, 7)),
          List.of(Shape.of(3, 0), Shape.of(0, 5)));

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void matmulIsTheOraclesInEveryType(DType dtype) {
    for (List<Shape> shapes : OPERANDS) {
      for (int flags = 0; flags < 4; flags++) {
        boolean ta = (flags & 1) != 0;
        boolean tb = (flags & 2) != 0;
        Linear.Matmul op = new Linear.Matmul(ta, tb);
        Values a = drawn(dtype, turned(shapes.get(0), ta));
        Values b = drawn(dtype, turned(shapes.get(1), tb));
        assertArrayEquals(
            Emulated.run(new OracleBackend(), op, a, b).getFirst().data(),
            gpu.run(op, a, b).data(),
            () -> op + " of " + dtype + " " + shapes);
      }
    }
  }

  private static Shape turned(Shape shape, boolean transposed) {
    if (!transposed) {
      return shape;
    }
    Shape batch = shape.part(0, shape.rank() - 2);
    return batch.then(Shape.of(shape.length(-1), shape.length(-2)));
  }

  @Test
  void matmulOfHalvesIsOneProductSummedInF32() {
    gpu.products();
    gpu.run(
        new Linear.Matmul(false, true),
        drawn(DType.BF16, Shape.of(2, 3, 4, 8)),
        drawn(DType.BF16, Shape.of(5, 8)));
    List<Gemm> asked = gpu.products();
    assertEquals(1, asked.size(), asked::toString);
    Gemm gemm = asked.getFirst();
    assertEquals("gemm (5, 8) x (8, 24), BF16 to BF16 computed in F32", gemm.toString());
    assertEquals(ComputeType.F32, gemm.compute());
    gpu.run(
        new Linear.Matmul(true, false),
        drawn(DType.F16, Shape.of(3, 8, 4)),
        drawn(DType.F16, Shape.of(3, 8, 5)));
    assertEquals(
        List.of("gemm 3 times (5, 8) x (8, 4), F16 to F16 computed in F32"),
        gpu.products().stream().map(Gemm::toString).toList());
  }

  /** Counted one by one in its own type, BF16 stops at 256 and F16 at 2048, where one more is rounded away. */
  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"BF16", "F16"})
  void longSumsAreNotKeptInHalf(DType dtype) {
    Values ones = KernelRun.drawn(dtype, Shape.of(5000), () -> 1);
    Values sum =
        gpu.run(
            new Linear.Matmul(false, false),
            new Values(ones.type().withShape(Shape.of(1, 5000)), ones.data()),
            new Values(ones.type().withShape(Shape.of(5000, 1)), ones.data()));
    // The nearest numbers: BF16's are 32 apart there, F16's 4.
    assertEquals(dtype == DType.BF16 ? 4992 : 5000, sum.data()[0]);
  }

  /** Without it, cuBLAS may add up the parts of a long sum in the result's type. */
  @Test
  void sumsOfHalvesAreKeptInFull() {
    assertEquals(List.of("DEFAULT true"), gpu.modes());
    try (ToldProducts tf32 =
        new ToldProducts(CudaOptions.standard("cuda-emulated").withTf32(true))) {
      assertEquals(List.of("TF32 true"), tf32.modes());
    }
  }

  @Test
  void refusesTypesWithoutProducts() {
    for (DType dtype : List.of(DType.F64, DType.I32, DType.U8)) {
      Operand operand = gpu.upload(Values.zeros(new TensorType(dtype, Shape.of(2))));
      BackendException e = assertThrows(BackendException.class, () -> Place.of(operand, 0));
      assertEquals(
          "cuda: a matrix product is not computed with this element type, got "
              + dtype
              + "; cast to F32",
          e.getMessage());
      operand.buffer().close();
    }
    Place half = new Place(0, DataType.BF16, 0);
    Place single = new Place(0, DataType.F32, 0);
    List<Product> mixed = new ArrayList<>();
    mixed.add(new Product(false, false, 1, 1, 1, half, single, single, 0, 1));
    mixed.add(new Product(false, false, 1, 1, 1, single, single, half, 0, 1));
    for (Product product : mixed) {
      String message =
          assertThrows(IllegalArgumentException.class, product::columnMajor).getMessage();
      assertTrue(message.contains("cuBLAS has no product of these types"), message);
    }
  }
}
