package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.ptx.text.Type;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every form of cvt against exact fractions, and what the PTX ISA says of NaN, ranges and wide registers. */
class ConversionsTest {
  private static final int RANDOMS = 1_000;

  @TestFactory
  Stream<DynamicTest> everyForm() {
    return ArithmeticSteps.forms().stream()
        .filter(n -> n.startsWith("cvt.") && !n.contains("pack") && !n.contains("x2"))
        .map(name -> DynamicTest.dynamicTest(name, () -> check(name)));
  }

  @Test
  void everyPairOfTypesHasAForm() {
    List<String> types =
        List.of("u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f16", "bf16", "f32", "f64");
    for (String to : types) {
      for (String from : types) {
        assertTrue(
            ArithmeticSteps.forms().stream()
                .anyMatch(n -> n.startsWith("cvt.") && n.endsWith("." + to + "." + from)),
            to + " from " + from);
      }
    }
  }

  @Test
  void pairsOfHalves() {
    // cvt puts its first operand above: 1.5 above -2.
    List<long[]> operands =
        List.of(new long[] {Float.floatToRawIntBits(1.5f), Float.floatToRawIntBits(-2)});
    assertEquals(0x3E00_C000L, OneInstruction.run("cvt.rn.f16x2.f32", operands)[0]);
    assertEquals(0x3E00_0000L, OneInstruction.run("cvt.rn.relu.f16x2.f32", operands)[0]);
    assertEquals(0x3FC0_C000L, OneInstruction.run("cvt.rn.bf16x2.f32", operands)[0]);
    assertEquals(0x3FC0_0000L, OneInstruction.run("cvt.rz.relu.bf16x2.f32", operands)[0]);
    List<long[]> beyond =
        List.of(new long[] {0x7F80_0000L, 0xFF7F_FFFFL}, new long[] {0x477F_F000L, 0xC77F_F000L});
    assertEquals(0x7BFF_FBFFL, OneInstruction.run("cvt.rn.satfinite.f16x2.f32", beyond)[0]);
    assertEquals(0x7BFF_FBFFL, OneInstruction.run("cvt.rn.satfinite.f16x2.f32", beyond)[1]);
    assertEquals(0x7C00_FC00L, OneInstruction.run("cvt.rn.f16x2.f32", beyond)[1]);
    assertEquals(0x7BFF_0000L, OneInstruction.run("cvt.rn.relu.satfinite.f16x2.f32", beyond)[0]);
    assertEquals(0x7F7F_FF7FL, OneInstruction.run("cvt.rn.satfinite.bf16x2.f32", beyond)[0]);
    // 1 + 2^-10 + 2^-11 lies halfway between halves, 1 + 2^-8 halfway between bfloats.
    List<long[]> ties =
        List.of(new long[] {0x3F80_3000L, 0x3F80_8000L}, new long[] {0x7FC0_0001L, 0x3F81_8000L});
    assertEquals(0x3C02_3C04L, OneInstruction.run("cvt.rn.f16x2.f32", ties)[0]);
    assertEquals(0x3C01_3C04L, OneInstruction.run("cvt.rz.f16x2.f32", ties)[0]);
    assertEquals(0x3F80_3F80L, OneInstruction.run("cvt.rn.bf16x2.f32", ties)[0]);
    assertEquals(0x7FFF_3F82L, OneInstruction.run("cvt.rn.bf16x2.f32", ties)[1]);
    assertEquals(0x7FFF_3F81L, OneInstruction.run("cvt.rz.bf16x2.f32", ties)[1]);
  }

  @Test
  void packsOfSaturatedIntegers() {
    List<long[]> two = List.of(new long[] {70_000, -5});
    assertEquals(0x7FFF_FFFBL, OneInstruction.run("cvt.pack.sat.s16.s32", two)[0]);
    assertEquals(0xFFFF_0000L, OneInstruction.run("cvt.pack.sat.u16.s32", two)[0]);
    List<long[]> three = List.of(new long[] {300, -300, 0xABCD_1234L});
    assertEquals(0x1234_7F80L, OneInstruction.run("cvt.pack.sat.s8.s32.b32", three)[0]);
    assertEquals(0x1234_FF00L, OneInstruction.run("cvt.pack.sat.u8.s32.b32", three)[0]);
    assertEquals(0xCD12_3478L, OneInstruction.run("cvt.pack.sat.s4.s32.b32", three)[0]);
    assertEquals(0xBCD1_234CL, OneInstruction.run("cvt.pack.sat.u2.s32.b32", three)[0]);
  }

