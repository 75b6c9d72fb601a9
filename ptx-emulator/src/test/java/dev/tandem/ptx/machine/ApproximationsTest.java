package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The approximating instructions: the PTX ISA's tables of special values, and its bounds on the error, against series in
 * decimal numbers.
 */
class ApproximationsTest {
  private static final MathContext DIGITS = new MathContext(60);
  private static final BigDecimal LN_2 = logarithmOfTwo();
  private static final int SAMPLES = 200;

  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static final float NAN = Float.NaN;
  private static final float TINY = Float.MIN_VALUE;
  private static final float[] INPUTS = {-INFINITY, -1, -TINY, -0f, 0f, TINY, 1, INFINITY, NAN};

  @Test
  void specialValues() {
    table("rcp.approx.f32", -0f, -1, -INFINITY, -INFINITY, INFINITY, INFINITY, 1, 0, NAN);
    table("rcp.approx.ftz.f32", -0f, -1, -INFINITY, -INFINITY, INFINITY, INFINITY, 1, 0, NAN);
    float root = (float) Math.sqrt(TINY);
    table("sqrt.approx.f32", NAN, NAN, NAN, -0f, 0, root, 1, INFINITY, NAN);
    table("sqrt.approx.ftz.f32", NAN, NAN, -0f, -0f, 0, 0, 1, INFINITY, NAN);
    float reciprocalRoot = (float) (1 / Math.sqrt(TINY));
    table("rsqrt.approx.f32", NAN, NAN, NAN, -INFINITY, INFINITY, reciprocalRoot, 1, 0, NAN);
    table("rsqrt.approx.ftz.f32", NAN, NAN, -INFINITY, -INFINITY, INFINITY, INFINITY, 1, 0, NAN);
    float sine = (float) StrictMath.sin(1);
    table("sin.approx.f32", NAN, -sine, -TINY, -0f, 0, TINY, sine, NAN, NAN);
    table("sin.approx.ftz.f32", NAN, -sine, -0f, -0f, 0, 0, sine, NAN, NAN);
    float cosine = (float) StrictMath.cos(1);
    table("cos.approx.f32", NAN, cosine, 1, 1, 1, 1, cosine, NAN, NAN);
    table("cos.approx.ftz.f32", NAN, cosine, 1, 1, 1, 1, cosine, NAN, NAN);
    table("lg2.approx.f32", NAN, NAN, NAN, -INFINITY, -INFINITY, -149, 0, INFINITY, NAN);
    table(
        "lg2.approx.ftz.f32",
        NAN,
        NAN,
        -INFINITY,
        -INFINITY,
        -INFINITY,
        -INFINITY,
        0,
        INFINITY,
        NAN);
    table("ex2.approx.f32", 0, 0.5f, 1, 1, 1, 1, 2, INFINITY, NAN);
    table("ex2.approx.ftz.f32", 0, 0.5f, 1, 1, 1, 1, 2, INFINITY, NAN);
    float tangent = (float) StrictMath.tanh(1);
    table("tanh.approx.f32", -1, -tangent, -TINY, -0f, 0, TINY, tangent, 1, NAN);
  }

  @Test
  void powersBeyondTheNormalRange() {
    assertEquals(TINY, one("ex2.approx.f32", -149));
    assertEquals(0x1p-130f, one("ex2.approx.f32", -130));
    assertEquals(0f, one("ex2.approx.ftz.f32", -130));
    assertEquals(0x1p127f, one("ex2.approx.f32", 127));
    assertEquals(INFINITY, one("ex2.approx.f32", 128));
    assertEquals(0f, one("ex2.approx.f32", -400));
  }

  @Test
  void divisionByLargeNumbers() {
    // 2^126 < |b| < 2^128: zero, and NaN under infinity. div.full covers the range.
    assertEquals(0f, two("div.approx.f32", 3, 0x1.8p126f));
    assertEquals(0f, two("div.approx.f32", 0x1p127f, 0x1p127f));
    assertTrue(Float.isNaN(two("div.approx.f32", INFINITY, 0x1p127f)));
    assertEquals(0.75f, two("div.approx.f32", 0x1.8p125f, 0x1p126f));
    assertEquals(0f, two("div.approx.f32", 3, INFINITY));
    assertEquals(1f, two("div.full.f32", 0x1p127f, 0x1p127f));
    assertEquals(INFINITY, two("div.full.f32", INFINITY, 0x1p127f));
    assertEquals(0f, two("div.full.ftz.f32", 0x1p-127f, 1));
    assertEquals(0x1p-127f, two("div.full.f32", 0x1p-127f, 1));
  }

