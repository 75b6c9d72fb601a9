package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bytes of event files, by the documents that say how they are. */
class EventFileTest {
  @TempDir Path folder;

  /** RFC 3720, appendix B.4, whose figures are given byte by byte; the mask is that of TensorFlow's crc32c.h. */
  @Test
  void checksumsAreThoseOfTheRfcAndMasked() {
    byte[] ones = new byte[32];
    Arrays.fill(ones, (byte) 0xff);
    byte[] rising = new byte[32];
    byte[] falling = new byte[32];
    for (int i = 0; i < 32; i++) {
      rising[i] = (byte) i;
      falling[i] = (byte) (31 - i);
    }
    assertEquals(0x8a9136aa, unmasked(EventFile.masked(new byte[32], 32)));
    assertEquals(0x62a8ab43, unmasked(EventFile.masked(ones, 32)));
    assertEquals(0x46dd794e, unmasked(EventFile.masked(rising, 32)));
    assertEquals(0x113fdb5c, unmasked(EventFile.masked(falling, 32)));
  }

  /** {@code rot = masked - kMaskDelta; (rot >> 17) | (rot << 15)} */
  private static int unmasked(int masked) {
    int rot = masked - 0xa282ead8;
    return rot >>> 17 | rot << 15;
  }

  /** The examples of protobuf.dev's page on the encoding: 150, "testing", a message in another, and -2 as a varint of ten bytes. */
  @Test
  void messagesAreEncodedAsTheGuideShows() throws IOException {
    assertArrayEquals(hex("089601"), framed(new EventFile.Message().number(1, 150)));
    assertArrayEquals(
        hex("120774657374696e67"), framed(new EventFile.Message().text(2, "testing")));
    assertArrayEquals(
        hex("1a03089601"),
        framed(new EventFile.Message().message(3, new EventFile.Message().number(1, 150))));
    assertArrayEquals(hex("08feffffffffffffffff01"), framed(new EventFile.Message().number(1, -2)));
    // IEEE 754: 1.5 as fixed64 and as fixed32, and two packed doubles.
    assertArrayEquals(
        hex("09000000000000f83f150000c03f3210000000000000f03f0000000000000040"),
        framed(new EventFile.Message().real(1, 1.5).real(2, 1.5f).reals(6, new double[] {1, 2})));
  }

  private static byte[] hex(String digits) {
    return HexFormat.of().parseHex(digits);
  }

  /** The message in a record, whose frame is looked at on the way. */
  private byte[] framed(EventFile.Message message) throws IOException {
    Path file = folder.resolve("record");
    Files.deleteIfExists(file);
    try (EventFile events = new EventFile(file)) {
      events.write(message);
    }
    byte[] record = Files.readAllBytes(file);
    ByteBuffer buffer = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(record.length - 16, buffer.getLong(0));
    byte[] length = Arrays.copyOf(record, 8);
    byte[] data = Arrays.copyOfRange(record, 12, record.length - 4);
    assertEquals(EventFile.masked(length, 8), buffer.getInt(8));
    assertEquals(EventFile.masked(data, data.length), buffer.getInt(record.length - 4));
    return data;
  }
}
