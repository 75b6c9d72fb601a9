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
    Comparison comparison = Comparison.of(expected, expected, actual, Tolerance.relative(4));
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
    Comparison comparison = Comparison.of(expected, expected, actual, Tolerance.relative(4));
    assertTrue(comparison.agrees(), comparison::message);
    assertEquals(0x1p-22, comparison.error());
    assertEquals(0.5, comparison.fraction(), 1e-6);
    assertEquals("", comparison.message());
    Values nan = Values.of(DType.F32, Shape.of(3), 1, Double.NaN, 1024);
    Comparison broken = Comparison.of(expected, expected, nan, Tolerance.relative(4));
    assertEquals(1, broken.wrong());
    assertEquals(INFINITY, broken.error());
    assertEquals(INFINITY, broken.fraction());
  }

  private static void agree(double expected, double actual, Tolerance tolerance) {
    assertTrue(
        compared(expected, actual, tolerance).agrees(),
        () -> expected + " and " + actual + " should agree");
  }

  private static void differ(double expected, double actual, Tolerance tolerance) {
    assertFalse(
        compared(expected, actual, tolerance).agrees(),
        () -> expected + " and " + actual + " should differ");
  }

  private static Comparison compared(double expected, double actual, Tolerance tolerance) {
    Values exact = new Values(new TensorType(DType.F32, Shape.scalar()), new double[] {expected});
    return Comparison.of(exact, exact, Values.scalar(DType.F32, actual), tolerance);
  }
}
