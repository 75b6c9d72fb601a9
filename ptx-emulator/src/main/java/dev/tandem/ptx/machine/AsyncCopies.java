package dev.tandem.ptx.machine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;

/**
 * The asynchronous copies of a block that are under way. A copy lands where its thread waits for it and not before: until
 * then {@link Region#awaited} marks its target. Its source is read as it lands, so that one overwritten in between shows.
 */
final class AsyncCopies {
  /**
   * What one instruction has begun, by lane.
   *
   * @param targets offsets in shared memory
   * @param sources regions of the sources
   * @param offsets of the sources in their regions
   * @param given bytes read of each source; the rest becomes zero
   */
  record Batch(Access access, long[] targets, Region[] sources, long[] offsets, int[] given) {
    Batch(Access access) {
      this(
          access,
          new long[Warp.LANES],
          new Region[Warp.LANES],
          new long[Warp.LANES],
          new int[Warp.LANES]);
    }
  }

  /** Some lanes' share of a batch. */
  private record Part(Batch batch, int lanes) {}

  /** Parts of a warp's batches that lanes wait for together. */
  private record Group(Warp warp, int lanes, List<Part> parts) {}

  private final Region shared;
  private final List<Group> open = new ArrayList<>();
  private final List<Group> committed = new ArrayList<>();
  private byte[] marks = new byte[0];
  private int outstanding;

  AsyncCopies(Region shared) {
    this.shared = shared;
  }

  /** Forgets all: a kernel may end without waiting. */
  void clear() {
    open.clear();
    committed.clear();
    if (outstanding > 0) {
      Arrays.fill(marks, (byte) 0);
      outstanding = 0;
    }
    shared.awaited = null;
  }

  void begin(Warp warp, Batch batch, int mask) {
    if (marks.length == 0) {
      marks = new byte[(int) (shared.content.byteSize() + 3 >>> 2)];
    }
    shared.awaited = marks;
    open.add(new Group(warp, mask, List.of(new Part(batch, mask))));
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      mark(batch, Integer.numberOfTrailingZeros(rest), 1);
    }
  }

  /** Lanes close a group of what they have begun, be it nothing. */
  void commit(Warp warp, int mask) {
    List<Part> parts = new ArrayList<>();
    List<Group> left = new ArrayList<>();
    for (Group group : open) {
      int taken = group.warp == warp ? group.lanes & mask : 0;
      if (taken != 0) {
        parts.add(new Part(group.parts.getFirst().batch, taken));
      }
      if (taken != group.lanes) {
        left.add(new Group(group.warp, group.lanes & ~taken, group.parts));
      }
    }
    open.clear();
    open.addAll(left);
    committed.add(new Group(warp, mask, parts));
  }

  /** Lanes wait until no more than their last so many groups are under way. */
  void await(Warp warp, int mask, long groups) {
    long[] newer = new long[Warp.LANES];
    int[] landing = new int[committed.size()];
    for (int i = committed.size() - 1; i >= 0; i--) {
      Group group = committed.get(i);
      for (int rest = group.warp == warp ? group.lanes & mask : 0; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        landing[i] |= newer[lane]++ >= groups ? 1 << lane : 0;
      }
    }
    for (int i = 0; i < landing.length; i++) {
      land(committed.get(i), landing[i]);
      Group group = committed.get(i);
      committed.set(i, new Group(group.warp, group.lanes & ~landing[i], group.parts));
    }
    for (Iterator<Group> all = committed.iterator(); all.hasNext(); ) {
      if (all.next().lanes == 0) {
        all.remove();
      }
    }
    if (outstanding == 0) {
      shared.awaited = null;
    }
  }

  private void land(Group group, int lanes) {
    for (Part part : group.parts) {
      for (int rest = part.lanes & lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        mark(part.batch, lane, -1);
        land(group.warp, part.batch, lane);
      }
    }
  }

  private void land(Warp warp, Batch batch, int lane) {
    int bytes = batch.access.bytes();
    long to = batch.targets[lane];
    Region source = batch.sources[lane];
    int given = batch.given[lane];
    for (int i = 0; i < bytes; i++) {
      shared.store(to + i, 1, i < given ? source.load(batch.offsets[lane] + i, 1) : 0);
    }
    if (shared.written != null) {
      shared.written.mark(to, bytes);
      if (given > 0 && source.written != null) {
        shared.written.copy(to, source.written, batch.offsets[lane], given);
      }
      if (shared.races != null) {
        warp.block.races.write(warp, batch.access, lane, shared, to);
      }
    }
  }

  private void mark(Batch batch, int lane, int by) {
    int first = (int) (batch.targets[lane] >>> 2);
    for (int i = first; i < first + batch.access.bytes() / 4; i++) {
      marks[i] += (byte) by;
    }
    outstanding += by;
  }
}