  private static void check(String name) {
    List<String> words = List.of(name.split("\\."));
    Type to = Type.of(words.get(words.size() - 2)).orElseThrow();
    Type from = Type.of(words.getLast()).orElseThrow();
    List<long[]> cases = samples(from, name.hashCode());
    long[] results = OneInstruction.run(name, cases);
    for (int i = 0; i < results.length; i++) {
      long given = cases.get(i)[0];
      long expected =
          from.floating() ? fromFloat(words, to, from, given) : fromInteger(words, to, from, given);
      if (to == Type.F64 && ExactFormat.DOUBLE.nan(expected)) {
        assertTrue(ExactFormat.DOUBLE.nan(results[i]), name);
      } else if (expected != cut(results[i], to)) {
        assertEquals(
            Long.toHexString(expected),
            Long.toHexString(cut(results[i], to)),
            name + " of " + Long.toHexString(given));
      }
    }
  }

  /** What a register wider than the type must hold: integers extended, floating types at least their own bits. */
  private static long cut(long bits, Type to) {
    return to.floating() && to.bits() < 64 ? bits & (1L << to.bits()) - 1 : bits;
  }

  private static List<long[]> samples(Type from, long seed) {
    Random random = new Random(seed);
    List<long[]> cases = new ArrayList<>();
    if (from.floating()) {
      ExactFormat format = format(from);
      for (long edge : Samples.edges(format)) {
        cases.add(new long[] {edge});
      }
      for (int exponent = -2; exponent < 66; exponent++) {
        around(cases, format, Math.scalb(1.0, exponent));
        around(cases, format, Math.scalb(1.5, exponent));
      }
      for (int i = 0; i < RANDOMS; i++) {
        cases.add(new long[] {Samples.random(format, random, random.nextLong())});
      }
      return cases;
    }
    for (int bit = 0; bit < 64; bit++) {
      for (long near = -2; near <= 2; near++) {
        cases.add(new long[] {(1L << bit) + near});
        cases.add(new long[] {-(1L << bit) + near});
      }
    }
    for (int i = 0; i < RANDOMS; i++) {
      cases.add(new long[] {random.nextLong() >> random.nextInt(64)});
    }
    return cases;
  }

  /** A number and its neighbours of both signs, as far as the format has them. */
  private static void around(List<long[]> cases, ExactFormat format, double value) {
    long bits = format.round(numerator(value), BigInteger.TWO, false, Rounding.RN);
    for (long near = -2; near <= 2; near++) {
      if (bits + near >= 0 && bits + near <= format.infinity()) {
        cases.add(new long[] {bits + near});
        cases.add(new long[] {bits + near | format.sign()});
      }
    }
  }

  private static BigInteger numerator(double value) {
    double doubled = 2 * value;
    int exponent = Math.getExponent(doubled);
    return exponent < 53
        ? BigInteger.valueOf((long) doubled)
        : BigInteger.valueOf((long) Math.scalb(doubled, 52 - exponent)).shiftLeft(exponent - 52);
  }

  private static long fromInteger(List<String> words, Type to, Type from, long given) {
    BigInteger value = integer(given, from);
    if (to.floating()) {
      ExactFormat format = format(to);
      return finish(words, to, format.round(value, BigInteger.ONE, false, mode(words)));
    }
    if (words.contains("sat")) {
      value = value.max(min(to)).min(max(to));
    }
    return integer(value.longValue(), to).longValue();
  }