  @Test
  void roughDoubles() {
    assertEquals(0.5, rough("rcp.approx.ftz.f64", 2));
    assertEquals(-0.0, rough("rcp.approx.ftz.f64", Double.NEGATIVE_INFINITY));
    assertEquals(Double.POSITIVE_INFINITY, rough("rcp.approx.ftz.f64", Double.MIN_VALUE));
    assertEquals(Double.NEGATIVE_INFINITY, rough("rcp.approx.ftz.f64", -Double.MIN_VALUE));
    assertEquals(0.0, rough("rcp.approx.ftz.f64", Double.MAX_VALUE));
    long nan = Double.doubleToRawLongBits(rough("rcp.approx.ftz.f64", Double.NaN));
    assertEquals(0x7FFFFFFF00000000L, nan, "the ISA's canonical NaN");
    assertEquals(0.5, rough("rsqrt.approx.ftz.f64", 4));
    assertEquals(Double.NEGATIVE_INFINITY, rough("rsqrt.approx.ftz.f64", -Double.MIN_VALUE));
    assertEquals(0.0, rough("rsqrt.approx.ftz.f64", Double.POSITIVE_INFINITY));
    assertTrue(Double.isNaN(rough("rsqrt.approx.ftz.f64", -1)));
    Random random = new Random(5);
    for (int i = 0; i < SAMPLES; i++) {
      double x = Math.scalb(1 + random.nextDouble(), random.nextInt(2000) - 1000);
      for (String name : List.of("rcp.approx.ftz.f64", "rsqrt.approx.ftz.f64")) {
        double result = rough(name, x);
        double power = name.startsWith("rcp") ? result * x : result * result * x;
        assertEquals(1, power, 0x1p-19, name + " of " + x);
        assertEquals(0, (int) Double.doubleToRawLongBits(result), name + " of " + x);
      }
      assertEquals(1, Math.pow(rough("rsqrt.approx.f64", x), 2) * x, 0x1p-49);
    }
  }

  /** Half an ulp and a little, where the ISA grants one or two or more. */
  @Test
  void errorOfSingles() {
    near("rcp.approx.f32", -1e20f, 1e20f, x -> BigDecimal.ONE.divide(x, DIGITS));
    near("sqrt.approx.f32", 0, 1e20f, x -> x.sqrt(DIGITS));
    near("rsqrt.approx.f32", 0, 1e20f, x -> BigDecimal.ONE.divide(x.sqrt(DIGITS), DIGITS));
    near("sin.approx.f32", -6, 6, ApproximationsTest::sine);
    near("cos.approx.f32", -6, 6, ApproximationsTest::cosine);
    near("ex2.approx.f32", -125, 127, x -> exponential(x.multiply(LN_2)));
    near("tanh.approx.f32", -4, 4, ApproximationsTest::tangent);
  }

  @Test
  void errorOfLogarithms() {
    Random random = new Random(11);
    for (int i = 0; i < SAMPLES; i++) {
      float x = Math.scalb(1 + random.nextFloat(), random.nextInt(240) - 120);
      float result = one("lg2.approx.f32", x);
      // 2^result / x - 1 is the error times ln 2, and error enough is half an ulp of the result.
      double error =
          exponential(new BigDecimal(result).multiply(LN_2))
                  .divide(new BigDecimal(x), DIGITS)
                  .subtract(BigDecimal.ONE)
                  .doubleValue()
              / LN_2.doubleValue();
      assertTrue(Math.abs(error) <= 0.501 * Math.ulp(result), "lg2 of " + x + ": " + result);
    }
    assertEquals(10f, one("lg2.approx.f32", 1024));
  }

  @Test
  void errorOfHalves() {
    for (int i = 0; i <= 96; i++) {
      float x = -8 + i / 6f;
      BigDecimal power = exponential(new BigDecimal(half(x)).multiply(LN_2));
      double result = half("ex2.approx.f16", x, ExactFormat.HALF);
      assertEquals(power.doubleValue(), result, power.doubleValue() * 0x1p-9, "ex2 of " + x);
      double tangent = tangent(new BigDecimal(half(x))).doubleValue();
      assertEquals(tangent, half("tanh.approx.f16", x, ExactFormat.HALF), 0x1p-10, "tanh of " + x);
      float bfloat = Bfloats.toFloat(Bfloats.round(x));
      power = exponential(new BigDecimal(bfloat).multiply(LN_2));
      result = half("ex2.approx.ftz.bf16", x, ExactFormat.BFLOAT);
      assertEquals(power.doubleValue(), result, power.doubleValue() * 0x1p-7, "ex2 of " + x);
    }
  }

