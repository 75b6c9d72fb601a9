package dev.tandem.ptx.machine;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.function.LongFunction;

/**
 * What C's printf writes for a format and arguments, in the dialect of the CUDA C Programming Guide, section Formatted
 * Output: flags, width, precision, sizes {@code hh h l ll z j t} and {@code %[diouxXpcsaAeEfFgG%]}. Arguments lie one after
 * the other at their natural alignment, promoted as C promotes them.
 */
final class Printf {
  /** Reads arguments where they are packed. */
  interface Packed {
    long load(long offset, int bytes);
  }

  private final String format;
  private final Packed packed;
  private final LongFunction<String> strings;
  private final StringBuilder text = new StringBuilder();
  private long offset;
  private int count;
  private int at;

  Printf(String format, Packed packed, LongFunction<String> strings) {
    this.format = format;
    this.packed = packed;
    this.strings = strings;
    while (at < format.length()) {
      char c = format.charAt(at++);
      if (c == '%') {
        conversion();
      } else {
        text.append(c);
      }
    }
  }

  String text() {
    return text.toString();
  }

  /** How many arguments were used, which is what vprintf returns on a device. */
  int count() {
    return count;
  }

  /** What stands between the percent sign and the letter. */
  private record Field(String flags, int width, int precision, boolean wide, int narrow) {
    boolean left() {
      return flags.indexOf('-') >= 0;
    }

    boolean zeros() {
      return flags.indexOf('0') >= 0 && !left();
    }

    boolean alternate() {
      return flags.indexOf('#') >= 0;
    }

    /** The sign of a number that has one. */
    String sign(boolean negative) {
      return negative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    }
  }

  private void conversion() {
    int start = at - 1;
    StringBuilder flags = new StringBuilder();
    while (at < format.length() && "-+ #0".indexOf(format.charAt(at)) >= 0) {
      flags.append(format.charAt(at++));
    }
    int width = number();
    if (width < 0 && width != ABSENT) {
      flags.append('-');
      width = -width;
    }
    int precision = ABSENT;
    if (at < format.length() && format.charAt(at) == '.') {
      at++;
      boolean given = at < format.length() && format.charAt(at) == '*';
      precision = number();
      precision = precision == ABSENT && !given ? 0 : precision;
    }
    String size = size();
    if (at >= format.length()) {
      text.append(format, start, format.length());
      return;
    }
    boolean wide = size.equals("l") || size.equals("ll") || "zjt".contains(size) && !size.isEmpty();
    int narrow = size.equals("hh") ? 8 : size.equals("h") ? 16 : 0;
    Field field =
        new Field(flags.toString(), Math.max(width, 0), Math.max(precision, ABSENT), wide, narrow);
    if (!convert(format.charAt(at++), field)) {
      text.append(format, start, at);
    }
  }

  private static final int ABSENT = -1;

  private int number() {
    if (at < format.length() && format.charAt(at) == '*') {
      at++;
      // Of all negative widths -1 alone reads as absent; it means one column, as no width does.
      return (int) argument(4);
    }
    int start = at;
    while (at < format.length() && Character.isDigit(format.charAt(at))) {
      at++;
    }
    return at == start ? ABSENT : Integer.parseInt(format, start, at, 10);
  }

  private String size() {
    int start = at;
    while (at < format.length() && "hlzjt".indexOf(format.charAt(at)) >= 0) {
      at++;
    }
    return format.substring(start, at);
  }

  private boolean convert(char letter, Field field) {
    switch (letter) {
      case '%' -> text.append('%');
      case 'd', 'i' -> signed(field);
      case 'u', 'x', 'X', 'o' -> unsigned(letter, field);
      case 'c' -> pad(String.valueOf((char) (argument(4) & 255)), "", field, false);
      case 's' -> {
        long address = argument(8);
        String value = address == 0 ? "(null)" : strings.apply(address);
        boolean cut = field.precision >= 0 && field.precision < value.length();
        pad(cut ? value.substring(0, field.precision) : value, "", field, false);
      }
      case 'p' -> {
        long address = argument(8);
        pad(address == 0 ? "(nil)" : "0x" + Long.toHexString(address), "", field, false);
      }
      case 'f', 'F', 'e', 'E', 'g', 'G', 'a', 'A' -> floating(letter, field);
      default -> {
        return false;
      }
    }
    return true;
  }

  private long argument(int bytes) {
    offset = (offset + bytes - 1) / bytes * bytes;
    long value = packed.load(offset, bytes);
    offset += bytes;
    count++;
    return value;
  }

  private void signed(Field field) {
    long value = field.wide ? argument(8) : (int) argument(4);
    value = field.narrow == 8 ? (byte) value : field.narrow == 16 ? (short) value : value;
    String digits = value < 0 ? Long.toUnsignedString(-value) : Long.toString(value);
    pad(digits(digits, field), field.sign(value < 0), field, field.precision < 0);
  }

