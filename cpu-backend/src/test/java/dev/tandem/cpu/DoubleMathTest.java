package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Reference values from mpmath 1.3.0: {@code mp.dps = 30; erfc(mpf(x))}. */
class DoubleMathTest {
  @Test
  void erfc() {
    assertEquals(1, DoubleMath.erfc(0));
    relative(0.88753708398171510780, DoubleMath.erfc(0.1));
    relative(0.15729920705028513066, DoubleMath.erfc(1));
    relative(4.0695201744495893956e-4, DoubleMath.erfc(2.5));
    relative(2.2090496998585441373e-5, DoubleMath.erfc(3));
    relative(2.0884875837625447570e-45, DoubleMath.erfc(10));
    assertEquals(0, DoubleMath.erfc(Double.POSITIVE_INFINITY));
    assertEquals(Double.NaN, DoubleMath.erfc(Double.NaN));
  }

  @Test
  void bothMethodsMeet() {
    double below = DoubleMath.erfc(Math.nextDown(2.5));
    assertEquals(DoubleMath.erfc(2.5), below, 1e-15);
  }

  private static void relative(double expected, double actual) {
    assertEquals(expected, actual, 2e-13 * expected);
  }
}
