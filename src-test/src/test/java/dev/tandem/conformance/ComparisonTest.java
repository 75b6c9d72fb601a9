package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import org.junit.jupiter.api.Test;

/** A check that never fails proves nothing: these must fail. */
final class ComparisonTest {
  private static final double INFINITY = Double.POSITIVE_INFINITY;

  @Test
  void agreesWithinTheToleranceOnly() {
    agree(1, 1 + 0x1p-23, Tolerance.relative(1));
    differ(1, 1 + 0x1p-22, Tolerance.relative(1));
    agree(1e-9, 0, Tolerance.relative(1).plusAbsolute(1));
    differ(1e-6, 0, Tolerance.relative(1).plusAbsolute(1));
    differ(1, 1 + 0x1p-23, Tolerance.exact());
  }

  @Test
  void roundsTheExpectedValueWhereNothingElseIsAllowed() {
    agree(0.1, (float) 0.1, Tolerance.exact());
    differ(0.1, Math.nextUp((float) 0.1), Tolerance.exact());
  }

  @Test
  void nanAndInfinityAgreeWithThemselvesAlone() {
    agree(Double.NaN, Double.NaN, Tolerance.exact());
    differ(Double.NaN, 0, Tolerance.relative(1e6));
    differ(0, Double.NaN, Tolerance.relative(1e6).plusAbsolute(1e9));
    agree(INFINITY, INFINITY, Tolerance.exact());
    differ(INFINITY, 3e38, Tolerance.relative(4));
    differ(3e38, INFINITY, Tolerance.relative(4));
    differ(INFINITY, -INFINITY, Tolerance.relative(4));
    // Beyond the largest F32.
    agree(1e200, INFINITY, Tolerance.relative(4));
    differ(1e200, Float.MAX_VALUE, Tolerance.relative(4));
  }

  @Test
  void tellsWhereAndByHowMuch() {
    Values expected = Values.of(DType.F32, Shape.of(2, 2), 1, 2, 3, 4);
    Values actual = Values.of(DType.F32, Shape.of(2, 2), 1, 2, 3.5, 4.25);
    Comparison comparison = Comparison.of(expected, expected, actual, Tolerance.relative(4), 0);
    String message = comparison.message();
    assertTrue(
        message.startsWith("2 of 4 elements differ, the worst at [1, 0]: expected 3.0, actual 3.5"),
        message);
    assertTrue(message.contains("times the tolerance"), message);
  }

  /** Also where all is well, for the report tells how near to the edge it was. */
  @Test
  void givesTheLargestErrorAndItsShareOfTheTolerance() {
    Values expected = Values.of(DType.F32, Shape.of(3), 1, 0.5, 1024);
    // 1 is off by one unit of its last place and 1024 by two, and four are allowed. Above 1 errors
    // are relative.
    Values actual = new Values(expected.type(), new double[] {1 + 0x1p-23, 0.5, 1024 + 0x1p-12});
    Comparison comparison = Comparison.of(expected, expected, actual, Tolerance.relative(4), 0);
    assertTrue(comparison.agrees(), comparison::message);
    assertEquals(0x1p-22, comparison.error());
    assertEquals(0.5, comparison.fraction(), 1e-6);
    assertEquals("", comparison.message());
    Values nan = Values.of(DType.F32, Shape.of(3), 1, Double.NaN, 1024);
    Comparison broken = Comparison.of(expected, expected, nan, Tolerance.relative(4), 0);
    assertEquals(1, broken.wrong());
    assertEquals(INFINITY, broken.error());
    assertEquals(INFINITY, broken.fraction());
  }

  /** Half types: what F32 may lose, and then one rounding. */
  @Test
  void halfTypesMayRoundOnce() {
    Tolerance tolerance = Tolerance.relative(4);
    double unit = 0x1p-7; // of BF16 above 1
    double third = 1 + unit / 3;
    agree(DType.BF16, third, 1, tolerance);
    differ(DType.BF16, third, 1 + unit, tolerance);
    differ(DType.BF16, third, 1 - unit / 2, tolerance);
    // Just beside a tie the F32 result may lie on either side of it, but not further off.
    double tie = 1 + unit / 2;
    agree(DType.BF16, tie - 0x1p-23, 1 + unit, tolerance);
    differ(DType.BF16, tie - 0x1p-20, 1 + unit, tolerance);
    agree(DType.F16, 1 + 0x1p-12, 1, tolerance);
    differ(DType.F16, 1 + 0x1p-12, 1 + 0x1p-10, tolerance);
    // Below the normal numbers units no longer shrink.
    agree(DType.F16, 0x1p-26, 0, tolerance);
    differ(DType.F16, 0x1p-26, 0x1p-24, tolerance);
    differ(DType.F16, 65_536, 65_504, tolerance);
    agree(DType.F16, 65_519, 65_504, tolerance);
    agree(DType.F16, 65_521, INFINITY, tolerance);
  }

  @Test
  void whatIsExactInF32IsRoundedFromThere() {
    // Twice rounded: the F32 between 1 and the tie is the tie, and that goes to even.
    double nearTie = 1 + 0x1p-8 + 0x1p-40;
    agree(DType.BF16, nearTie, 1, Tolerance.exact());
    differ(DType.BF16, nearTie, 1 + 0x1p-7, Tolerance.exact());
    differ(DType.BF16, 1.0038, 1.0078125, Tolerance.exact());
  }

  private static void agree(double expected, double actual, Tolerance tolerance) {
    agree(DType.F32, expected, actual, tolerance);
  }

  private static void agree(DType dtype, double expected, double actual, Tolerance tolerance) {
    assertTrue(
        compared(dtype, expected, actual, tolerance).agrees(),
        () -> dtype + ": " + expected + " and " + actual + " should agree");
  }

  private static void differ(double expected, double actual, Tolerance tolerance) {
    differ(DType.F32, expected, actual, tolerance);
  }

  private static void differ(DType dtype, double expected, double actual, Tolerance tolerance) {
    assertFalse(
        compared(dtype, expected, actual, tolerance).agrees(),
        () -> dtype + ": " + expected + " and " + actual + " should differ");
  }

  private static Comparison compared(
      DType dtype, double expected, double actual, Tolerance tolerance) {
    Values exact = new Values(new TensorType(dtype, Shape.scalar()), new double[] {expected});
    Values given = new Values(exact.type(), new double[] {actual});
    return Comparison.of(exact, exact, given, tolerance, 0);
  }
}
