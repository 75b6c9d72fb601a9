package dev.tandem.data;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Optional;

/**
 * One file of tokens, mapped into memory: of it no more is read than is looked at, and it may be larger than
 * the heap or than 2 GiB. Nothing in the file is believed.
 *
 * @param tokens the file without its header
 * @param width bytes a token, 2 or 4
 */
record TokenShard(Path file, MemorySegment tokens, int width) {
  private static final ValueLayout.OfShort UINT16 =
      ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt UINT32 =
      ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int VERSION_AT = 4;
  private static final int COUNT_AT = 8;

  /**
   * Opens a file: with a header of llm.c's, or else without one, as nanoGPT writes them, of 16-bit tokens.
   * It stays mapped as long as anybody holds on to it.
   */
  static TokenShard open(Path file) {
    DataFile.checkReadable("tokens", file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long bytes = channel.size();
      if (bytes == 0) {
        throw refused(file, "holds no tokens", "an empty file", "remove it, or write it anew");
      }
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, Arena.ofAuto());
      int magic = bytes < Integer.BYTES ? 0 : all.get(UINT32, 0);
      if (ShardFormat.withMagic(Integer.reverseBytes(magic)).isPresent()) {
        throw refused(
            file,
            "was written on a machine of the other byte order",
            String.format(Locale.ROOT, "magic number %08X", magic),
            "write it anew, little-endian");
      }
      Optional<ShardFormat> format = ShardFormat.withMagic(magic);
      return format.isPresent() ? withHeader(file, all, format.get()) : withoutHeader(file, all);
    } catch (IOException e) {
      throw DataFile.unreadable("tokens", file.toString(), e);
    }
  }

  private static TokenShard withHeader(Path file, MemorySegment all, ShardFormat format) {
    long bytes = all.byteSize();
    if (bytes < ShardFormat.HEADER_BYTES) {
      throw refused(
          file,
          "ends within its header of " + ShardFormat.HEADER_BYTES + " bytes",
          bytes + " bytes",
          "copy or write it anew");
    }
    int version = all.get(UINT32, VERSION_AT);
    if (version != format.version()) {
      throw refused(
          file,
          "is of another version of the format",
          "version " + version + " where " + format.version() + " is known",
          "write it anew");
    }
    int count = all.get(UINT32, COUNT_AT);
    long expected = ShardFormat.HEADER_BYTES + (long) count * format.width();
    if (count < 1 || expected != bytes) {
      throw refused(
          file,
          "has a header that contradicts its length",
          "a count of " + count + " tokens of " + format.width() + " bytes in " + bytes + " bytes",
          "it is cut off or damaged: copy or write it anew");
    }
    return new TokenShard(file, all.asSlice(ShardFormat.HEADER_BYTES), format.width());
  }

  private static TokenShard withoutHeader(Path file, MemorySegment all) {
    if (all.byteSize() % Short.BYTES != 0) {
      throw refused(
          file,
          "has no header that is known, and half a token at its end",
          all.byteSize() + " bytes for tokens of " + Short.BYTES,
          "give files of llm.c's or nanoGPT's layout");
    }
    return new TokenShard(file, all, Short.BYTES);
  }

  /** How many tokens there are. */
  long size() {
    return tokens.byteSize() / width;
  }

  /** Copies tokens. Throws {@link DataException} at the first that is outside the vocabulary. */
  void copy(long from, int[] into, int at, int count, int vocabulary) {
    if (width == Short.BYTES) {
      for (int i = 0; i < count; i++) {
        into[at + i] = tokens.getAtIndex(UINT16, from + i) & 0xFFFF;
      }
    } else {
      MemorySegment.copy(tokens, UINT32, from * Integer.BYTES, into, at, count);
    }
    for (int i = 0; i < count; i++) {
      if (Integer.compareUnsigned(into[at + i], vocabulary) >= 0) {
        throw refused(
            file,
            "holds a token outside the vocabulary of " + vocabulary,
            Integer.toUnsignedString(into[at + i]) + " at position " + (from + i),
            "name the tokenizer that made the file, or write it anew");
      }
    }
  }

  private static DataException refused(Path file, String what, String got, String remedy) {
    return new DataException("tokens: " + file + " " + what + ", got " + got + "; " + remedy);
  }
}