  private static void table(String name, float... expected) {
    for (int i = 0; i < INPUTS.length; i++) {
      int bits = Float.floatToRawIntBits(one(name, INPUTS[i]));
      int wanted = Float.isNaN(expected[i]) ? 0x7FFFFFFF : Float.floatToRawIntBits(expected[i]);
      assertEquals(
          Integer.toHexString(wanted), Integer.toHexString(bits), name + " of " + INPUTS[i]);
    }
  }

  private static void near(String name, float from, float to, UnaryOperator<BigDecimal> exact) {
    Random random = new Random(name.hashCode());
    for (int i = 0; i < SAMPLES; i++) {
      float x = i % 2 == 0 ? from + (to - from) * random.nextFloat() : random.nextFloat();
      if (x == 0) {
        continue;
      }
      float result = one(name, x);
      double error = exact.apply(new BigDecimal(x)).subtract(new BigDecimal(result)).doubleValue();
      assertTrue(Math.abs(error) <= 0.501 * Math.ulp(result), name + " of " + x + ": " + result);
    }
  }

  private static float one(String name, float x) {
    long[] bits = {Float.floatToRawIntBits(x)};
    return Float.intBitsToFloat((int) OneInstruction.run(name, List.of(bits))[0]);
  }

  private static float two(String name, float a, float b) {
    long[] bits = {Float.floatToRawIntBits(a), Float.floatToRawIntBits(b)};
    return Float.intBitsToFloat((int) OneInstruction.run(name, List.of(bits))[0]);
  }

  private static double rough(String name, double x) {
    long[] bits = {Double.doubleToRawLongBits(x)};
    return Double.longBitsToDouble(OneInstruction.run(name, List.of(bits))[0]);
  }

  private static float half(float x) {
    return Float.float16ToFloat(Float.floatToFloat16(x));
  }

  private static double half(String name, float x, ExactFormat format) {
    boolean half = format == ExactFormat.HALF;
    long[] bits = {half ? Float.floatToFloat16(x) : Bfloats.round(x)};
    return format.value(OneInstruction.run(name, List.of(bits))[0] & 0xFFFF);
  }

  private static BigDecimal exponential(BigDecimal x) {
    // e^x = (e^(x / 2^8))^(2^8), so that the series is short.
    BigDecimal reduced = x.divide(BigDecimal.valueOf(256), DIGITS);
    BigDecimal term = BigDecimal.ONE;
    BigDecimal sum = term;
    for (int k = 1; k < 50; k++) {
      term = term.multiply(reduced, DIGITS).divide(BigDecimal.valueOf(k), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    return sum.pow(256, DIGITS);
  }

  private static BigDecimal tangent(BigDecimal x) {
    BigDecimal power = exponential(x.add(x));
    return power.subtract(BigDecimal.ONE).divide(power.add(BigDecimal.ONE), DIGITS);
  }

  private static BigDecimal sine(BigDecimal x) {
    return alternating(x, x, 1);
  }

  private static BigDecimal cosine(BigDecimal x) {
    return alternating(BigDecimal.ONE, x, 0);
  }

  /** first - first x^2 / ((k+1)(k+2)) + ... */
  private static BigDecimal alternating(BigDecimal first, BigDecimal x, int k) {
    BigDecimal term = first;
    BigDecimal sum = first;
    for (int i = k + 1; i < k + 100; i += 2) {
      term = term.multiply(x, DIGITS).multiply(x, DIGITS).negate();
      term = term.divide(BigDecimal.valueOf((long) i * (i + 1)), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    return sum;
  }

  /** ln 2 = 2 (1/3 + 1/(3 * 3^3) + 1/(5 * 3^5) + ...). */
  private static BigDecimal logarithmOfTwo() {
    BigDecimal sum = BigDecimal.ZERO;
    for (int k = 1; k < 140; k += 2) {
      BigDecimal d = BigDecimal.valueOf(3).pow(k).multiply(BigDecimal.valueOf(k));
      sum = sum.add(BigDecimal.TWO.divide(d, DIGITS));
    }
    return sum;
  }
}
