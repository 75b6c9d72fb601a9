package dev.tandem.ptx.machine;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Who touched a region's places last, for {@link Races}: tags of the last write and of the last reads, and the messages that
 * releases have left at places that synchronise. Pages of it exist where something was touched, and hold for one generation:
 * a launch for global memory, a block for shared.
 *
 * <p>A tag is a {@code long}, which 64-bit machines read and write whole. Threads of several blocks do so without locks; what
 * is lost that way may hide a race, never make one up.
 */
final class RaceShadow {
  private static final int SHIFT = 10;
  private static final int PAGE = 1 << SHIFT;

  /** The tags of a page; 0 is none. */
  static final class Tags {
    private final long generation;

    /** Bytes of a place, as a power of two: 2 while all accesses were of words, less once smaller ones occurred. */
    final int shift;

    /** Plain writes. */
    final long[] writes;

    /** Strong writes and atomic operations; null while there are none. */
    long[] strong;

    final long[] reads;

    /** Reads by another warp than that of the last read; null while there are none. */
    long[] others;

    private Tags(long generation, int shift, int places) {
      this.generation = generation;
      this.shift = shift;
      this.writes = new long[places];
      this.reads = new long[places];
    }

    int place(long offset) {
      return ((int) offset & PAGE - 1) >>> shift;
    }

    long[] others() {
      long[] made = others;
      if (made == null) {
        made = new long[reads.length];
        others = made;
      }
      return made;
    }

    long[] strong() {
      long[] made = strong;
      if (made == null) {
        made = new long[writes.length];
        strong = made;
      }
      return made;
    }

    private Tags finer(int to) {
      int times = 1 << shift - to;
      Tags finer = new Tags(generation, to, writes.length * times);
      for (int i = 0; i < writes.length; i++) {
        Arrays.fill(finer.writes, i * times, (i + 1) * times, writes[i]);
        Arrays.fill(finer.reads, i * times, (i + 1) * times, reads[i]);
        if (strong != null) {
          Arrays.fill(finer.strong(), i * times, (i + 1) * times, strong[i]);
        }
        if (others != null) {
          Arrays.fill(finer.others(), i * times, (i + 1) * times, others[i]);
        }
      }
      return finer;
    }
  }

  private record Told(long generation, Map<Long, Message> messages) {}

  private final Tags[] pages;
  private final long size;
  private volatile Told told = new Told(0, Map.of());

  RaceShadow(long bytes) {
    this.size = bytes;
    this.pages = new Tags[Math.toIntExact((bytes + PAGE - 1) >>> SHIFT)];
  }

  /** Whether two offsets have their tags in one page. */
  static boolean samePage(long a, long b) {
    return a >>> SHIFT == b >>> SHIFT;
  }

  /** The tags of the page of an access, at most as coarse as it is wide. */
  Tags tags(long offset, int bytes, long generation) {
    Tags tags = pages[(int) (offset >>> SHIFT)];
    if (tags == null || tags.generation != generation || (bytes < 4 && 1 << tags.shift > bytes)) {
      tags = renew((int) (offset >>> SHIFT), bytes >= 4 ? 2 : bytes - 1, generation);
    }
    return tags;
  }

  private synchronized Tags renew(int page, int shift, long generation) {
    Tags tags = pages[page];
    if (tags == null || tags.generation != generation) {
      long bytes = Math.min(PAGE, size - ((long) page << SHIFT));
      tags = new Tags(generation, shift, (int) (bytes + 3 >>> 2) << 2 - shift);
    } else if (tags.shift > shift) {
      tags = tags.finer(shift);
    }
    pages[page] = tags;
    return tags;
  }

  /** What has been told at a place; null where nothing. */
  Message heard(long offset, long generation) {
    Told now = told;
    return now.generation == generation ? now.messages.get(offset) : null;
  }

  /** Leaves a message at a place, with what has been left there before. */
  void tell(long offset, Message message, long generation) {
    Told now = told;
    if (now.generation != generation) {
      now = newTold(generation);
    }
    now.messages.merge(offset, message, Message::both);
  }

  private synchronized Told newTold(long generation) {
    if (told.generation != generation) {
      told = new Told(generation, new ConcurrentHashMap<>());
    }
    return told;
  }
}
