package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every rounded operation of every floating type and modifier against exact fractions. */
class RoundingTest {
  private static final Set<String> OPERATIONS =
      Set.of("add", "sub", "mul", "fma", "mad", "div", "rcp", "sqrt");
  private static final Set<String> TYPES =
      Set.of("f16", "f16x2", "bf16", "bf16x2", "f32", "f32x2", "f64");
  private static final Set<String> DEEP = Set.of("f32", "f64");

  @TestFactory
  Stream<DynamicTest> everyForm() {
    return ArithmeticSteps.forms().stream()
        .filter(RoundingTest::rounded)
        .map(name -> DynamicTest.dynamicTest(name, () -> check(name)));
  }

  @Test
  void nothingIsLeftOut() {
    // f32: add has five roundings (none among them) in four kinds, fma four in four, div four in
    // two.
    long single = count("add", "f32") + count("fma", "f32") + count("div", "f32");
    assertEquals(5 * 4 + 4 * 4 + 4 * 2, single);
    assertEquals(8, count("add", "f16"));
    assertEquals(6, count("fma", "f16x2"));
    assertEquals(2, count("fma", "bf16"));
    assertEquals(4, count("sqrt", "f64"));
  }

  private static long count(String opcode, String type) {
    return ArithmeticSteps.forms().stream()
        .filter(RoundingTest::rounded)
        .filter(n -> n.startsWith(opcode + ".") && n.endsWith("." + type))
        .count();
  }

  private static boolean rounded(String name) {
    List<String> words = List.of(name.split("\\."));
    return OPERATIONS.contains(words.getFirst())
        && TYPES.contains(words.getLast())
        && !words.contains("approx")
        && !words.contains("full");
  }

  private static void check(String name) {
    List<String> words = List.of(name.split("\\."));
    String type = words.getLast();
    boolean packed = type.endsWith("x2");
    ExactFormat format = format(type);
    int operands =
        switch (words.getFirst()) {
          case "fma", "mad" -> 3;
          case "rcp", "sqrt" -> 1;
          default -> 2;
        };
    boolean deep = DEEP.contains(type) && words.size() == 3;
    int randoms = deep ? (type.equals("f32") ? 100_000 : 20_000) : 3_000;
    List<long[]> cases = Samples.cases(format, operands, randoms, name.hashCode());
    // Of a packed type each case's upper half is the next one's lower, so that no half can pass for
    // the other.
    List<long[]> given = packed ? pairs(cases, format.width()) : cases;
    long[] results = OneInstruction.run(name, given);
    long mask = format.sign() * 2 - 1;
    for (int i = 0; i < results.length; i++) {
      long[] operandBits = cases.get(i);
      compare(name, format, words, operandBits, results[i] & mask);
      if (packed) {
        long[] next = cases.get((i + 1) % cases.size());
        compare(name, format, words, next, results[i] >>> format.width() & mask);
      }
    }
  }

