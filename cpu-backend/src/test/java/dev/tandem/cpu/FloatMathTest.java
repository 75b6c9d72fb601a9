package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.op.Elementwise;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** Against double functions, over floats of every exponent and both signs. */
class FloatMathTest {
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  // A prime, so that the low bits of samples vary.
  private static final int SAMPLE_STEP = 4099;

  private interface FloatFunction {
    float of(float x);
  }

  @Test
  void exp() {
    withinUlps("exp", FloatMath::exp, StrictMath::exp, -104, 88.8f, 1);
    assertEquals(1, FloatMath.exp(-0f));
    assertEquals(INFINITY, FloatMath.exp(89));
    assertEquals(INFINITY, FloatMath.exp(Float.MAX_VALUE));
    assertEquals(INFINITY, FloatMath.exp(INFINITY));
    assertEquals(0, FloatMath.exp(-104));
    assertEquals(0, FloatMath.exp(-INFINITY));
    assertEquals(Float.NaN, FloatMath.exp(Float.NaN));
    assertEquals(
        (float) StrictMath.exp(88.7228f), FloatMath.exp(88.7228f), Math.ulp(Float.MAX_VALUE));
  }

  @Test
  void weight() {
    withinUlps("weight", FloatMath::weight, StrictMath::exp, -87, 88, 1);
    assertEquals(0, FloatMath.weight(-87.5f));
    assertEquals(0, FloatMath.weight(-Float.MAX_VALUE));
    assertEquals(0, FloatMath.weight(-INFINITY));
    assertEquals(Float.NaN, FloatMath.weight(Float.NaN));
  }

  @Test
  void log() {
    withinUlps("log", FloatMath::log, StrictMath::log, 0, Float.MAX_VALUE, 1);
    assertEquals(0, FloatMath.log(1));
    assertEquals(-INFINITY, FloatMath.log(0));
    assertEquals(-INFINITY, FloatMath.log(-0f));
    assertEquals(INFINITY, FloatMath.log(INFINITY));
    assertEquals(Float.NaN, FloatMath.log(-1));
    assertEquals(Float.NaN, FloatMath.log(-INFINITY));
    assertEquals(Float.NaN, FloatMath.log(Float.NaN));
    assertEquals((float) StrictMath.log(Float.MIN_VALUE), FloatMath.log(Float.MIN_VALUE));
  }

  @Test
  void tanh() {
    withinUlps("tanh", FloatMath::tanh, StrictMath::tanh, -INFINITY, INFINITY, 2.5);
    assertEquals(-0f, FloatMath.tanh(-0f));
    assertEquals(Float.NaN, FloatMath.tanh(Float.NaN));
    assertEquals(Float.MIN_VALUE, FloatMath.tanh(Float.MIN_VALUE));
  }

  @Test
  void sigmoid() {
    withinUlps(
        "sigmoid", FloatMath::sigmoid, x -> 1 / (1 + StrictMath.exp(-x)), -103, INFINITY, 2.5);
    assertEquals(0, FloatMath.sigmoid(-INFINITY));
    assertEquals(Float.NaN, FloatMath.sigmoid(Float.NaN));
  }

  @Test
  void softplus() {
    DoubleUnaryOperator softplus = DoubleMath.function(new Elementwise.Softplus());
    withinUlps("softplus", FloatMath::softplus, softplus, -INFINITY, INFINITY, 2);
    assertEquals(Float.NaN, FloatMath.softplus(Float.NaN));
  }

  @Test
  void siluAndItsSlope() {
    withinUlps("silu", FloatMath::silu, x -> x / (1 + StrictMath.exp(-x)), -87, 1e30f, 3.5);
    near("silu slope", FloatMath::siluSlope, slope(new Elementwise.SiluGrad()), 3e-7);
    assertEquals(Float.NaN, FloatMath.silu(Float.NaN));
    assertEquals(Float.NaN, FloatMath.siluSlope(Float.NaN));
  }

  @Test
  void geluTanhAndItsSlope() {
    near("gelu tanh", FloatMath::geluTanh, DoubleMath.function(new Elementwise.GeluTanh()), 2e-7);
    near("gelu tanh slope", FloatMath::geluTanhSlope, slope(new Elementwise.GeluTanhGrad()), 3e-7);
    saturates(FloatMath::geluTanh, FloatMath::geluTanhSlope);
  }

  @Test
  void geluErfAndItsSlope() {
    near("gelu erf", FloatMath::geluErf, DoubleMath.function(new Elementwise.GeluErf()), 2e-7);
    near("gelu erf slope", FloatMath::geluErfSlope, slope(new Elementwise.GeluErfGrad()), 3e-7);
    withinUlps("gelu erf", FloatMath::geluErf, x -> x * DoubleMath.normal(x), -12.5f, 1e30f, 6);
    saturates(FloatMath::geluErf, FloatMath::geluErfSlope);
  }

  private static void saturates(FloatFunction gelu, FloatFunction slope) {
    for (float x : new float[] {300, 400, 1e30f, INFINITY}) {
      assertEquals(x, gelu.of(x));
      assertEquals(1, slope.of(x));
      assertEquals(0, slope.of(-x));
    }
    assertEquals(0, gelu.of(-300), 0);
    assertEquals(0, gelu.of(-1e30f), 0);
    assertEquals(Float.NaN, gelu.of(Float.NaN));
    assertEquals(Float.NaN, slope.of(Float.NaN));
  }

  private static DoubleUnaryOperator slope(Elementwise.Chain op) {
    return x -> DoubleMath.function(op).applyAsDouble(x, 1);
  }

  private static void withinUlps(
      String name,
      FloatFunction actual,
      DoubleUnaryOperator expected,
      float low,
      float high,
      double ulps) {
    for (int bits = 0; bits < Float.floatToRawIntBits(INFINITY); bits += SAMPLE_STEP) {
      for (float x : new float[] {Float.intBitsToFloat(bits), -Float.intBitsToFloat(bits)}) {
        if (x >= low && x <= high) {
          double exact = expected.applyAsDouble(x);
          float y = actual.of(x);
          assertTrue(
              y == (float) exact || Math.abs(y - exact) <= ulps * Math.ulp((float) exact),
              () -> name + "(" + x + ") is " + y + ", not " + exact);
        }
      }
    }
  }

  private static void near(
      String name, FloatFunction actual, DoubleUnaryOperator expected, double tolerance) {
    for (int i = -20_000; i <= 20_000; i++) {
      float x = i * 1e-3f;
      assertEquals(
          expected.applyAsDouble(x),
          actual.of(x),
          tolerance * Math.max(1, Math.abs(x)),
          () -> name + " at " + x);
    }
  }
}
