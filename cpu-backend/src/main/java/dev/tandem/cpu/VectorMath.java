package dev.tandem.cpu;

import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.FMA;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link FloatMath}, whose comments hold here, in loops of vectors: the same steps in the same order, the same
 * bits. Spans begin at from and end before end, a multiple of the width further on; x and y may be one array.
 *
 * <p>Every loop is flat: it calls the Vector API and nothing of our own. The compiler stops inlining our
 * methods, though never the API's, once a compilation has about forty vector operations, and a vector passed to
 * a method that is not inlined goes through the heap: 8 times slower. So a polynomial is written out again
 * where it is needed again, and long functions are loops one after another over a span that lies in the cache.
 */
final class VectorMath {
  private static final VectorSpecies<Float> LANES = Lanes.FLOAT;
  private static final int WIDTH = LANES.length();

  private VectorMath() {}

  static void exp(float[] x, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      FloatVector shifted =
          v.lanewise(FMA, FloatVector.broadcast(LANES, FloatMath.LOG2_E), FloatMath.ROUNDER);
      FloatVector n = shifted.sub(FloatMath.ROUNDER);
      FloatVector r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_HIGH), v);
      r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_LOW), r);
      FloatVector q =
          FloatVector.broadcast(LANES, FloatMath.EXPM1_6)
              .lanewise(FMA, r, FloatMath.EXPM1_5)
              .lanewise(FMA, r, FloatMath.EXPM1_4)
              .lanewise(FMA, r, FloatMath.EXPM1_3)
              .lanewise(FMA, r, FloatMath.EXPM1_2);
      FloatVector expm1 = r.mul(r).lanewise(FMA, q, r);
      IntVector power = shifted.reinterpretAsInts().sub(FloatMath.ROUNDER_BITS);
      IntVector half = power.lanewise(ASHR, 1);
      expm1
          .add(1f)
          .mul(half.add(127).lanewise(LSHL, 23).reinterpretAsFloats())
          .mul(power.sub(half).add(127).lanewise(LSHL, 23).reinterpretAsFloats())
          .blend(Float.POSITIVE_INFINITY, v.compare(GT, FloatMath.EXP_OVERFLOW))
          .blend(0f, v.compare(LT, FloatMath.EXP_UNDERFLOW))
          .intoArray(y, i);
    }
  }

  /** {@link FloatMath#weight} of scale * x - shift. Gives the sum of vectors, as it is wanted where they are 16 wide. */
  static FloatVector weights(float[] x, int from, int end, float scale, float shift) {
    FloatVector sum = FloatVector.zero(LANES);
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v =
          FloatVector.fromArray(LANES, x, i)
              .lanewise(FMA, FloatVector.broadcast(LANES, scale), -shift);
      FloatVector shifted =
          v.lanewise(FMA, FloatVector.broadcast(LANES, FloatMath.LOG2_E), FloatMath.ROUNDER);
      FloatVector n = shifted.sub(FloatMath.ROUNDER);
      FloatVector r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_HIGH), v);
      r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_LOW), r);
      FloatVector q =
          FloatVector.broadcast(LANES, FloatMath.EXPM1_6)
              .lanewise(FMA, r, FloatMath.EXPM1_5)
              .lanewise(FMA, r, FloatMath.EXPM1_4)
              .lanewise(FMA, r, FloatMath.EXPM1_3)
              .lanewise(FMA, r, FloatMath.EXPM1_2);
      FloatVector y =
          r.mul(r)
              .lanewise(FMA, q, r)
              .add(1f)
              .mul(
                  shifted
                      .reinterpretAsInts()
                      .sub(FloatMath.ROUNDER_BITS - 127)
                      .lanewise(LSHL, 23)
                      .reinterpretAsFloats())
              .blend(0f, v.compare(LT, FloatMath.WEIGHT_UNDERFLOW));
      y.intoArray(x, i);
      sum = sum.add(y);
    }
    return sum;
  }

  static void log(float[] x, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      VectorMask<Float> subnormal = v.compare(LT, Float.MIN_NORMAL);
      IntVector bits = v.blend(v.mul(0x1p23f), subnormal).reinterpretAsInts();
      IntVector power = bits.sub(FloatMath.SQRT_HALF_BITS).lanewise(ASHR, 23);
      FloatVector f = bits.sub(power.lanewise(LSHL, 23)).reinterpretAsFloats().sub(1f);
      FloatVector exponent = (FloatVector) power.convert(I2F, 0);
      exponent = exponent.blend(exponent.sub(23f), subnormal);
      FloatVector p =
          FloatVector.broadcast(LANES, FloatMath.LOG1P_10)
              .lanewise(FMA, f, FloatMath.LOG1P_9)
              .lanewise(FMA, f, FloatMath.LOG1P_8)
              .lanewise(FMA, f, FloatMath.LOG1P_7)
              .lanewise(FMA, f, FloatMath.LOG1P_6)
              .lanewise(FMA, f, FloatMath.LOG1P_5)
              .lanewise(FMA, f, FloatMath.LOG1P_4)
              .lanewise(FMA, f, FloatMath.LOG1P_3);
      FloatVector square = f.mul(f);
      FloatVector log1p = square.mul(f).lanewise(FMA, p, exponent.mul(FloatMath.LN2_LOW));
      log1p = square.lanewise(FMA, FloatVector.broadcast(LANES, -0.5f), log1p).add(f);
      log1p = exponent.lanewise(FMA, FloatVector.broadcast(LANES, FloatMath.LN2_HIGH), log1p);
      FloatVector.broadcast(LANES, Float.NaN)
          .blend(log1p, v.compare(GT, 0f))
          .blend(Float.NEGATIVE_INFINITY, v.compare(EQ, 0f))
          .blend(Float.POSITIVE_INFINITY, v.compare(EQ, Float.POSITIVE_INFINITY))
          .intoArray(y, i);
    }
  }

  static void tanh(float[] x, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      FloatVector a = v.abs().min(FloatMath.TANH_SATURATION);
      FloatVector u = a.add(a);
      FloatVector shifted =
          u.lanewise(FMA, FloatVector.broadcast(LANES, FloatMath.LOG2_E), FloatMath.ROUNDER);
      FloatVector n = shifted.sub(FloatMath.ROUNDER);
      FloatVector r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_HIGH), u);
      r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_LOW), r);
      FloatVector q =
          FloatVector.broadcast(LANES, FloatMath.EXPM1_6)
              .lanewise(FMA, r, FloatMath.EXPM1_5)
              .lanewise(FMA, r, FloatMath.EXPM1_4)
              .lanewise(FMA, r, FloatMath.EXPM1_3)
              .lanewise(FMA, r, FloatMath.EXPM1_2);
      FloatVector p = r.mul(r).lanewise(FMA, q, r);
      FloatVector scale =
          shifted
              .reinterpretAsInts()
              .sub(FloatMath.ROUNDER_BITS)
              .add(127)
              .lanewise(LSHL, 23)
              .reinterpretAsFloats();
      FloatVector expm1 = scale.lanewise(FMA, p, scale.sub(1f));
      expm1
          .div(expm1.add(2f))
          .reinterpretAsInts()
          .or(v.reinterpretAsInts().and(Integer.MIN_VALUE))
          .reinterpretAsFloats()
          .intoArray(y, i);
    }
  }

  /** y holds z = e^-|x|, and gets 1 / (1 + e^-x). */
  static void logistic(float[] x, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector z = FloatVector.fromArray(LANES, y, i);
      FloatVector.broadcast(LANES, 1f)
          .blend(z, FloatVector.fromArray(LANES, x, i).compare(LT, 0f))
          .div(z.add(1f))
          .intoArray(y, i);
    }
  }

  /** y holds z = e^-|u|, u of the sign of x, and gets x / (1 + e^-u). */
  static void gate(float[] x, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      FloatVector z = FloatVector.fromArray(LANES, y, i);
      FloatVector.broadcast(LANES, 1f)
          .blend(z, v.compare(LT, 0f))
          .div(z.add(1f))
          .mul(v)
          .intoArray(y, i);
    }
  }

  /** dx holds z = e^-|x|, and gets the slope of silu times dy. */
  static void siluGrad(float[] x, float[] dy, float[] dx, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      FloatVector z = FloatVector.fromArray(LANES, dx, i);
      FloatVector one = FloatVector.broadcast(LANES, 1f);
      FloatVector r = one.div(z.add(1f));
      VectorMask<Float> negative = v.compare(LT, 0f);
      v.lanewise(FMA, z.blend(1f, negative).mul(r), 1f)
          .mul(one.blend(z, negative).mul(r))
          .mul(FloatVector.fromArray(LANES, dy, i))
          .intoArray(dx, i);
    }
  }

  /** The tanh form of GELU, of x or where there is a b of x[i] + b[shift + i]: z = e^-|u|, u twice the argument of the tanh. */
  static void geluTanh(float[] x, float[] b, int shift, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      if (b != null) {
        v = v.add(FloatVector.fromArray(LANES, b, shift + i));
      }
      FloatVector u =
          v.mul(v)
              .lanewise(
                  FMA, FloatVector.broadcast(LANES, FloatMath.GELU_CUBIC), FloatMath.GELU_LINEAR)
              .mul(v)
              .reinterpretAsInts()
              .or(Integer.MIN_VALUE)
              .reinterpretAsFloats();
      FloatVector shifted =
          u.lanewise(FMA, FloatVector.broadcast(LANES, FloatMath.LOG2_E), FloatMath.ROUNDER);
      FloatVector n = shifted.sub(FloatMath.ROUNDER);
      FloatVector r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_HIGH), u);
      r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_LOW), r);
      FloatVector q =
          FloatVector.broadcast(LANES, FloatMath.EXPM1_6)
              .lanewise(FMA, r, FloatMath.EXPM1_5)
              .lanewise(FMA, r, FloatMath.EXPM1_4)
              .lanewise(FMA, r, FloatMath.EXPM1_3)
              .lanewise(FMA, r, FloatMath.EXPM1_2);
      FloatVector z =
          r.mul(r)
              .lanewise(FMA, q, r)
              .add(1f)
              .mul(
                  shifted
                      .reinterpretAsInts()
                      .sub(FloatMath.ROUNDER_BITS - 127)
                      .lanewise(LSHL, 23)
                      .reinterpretAsFloats())
              .blend(0f, u.compare(LT, FloatMath.WEIGHT_UNDERFLOW));
      FloatVector.broadcast(LANES, 1f)
          .blend(z, v.compare(LT, 0f))
          .div(z.add(1f))
          .mul(v)
          .intoArray(y, i);
    }
  }

  /** The slope of {@link #geluTanh} times dy. Limits by comparisons: min and max, which mind zeros and NaN, took a third of the time. */
  static void geluTanhGrad(
      float[] x, float[] b, int shift, float[] dy, float[] dx, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      if (b != null) {
        v = v.add(FloatVector.fromArray(LANES, b, shift + i));
      }
      v = v.blend(FloatMath.GELU_TANH_SATURATION, v.compare(GT, FloatMath.GELU_TANH_SATURATION));
      v = v.blend(-FloatMath.GELU_TANH_SATURATION, v.compare(LT, -FloatMath.GELU_TANH_SATURATION));
      FloatVector square = v.mul(v);
      FloatVector u =
          square
              .lanewise(
                  FMA, FloatVector.broadcast(LANES, FloatMath.GELU_CUBIC), FloatMath.GELU_LINEAR)
              .mul(v)
              .reinterpretAsInts()
              .or(Integer.MIN_VALUE)
              .reinterpretAsFloats();
      FloatVector shifted =
          u.lanewise(FMA, FloatVector.broadcast(LANES, FloatMath.LOG2_E), FloatMath.ROUNDER);
      FloatVector n = shifted.sub(FloatMath.ROUNDER);
      FloatVector r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_HIGH), u);
      r = n.lanewise(FMA, FloatVector.broadcast(LANES, -FloatMath.LN2_LOW), r);
      FloatVector q =
          FloatVector.broadcast(LANES, FloatMath.EXPM1_6)
              .lanewise(FMA, r, FloatMath.EXPM1_5)
              .lanewise(FMA, r, FloatMath.EXPM1_4)
              .lanewise(FMA, r, FloatMath.EXPM1_3)
              .lanewise(FMA, r, FloatMath.EXPM1_2);
      FloatVector z =
          r.mul(r)
              .lanewise(FMA, q, r)
              .add(1f)
              .mul(
                  shifted
                      .reinterpretAsInts()
                      .sub(FloatMath.ROUNDER_BITS - 127)
                      .lanewise(LSHL, 23)
                      .reinterpretAsFloats())
              .blend(0f, u.compare(LT, FloatMath.WEIGHT_UNDERFLOW));
      FloatVector one = FloatVector.broadcast(LANES, 1f);
      FloatVector rest = one.div(z.add(1f));
      FloatVector s = one.blend(z, v.compare(LT, 0f)).mul(rest);
      square
          .lanewise(
              FMA, FloatVector.broadcast(LANES, FloatMath.GELU_CUBIC_SLOPE), FloatMath.GELU_LINEAR)
          .mul(v)
          .lanewise(FMA, z.mul(rest).mul(rest), s)
          .mul(FloatVector.fromArray(LANES, dy, i))
          .intoArray(dx, i);
    }
  }

  /** y holds z = e^-|x|, and gets ln(1 + e^x). */
  static void softplus(float[] x, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector v = FloatVector.fromArray(LANES, x, i);
      FloatVector z = FloatVector.fromArray(LANES, y, i);
      VectorMask<Float> large = z.compare(GT, FloatMath.SQRT_2_MINUS_1);
      FloatVector f = z.blend(z.lanewise(FMA, FloatVector.broadcast(LANES, 0.5f), -0.5f), large);
      FloatVector exponent = FloatVector.zero(LANES).blend(1f, large);
      FloatVector p =
          FloatVector.broadcast(LANES, FloatMath.LOG1P_10)
              .lanewise(FMA, f, FloatMath.LOG1P_9)
              .lanewise(FMA, f, FloatMath.LOG1P_8)
              .lanewise(FMA, f, FloatMath.LOG1P_7)
              .lanewise(FMA, f, FloatMath.LOG1P_6)
              .lanewise(FMA, f, FloatMath.LOG1P_5)
              .lanewise(FMA, f, FloatMath.LOG1P_4)
              .lanewise(FMA, f, FloatMath.LOG1P_3);
      FloatVector square = f.mul(f);
      FloatVector log1p = square.mul(f).lanewise(FMA, p, exponent.mul(FloatMath.LN2_LOW));
      log1p = square.lanewise(FMA, FloatVector.broadcast(LANES, -0.5f), log1p).add(f);
      log1p = exponent.lanewise(FMA, FloatVector.broadcast(LANES, FloatMath.LN2_HIGH), log1p);
      FloatVector.zero(LANES).blend(v, v.compare(GT, 0f)).add(log1p).intoArray(y, i);
    }
  }

  /** y holds e^(-x^2 / 2), and gets x * Phi(x) where dy is null, the slope of that times dy elsewhere. */
  static void geluErf(float[] x, float[] dy, float[] y, int from, int end) {
    for (int i = from; i < end; i += WIDTH) {
      FloatVector whole = FloatVector.fromArray(LANES, x, i);
      FloatVector v = whole.min(FloatMath.NORMAL_SATURATION).max(-FloatMath.NORMAL_SATURATION);
      FloatVector rough = FloatVector.fromArray(LANES, y, i);
      FloatVector lost = v.lanewise(FMA, v, v.mul(v).neg());
      FloatVector bell = rough.lanewise(FMA, lost.mul(-0.5f), rough);
      FloatVector a = v.abs();
      FloatVector r = FloatVector.broadcast(LANES, 1f).div(a.add(FloatMath.NORMAL_TAIL_CENTRE));
      FloatVector q = a.sub(FloatMath.NORMAL_TAIL_CENTRE).mul(r);
      FloatVector ratio =
          FloatVector.broadcast(LANES, FloatMath.TAIL_9)
              .lanewise(FMA, q, FloatMath.TAIL_8)
              .lanewise(FMA, q, FloatMath.TAIL_7)
              .lanewise(FMA, q, FloatMath.TAIL_6)
              .lanewise(FMA, q, FloatMath.TAIL_5)
              .lanewise(FMA, q, FloatMath.TAIL_4)
              .lanewise(FMA, q, FloatMath.TAIL_3)
              .lanewise(FMA, q, FloatMath.TAIL_2)
              .lanewise(FMA, q, FloatMath.TAIL_1)
              .lanewise(FMA, q, FloatMath.TAIL_0)
              .mul(r);
      FloatVector tail = bell.mul(ratio);
      FloatVector phi = FloatVector.broadcast(LANES, 1f).sub(tail).blend(tail, v.compare(LT, 0f));
      if (dy == null) {
        phi.mul(whole).intoArray(y, i);
      } else {
        v.mul(FloatMath.NORMAL_DENSITY_AT_0)
            .lanewise(FMA, bell, phi)
            .mul(FloatVector.fromArray(LANES, dy, i))
            .intoArray(y, i);
      }
    }
  }
}
