package dev.tandem.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** One to six changes of a file, as damage and malice make them: bits, cuts, repeats, words of the format, extreme numbers. */
record Mutation(RandomGenerator random, List<String> words) {
  private static final int MOST_CHANGES = 6;

  /** Deep nesting, but no file so long that reading it is the work. */
  private static final int LONGEST = 1 << 17;

  private static final long[] EXTREMES = {
    0,
    -1,
    1,
    127,
    255,
    32767,
    65536,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    1L << 32,
    1L << 40
  };

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-1",
          "1e308",
          "2147483647",
          "2147483648",
          "-2147483649",
          "9223372036854775808",
          "1e999999999",
          "0.1e-400",
          "9".repeat(400),
          "NaN");

  byte[] of(byte[] seed, byte[] other) {
    byte[] bytes = seed;
    int changes = 1 + random.nextInt(MOST_CHANGES);
    for (int i = 0; i < changes; i++) {
      bytes = change(bytes, other);
    }
    return bytes.length > LONGEST ? cut(bytes, 0, LONGEST) : bytes;
  }

  private byte[] change(byte[] bytes, byte[] other) {
    int at = random.nextInt(bytes.length + 1);
    int end = Math.min(bytes.length, at + 1 + random.nextInt(64));
    return switch (random.nextInt(11)) {
      case 0 -> flipped(bytes, at);
      case 1 -> cut(bytes, 0, at);
      case 2 -> splice(bytes, at, end, new byte[0]);
      case 3 -> splice(bytes, at, at, repeated(cut(bytes, at, end), 1 + random.nextInt(8)));
      case 4 -> splice(bytes, at, at, word());
      case 5 -> splice(bytes, at, end, word());
      case 6 -> splice(bytes, at, at, repeated(word(), 1 << random.nextInt(15)));
      case 7 -> number(bytes, at);
      case 8 -> extreme(bytes, at);
      case 9 -> {
        byte[] noise = new byte[random.nextInt(32)];
        random.nextBytes(noise);
        yield splice(bytes, at, at, noise);
      }
      default -> {
        int from = random.nextInt(other.length + 1);
        yield splice(bytes, at, end, cut(other, from, Math.min(other.length, from + 64)));
      }
    };
  }

  private byte[] word() {
    // Bytes, not characters: the words of binary formats are written as such.
    return words.get(random.nextInt(words.size())).getBytes(StandardCharsets.UTF_8);
  }

  private byte[] flipped(byte[] bytes, int at) {
    byte[] changed = bytes.clone();
    if (at < changed.length) {
      changed[at] ^= (byte) (1 << random.nextInt(8));
    }
    return changed;
  }

  /** Replaces the digits at the next place that has some. */
  private byte[] number(byte[] bytes, int at) {
    int from = at;
    while (from < bytes.length && !digit(bytes[from])) {
      from++;
    }
    int to = from;
    while (to < bytes.length && digit(bytes[to])) {
      to++;
    }
    return splice(
        bytes,
        from,
        to,
        NUMBERS.get(random.nextInt(NUMBERS.size())).getBytes(StandardCharsets.UTF_8));
  }

  private static boolean digit(byte b) {
    return b >= '0' && b <= '9';
  }

  /** Writes a number of 1, 2, 4 or 8 bytes over what is there. */
  private byte[] extreme(byte[] bytes, int at) {
    int width = 1 << random.nextInt(4);
    byte[] changed = bytes.clone();
    // Headers are where sizes are.
    int place = random.nextBoolean() ? at : random.nextInt(16);
    if (place + width <= changed.length) {
      byte[] number = new byte[Long.BYTES];
      boolean little = random.nextBoolean();
      ByteBuffer.wrap(number)
          .order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN)
          .putLong(EXTREMES[random.nextInt(EXTREMES.length)]);
      System.arraycopy(number, little ? 0 : Long.BYTES - width, changed, place, width);
    }
    return changed;
  }

  private static byte[] cut(byte[] bytes, int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  private static byte[] repeated(byte[] bytes, int times) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < times && all.size() < LONGEST; i++) {
      all.writeBytes(bytes);
    }
    return all.toByteArray();
  }

  private static byte[] splice(byte[] bytes, int from, int to, byte[] between) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.write(bytes, 0, from);
    all.writeBytes(between);
    all.write(bytes, to, bytes.length - to);
    return all.toByteArray();
  }
}
