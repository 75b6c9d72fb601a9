package dev.tandem.ptx.machine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Which bytes of a region have been written: a shadow byte for each, 1 where it has, in pages that exist once something of
 * them has been written. Threads may mark side by side; no mark is lost, for each has bytes of its own.
 */
final class Written {
  private static final int SHIFT = 16;
  private static final int PAGE = 1 << SHIFT;

  /** Stands for any page of which all is written. */
  private static final byte[] WHOLE = new byte[0];

  /** As much written as a warp can touch at once, to compare with. */
  private static final byte[] MARKED = new byte[32 * Warp.LANES];

  private static final VarHandle SHORTS = view(short[].class);
  private static final VarHandle INTS = view(int[].class);
  private static final VarHandle LONGS = view(long[].class);
  private static final long ONES = 0x0101010101010101L;

  static {
    Arrays.fill(MARKED, (byte) 1);
  }

  private final long size;
  private final byte[][] pages;

  Written(long size) {
    this.size = size;
    this.pages = new byte[Math.toIntExact((size + PAGE - 1) >>> SHIFT)][];
  }

  private static VarHandle view(Class<?> array) {
    return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
  }

  /** Whether all bytes of an aligned access of 1, 2, 4, 8, 16 or 32 bytes have been written. */
  boolean all(long offset, int bytes) {
    byte[] page = pages[(int) (offset >>> SHIFT)];
    if (page == WHOLE) {
      return true;
    }
    if (page == null) {
      return false;
    }
    int at = (int) offset & PAGE - 1;
    return switch (bytes) {
      case 1 -> page[at] != 0;
      case 2 -> (short) SHORTS.get(page, at) == (short) ONES;
      case 4 -> (int) INTS.get(page, at) == (int) ONES;
      default -> allLongs(page, at, bytes);
    };
  }

  private static boolean allLongs(byte[] page, int at, int bytes) {
    for (int i = at; i < at + bytes; i += 8) {
      if ((long) LONGS.get(page, i) != ONES) {
        return false;
      }
    }
    return true;
  }

  /** Whether all bytes of the accesses of some lanes have been written. */
  boolean all(LaneOffsets offsets, int bytes) {
    long start = offsets.at[offsets.first];
    int length = (offsets.end - offsets.first) * bytes;
    if (offsets.adjoin(bytes) && start >>> SHIFT == start + length - 1 >>> SHIFT) {
      byte[] page = pages[(int) (start >>> SHIFT)];
      int from = (int) start & PAGE - 1;
      return page == WHOLE
          || page != null && Arrays.equals(page, from, from + length, MARKED, 0, length);
    }
    for (int lane = offsets.first; lane < offsets.end; lane++) {
      if (!all(offsets.at[lane], bytes)) {
        return false;
      }
    }
    return true;
  }

  boolean one(long offset) {
    return all(offset, 1);
  }

  /** Marks an aligned access. */
  void mark(long offset, int bytes) {
    byte[] page = pages[(int) (offset >>> SHIFT)];
    if (page == WHOLE) {
      return;
    }
    if (page == null) {
      page = make((int) (offset >>> SHIFT));
    }
    int at = (int) offset & PAGE - 1;
    switch (bytes) {
      case 1 -> page[at] = 1;
      case 2 -> SHORTS.set(page, at, (short) ONES);
      case 4 -> INTS.set(page, at, (int) ONES);
      default -> {
        for (int i = at; i < at + bytes; i += 8) {
          LONGS.set(page, i, ONES);
        }
      }
    }
  }

  /** Marks the accesses of some lanes. */
  void mark(LaneOffsets offsets, int bytes) {
    if (offsets.adjoin(bytes)) {
      markAll(offsets.at[offsets.first], (long) (offsets.end - offsets.first) * bytes);
      return;
    }
    for (int lane = offsets.first; lane < offsets.end; lane++) {
      mark(offsets.at[lane], bytes);
    }
  }