  private static long fromFloat(List<String> words, Type to, Type from, long given) {
    ExactFormat source = format(from);
    long bits = words.contains("ftz") && from == Type.F32 ? source.flush(given) : given;
    Rounding mode = mode(words);
    boolean integral = words.stream().anyMatch(w -> w.length() == 3 && w.matches("r[nzmp]i"));
    if (!to.floating()) {
      return toInteger(source, bits, to, from, mode);
    }
    ExactFormat format = format(to);
    long result;
    if (source.nan(bits)) {
      result = format.sign() - 1;
    } else if (source.infinite(bits)) {
      result = format.infinity() | (source.negative(bits) ? format.sign() : 0);
    } else if (integral) {
      BigInteger whole = whole(source, bits, mode);
      result = format.round(whole, BigInteger.ONE, source.negative(bits), mode);
    } else {
      BigInteger d = BigInteger.ONE.shiftLeft(source.scale());
      result = format.round(source.units(bits), d, source.negative(bits), mode);
    }
    return finish(words, to, result);
  }

  private static long toInteger(ExactFormat source, long bits, Type to, Type from, Rounding mode) {
    BigInteger value;
    if (source.nan(bits)) {
      // Section 9.7.9 of the PTX ISA, cvt: zero, or with 64 bits on either side the top bit of the
      // destination.
      boolean zero = from != Type.F64 && to.bits() != 64;
      value = zero ? BigInteger.ZERO : BigInteger.ONE.shiftLeft(to.bits() - 1);
    } else if (source.infinite(bits)) {
      value = source.negative(bits) ? min(to) : max(to);
    } else {
      value = whole(source, bits, mode).max(min(to)).min(max(to));
    }
    return integer(value.longValue(), to).longValue();
  }

  private static BigInteger whole(ExactFormat source, long bits, Rounding mode) {
    BigInteger d = BigInteger.ONE.shiftLeft(source.scale());
    BigInteger[] parts = source.units(bits).divideAndRemainder(d);
    int rest = parts[1].signum();
    int half = parts[1].abs().shiftLeft(1).compareTo(d);
    boolean away =
        switch (mode) {
          case RN -> half > 0 || (half == 0 && parts[0].testBit(0));
          case RM -> rest < 0;
          case RP -> rest > 0;
          default -> false;
        };
    return away ? parts[0].add(BigInteger.valueOf(rest)) : parts[0];
  }

  /** Flushing, saturation and relu of a result; tf32 stands in the upper bits of a word. */
  private static long finish(List<String> words, Type to, long given) {
    ExactFormat format = format(to);
    long bits = words.contains("ftz") && to == Type.F32 ? format.flush(given) : given;
    if (words.contains("sat")) {
      long one = (1L << format.exponentBits() - 1) - 1 << format.fractionBits();
      bits = format.nan(bits) || format.negative(bits) ? 0 : Math.min(bits, one);
    }
    if (words.contains("relu") && !format.nan(bits) && format.negative(bits)) {
      bits = 0;
    }
    if (words.contains("satfinite") && format.infinite(bits)) {
      bits -= 1;
    }
    if (to == Type.TF32) {
      return format.nan(bits) ? 0x7FFFFFFF : bits << 13;
    }
    return bits;
  }

  private static Rounding mode(List<String> words) {
    return words.stream().flatMap(w -> Rounding.of(w).stream()).findFirst().orElse(Rounding.RN);
  }

  private static BigInteger integer(long bits, Type type) {
    BigInteger modulus = BigInteger.ONE.shiftLeft(type.bits());
    BigInteger value = BigInteger.valueOf(bits).mod(modulus);
    return type.signed() && value.testBit(type.bits() - 1) ? value.subtract(modulus) : value;
  }

  private static BigInteger min(Type type) {
    return type.signed() ? BigInteger.ONE.shiftLeft(type.bits() - 1).negate() : BigInteger.ZERO;
  }

  private static BigInteger max(Type type) {
    int bits = type.signed() ? type.bits() - 1 : type.bits();
    return BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE);
  }

  private static ExactFormat format(Type type) {
    return switch (type) {
      case F16 -> ExactFormat.HALF;
      case BF16 -> ExactFormat.BFLOAT;
      case TF32 -> ExactFormat.TF32;
      case F32 -> ExactFormat.SINGLE;
      default -> ExactFormat.DOUBLE;
    };
  }
}
