package dev.tandem.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The layouts of token files with a header, as llm.c writes them: 256 little-endian 32-bit numbers, of which
 * the first three are magic number, version and count of tokens, then the tokens, little-endian.
 */
enum ShardFormat {
  /** For vocabularies of up to 65,536. */
  UINT16(20240520, 1, Short.BYTES),
  /** For larger ones. */
  UINT32(20240801, 7, Integer.BYTES);

  static final int HEADER_BYTES = 256 * Integer.BYTES;

  /** The count in the header has 32 bits and a sign. */
  static final int MOST_TOKENS = Integer.MAX_VALUE;

  private final int magic;
  private final int version;
  private final int width;

  ShardFormat(int magic, int version, int width) {
    this.magic = magic;
    this.version = version;
    this.width = width;
  }

  /** The layout to write for so many different tokens. */
  static ShardFormat of(int vocabulary) {
    return vocabulary <= 1 << Short.SIZE ? UINT16 : UINT32;
  }

  /** The layout that begins with this number; empty for a file without a header. */
  static Optional<ShardFormat> withMagic(int magic) {
    for (ShardFormat format : values()) {
      if (format.magic == magic) {
        return Optional.of(format);
      }
    }
    return Optional.empty();
  }

  int version() {
    return version;
  }

  /** Bytes a token. */
  int width() {
    return width;
  }

  /** A header for so many tokens, ready to be written. */
  ByteBuffer header(int tokens) {
    return ByteBuffer.allocate(HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(magic)
        .putInt(version)
        .putInt(tokens)
        .clear();
  }
}