  private void unsigned(char letter, Field field) {
    long value = field.wide ? argument(8) : argument(4) & 0xFFFFFFFFL;
    value = field.narrow == 8 ? value & 0xFF : field.narrow == 16 ? value & 0xFFFF : value;
    int radix = letter == 'u' ? 10 : letter == 'o' ? 8 : 16;
    String digits = digits(Long.toUnsignedString(value, radix), field);
    String prefix = field.alternate() && radix == 16 && value != 0 ? "0x" : "";
    if (field.alternate() && radix == 8 && !digits.startsWith("0")) {
      digits = "0" + digits;
    }
    if (letter == 'X') {
      digits = digits.toUpperCase(Locale.ROOT);
      prefix = prefix.toUpperCase(Locale.ROOT);
    }
    pad(digits, prefix, field, field.precision < 0);
  }

  /** At least as many digits as the precision asks for; none at all of a zero with precision 0. */
  private static String digits(String digits, Field field) {
    if (field.precision == 0 && digits.equals("0")) {
      return "";
    }
    return "0".repeat(Math.max(0, field.precision - digits.length())) + digits;
  }

  private void floating(char letter, Field field) {
    double value = Double.longBitsToDouble(argument(8));
    boolean negative = Double.doubleToRawLongBits(value) < 0;
    double size = Math.abs(value);
    char small = Character.toLowerCase(letter);
    boolean finite = Double.isFinite(value);
    String prefix = field.sign(negative);
    String digits;
    if (!finite) {
      digits = Double.isNaN(value) ? "nan" : "inf";
    } else if (small == 'a') {
      prefix += "0x";
      digits = hexadecimal(size, field);
    } else {
      int precision = field.precision < 0 ? 6 : field.precision;
      digits =
          switch (small) {
            case 'f' -> fixed(size, precision, field.alternate());
            case 'e' -> scientific(size, precision, field.alternate());
            default -> general(size, Math.max(precision, 1), field.alternate());
          };
    }
    if (Character.isUpperCase(letter)) {
      digits = digits.toUpperCase(Locale.ROOT);
      prefix = prefix.toUpperCase(Locale.ROOT);
    }
    pad(digits, prefix, field, finite);
  }

  private static String fixed(double value, int precision, boolean point) {
    String digits =
        new BigDecimal(value).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
    return precision == 0 && point ? digits + "." : digits;
  }

  private static String scientific(double value, int precision, boolean point) {
    BigDecimal exact = new BigDecimal(value);
    int exponent = value == 0 ? 0 : exact.precision() - exact.scale() - 1;
    BigDecimal scaled = exact.movePointLeft(exponent).setScale(precision, RoundingMode.HALF_EVEN);
    if (scaled.compareTo(BigDecimal.TEN) >= 0) {
      exponent++;
      scaled = exact.movePointLeft(exponent).setScale(precision, RoundingMode.HALF_EVEN);
    }
    return scaled.toPlainString()
        + (precision == 0 && point ? "." : "")
        + (exponent < 0 ? "e-" : "e+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  private static String general(double value, int precision, boolean keep) {
    String scientific = scientific(value, precision - 1, keep);
    int mark = scientific.indexOf('e');
    int exponent = Integer.parseInt(scientific.substring(mark + 1));
    if (exponent < -4 || exponent >= precision) {
      String digits = scientific.substring(0, mark);
      return (keep ? digits : trim(digits)) + scientific.substring(mark);
    }
    String digits = fixed(value, precision - 1 - exponent, keep);
    return keep ? digits : trim(digits);
  }

  private static String trim(String digits) {
    if (digits.indexOf('.') < 0) {
      return digits;
    }
    int end = digits.length();
    while (digits.charAt(end - 1) == '0') {
      end--;
    }
    return digits.substring(0, digits.charAt(end - 1) == '.' ? end - 1 : end);
  }

  /** After {@code 0x}: one digit, more after a point, and a power of two. Subnormals begin with 0, as glibc writes them. */
  private static String hexadecimal(double value, Field field) {
    long bits = Double.doubleToRawLongBits(value);
    int stored = (int) (bits >>> 52);
    long fraction = bits & (1L << 52) - 1;
    long lead = stored == 0 ? 0 : 1;
    int exponent = value == 0 ? 0 : stored == 0 ? Double.MIN_EXPONENT : Math.getExponent(value);
    int places = 13;
    if (field.precision >= 0 && field.precision < 13) {
      places = field.precision;
      int drop = 4 * (13 - places);
      long whole = lead << 52 | fraction;
      long half = 1L << drop - 1;
      long rest = whole & (1L << drop) - 1;
      long kept = whole >>> drop;
      kept += rest > half || (rest == half && (kept & 1) != 0) ? 1 : 0;
      lead = kept >>> 4 * places;
      fraction = places == 0 ? 0 : kept & (1L << 4 * places) - 1;
    }
    String digits = places == 0 ? "" : ("%0" + places + "x").formatted(fraction);
    if (field.precision < 0) {
      digits = digits.replaceAll("0+$", "");
    } else {
      digits += "0".repeat(field.precision - places);
    }
    boolean point = !digits.isEmpty() || field.alternate();
    return lead + (point ? "." : "") + digits + (exponent < 0 ? "p-" : "p+") + Math.abs(exponent);
  }

  private void pad(String body, String prefix, Field field, boolean zeros) {
    int missing = Math.max(0, field.width - prefix.length() - body.length());
    if (field.left()) {
      text.append(prefix).append(body).append(" ".repeat(missing));
    } else if (zeros && field.zeros()) {
      text.append(prefix).append("0".repeat(missing)).append(body);
    } else {
      text.append(" ".repeat(missing)).append(prefix).append(body);
    }
  }
}
