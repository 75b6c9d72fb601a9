package dev.tandem.cpu;

import dev.tandem.shape.DType;
import java.util.Arrays;

/**
 * Moves elements between arrays of one element type. Java has no loop over all kinds of array, so each is
 * written five times here, and only here. BF16 and F16 move as their bits.
 */
final class Elements {
  private Elements() {}

  /** target[targetAt + i * targetStep] = source[at + i * step]. */
  static void copy(
      Object source, int at, int step, Object target, int targetAt, int targetStep, int count) {
    if (step == 1 && targetStep == 1) {
      System.arraycopy(source, at, target, targetAt, count);
      return;
    }
    switch (source) {
      case float[] from -> {
        float[] to = (float[]) target;
        if (step == 0 && targetStep == 1) {
          Arrays.fill(to, targetAt, targetAt + count, from[at]);
        } else {
          for (int i = 0, s = at, t = targetAt; i < count; i++, s += step, t += targetStep) {
            to[t] = from[s];
          }
        }
      }
      case double[] from -> {
        double[] to = (double[]) target;
        if (step == 0 && targetStep == 1) {
          Arrays.fill(to, targetAt, targetAt + count, from[at]);
        } else {
          for (int i = 0, s = at, t = targetAt; i < count; i++, s += step, t += targetStep) {
            to[t] = from[s];
          }
        }
      }
      case int[] from -> {
        int[] to = (int[]) target;
        if (step == 0 && targetStep == 1) {
          Arrays.fill(to, targetAt, targetAt + count, from[at]);
        } else {
          for (int i = 0, s = at, t = targetAt; i < count; i++, s += step, t += targetStep) {
            to[t] = from[s];
          }
        }
      }
      case short[] from -> {
        short[] to = (short[]) target;
        if (step == 0 && targetStep == 1) {
          Arrays.fill(to, targetAt, targetAt + count, from[at]);
        } else {
          for (int i = 0, s = at, t = targetAt; i < count; i++, s += step, t += targetStep) {
            to[t] = from[s];
          }
        }
      }
      case byte[] from -> {
        byte[] to = (byte[]) target;
        if (step == 0 && targetStep == 1) {
          Arrays.fill(to, targetAt, targetAt + count, from[at]);
        } else {
          for (int i = 0, s = at, t = targetAt; i < count; i++, s += step, t += targetStep) {
            to[t] = from[s];
          }
        }
      }
      default -> throw unknown(source);
    }
  }

  /** target[targetAt + row * targetStep + column] = source[at + column * step + row]. */
  static void transpose(
      Object source,
      int at,
      int step,
      Object target,
      int targetAt,
      int targetStep,
      int rows,
      int columns) {
    switch (source) {
      case float[] from -> {
        float[] to = (float[]) target;
        for (int row = 0; row < rows; row++) {
          for (int column = 0; column < columns; column++) {
            to[targetAt + row * targetStep + column] = from[at + column * step + row];
          }
        }
      }
      case double[] from -> {
        double[] to = (double[]) target;
        for (int row = 0; row < rows; row++) {
          for (int column = 0; column < columns; column++) {
            to[targetAt + row * targetStep + column] = from[at + column * step + row];
          }
        }
      }
      case int[] from -> {
        int[] to = (int[]) target;
        for (int row = 0; row < rows; row++) {
          for (int column = 0; column < columns; column++) {
            to[targetAt + row * targetStep + column] = from[at + column * step + row];
          }
        }
      }
      case short[] from -> {
        short[] to = (short[]) target;
        for (int row = 0; row < rows; row++) {
          for (int column = 0; column < columns; column++) {
            to[targetAt + row * targetStep + column] = from[at + column * step + row];
          }
        }
      }
      case byte[] from -> {
        byte[] to = (byte[]) target;
        for (int row = 0; row < rows; row++) {
          for (int column = 0; column < columns; column++) {
            to[targetAt + row * targetStep + column] = from[at + column * step + row];
          }
        }
      }
      default -> throw unknown(source);
    }
  }

  /** target[targetAt + i] = source[places[i]]. */
  static void gather(Object source, int[] places, Object target, int targetAt, int count) {
    switch (source) {
      case float[] from -> {
        float[] to = (float[]) target;
        for (int i = 0; i < count; i++) {
          to[targetAt + i] = from[places[i]];
        }
      }
      case double[] from -> {
        double[] to = (double[]) target;
        for (int i = 0; i < count; i++) {
          to[targetAt + i] = from[places[i]];
        }
      }
      case int[] from -> {
        int[] to = (int[]) target;
        for (int i = 0; i < count; i++) {
          to[targetAt + i] = from[places[i]];
        }
      }
      case short[] from -> {
        short[] to = (short[]) target;
        for (int i = 0; i < count; i++) {
          to[targetAt + i] = from[places[i]];
        }
      }
      case byte[] from -> {
        byte[] to = (byte[]) target;
        for (int i = 0; i < count; i++) {
          to[targetAt + i] = from[places[i]];
        }
      }
      default -> throw unknown(source);
    }
  }