  /** Marks a stretch of any length. */
  void markAll(long offset, long bytes) {
    for (long at = offset; at < offset + bytes; ) {
      int number = (int) (at >>> SHIFT);
      int from = (int) at & PAGE - 1;
      int count = (int) Math.min(offset + bytes - at, length(number) - from);
      if (count == length(number)) {
        pages[number] = WHOLE;
      } else if (pages[number] != WHOLE) {
        byte[] page = pages[number] == null ? make(number) : pages[number];
        Arrays.fill(page, from, from + count, (byte) 1);
      }
      at += count;
    }
  }

  /** Forgets all. */
  void clear(long bytes) {
    for (int number = 0; (long) number << SHIFT < bytes; number++) {
      if (pages[number] == WHOLE) {
        pages[number] = null;
      } else if (pages[number] != null) {
        Arrays.fill(pages[number], (byte) 0);
      }
    }
  }

  /** The first byte of a stretch that has not been written, or -1. */
  long firstUnwritten(long offset, long bytes) {
    for (long at = offset; at < offset + bytes; ) {
      int number = (int) (at >>> SHIFT);
      int from = (int) at & PAGE - 1;
      int count = (int) Math.min(offset + bytes - at, PAGE - from);
      byte[] page = pages[number];
      if (page == null) {
        return at;
      }
      for (int i = from; page != WHOLE && i < from + count; i++) {
        if (page[i] == 0) {
          return at + i - from;
        }
      }
      at += count;
    }
    return -1;
  }

  /** What it says of a stretch, which from now on counts as unwritten. */
  Written take(long offset, long bytes) {
    Written taken = new Written(bytes);
    taken.copy(0, this, offset, bytes);
    copy(offset, new Written(bytes), 0, bytes);
    return taken;
  }

  /** Marks what {@link #take} had found written. */
  void giveBack(long offset, Written taken) {
    for (int number = 0; number < taken.pages.length; number++) {
      byte[] page = taken.pages[number];
      long start = offset + ((long) number << SHIFT);
      if (page == WHOLE) {
        markAll(start, taken.length(number));
      } else if (page != null) {
        for (int i = 0; i < taken.length(number); i++) {
          if (page[i] != 0) {
            mark(start + i, 1);
          }
        }
      }
    }
  }

  /** Takes over what another says of bytes that have been copied from its region. */
  void copy(long to, Written other, long from, long bytes) {
    for (long done = 0; done < bytes; ) {
      int source = (int) (from + done & PAGE - 1);
      int target = (int) (to + done & PAGE - 1);
      int count = (int) Math.min(bytes - done, PAGE - Math.max(source, target));
      byte[] page = other.pages[(int) (from + done >>> SHIFT)];
      if (page == WHOLE) {
        markAll(to + done, count);
      } else {
        put(to + done, page, source, count);
      }
      done += count;
    }
  }

  private void put(long to, byte[] values, int from, int count) {
    int number = (int) (to >>> SHIFT);
    if (values == null && pages[number] == null) {
      return;
    }
    byte[] page = pages[number] == null || pages[number] == WHOLE ? make(number) : pages[number];
    int at = (int) to & PAGE - 1;
    if (values == null) {
      Arrays.fill(page, at, at + count, (byte) 0);
    } else {
      System.arraycopy(values, from, page, at, count);
    }
  }

  private int length(int number) {
    return (int) Math.min(PAGE, size - ((long) number << SHIFT));
  }

  private synchronized byte[] make(int number) {
    byte[] page = pages[number];
    if (page == null || page == WHOLE) {
      // Rounded up, so that the views above may touch what an access at the end would.
      byte[] made = new byte[length(number) + 31 & ~31];
      if (page == WHOLE) {
        Arrays.fill(made, (byte) 1);
      }
      pages[number] = made;
      return made;
    }
    return page;
  }
}
