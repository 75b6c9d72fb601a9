package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What printf writes. Expected texts are glibc's. */
class PrintfTest {
  private static final Map<Long, String> STRINGS = Map.of(64L, "text", 128L, "");

  private static Printf printf(String format, Object... arguments) {
    ByteBuffer packed = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    for (Object argument : arguments) {
      switch (argument) {
        case Integer i -> packed.putInt(i);
        case Long l -> align(packed).putLong(l);
        case Double d -> align(packed).putDouble(d);
        default -> throw new IllegalArgumentException("got " + argument);
      }
    }
    return new Printf(
        format,
        (offset, bytes) ->
            bytes == 4 ? packed.getInt((int) offset) & 0xFFFFFFFFL : packed.getLong((int) offset),
        STRINGS::get);
  }

  private static ByteBuffer align(ByteBuffer buffer) {
    return buffer.position((buffer.position() + 7) / 8 * 8);
  }

  /** Kind, format, value (of a double its bits) and text, as printf.c wrote them. */
  static Stream<Arguments> numbers() throws IOException {
    try (InputStream in = PrintfTest.class.getResourceAsStream("printf.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
              .lines()
              .filter(line -> !line.startsWith("#"))
              .map(line -> line.split("~", 4))
              .map(parts -> Arguments.of(parts[0], parts[1], Long.parseLong(parts[2]), parts[3]))
              .toList()
              .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void numbersAsTheCLibraryWritesThem(String kind, String format, long value, String expected) {
    Object argument =
        switch (kind) {
          case "int" -> (Object) (int) value;
          case "long" -> value;
          default -> Double.longBitsToDouble(value);
        };
    assertEquals(expected, printf(format, argument).text());
  }

  @Test
  void alternateFormKeepsZerosWhereRoundingAddsADigit() {
    assertEquals("1.00000e+06", printf("%#g", 9.9999995e5).text());
  }

  @Test
  void argumentsLieAtTheirNaturalAlignment() {
    Printf printf =
        printf("%d %f %c%s|%lld %*d|%-*.*f|", 1, 2.5, 65, 64L, 1L << 40, 5, 7, 8, 2, 1.0);
    assertEquals("1 2.500000 Atext|1099511627776     7|1.00    |", printf.text());
    assertEquals(10, printf.count());
  }

  @Test
  void stringsAndCharacters() {
    assertEquals(
        "[  te][text ][(null)][]", printf("[%4.2s][%-5s][%s][%s]", 64L, 64L, 0L, 128L).text());
    assertEquals("[  A][B  ]%", printf("[%3c][%-3c]%%", 65, 66).text());
  }

  @Test
  void negativeStars() {
    assertEquals("[7    ][1.500000]", printf("[%*d][%.*f]", -5, 7, -1, 1.5).text());
  }

  @Test
  void whatIsNoConversionIsWrittenAsItIs() {
    assertEquals("100%", printf("100%").text());
    assertEquals("%y 5", printf("%y %d", 5).text());
  }
}