  /** y[yAt + i] = condition[at + i] != 0 ? a[aAt + i] : b[bAt + i]. */
  static void select(
      byte[] condition,
      int at,
      Object a,
      int aAt,
      Object b,
      int bAt,
      Object y,
      int yAt,
      int count) {
    switch (a) {
      case float[] left -> {
        float[] right = (float[]) b;
        float[] to = (float[]) y;
        for (int i = 0; i < count; i++) {
          to[yAt + i] = condition[at + i] != 0 ? left[aAt + i] : right[bAt + i];
        }
      }
      case double[] left -> {
        double[] right = (double[]) b;
        double[] to = (double[]) y;
        for (int i = 0; i < count; i++) {
          to[yAt + i] = condition[at + i] != 0 ? left[aAt + i] : right[bAt + i];
        }
      }
      case int[] left -> {
        int[] right = (int[]) b;
        int[] to = (int[]) y;
        for (int i = 0; i < count; i++) {
          to[yAt + i] = condition[at + i] != 0 ? left[aAt + i] : right[bAt + i];
        }
      }
      case short[] left -> {
        short[] right = (short[]) b;
        short[] to = (short[]) y;
        for (int i = 0; i < count; i++) {
          to[yAt + i] = condition[at + i] != 0 ? left[aAt + i] : right[bAt + i];
        }
      }
      case byte[] left -> {
        byte[] right = (byte[]) b;
        byte[] to = (byte[]) y;
        for (int i = 0; i < count; i++) {
          to[yAt + i] = condition[at + i] != 0 ? left[aAt + i] : right[bAt + i];
        }
      }
      default -> throw unknown(a);
    }
  }

  /**
   * target[i] = value for i from the first, inclusive, to the last, exclusive, converted as {@link #store}
   * does; to BF16 and F16 as every result is, from F32.
   */
  static void fill(DType dtype, Object target, int from, int to, double value) {
    switch (target) {
      case float[] floats -> Arrays.fill(floats, from, to, (float) value);
      case double[] doubles -> Arrays.fill(doubles, from, to, value);
      case int[] integers -> Arrays.fill(integers, from, to, (int) value);
      case byte[] bytes -> Arrays.fill(bytes, from, to, unsignedByte(value));
      case short[] halves -> Arrays.fill(halves, from, to, Half.round(dtype, (float) value));
      default -> throw unknown(target);
    }
  }

  /** numbers[i] = source[at + i]; every element is exact as a double. */
  static void load(DType dtype, Object source, int at, double[] numbers, int count) {
    switch (source) {
      case float[] from -> {
        for (int i = 0; i < count; i++) {
          numbers[i] = from[at + i];
        }
      }
      case double[] from -> System.arraycopy(from, at, numbers, 0, count);
      case int[] from -> {
        for (int i = 0; i < count; i++) {
          numbers[i] = from[at + i];
        }
      }
      case byte[] from -> {
        for (int i = 0; i < count; i++) {
          numbers[i] = from[at + i] & 0xFF;
        }
      }
      case short[] from -> {
        for (int i = 0; i < count; i++) {
          numbers[i] = Half.widen(dtype, from[at + i]);
        }
      }
      default -> throw unknown(source);
    }
  }

  /** target[at + i] = numbers[i]: to nearest, or to an integer toward zero, clamped to its range, NaN to 0. */
  static void store(double[] numbers, DType dtype, Object target, int at, int count) {
    switch (target) {
      case float[] to -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = (float) numbers[i];
        }
      }
      case double[] to -> System.arraycopy(numbers, 0, to, at, count);
      case int[] to -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = (int) numbers[i];
        }
      }
      case byte[] to -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = unsignedByte(numbers[i]);
        }
      }
      case short[] to -> {
        for (int i = 0; i < count; i++) {
          to[at + i] = Half.round(dtype, numbers[i]);
        }
      }
      default -> throw unknown(target);
    }
  }

  private static byte unsignedByte(double value) {
    return (byte) Math.clamp((int) value, 0, 255);
  }

  private static IllegalArgumentException unknown(Object array) {
    return new IllegalArgumentException(
        "elements: no such array of elements, got "
            + array.getClass().getSimpleName()
            + "; use float[], double[], int[], byte[] or short[]");
  }
}
