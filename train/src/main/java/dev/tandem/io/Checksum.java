package dev.tandem.io;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * CRC-32C (Castagnoli) of a safetensors file's header and data, kept in the header itself, where it counts as {@link #NONE}: eight
 * hexadecimal digits under {@link #KEY}.
 */
final class Checksum {
  static final String KEY = "crc32c";
  static final String NONE = "00000000";

  /** As the header's JSON is written, without spaces. */
  private static final byte[] FIELD = ('"' + KEY + "\":\"").getBytes(StandardCharsets.UTF_8);

  private static final long PIECE = 1L << 28;

  private final CRC32C sum = new CRC32C();

  /** @param json the header, whose field, if it has one, counts as {@link #NONE} */
  Checksum(byte[] json) {
    byte[] counted = json.clone();
    int field = field(json);
    if (field >= 0) {
      System.arraycopy(NONE.getBytes(StandardCharsets.UTF_8), 0, counted, field, NONE.length());
    }
    sum.update(counted);
  }

  void add(MemorySegment bytes) {
    for (long from = 0; from < bytes.byteSize(); from += PIECE) {
      sum.update(bytes.asSlice(from, Math.min(PIECE, bytes.byteSize() - from)).asByteBuffer());
    }
  }

  /** Writes the sum into the field of a header that has one. */
  void enter(byte[] json) {
    System.arraycopy(text().getBytes(StandardCharsets.UTF_8), 0, json, field(json), NONE.length());
  }

  String text() {
    return String.format("%08x", sum.getValue());
  }

  /** Where the digits are; -1 if nowhere. */
  private static int field(byte[] json) {
    for (int at = 0; at + FIELD.length + NONE.length() <= json.length; at++) {
      int matched = 0;
      while (matched < FIELD.length && json[at + matched] == FIELD[matched]) {
        matched++;
      }
      if (matched == FIELD.length) {
        return at + FIELD.length;
      }
    }
    return -1;
  }
}
