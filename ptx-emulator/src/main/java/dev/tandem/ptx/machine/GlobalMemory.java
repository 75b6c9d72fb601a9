package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The device's memory. Every allocation has addresses of its own that are not given out again, with at least as much free
 * space after it as it is long, so that an access beside it hits nothing else and its finding can name it. Addresses are
 * multiples of 256 and, on purpose, of no more. New memory holds {@link Region#POISON}. Any thread may call any method.
 */
public final class GlobalMemory implements AutoCloseable {
  private static final int SLOT_SHIFT = 20;
  private static final long SLOT = 1L << SLOT_SHIFT;
  private static final int LEAF_SHIFT = 10;
  private static final int LEAF = 1 << LEAF_SHIFT;

  /** Where in its first slot an allocation begins. */
  private static final long START = 256;

  /** Freed allocations that are remembered. */
  private static final int MEMORIES = 1 << 16;

  private final long capacity;
  private final Sanitizer sanitizer;
  private final TreeMap<Long, Allocation> live = new TreeMap<>();
  private final Deque<Allocation> dead = new ArrayDeque<>();

  /** The allocation that each slot of addresses belongs to, in leaves that are there where one of their slots is taken. */
  private volatile Allocation[][] slots = new Allocation[16][];

  private long nextSlot;
  private long count;
  private long held;

  public GlobalMemory(long bytes, Sanitizer sanitizer) {
    this.capacity = bytes;
    this.sanitizer = sanitizer;
  }

  /**
   * Gives out memory that a kernel may touch where its arguments name it.
   *
   * @throws DriverException with CUDA_ERROR_OUT_OF_MEMORY
   */
  public long allocate(long bytes) {
    return allocate(bytes, true);
  }

  /** Gives out memory that every kernel may touch and that cannot leak: a module's variables, the device's own heap. */
  public long allocateOpen(long bytes) {
    return allocate(bytes, false);
  }

  private synchronized long allocate(long bytes, boolean data) {
    if (bytes <= 0) {
      throw new DriverException(
          "allocate",
          DriverError.CUDA_ERROR_INVALID_VALUE,
          "got " + bytes + " bytes; ask for at least 1");
    }
    if (bytes > capacity - held) {
      throw outOfMemory(bytes, null);
    }
    long address = Windows.GLOBAL + (nextSlot << SLOT_SHIFT) + START;
    try {
      RaceShadow races = sanitizer.watchesRaces() ? new RaceShadow(bytes) : null;
      Region region = new Region(address, bytes, sanitizer.watchesMemory(), races);
      Allocation allocation = new Allocation(address, bytes, ++count, data, region);
      long taken = slotsOf(allocation);
      put(allocation, nextSlot, taken);
      nextSlot += taken;
      held += bytes;
      live.put(address, allocation);
      return address;
    } catch (OutOfMemoryError e) {
      throw outOfMemory(bytes, e);
    }
  }

  private DriverException outOfMemory(long bytes, OutOfMemoryError cause) {
    String whose = cause == null ? "" : ", but the JVM has no more heap";
    return new DriverException(
        "allocate",
        DriverError.CUDA_ERROR_OUT_OF_MEMORY,
        "asked for %d bytes, %d of %d are free, %d held in %d allocations%s"
            .formatted(bytes, capacity - held, capacity, held, live.size(), whose),
        cause);
  }

  /** Takes memory back. An address that is none of an allocation, or of one freed before, is a finding; 0 does nothing. */
  public synchronized void free(long address) {
    if (address == 0) {
      return;
    }
    Allocation allocation = live.remove(address);
    if (allocation == null) {
      report(Finding.Kind.DOUBLE_FREE, address, "free: " + misfreed(address));
      return;
    }
    held -= allocation.bytes;
    Allocation freed = allocation.freed();
    put(freed, slot(address), slotsOf(allocation));
    dead.add(freed);
    if (dead.size() > MEMORIES) {
      Allocation oldest = dead.remove();
      put(null, slot(oldest.address), slotsOf(oldest));
    }
  }

  private String misfreed(long address) {
    Allocation found = find(address);
    if (found != null && found.address == address) {
      return "freed before: " + found;
    }
    return "not the start of an allocation, but " + nearest(address, 1);
  }

  public synchronized long freeBytes() {
    return capacity - held;
  }

  /**
   * The bytes of memory for the host to read. They may be uninitialised.
   *
   * @throws DriverException with CUDA_ERROR_ILLEGAL_ADDRESS, naming the nearest allocation
   */
  public MemorySegment read(long address, long bytes) {
    Allocation allocation = within("read", address, bytes);
    return allocation.region.content.asSlice(address - allocation.address, bytes);
  }

  /** The bytes of memory for the host to write, which counts as done. */
  public MemorySegment write(long address, long bytes) {
    Allocation allocation = within("write", address, bytes);
    long offset = address - allocation.address;
    if (allocation.region.written != null) {
      allocation.region.written.markAll(offset, bytes);
    }
    return allocation.region.content.asSlice(offset, bytes);
  }

  /** The first address of a stretch that nobody has written, or -1, also where nobody keeps account. */
  public long firstUnwritten(long address, long bytes) {
    Allocation allocation = within("read", address, bytes);
    Written written = allocation.region.written;
    long offset = address - allocation.address;
    long first = written == null ? -1 : written.firstUnwritten(offset, bytes);
    return first < 0 ? -1 : allocation.address + first;
  }

  /** A stretch that counts as unwritten for a while, and what was known of it before. */
  record Blank(Written written, long offset, Written before) {
    /** Ends it: what was written before and what has been written since are written. */
    void end() {
      written.giveBack(offset, before);
    }
  }

  /** Lets a stretch count as unwritten; empty where nobody keeps account, or the stretch is not all memory. */
  Optional<Blank> blank(long address, long bytes) {
    Allocation allocation = find(address);
    if (allocation == null
        || allocation.isFreed()
        || allocation.region.written == null
        || address < allocation.address
        || bytes > allocation.address + allocation.bytes - address) {
      return Optional.empty();
    }
    Written written = allocation.region.written;
    long offset = address - allocation.address;
    return Optional.of(new Blank(written, offset, written.take(offset, bytes)));
  }

  /** Copies bytes; those that nobody has written stay so in the copy. The two pieces may be one, but must not overlap else. */
  public void copy(long to, long from, long bytes) {
    Allocation source = within("copy from", from, bytes);
    Allocation target = within("copy to", to, bytes);
    long read = from - source.address;
    long write = to - target.address;
    MemorySegment.copy(source.region.content, read, target.region.content, write, bytes);
    if (target.region.written != null) {
      target.region.written.copy(write, source.region.written, read, bytes);
    }
  }

  /**
   * Writes a pattern {@code count} times.
   *
   * @param patternBytes 1, 2 or 4: how many low bytes of it
   */
  public void fill(long to, int pattern, int patternBytes, long count) {
    MemorySegment target = write(to, count * patternBytes);
    int low = patternBytes == 1 ? pattern & 0xFF : patternBytes == 2 ? pattern & 0xFFFF : pattern;
    if (low == (low & 0xFF) * (patternBytes == 1 ? 1 : patternBytes == 2 ? 0x0101 : 0x0101_0101)) {
      target.fill((byte) low);
      return;
    }
    for (long i = 0; i < count; i++) {
      if (patternBytes == 2) {
        target.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, (short) low);
      } else {
        target.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * i, low);
      }
    }
  }

  /** Says how far bytes that begin in an allocation reach out of it; empty where they do not. */
  public synchronized String beyond(long address, long bytes) {
    Map.Entry<Long, Allocation> at = live.floorEntry(address);
    if (at == null) {
      return "";
    }
    Allocation allocation = at.getValue();
    long inside = allocation.bytes - (address - allocation.address);
    return inside <= 0 || bytes <= inside
        ? ""
        : "%d bytes at 0x%x reach %d bytes past the end of the %d-byte allocation at 0x%x"
            .formatted(bytes, address, bytes - inside, allocation.bytes, allocation.address);
  }

  /** What has been allocated and not freed. */
  public synchronized List<Finding> leaks() {
    List<Finding> leaks = new ArrayList<>();
    for (Allocation allocation : live.values()) {
      if (allocation.data) {
        leaks.add(
            Finding.ofHost(Finding.Kind.LEAK, allocation.address, "not freed: " + allocation));
      }
    }
    return leaks;
  }

  /** Forgets all memory. */
  @Override
  public synchronized void close() {
    live.clear();
    dead.clear();
    slots = new Allocation[16][];
    held = 0;
  }

  /** The allocation, live or freed, that an address lies in or beside; null where there is none. */
  Allocation find(long address) {
    Allocation[][] leaves = slots;
    long slot = slot(address);
    long leaf = slot >>> LEAF_SHIFT;
    if (leaf >= leaves.length || leaves[(int) leaf] == null) {
      return null;
    }
    return leaves[(int) leaf][(int) slot & LEAF - 1];
  }

  /** Where an address lies that no allocation holds. */
  String nearest(long address, int bytes) {
    Allocation at = find(address);
    Allocation next = null;
    for (long slot = slot(address);
        next == null && at != null && slot <= slot(at.address) + slotsOf(at);
        slot++) {
      Allocation here = find(Windows.GLOBAL + (slot << SLOT_SHIFT));
      next = here != at ? here : null;
    }
    if (next != null && next.distance(address) < at.distance(address)) {
      at = next;
    }
    if (at == null) {
      return address >= 0 && address < 4096
          ? "at a null pointer plus " + address + " bytes"
          : "nowhere near any allocation";
    }
    return at.describe(address, bytes);
  }

  private Allocation within(String operation, long address, long bytes) {
    Allocation found = find(address);
    if (found != null && !found.isFreed() && bytes >= 0 && found.holds(address, bytes)) {
      return found;
    }
    boolean freed = found != null && found.isFreed() && found.holds(address, 1);
    String message =
        "%d bytes at 0x%x: %s"
            .formatted(bytes, address, nearest(address, (int) Math.min(bytes, Integer.MAX_VALUE)));
    report(
        freed ? Finding.Kind.USE_AFTER_FREE : Finding.Kind.OUT_OF_BOUNDS,
        address,
        operation + " by the host: " + message);
    throw new DriverException(operation, DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, message);
  }

  private void report(Finding.Kind kind, long address, String message) {
    sanitizer.report(Finding.ofHost(kind, address, message));
  }

  private static long slot(long address) {
    return address - Windows.GLOBAL >>> SLOT_SHIFT;
  }

  private static long slotsOf(Allocation allocation) {
    return (START + allocation.bytes + Math.max(SLOT, allocation.bytes) + SLOT - 1) >>> SLOT_SHIFT;
  }

  private void put(Allocation allocation, long first, long number) {
    for (long slot = first; slot < first + number; slot++) {
      int leaf = (int) (slot >>> LEAF_SHIFT);
      Allocation[][] leaves = slots;
      if (leaf >= leaves.length) {
        leaves = java.util.Arrays.copyOf(leaves, 2 * leaf);
      }
      if (leaves[leaf] == null) {
        leaves[leaf] = new Allocation[LEAF];
      }
      leaves[leaf][(int) slot & LEAF - 1] = allocation;
      slots = leaves;
    }
    dropEmptyLeaves(allocation, first, number);
  }

  /** A long run must not keep a table of all addresses it ever used. */
  private void dropEmptyLeaves(Allocation allocation, long first, long number) {
    if (allocation != null) {
      return;
    }
    long current = nextSlot >>> LEAF_SHIFT;
    for (long leaf = first >>> LEAF_SHIFT; leaf <= first + number - 1 >>> LEAF_SHIFT; leaf++) {
      boolean empty = leaf < current;
      for (int i = 0; empty && i < LEAF; i++) {
        empty = slots[(int) leaf][i] == null;
      }
      if (empty) {
        slots[(int) leaf] = null;
      }
    }
  }
}
