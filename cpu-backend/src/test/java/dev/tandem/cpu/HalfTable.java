package dev.tandem.cpu;

import dev.tandem.shape.DType;
import java.util.Arrays;

/**
 * BF16 and F16 by their definition: a table of all their numbers, in which the nearest is looked for. Knows nothing
 * of F32.
 */
final class HalfTable {
  private static final HalfTable BF16 = new HalfTable(8, 7);
  private static final HalfTable F16 = new HalfTable(5, 10);

  private final int fraction;
  private final int infinity;
  private final int bias;

  /** The numbers from 0 to infinity, which stands for the one that would come next; its index is its bits. */
  private final double[] numbers;

  private HalfTable(int exponentBits, int fraction) {
    this.fraction = fraction;
    this.infinity = ((1 << exponentBits) - 1) << fraction;
    this.bias = (1 << exponentBits - 1) - 1;
    numbers = new double[infinity + 1];
    for (int bits = 0; bits <= infinity; bits++) {
      numbers[bits] = magnitude(bits);
    }
  }

  static HalfTable of(DType dtype) {
    return dtype == DType.BF16 ? BF16 : F16;
  }

  private double magnitude(int bits) {
    int exponent = bits >> fraction;
    int significand = bits & (1 << fraction) - 1;
    return exponent == 0
        ? significand * Math.pow(2, 1 - bias - fraction)
        : (significand + (1 << fraction)) * Math.pow(2, exponent - bias - fraction);
  }

  /** The number that the bits stand for. */
  double number(short bits) {
    int magnitude = bits & 0x7FFF;
    if (magnitude > infinity) {
      return Double.NaN;
    }
    double number = magnitude == infinity ? Double.POSITIVE_INFINITY : numbers[magnitude];
    return bits < 0 ? -number : number;
  }

  /** The number to nearest, of two as near the one with even bits. */
  double round(double x) {
    return Double.isNaN(x) ? x : number(bits(x));
  }

  short bits(double x) {
    if (Double.isNaN(x)) {
      return (short) (infinity | 1 << fraction - 1);
    }
    double magnitude = Math.min(Math.abs(x), numbers[infinity]);
    int found = Arrays.binarySearch(numbers, magnitude);
    int nearest = found;
    if (found < 0) {
      int above = -found - 1;
      double down = magnitude - numbers[above - 1];
      double up = numbers[above] - magnitude;
      nearest = down < up || down == up && above % 2 == 1 ? above - 1 : above;
    }
    boolean negative = Double.doubleToRawLongBits(x) < 0;
    return (short) (nearest | (negative ? 0x8000 : 0));
  }
}