  private static List<long[]> pairs(List<long[]> cases, int width) {
    List<long[]> pairs = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      long[] low = cases.get(i);
      long[] high = cases.get((i + 1) % cases.size());
      long[] pair = new long[low.length];
      for (int k = 0; k < pair.length; k++) {
        pair[k] = low[k] | high[k] << width;
      }
      pairs.add(pair);
    }
    return pairs;
  }

  private static void compare(
      String name, ExactFormat format, List<String> words, long[] operands, long actual) {
    long expected = expected(format, words, operands);
    Supplier<String> message =
        () ->
            name
                + " of "
                + Arrays.toString(Arrays.stream(operands).mapToObj(Long::toHexString).toArray());
    if (format.nan(expected)) {
      assertTrue(format.nan(actual), message);
      if (format != ExactFormat.DOUBLE) {
        assertEquals(format.sign() - 1, actual, message);
      }
      return;
    }
    if (expected != actual) {
      assertEquals(Long.toHexString(expected), Long.toHexString(actual), message);
    }
  }

  private static long expected(ExactFormat format, List<String> words, long[] given) {
    boolean flush = words.contains("ftz");
    long[] operands = flush ? Arrays.stream(given).map(format::flush).toArray() : given;
    Rounding mode =
        words.stream().flatMap(w -> Rounding.of(w).stream()).findFirst().orElse(Rounding.RN);
    long result = exact(format, words.getFirst(), operands, mode);
    if (flush) {
      result = format.flush(result);
    }
    long one = (1L << format.exponentBits() - 1) - 1 << format.fractionBits();
    if (words.contains("sat")) {
      return format.nan(result) || format.negative(result) ? 0 : Math.min(result, one);
    }
    return words.contains("relu") && !format.nan(result) && format.negative(result) ? 0 : result;
  }

  private static long exact(ExactFormat format, String op, long[] x, Rounding mode) {
    return switch (op) {
      case "add" -> sum(format, product(format, x[0], one(format)), x[1], mode);
      case "sub" -> sum(format, product(format, x[0], one(format)), x[1] ^ format.sign(), mode);
      case "mul" -> {
        Fraction product = product(format, x[0], x[1]);
        yield product.special(format, () -> round(format, product, mode));
      }
      case "fma", "mad" -> sum(format, product(format, x[0], x[1]), x[2], mode);
      case "div" -> quotient(format, x[0], x[1], mode);
      case "rcp" -> quotient(format, one(format), x[0], mode);
      default -> root(format, x[0], mode);
    };
  }

  /** A product before rounding: NaN, infinite, or n / 2^(2 scale). */
  private record Fraction(BigInteger n, boolean negative, boolean infinite, boolean nan) {
    long special(ExactFormat format, Supplier<Long> otherwise) {
      return nan
          ? format.sign() - 1
          : infinite ? format.infinity() | (negative ? format.sign() : 0) : otherwise.get();
    }
  }

  private static Fraction product(ExactFormat format, long a, long b) {
    boolean negative = format.negative(a) != format.negative(b);
    boolean infinite = format.infinite(a) || format.infinite(b);
    boolean nan =
        format.nan(a) || format.nan(b) || (infinite && (format.zero(a) || format.zero(b)));
    BigInteger n = nan || infinite ? BigInteger.ZERO : format.units(a).multiply(format.units(b));
    return new Fraction(n, negative, infinite, nan);
  }

  private static long round(ExactFormat format, Fraction product, Rounding mode) {
    BigInteger d = BigInteger.ONE.shiftLeft(2 * format.scale());
    return format.round(product.n, d, product.negative, mode);
  }

  private static long sum(ExactFormat format, Fraction product, long c, Rounding mode) {
    boolean clash =
        product.infinite && format.infinite(c) && product.negative != format.negative(c);
    if (product.nan || format.nan(c) || clash) {
      return format.sign() - 1;
    }
    if (format.infinite(c)) {
      return c;
    }
    return product.special(
        format,
        () -> {
          BigInteger n = product.n.add(format.units(c).shiftLeft(format.scale()));
          boolean both = product.negative && format.negative(c);
          boolean differ = product.negative != format.negative(c);
          // Where nothing but zeros of one sign is added the sum has that sign; a cancellation is
          // -0 only downward.
          boolean cancelled = product.n.signum() != 0 || differ;
          boolean negativeZero = cancelled ? mode == Rounding.RM : both;
          BigInteger d = BigInteger.ONE.shiftLeft(2 * format.scale());
          return format.round(n, d, negativeZero, mode);
        });
  }

  private static long quotient(ExactFormat format, long a, long b, Rounding mode) {
    boolean negative = format.negative(a) != format.negative(b);
    boolean bothZero = format.zero(a) && format.zero(b);
    boolean bothInfinite = format.infinite(a) && format.infinite(b);
    if (format.nan(a) || format.nan(b) || bothZero || bothInfinite) {
      return format.sign() - 1;
    }
    long sign = negative ? format.sign() : 0;
    if (format.infinite(a) || format.zero(b)) {
      return format.infinity() | sign;
    }
    if (format.infinite(b)) {
      return sign;
    }
    BigInteger n = format.units(a).abs();
    return format.round(negative ? n.negate() : n, format.units(b).abs(), negative, mode);
  }

  private static long root(ExactFormat format, long a, Rounding mode) {
    if (format.zero(a)) {
      return a;
    }
    if (format.nan(a) || format.negative(a)) {
      return format.sign() - 1;
    }
    if (format.infinite(a)) {
      return a;
    }
    int extra = 2 * format.width();
    BigInteger[] root = format.units(a).shiftLeft(format.scale() + 2 * extra).sqrtAndRemainder();
    BigInteger n = root[0].shiftLeft(1).add(BigInteger.valueOf(root[1].signum()));
    return format.round(n, BigInteger.ONE.shiftLeft(format.scale() + extra + 1), false, mode);
  }

  private static long one(ExactFormat format) {
    return (1L << format.exponentBits() - 1) - 1 << format.fractionBits();
  }

  private static ExactFormat format(String type) {
    return switch (type) {
      case "f16", "f16x2" -> ExactFormat.HALF;
      case "bf16", "bf16x2" -> ExactFormat.BFLOAT;
      case "f32", "f32x2" -> ExactFormat.SINGLE;
      default -> ExactFormat.DOUBLE;
    };
  }
}
