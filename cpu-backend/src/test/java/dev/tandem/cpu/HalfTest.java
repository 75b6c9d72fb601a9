package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tandem.op.Elementwise;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** BF16 and F16 against a table of all their numbers. */
class HalfTest {
  private static final int ALL = 1 << 16;

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void everyPatternWidens(DType dtype) {
    HalfTable table = HalfTable.of(dtype);
    short[] bits = all();
    float[] wide = new float[ALL];
    Half.widen(dtype, bits, 0, wide, 0, ALL);
    for (int i = 0; i < ALL; i++) {
      assertEquals(table.number(bits[i]), wide[i], "bits " + i);
      assertEquals(table.number(bits[i]), Half.widen(dtype, bits[i]), "bits " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void everyNumberComesBack(DType dtype) {
    short[] bits = all();
    float[] wide = new float[ALL];
    short[] back = new short[ALL];
    Half.widen(dtype, bits, 0, wide, 0, ALL);
    Half.round(dtype, wide, 0, back, 0, ALL);
    for (int i = 0; i < ALL; i++) {
      if (Float.isNaN(wide[i])) {
        assertTrue(Double.isNaN(HalfTable.of(dtype).number(back[i])), "bits " + i);
      } else {
        assertEquals(bits[i], back[i], "bits " + i);
      }
    }
  }

  /** Each number, each middle between neighbours, and the F32 numbers next to both. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void tiesAndTheirNeighboursRound(DType dtype) {
    HalfTable table = HalfTable.of(dtype);
    for (int bits = 0; bits < ALL; bits++) {
      double number = table.number((short) bits);
      double next = table.number((short) (bits + 1));
      if (Double.isNaN(number) || Double.isNaN(next) || (bits & 0x7FFF) == 0x7FFF) {
        continue;
      }
      float at = (float) number;
      float middle = (float) (number + (next - number) / 2);
      for (float x :
          new float[] {
            at,
            Math.nextUp(at),
            Math.nextDown(at),
            middle,
            Math.nextUp(middle),
            Math.nextDown(middle)
          }) {
        assertEquals(table.round(x), Half.widen(dtype, Half.round(dtype, x)), "of " + x);
      }
    }
    assertEquals(Double.POSITIVE_INFINITY, Half.widen(dtype, Half.round(dtype, Float.MAX_VALUE)));
    assertTrue(Float.isNaN(Half.widen(dtype, Half.round(dtype, Float.NaN))));
    // A NaN whose payload lies in the bits that are cut off is none but for the bit that is set.
    assertTrue(
        Float.isNaN(Half.widen(dtype, Half.round(dtype, Float.intBitsToFloat(0x7F80_0001)))));
    assertTrue(Float.isNaN(Half.widen(dtype, Half.round(dtype, Float.intBitsToFloat(-1)))));
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void spansRoundAsNumbersDoWhereverTheyLie(DType dtype) {
    Random random = new Random(11);
    float[] x = new float[100_003];
    for (int i = 0; i < x.length; i++) {
      x[i] =
          random.nextBoolean()
              ? Float.intBitsToFloat(random.nextInt())
              : (float) (random.nextGaussian() * Math.pow(2, random.nextInt(-26, 18)));
    }
    short[] rounded = new short[x.length + 7];
    for (int length : new int[] {0, 1, 7, 15, 16, 17, 33, 4098, x.length - 3}) {
      Half.round(dtype, x, 3, rounded, 5, length);
      for (int i = 0; i < length; i++) {
        double expected = HalfTable.of(dtype).round(x[3 + i]);
        assertEquals(expected, HalfTable.of(dtype).number(rounded[5 + i]), "of " + x[3 + i]);
      }
    }
  }

  @Test
  void vectorsAndScalarsAgree() {
    assumeTrue(Vectorization.available(), Vectorization.reason());
    Kernels scalar = new ScalarKernels();
    Kernels vector = new VectorKernels();
    Random random = new Random(12);
    float[] x = new float[70_001];
    short[] bits = new short[x.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = Float.intBitsToFloat(random.nextInt());
      bits[i] = (short) i;
    }
    short[] rounded = new short[x.length];
    short[] expected = new short[x.length];
    scalar.roundBf16(x, 1, expected, 2, x.length - 2);
    vector.roundBf16(x, 1, rounded, 2, x.length - 2);
    assertArrayEquals(expected, rounded);
    float[] wide = new float[x.length];
    float[] expectedWide = new float[x.length];
    scalar.widenBf16(bits, 1, expectedWide, 2, x.length - 2);
    vector.widenBf16(bits, 1, wide, 2, x.length - 2);
    for (int i = 0; i < wide.length; i++) {
      assertEquals(
          Float.floatToRawIntBits(expectedWide[i]), Float.floatToRawIntBits(wide[i]), "at " + i);
    }
  }

  /** An F32 between would take the first for a tie. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void doublesRoundOnce(DType dtype) {
    HalfTable table = HalfTable.of(dtype);
    double ulp = dtype == DType.BF16 ? 0x1p-7 : 0x1p-10;
    assertEquals(1 + ulp, Half.widen(dtype, Half.round(dtype, 1 + ulp / 2 + 0x1p-40)));
    assertEquals(-1 - ulp, Half.widen(dtype, Half.round(dtype, -1 - ulp / 2 - 0x1p-40)));
    assertEquals(1, Half.widen(dtype, Half.round(dtype, 1 + ulp / 2)));
    Random random = new Random(13);
    for (int i = 0; i < 200_000; i++) {
      double tie = Half.widen(dtype, (short) random.nextInt(0x3000, 0x4400)) * (1 + ulp / 4);
      double x = random.nextBoolean() ? tie + random.nextGaussian() * 1e-12 : -tie;
      assertEquals(table.round(x), Half.widen(dtype, Half.round(dtype, x)), "of " + x);
    }
    for (double x : new double[] {1e300, -1e300, 1e-300, -0.0, 65519.999999999, 65520, 3.4e38}) {
      assertEquals(table.round(x), Half.widen(dtype, Half.round(dtype, x)), "of " + x);
    }
    assertTrue(Float.isNaN(Half.widen(dtype, Half.round(dtype, Double.NaN))));
  }

  /** Up for as many of the random words as the part cut off says, and never further than the neighbours. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void stochasticRoundingIsRightOnAverage(DType dtype) {
    int words = dtype == DType.BF16 ? 1 << 16 : 1 << 13;
    double ulp = dtype == DType.BF16 ? 0x1p-7 : 0x1p-10;
    for (float x : new float[] {1, 1.0009f, 1.001f, -1.5003f, 3.14159f, -0.01f}) {
      double sum = 0;
      for (int word = 0; word < words; word++) {
        // What lies above the bits that count must not.
        short bits = Half.roundStochastically(dtype, x, word | 0x5A << 24);
        double number = Half.widen(dtype, bits);
        assertTrue(Math.abs(number - x) < ulp * Math.abs(x), x + " to " + number);
        sum += number;
      }
      // Exact but for the doubles' own rounding: there are as many words as parts of a place.
      assertEquals(x, sum / words, 1e-12);
    }
    assertEquals(
        Float.NEGATIVE_INFINITY,
        Half.widen(dtype, Half.roundStochastically(dtype, Float.NEGATIVE_INFINITY, -1)));
    assertTrue(Float.isNaN(Half.widen(dtype, Half.roundStochastically(dtype, Float.NaN, -1))));
    assertEquals(0f, Half.widen(dtype, Half.roundStochastically(dtype, 0f, 0)));
  }

  @Test
  void castsBetweenAllSix() {
    double[] numbers = {0, 1, -1.25, 2.5, 300.3, -70000, 1e-6, 255.5, 1e9, 1.00390625};
    try (OnCpu cpu = new OnCpu(2)) {
      for (DType from : DType.values()) {
        double[] held =
            cpu.numbers(cpu.tensor(from, Shape.of(numbers.length), clip(from, numbers)));
        for (DType to : DType.values()) {
          double[] cast =
              cpu.numbers(
                  new Elementwise.Cast(to),
                  cpu.tensor(from, Shape.of(numbers.length), clip(from, numbers)));
          for (int i = 0; i < held.length; i++) {
            assertEquals(as(to, held[i]), cast[i], from + " " + held[i] + " to " + to);
          }
        }
      }
    }
  }

  /** What an array of bytes or integers can be filled with by Java's own conversion. */
  private static double[] clip(DType dtype, double[] numbers) {
    double[] clipped = numbers.clone();
    for (int i = 0; dtype == DType.U8 && i < clipped.length; i++) {
      clipped[i] = Math.clamp((long) clipped[i], 0, 255);
    }
    return clipped;
  }

  private static double as(DType dtype, double x) {
    return switch (dtype) {
      case F32 -> (float) x;
      case F64 -> x;
      case BF16, F16 -> HalfTable.of(dtype).round(x);
      case I32 -> (int) x;
      case U8 -> Math.clamp((long) x, 0, 255);
    };
  }

  private static short[] all() {
    short[] bits = new short[ALL];
    for (int i = 0; i < ALL; i++) {
      bits[i] = (short) i;
    }
    return bits;
  }
}
