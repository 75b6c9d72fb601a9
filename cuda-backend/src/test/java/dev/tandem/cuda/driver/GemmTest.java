package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Gemm.Matrix;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Which products may be asked for. */
final class GemmTest {
  /** The rows for real floating point of the table under cublasGemmEx in cuBLAS's documentation: compute, A and B, C. */
  private static final Set<String> TABLE =
      Set.of(
          "F16 F16 F16",
          "F32 F16 F16",
          "F32 F16 F32",
          "F32 BF16 BF16",
          "F32 BF16 F32",
          "F32 F32 F32",
          "F32_PEDANTIC F16 F16",
          "F32_PEDANTIC F16 F32",
          "F32_PEDANTIC BF16 BF16",
          "F32_PEDANTIC BF16 F32",
          "F32_PEDANTIC F32 F32",
          "F32_FAST_BF16 F32 F32",
          "F32_FAST_TF32 F32 F32",
          "F64 F64 F64");

  private static Gemm gemm(ComputeType compute, DataType a, DataType b, DataType c) {
    return new Gemm(
        false,
        false,
        2,
        3,
        4,
        1,
        new Matrix(0, a, 2),
        new Matrix(0, b, 4),
        0,
        new Matrix(0, c, 2),
        compute,
        1);
  }

  @Test
  void typesAreThoseOfCublass() {
    Set<String> taken = new TreeSet<>();
    for (ComputeType compute : ComputeType.values()) {
      for (DataType operands : DataType.values()) {
        for (DataType result : DataType.values()) {
          try {
            gemm(compute, operands, operands, result);
            taken.add(compute + " " + operands + " " + result);
          } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().startsWith("gemm: cuBLAS has no product"), e.getMessage());
          }
        }
      }
    }
    assertEquals(new TreeSet<>(TABLE), taken);
  }

  @Test
  void operandsAreOfOneType() {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> gemm(ComputeType.F32, DataType.BF16, DataType.F32, DataType.F32));
    assertEquals(
        "gemm: cuBLAS has no product of these types, got BF16 x F32 to F32 computed in F32; give A"
            + " and B one type, and C that type, or F32 after F16 or BF16 computed in F32",
        e.getMessage());
  }

  @Test
  void scalarsAreOfTheComputeType() {
    assertEquals(
        List.of(
            "F16 F16",
            "F32 F32",
            "F32_PEDANTIC F32",
            "F32_FAST_BF16 F32",
            "F32_FAST_TF32 F32",
            "F64 F64"),
        List.of(ComputeType.values()).stream()
            .map(compute -> compute + " " + compute.scalars())
            .collect(Collectors.toList()));
  }

  private static void assertRefused(String words, Runnable product) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, product::run);
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  private static Gemm f32(boolean ta, boolean tb, long[] leading, long strideC, int batch) {
    return new Gemm(
        ta,
        tb,
        2,
        3,
        4,
        1,
        new Matrix(0, DataType.F32, leading[0], 1),
        new Matrix(0, DataType.F32, leading[1], 1),
        0,
        new Matrix(0, DataType.F32, leading[2], strideC),
        ComputeType.F32,
        batch);
  }

  @Test
  void leadingDimensionsHoldTheRowsInMemory() {
    f32(false, false, new long[] {2, 4, 2}, 6, 2);
    f32(true, true, new long[] {4, 3, 2}, 6, 2);
    assertRefused("A's leading", () -> f32(false, false, new long[] {1, 4, 2}, 6, 1));
    assertRefused("A's leading", () -> f32(true, false, new long[] {3, 4, 2}, 6, 1));
    assertRefused("B's leading", () -> f32(false, false, new long[] {2, 3, 2}, 6, 1));
    assertRefused("B's leading", () -> f32(false, true, new long[] {2, 2, 2}, 6, 1));
    assertRefused("C's leading", () -> f32(false, false, new long[] {2, 4, 1}, 6, 1));
    assertRefused("places of their own", () -> f32(false, false, new long[] {2, 4, 2}, 0, 2));
    assertRefused("at least 1", () -> f32(false, false, new long[] {2, 4, 2}, 6, 0));
  }

  @Test
  void tellsItselfForErrors() {
    assertEquals(
        "gemm (2, 4) x (4, 3), BF16 to F32 computed in F32",
        gemm(ComputeType.F32, DataType.BF16, DataType.BF16, DataType.F32).toString());
    assertEquals(
        "gemm 5 times (2, 4) x (4, 3), F32 to F32 computed in F32",
        f32(false, false, new long[] {2, 4, 2}, 6, 5).toString());
  }
}
