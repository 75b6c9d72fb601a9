package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.reflect.Array;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Heap arrays by size class, given back and handed out again, so that a steady training step makes no garbage.
 * A class wastes at most a quarter. At most half the heap lies idle here; beyond that, arrays go to the
 * collector. Each thread of {@link Parallel} gets back what it gave back itself: that lies in its core's cache, and what
 * another core has written last would have to be fetched from there, only to be overwritten.
 */
final class BufferPool {
  // Idle arrays of half the heap leave the other half for a step that needs other sizes.
  private static final double IDLE_SHARE = 0.5;
  private static final int SMALLEST = 16;
  // HotSpot refuses arrays of the last few lengths below 2^31.
  private static final int LONGEST = Integer.MAX_VALUE - 8;
  private static final String TENSOR = "a tensor";
  private static final String SCRATCH = "scratch";
  private static final int CLASSES = 4 * Integer.SIZE;

  // By thread.
  private final List<Map<DType, ArrayDeque<Object>[]>> idle = new ArrayList<>();
  private final long idleLimit = (long) (Runtime.getRuntime().maxMemory() * IDLE_SHARE);
  private long used;
  private long reserved;
  private long idleBytes;
  private long borrowedBytes;
  private long peak;
  private long buffers;
  private volatile boolean closed;

  /** Memory for a tensor, contents undefined. */
  synchronized HeapBuffer allocate(TensorType type) {
    requireOpen();
    if (type.elements() > LONGEST) {
      throw new BackendException(
          "cpu: tensor has more elements than a Java array can hold, got "
              + type
              + ", "
              + type.elements()
              + " elements; the limit is "
              + LONGEST
              + ": split it, or use a smaller batch");
    }
    int elements = (int) type.elements();
    Object array = take(type.dtype(), elements, TENSOR);
    HeapBuffer buffer = new HeapBuffer(this, type.dtype(), elements, array);
    used += buffer.bytes();
    peak = Math.max(peak, used);
    buffers++;
    return buffer;
  }

  /** At least so many floats for the time of an op, contents undefined. They count as reserved, not as used. */
  float[] borrow(long elements) {
    return (float[]) borrow(DType.F32, elements);
  }

  /** An array of at least so many elements for the time of an op, contents undefined. */
  synchronized Object borrow(DType dtype, long elements) {
    requireOpen();
    if (elements > LONGEST) {
      throw new BackendException(
          "cpu: scratch for the op is longer than a Java array can be, got "
              + elements
              + " elements; the limit is "
              + LONGEST
              + ": use a smaller batch or smaller images");
    }
    Object array = take(dtype, (int) elements, SCRATCH);
    borrowedBytes += bytes(dtype, array);
    return array;
  }

  /** Takes back what was borrowed. */
  void release(float[] borrowed) {
    release(DType.F32, borrowed);
  }

  /** Takes back what was borrowed. */
  void release(DType dtype, Object borrowed) {
    release(dtype, borrowed, Parallel.worker());
  }

  /** Takes back what that {@linkplain Parallel#worker thread} has borrowed. */
  synchronized void release(DType dtype, Object borrowed, int thread) {
    if (!closed) {
      borrowedBytes -= bytes(dtype, borrowed);
      keep(dtype, borrowed, thread);
    }
  }

  /** Leaves to the collector what an op has borrowed that failed before it gave it back. No op may be running. */
  synchronized void writeOffBorrowed() {
    reserved -= borrowedBytes;
    borrowedBytes = 0;
  }

  synchronized void release(HeapBuffer buffer, Object array) {
    if (!closed) {
      used -= buffer.bytes();
      buffers--;
      keep(buffer.dtype(), array, Parallel.worker());
    }
  }

  synchronized MemoryStatistics statistics() {
    return new MemoryStatistics(used, reserved, peak, buffers);
  }

  /** Leaves all idle arrays to the collector. */
  synchronized void drop() {
    idle.clear();
    reserved -= idleBytes;
    idleBytes = 0;
  }

  synchronized void close() {
    drop();
    closed = true;
    used = 0;
    reserved = 0;
    borrowedBytes = 0;
    buffers = 0;
  }

  boolean closed() {
    return closed;
  }

  private void requireOpen() {
    if (closed) {
      throw new BackendException("cpu: backend is used after it was closed; open another one");
    }
  }

  private Object take(DType dtype, int elements, String what) {
    int index = sizeClass(elements);
    ArrayDeque<Object>[] classes = idleOf(Parallel.worker()).get(dtype);
    if (classes != null && classes[index] != null && !classes[index].isEmpty()) {
      idleBytes -= (long) length(index) * dtype.bytes();
      return classes[index].pop();
    }
    Object array = create(dtype, length(index), elements, what);
    reserved += (long) length(index) * dtype.bytes();
    return array;
  }

  private Object create(DType dtype, int length, int elements, String what) {
    try {
      return create(dtype, length);
    } catch (OutOfMemoryError first) {
      drop();
      try {
        return create(dtype, length);
      } catch (OutOfMemoryError second) {
        throw new OutOfMemoryException(
            "cpu: out of memory, asked for "
                + (long) elements * dtype.bytes()
                + " bytes ("
                + elements
                + " "
                + dtype
                + " for "
                + what
                + "); "
                + buffers
                + " open buffers use "
                + used
                + " bytes, the backend has reserved "
                + reserved
                + ", the heap's limit is "
                + Runtime.getRuntime().maxMemory()
                + "; raise it with java -Xmx, or use a smaller batch",
            second);
      }
    }
  }

  private static Object create(DType dtype, int length) {
    return switch (dtype) {
      case F32 -> new float[length];
      case F64 -> new double[length];
      case I32 -> new int[length];
      case U8 -> new byte[length];
      case BF16, F16 -> new short[length];
    };
  }

  private void keep(DType dtype, Object array, int thread) {
    long bytes = bytes(dtype, array);
    if (idleBytes + bytes > idleLimit) {
      reserved -= bytes;
      return;
    }
    idleBytes += bytes;
    ArrayDeque<Object>[] classes = idleOf(thread).computeIfAbsent(dtype, _ -> newClasses());
    int index = sizeClass(Array.getLength(array));
    if (classes[index] == null) {
      classes[index] = new ArrayDeque<>();
    }
    classes[index].push(array);
  }

  private Map<DType, ArrayDeque<Object>[]> idleOf(int thread) {
    while (idle.size() <= thread) {
      idle.add(new EnumMap<>(DType.class));
    }
    return idle.get(thread);
  }

  private static long bytes(DType dtype, Object array) {
    return (long) Array.getLength(array) * dtype.bytes();
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static ArrayDeque<Object>[] newClasses() {
    return new ArrayDeque[CLASSES];
  }

  /** Bytes of the array that a tensor gets. A longer one than arrays can be is counted as it is: {@link #allocate} refuses it. */
  static long blockBytes(TensorType type) {
    return type.elements() > LONGEST
        ? type.bytes()
        : (long) length(sizeClass((int) type.elements())) * type.dtype().bytes();
  }

  /** The smallest class that holds so many elements: class 4k + q is of (4 + q) * 2^k / 4 elements. */
  static int sizeClass(int elements) {
    int wanted = Math.max(SMALLEST, elements);
    int power = 31 - Integer.numberOfLeadingZeros(wanted);
    int step = 1 << (power - 2);
    int quarters = (int) (((long) wanted + step - 1) / step);
    return 4 * power + quarters - 4;
  }

  static int length(int sizeClass) {
    return (int) Math.min(LONGEST, (4L + sizeClass % 4) << (sizeClass / 4 - 2));
  }
}
