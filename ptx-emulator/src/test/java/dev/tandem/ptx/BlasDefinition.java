package dev.tandem.ptx;

import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * What one element of a product should be, after {@link EmulatedGemm}'s words and in exact arithmetic: each step is a
 * fraction, rounded.
 */
record BlasDefinition(ComputeType compute, double alpha, double beta) {
  /** A binary format: bits of fraction with the leading one, the smallest exponent, and the largest number. */
  private record Format(int precision, int smallest, BigDecimal largest) {
    static Format of(int precision, int smallest, int largest) {
      BigDecimal two = BigDecimal.TWO;
      BigDecimal ones = two.subtract(power(1 - precision));
      return new Format(precision, smallest, ones.multiply(power(largest)));
    }
  }

  private static final Format F64 = Format.of(53, -1022, 1023);
  private static final Format F32 = Format.of(24, -126, 127);
  private static final Format F16 = Format.of(11, -14, 15);
  private static final Format BF16 = Format.of(8, -126, 127);
  private static final Format TF32 = Format.of(11, -126, 127);

  /** The element, of a row of op(A), a column of op(B), and what C held. */
  BigDecimal element(double[] row, double[] column, double c, DataType type) {
    BigDecimal sum = BigDecimal.ZERO;
    for (int p = 0; p < row.length; p++) {
      sum = add(sum, operand(row[p]).multiply(operand(column[p])));
    }
    return round(scaled(sum, c), format(type));
  }

  private BigDecimal operand(double value) {
    BigDecimal exact = new BigDecimal(value);
    return switch (compute) {
      case F32_FAST_TF32 -> round(exact, TF32, RoundingMode.HALF_UP);
      case F32_FAST_BF16 -> round(exact, BF16);
      case F16, F32, F32_PEDANTIC, F64 -> exact;
    };
  }

  private BigDecimal add(BigDecimal sum, BigDecimal product) {
    return switch (compute) {
      case F32, F32_FAST_TF32, F32_FAST_BF16, F64 -> round(sum.add(product), F64);
      case F32_PEDANTIC -> round(sum.add(product), F32);
      case F16 -> round(sum.add(round(product, F16)), F16);
    };
  }

  private BigDecimal scaled(BigDecimal sum, double c) {
    BigDecimal before = new BigDecimal(c);
    return switch (compute) {
      case F32, F32_FAST_TF32, F32_FAST_BF16 -> {
        BigDecimal product = round(scalar(alpha, F32).multiply(sum), F64);
        BigDecimal rest = round(scalar(beta, F32).multiply(before), F64);
        yield round(round(product.add(rest), F64), F32);
      }
      case F32_PEDANTIC -> {
        BigDecimal product = round(scalar(alpha, F32).multiply(sum), F32);
        yield round(product.add(scalar(beta, F32).multiply(before)), F32);
      }
      case F16 -> {
        BigDecimal product = round(scalar(alpha, F16).multiply(sum), F16);
        BigDecimal rest = round(scalar(beta, F16).multiply(before), F16);
        yield round(product.add(rest), F16);
      }
      case F64 -> {
        BigDecimal product = round(scalar(alpha, F64).multiply(sum), F64);
        yield round(product.add(scalar(beta, F64).multiply(before)), F64);
      }
    };
  }

  private static BigDecimal scalar(double value, Format format) {
    return round(new BigDecimal(value), format);
  }

  private static Format format(DataType type) {
    return switch (type) {
      case F64 -> F64;
      case F32 -> F32;
      case F16 -> F16;
      case BF16 -> BF16;
    };
  }

  /** The nearest number of a type, of two as near the even one. */
  static BigDecimal round(BigDecimal value, DataType type) {
    return round(value, format(type));
  }

  private static BigDecimal round(BigDecimal value, Format format) {
    return round(value, format, RoundingMode.HALF_EVEN);
  }

  private static BigDecimal round(BigDecimal value, Format format, RoundingMode ties) {
    if (value.signum() == 0) {
      return value;
    }
    int exponent = Math.max(exponent(value.abs()), format.smallest);
    BigDecimal unit = power(exponent - format.precision + 1);
    BigDecimal rounded = new BigDecimal(value.divide(unit, 0, ties).toBigInteger()).multiply(unit);
    if (rounded.abs().compareTo(format.largest) > 0) {
      throw new ArithmeticException("overflow: choose smaller numbers, got " + value);
    }
    return rounded;
  }

  /** The largest e with 2^e <= value. */
  private static int exponent(BigDecimal value) {
    int guess = Math.getExponent(value.doubleValue());
    while (power(guess).compareTo(value) > 0) {
      guess--;
    }
    while (power(guess + 1).compareTo(value) <= 0) {
      guess++;
    }
    return guess;
  }

  /** 2^e, exactly. */
  private static BigDecimal power(int e) {
    BigDecimal power = new BigDecimal(BigInteger.TWO.pow(Math.abs(e)));
    return e >= 0 ? power : BigDecimal.ONE.divide(power);
  }
}
