package dev.tandem.ptx;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * What the corpus expects of one result, as its files write it: alternatives between bars, each one
 * of hexadecimal digits for exact bits, {@code nan} for any NaN, {@code ~value+-error} for a number
 * so near, and {@code ?} for anything.
 */
record Judgement(String text, String type) {
  /** Bytes of a value of a type of PTX; a predicate is kept as a word. */
  static int bytes(String type) {
    return switch (type) {
      case "pred" -> 4;
      case "f16x2", "bf16x2", "u16x2", "s16x2" -> 4;
      default -> Integer.parseInt(type.replaceAll(".*?(\\d+)$", "$1")) / 8;
    };
  }

  /** Whether a result passes. Bits above the type's are zero. */
  boolean accepts(long bits) {
    return List.of(text.split("\\|")).stream().anyMatch(one -> accepts(one, bits));
  }

  private boolean accepts(String one, long bits) {
    if (one.equals("?")) {
      return true;
    }
    if (one.equals("nan")) {
      return nan(bits);
    }
    if (one.startsWith("~")) {
      int middle = one.indexOf("+-");
      BigDecimal value = new BigDecimal(one.substring(1, middle));
      BigDecimal bound = new BigDecimal(one.substring(middle + 2));
      return finite(bits) && exactly(bits).subtract(value).abs().compareTo(bound) <= 0;
    }
    return HexFormat.fromHexDigitsToLong(one) == bits;
  }

  /** A result for a human. */
  String show(long bits) {
    String digits = HexFormat.of().toHexDigits(bits, 2 * bytes(type));
    return floating() && finite(bits) ? digits + " (" + exactly(bits).doubleValue() + ")" : digits;
  }

  private boolean floating() {
    return List.of("f16", "bf16", "f32", "f64").contains(type);
  }

  private int mantissa() {
    return switch (type) {
      case "f16" -> 10;
      case "bf16" -> 7;
      case "f32", "tf32" -> 23;
      case "f64" -> 52;
      default ->
          throw new IllegalStateException(
              "corpus: " + type + " is no floating-point type, got " + text);
    };
  }

  /** The exponent's and mantissa's bits all ones in the exponent: infinity. */
  private long infinity() {
    long magnitude = -1L >>> (65 - 8 * bytes(type));
    return magnitude >> mantissa() << mantissa();
  }

  private boolean nan(long bits) {
    return (bits & -1L >>> (65 - 8 * bytes(type))) > infinity();
  }

  private boolean finite(long bits) {
    return (bits & infinity()) != infinity();
  }

  private BigDecimal exactly(long bits) {
    double value =
        switch (type) {
          case "f16" -> Float.float16ToFloat((short) bits);
          case "bf16" -> Float.intBitsToFloat((int) bits << 16);
          case "f32" -> Float.intBitsToFloat((int) bits);
          case "f64" -> Double.longBitsToDouble(bits);
          default ->
              throw new IllegalStateException(
                  "corpus: " + type + " is no floating-point type, got " + text);
        };
    return new BigDecimal(value);
  }

  /** The judgements of a line's right side. */
  static List<Judgement> all(List<String> texts, List<String> types) {
    List<Judgement> judgements = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      judgements.add(new Judgement(texts.get(i), types.get(i)));
    }
    return judgements;
  }
}
