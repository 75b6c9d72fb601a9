package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.shape.DType;
import org.junit.jupiter.api.Test;

/** The tests' own idea of element types, against the JDK where it has one. */
final class RoundingTest {
  @Test
  void binary16AgreesWithTheJdk() {
    // Steps of a prime through all floats: every exponent, and halfway cases among them.
    for (long bits = 0; bits < 1L << 32; bits += 65_521) {
      float x = Float.intBitsToFloat((int) bits);
      float expected = Float.float16ToFloat(Float.floatToFloat16(x));
      assertEquals(expected, (float) Rounding.to(DType.F16, x), () -> "F16 of " + x);
    }
    for (int half = 0; half < 1 << 16; half++) {
      double exact = Float.float16ToFloat((short) half);
      assertEquals(exact, Rounding.to(DType.F16, exact), "F16 numbers stay");
    }
  }

  @Test
  void bfloat16IsTheNearestWithTiesToEven() {
    assertEquals(1, Rounding.to(DType.BF16, 1 + 0x1p-8));
    assertEquals(1 + 0x1p-6, Rounding.to(DType.BF16, 1 + 3 * 0x1p-8));
    assertEquals(1 + 0x1p-7, Rounding.to(DType.BF16, 1 + 0x1p-8 + 0x1p-40));
    assertEquals(-Double.POSITIVE_INFINITY, Rounding.to(DType.BF16, -Float.MAX_VALUE));
    assertEquals(0x1p-133, Rounding.to(DType.BF16, 0x1p-133));
    assertEquals(0, Rounding.to(DType.BF16, 0x1p-134));
  }

  @Test
  void integersAreCutAndClamped() {
    assertEquals(-2, Rounding.to(DType.I32, -2.9));
    assertEquals(Integer.MAX_VALUE, Rounding.to(DType.I32, 1e30));
    assertEquals(0, Rounding.to(DType.I32, Double.NaN));
    assertEquals(255, Rounding.to(DType.U8, 300));
    assertEquals(0, Rounding.to(DType.U8, -1));
    assertEquals(0, Rounding.to(DType.U8, Double.NaN));
    assertEquals(255, Rounding.to(DType.U8, Double.POSITIVE_INFINITY));
  }
}
