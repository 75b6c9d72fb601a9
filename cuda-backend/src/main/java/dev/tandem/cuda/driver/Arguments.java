package dev.tandem.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * The arguments of a launch, laid out as PTX lays out an entry's parameters: in order, each at the next multiple of its own
 * size. Written once and reused: {@link #clear} empties it, and a launch has read it when it returns. One thread at a time.
 *
 * <p>An address may be given together with the bytes that the kernel is meant to touch there and how, also one inside a struct. The
 * device does not need to know; the software GPU holds the kernel to it.
 */
public final class Arguments {
  /** What every device and PTX version takes. */
  public static final int MAX_BYTES = 4096;

  private static final int USUAL = 16;

  /** What a kernel is meant to do with a piece of memory. */
  public enum Access {
    /** The kernel reads what lies there. */
    READ,
    /** The kernel writes what lies there. */
    WRITE,
    /** The kernel reads and writes what lies there. */
    READ_WRITE
  }

  /** A piece of device memory that a kernel was promised. */
  public record Range(long address, long bytes, Access access) {}

  private final MemorySegment packed = Arena.ofAuto().allocate(MAX_BYTES, 16);
  private long[] offsets = new long[USUAL];
  private long[] sizes = new long[USUAL];
  private final List<Range> ranges = new ArrayList<>();
  private final List<Integer> holders = new ArrayList<>();
  private boolean undeclared;
  private int count;
  private long size;

  /** An address of whose extent nothing is said. */
  public Arguments address(long value) {
    undeclared = true;
    return int64(value);
  }

  /** Memory that the kernel only reads. */
  public Arguments read(long address, long bytes) {
    return range(address, bytes, Access.READ);
  }

  /** Memory that the kernel writes before it reads it, if it reads it. */
  public Arguments write(long address, long bytes) {
    return range(address, bytes, Access.WRITE);
  }

  /** Memory that the kernel reads and writes. */
  public Arguments readWrite(long address, long bytes) {
    return range(address, bytes, Access.READ_WRITE);
  }

  /** Adds a 32-bit integer. */
  public Arguments int32(int value) {
    packed.set(ValueLayout.JAVA_INT, place(4), value);
    return this;
  }

  /** Adds a 64-bit integer. */
  public Arguments int64(long value) {
    packed.set(ValueLayout.JAVA_LONG, place(8), value);
    return this;
  }

  /** Adds an F32. */
  public Arguments float32(float value) {
    packed.set(ValueLayout.JAVA_FLOAT, place(4), value);
    return this;
  }

  /** Adds an F64. */
  public Arguments float64(double value) {
    packed.set(ValueLayout.JAVA_DOUBLE, place(8), value);
    return this;
  }

  /** A struct or array passed by value, copied now. */
  public Arguments bytes(MemorySegment value, int alignment) {
    long at = place(value.byteSize(), alignment);
    MemorySegment.copy(value, 0, packed, at, value.byteSize());
    return this;
  }

  /** Memory behind an address inside the last argument, a struct: what the kernel is meant to touch there, and how. */
  public Arguments inside(long address, long bytes, Access access) {
    Objects.checkIndex(count - 1, count);
    ranges.add(new Range(address, bytes, access));
    holders.add(count - 1);
    return this;
  }

  /** Empties it, to be filled again. */
  public Arguments clear() {
    ranges.clear();
    holders.clear();
    undeclared = false;
    count = 0;
    size = 0;
    return this;
  }

  /** How many there are. */
  public int count() {
    return count;
  }

  /** Where argument {@code i} begins in {@link #packed}. */
  public long offset(int i) {
    return offsets[Objects.checkIndex(i, count)];
  }

  /** How long argument {@code i} is. */
  public long bytes(int i) {
    return sizes[Objects.checkIndex(i, count)];
  }

  /** The bytes of all arguments, native memory. */
  public MemorySegment packed() {
    return packed.asSlice(0, size);
  }

  /** What was said of the memory behind the addresses. */
  public List<Range> ranges() {
    return List.copyOf(ranges);
  }

  /** The number of the argument that range {@code i} is behind. */
  public int holder(int i) {
    return holders.get(i);
  }

  /** Whether the ranges are all the memory that the kernel is meant to touch through its arguments. */
  public boolean declared() {
    return !undeclared && !ranges.isEmpty();
  }

  private Arguments range(long address, long bytes, Access access) {
    int64(address);
    return inside(address, bytes, access);
  }

  private long place(long bytes) {
    return place(bytes, bytes);
  }

  private long place(long bytes, long alignment) {
    long at = (size + alignment - 1) / alignment * alignment;
    if (at + bytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "launch: arguments too large, got "
              + (at + bytes)
              + " bytes; pass at most "
              + MAX_BYTES
              + ", the rest by address");
    }
    if (count == offsets.length) {
      offsets = Arrays.copyOf(offsets, 2 * count);
      sizes = Arrays.copyOf(sizes, 2 * count);
    }
    offsets[count] = at;
    sizes[count] = bytes;
    count++;
    size = at + bytes;
    return at;
  }
}
