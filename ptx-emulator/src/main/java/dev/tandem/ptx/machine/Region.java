package dev.tandem.ptx.machine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Some memory of the device with what the sanitizer knows of it: the content of an allocation, the shared memory of a block,
 * the local memory of a warp, a kernel's parameters.
 *
 * <p>The content is a heap array of {@code long}: garbage collection frees it even while a stray block still looks at it,
 * access modes of 8 bytes and less are atomic on it, and it measures as fast as native memory.
 */
final class Region {
  /** Not a number in every floating type, and as an integer out of every array's bounds. */
  static final long POISON = 0xFFFB_FFFB_FFFB_FFFBL;

  static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
  static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();
  private static final VarHandle BYTE = ValueLayout.JAVA_BYTE.varHandle();
  private static final VarHandle SHORT = ValueLayout.JAVA_SHORT.varHandle();

  final MemorySegment content;

  /** The device's address of the first byte; 0 for memory that has only offsets. */
  final long origin;

  /** What has been written; null where nobody asks. */
  final Written written;

  /** Who has touched what; null where nobody asks. */
  final RaceShadow races;

  /** Words that asynchronous copies are on the way to, how many of them; null while there are none. */
  byte[] awaited;

  private final long[] words;

  /** Memory of which nothing is known to have been written. */
  Region(long origin, long bytes, boolean watched, RaceShadow races) {
    this.origin = origin;
    this.words = new long[Math.toIntExact((bytes + 7) / 8)];
    Arrays.fill(words, POISON);
    this.content = MemorySegment.ofArray(words).asSlice(0, bytes);
    this.written = watched ? new Written(bytes) : null;
    this.races = races;
  }

  /** Memory that is only read, and known to be written. */
  Region(MemorySegment content) {
    this.words = null;
    this.origin = 0;
    this.content = content;
    this.written = null;
    this.races = null;
  }

  /** Makes the first bytes as if they were new. */
  void renew(long bytes) {
    Arrays.fill(words, 0, (int) ((bytes + 7) / 8), POISON);
    awaited = null;
    if (written != null) {
      written.clear(bytes);
    }
  }

  /** 1, 2, 4 or 8 bytes, extended by zeros. */
  long load(long offset, int bytes) {
    return switch (bytes) {
      case 1 -> content.get(ValueLayout.JAVA_BYTE, offset) & 0xFFL;
      case 2 -> content.get(ValueLayout.JAVA_SHORT, offset) & 0xFFFFL;
      case 4 -> content.get(ValueLayout.JAVA_INT, offset) & 0xFFFF_FFFFL;
      default -> content.get(ValueLayout.JAVA_LONG, offset);
    };
  }

  void store(long offset, int bytes, long value) {
    switch (bytes) {
      case 1 -> content.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
      case 2 -> content.set(ValueLayout.JAVA_SHORT, offset, (short) value);
      case 4 -> content.set(ValueLayout.JAVA_INT, offset, (int) value);
      default -> content.set(ValueLayout.JAVA_LONG, offset, value);
    }
  }

  /** The same, seen by and seeing other threads of the host in order. */
  long loadStrong(long offset, int bytes) {
    return switch (bytes) {
      case 1 -> (byte) BYTE.getVolatile(content, offset) & 0xFFL;
      case 2 -> (short) SHORT.getVolatile(content, offset) & 0xFFFFL;
      case 4 -> (int) INT.getVolatile(content, offset) & 0xFFFF_FFFFL;
      default -> (long) LONG.getVolatile(content, offset);
    };
  }

  void storeStrong(long offset, int bytes, long value) {
    switch (bytes) {
      case 1 -> BYTE.setVolatile(content, offset, (byte) value);
      case 2 -> SHORT.setVolatile(content, offset, (short) value);
      case 4 -> INT.setVolatile(content, offset, (int) value);
      default -> LONG.setVolatile(content, offset, value);
    }
  }
}
