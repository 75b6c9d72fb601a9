package dev.tandem.ptx;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Function;

/** A context with one stream of any driver: arrays go up, kernels run, arrays come down. Closing frees all of it. */
final class Gpu implements AutoCloseable {
  private final Context context;
  private final Stream stream;
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private boolean lost;

  /** On the driver's first device. The driver stays the caller's. */
  Gpu(Driver driver) {
    context = driver.devices().getFirst().open();
    stream = context.stream();
  }

  Context context() {
    return context;
  }

  Stream stream() {
    return stream;
  }

  Module load(String name, String ptx) {
    Module module = context.load(name, ptx);
    opened.push(module);
    return module;
  }

  /** Memory of undefined content. */
  DeviceMemory allocate(long bytes) {
    DeviceMemory memory = context.allocate(bytes);
    opened.push(memory);
    return memory;
  }

  /** Memory of so many bytes, all zero. */
  DeviceMemory zeros(long bytes) {
    DeviceMemory memory = allocate(bytes);
    stream.fill(memory.address(), 0, 1, bytes);
    return memory;
  }

  DeviceMemory upload(byte... values) {
    return upload(MemorySegment.ofArray(values));
  }

  DeviceMemory upload(short... values) {
    return upload(MemorySegment.ofArray(values));
  }

  DeviceMemory upload(int... values) {
    return upload(MemorySegment.ofArray(values));
  }

  DeviceMemory upload(long... values) {
    return upload(MemorySegment.ofArray(values));
  }

  DeviceMemory upload(float... values) {
    return upload(MemorySegment.ofArray(values));
  }

  DeviceMemory upload(double... values) {
    return upload(MemorySegment.ofArray(values));
  }

  private DeviceMemory upload(MemorySegment values) {
    DeviceMemory memory = allocate(values.byteSize());
    write(memory.address(), values);
    return memory;
  }

  /** Overwrites memory from an address on, and waits. */
  void write(long address, MemorySegment values) {
    try (PinnedMemory host = context.pin(values.byteSize())) {
      host.segment().copyFrom(values);
      stream.upload(address, host, 0, values.byteSize());
      stream.synchronize();
    }
  }

  byte[] bytes(DeviceMemory memory) {
    return download(memory, segment -> segment.toArray(ValueLayout.JAVA_BYTE));
  }

  short[] shorts(DeviceMemory memory) {
    return download(memory, segment -> segment.toArray(ValueLayout.JAVA_SHORT));
  }

  int[] ints(DeviceMemory memory) {
    return download(memory, segment -> segment.toArray(ValueLayout.JAVA_INT));
  }

  long[] longs(DeviceMemory memory) {
    return download(memory, segment -> segment.toArray(ValueLayout.JAVA_LONG));
  }

  float[] floats(DeviceMemory memory) {
    return download(memory, segment -> segment.toArray(ValueLayout.JAVA_FLOAT));
  }

  double[] doubles(DeviceMemory memory) {
    return download(memory, segment -> segment.toArray(ValueLayout.JAVA_DOUBLE));
  }

  private <A> A download(DeviceMemory memory, Function<MemorySegment, A> array) {
    try (PinnedMemory host = context.pin(memory.bytes())) {
      stream.download(host, 0, memory.address(), memory.bytes());
      stream.synchronize();
      return array.apply(host.segment());
    }
  }

  /** A launch of a kernel of the module, to be completed. */
  Launch kernel(Module module, String name) {
    return new Launch(stream, module.function(name));
  }

  /** Says that a kernel has cost the context, so that freeing what is in it will be refused, and need not be told. */
  void lost() {
    lost = true;
  }

  @Override
  public void close() {
    opened.addLast(stream);
    opened.addLast(context);
    DriverException first = null;
    while (!opened.isEmpty()) {
      try {
        close(opened.pop());
      } catch (DriverException e) {
        first = first == null ? e : first;
      }
    }
    if (first != null && !lost) {
      throw first;
    }
  }

  private static void close(AutoCloseable one) {
    switch (one) {
      case DeviceMemory memory -> memory.close();
      case Module module -> module.close();
      case Stream queue -> queue.close();
      case Context whole -> whole.close();
      default ->
          throw new IllegalStateException(
              "close: not opened here, got " + one + "; see load and allocate");
    }
  }
}
