package dev.tandem.conformance;

import dev.tandem.op.Op;
import dev.tandem.op.Philox;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * How one input of a case is made. Random ones depend on the case's key alone, so that a new case changes no
 * other.
 */
record Source(String range, Maker maker) {
  /** Makes the input of a case of this element type, given the inputs before it. */
  interface Maker {
    Values make(DType dtype, long key, List<Values> before);
  }

  Values make(DType dtype, long key, List<Values> before) {
    return maker.make(dtype, key, before);
  }

  /** Numbers spread evenly over [low, high). */
  static Source uniform(Shape shape, double low, double high) {
    return new Source(
        "[" + text(low) + ", " + text(high) + "]",
        (dtype, key, before) -> random(dtype, shape, key, before, u -> low + u * (high - low)));
  }

  /** Whole numbers from 0 to classes - 1 as floating-point numbers: full of equals. */
  static Source ties(Shape shape, int classes) {
    return new Source(
        "ties",
        (dtype, key, before) -> random(dtype, shape, key, before, u -> Math.floor(u * classes)));
  }

  /** I32 numbers from 0 to bound - 1. */
  static Source indices(Shape shape, int bound) {
    return new Source(
        "", (_, key, before) -> random(DType.I32, shape, key, before, u -> Math.floor(u * bound)));
  }

  /** U8 numbers, about half of them 0, the others 1. */
  static Source mask(Shape shape) {
    return new Source("", (_, key, before) -> random(DType.U8, shape, key, before, Math::rint));
  }

  /** These numbers, again and again. */
  static Source repeating(String range, Shape shape, double... numbers) {
    return new Source(
        range,
        (dtype, _, _) -> {
          double[] data = new double[Positions.elements(shape)];
          Arrays.setAll(data, i -> numbers[i % numbers.length]);
          return Values.of(dtype, shape, data);
        });
  }

  /** These numbers along one axis. */
  static Source listed(String range, double... numbers) {
    return repeating(range, Shape.of(numbers.length), numbers);
  }

  /** One number in a tensor without axes. */
  static Source scalar(double number) {
    return repeating("", Shape.scalar(), number);
  }

  /** The same in the type of statistics: F32 where the case's is BF16 or F16. */
  static Source statistics(Source source) {
    return new Source(
        source.range, (dtype, key, before) -> source.make(dtype.statistics(), key, before));
  }

  /** Every number that the case's half type has, and every NaN, infinities, subnormal numbers and both zeros among them. */
  static Source everyHalf() {
    return new Source("every", (dtype, _, _) -> everyHalf(dtype));
  }

  /** Numbers in the middle between all neighbours of a half type: ties, where an even one must win. */
  static Source betweenHalves(DType half) {
    return new Source(
        "between every two of " + half,
        (dtype, _, _) -> {
          double[] numbers = everyHalf(half).data();
          double[] middles = new double[numbers.length];
          // Numbers of one sign follow each other; after the largest comes infinity, where a tie
          // would be.
          Arrays.setAll(
              middles,
              i -> {
                double next = numbers[(i + 1) % numbers.length];
                return Double.isInfinite(next)
                    ? numbers[i] + (numbers[i] - numbers[i - 1]) / 2
                    : (numbers[i] + next) / 2;
              });
          return Values.of(dtype, Shape.of(middles.length), middles);
        });
  }

  private static Values everyHalf(DType half) {
    short[] patterns = new short[1 << 16];
    for (int i = 0; i < patterns.length; i++) {
      patterns[i] = (short) i;
    }
    return Values.of(
        new TensorType(half, Shape.of(patterns.length)), MemorySegment.ofArray(patterns));
  }

  /** The same whatever the case's element type. */
  static Source fixed(Values values) {
    return new Source("", (_, _, _) -> values.copy());
  }

  /** A result of a forward op on the inputs before this one, with those numbers. */
  static Source result(Op op, int result, int... inputs) {
    return new Source(
        "",
        (_, _, before) -> {
          Values exact =
              Oracle.run(op, Arrays.stream(inputs).mapToObj(before::get).toList()).get(result);
          return exact.as(exact.dtype());
        });
  }

  private static Values random(
      DType dtype, Shape shape, long key, List<Values> before, DoubleUnaryOperator spread) {
    double[] data = new double[Positions.elements(shape)];
    int[] words = new int[4];
    for (int i = 0; i < data.length; i++) {
      Philox.block(key, i, before.size(), words);
      // 48 random bits: F64 runs should see more digits than F32 has.
      double u = (Philox.uniform(words[0]) * 0x1p24 + Philox.uniform(words[1])) * 0x1p-24;
      data[i] = spread.applyAsDouble(u);
    }
    return Values.of(dtype, shape, data);
  }

  private static String text(double x) {
    return x == Math.rint(x) ? Long.toString((long) x) : Double.toString(x);
  }
}
