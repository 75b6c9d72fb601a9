package dev.tandem.cli.report;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** Text and figures as they stand in a page. */
final class Html {
  private Html() {}

  /** For content and for attributes in double quotes. What no page may hold, such as a NUL, becomes U+FFFD. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            case '\n', '\t' -> escaped.append((char) c);
            default -> escaped.appendCodePoint(Character.isISOControl(c) || lone(c) ? '\uFFFD' : c);
          }
        });
    return escaped.toString();
  }

  private static boolean lone(int c) {
    return c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
  }

  static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern, values);
  }

  /** Four digits that count, without an exponent where that is readable. */
  static String number(double value) {
    return number(value, 4);
  }

  /** Two digits that count. */
  static String brief(double value) {
    return number(value, 2);
  }

  private static String number(double value, int digits) {
    if (!Double.isFinite(value)) {
      return Double.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
    }
    double size = Math.abs(value);
    String text =
        size == 0
            ? "0"
            : size >= 1e6 || size < 1e-3
                ? format("%." + (digits - 1) + "e", value)
                    .replaceFirst("e([+-])0", "e$1")
                    .replace("e+", "e")
                : format(
                    "%,." + Math.max(0, digits - 1 - (int) Math.floor(Math.log10(size))) + "f",
                    value);
    return text.replace("-", "−");
  }

  static String count(long value) {
    return format("%,d", value);
  }

  static String percent(double share) {
    return Double.isFinite(share) ? format("%.1f %%", 100 * share) : "–";
  }

  static String bytes(double bytes) {
    return bytes >= 1L << 30
        ? format("%.1f GiB", bytes / (1L << 30))
        : bytes >= 1L << 20
            ? format("%.1f MiB", bytes / (1L << 20))
            : format("%.0f KiB", bytes / 1024);
  }

  static String duration(double seconds) {
    long whole = Math.round(seconds);
    return seconds < 60
        ? format("%.1f s", seconds)
        : whole < 3600
            ? format("%d min %02d s", whole / 60, whole % 60)
            : format("%d h %02d min", whole / 3600, whole / 60 % 60);
  }

  static Optional<Double> present(OptionalDouble value) {
    return value.isPresent() ? Optional.of(value.getAsDouble()) : Optional.empty();
  }
}
