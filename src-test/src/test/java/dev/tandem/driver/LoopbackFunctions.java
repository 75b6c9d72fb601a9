package dev.tandem.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** C functions written in Java, for a {@link LoopbackLibrary}: what they take, what they do, how often they were called. */
final class LoopbackFunctions {
  /** What a function does. It may throw: what that comes to is the {@link Failure}'s. */
  interface Body {
    int run(long[] arguments);
  }

  /** What a function answers that has thrown. */
  interface Failure {
    int code(String function, Throwable thrown);
  }

  private final Map<String, String> shapes = new LinkedHashMap<>();
  private final Map<String, Body> bodies = new HashMap<>();
  private final Map<String, Long> calls = new HashMap<>();
  private final List<Throwable> faults = new ArrayList<>();
  private final Object monitor;
  private final Failure failure;

  /** @param monitor held while a function runs; libraries that share state share it */
  LoopbackFunctions(Object monitor, Failure failure) {
    this.monitor = monitor;
    this.failure = failure;
  }

  /**
   * Adds a function.
   *
   * @param shape its parameters: p pointer, handle or long, i int, s short, b byte
   */
  void on(String name, String shape, Body body) {
    shapes.put(name, shape);
    bodies.put(name, body);
  }

  /** Whether a function was added. */
  boolean has(String name) {
    return bodies.containsKey(name);
  }

  /** How often a function was called. */
  long calls(String name) {
    synchronized (monitor) {
      return calls.getOrDefault(name, 0L);
    }
  }

  /** What was done to them that neither a driver nor its caller should do, and is forgotten now. */
  List<String> faults() {
    synchronized (monitor) {
      List<String> told = faults.stream().map(Throwable::toString).toList();
      faults.clear();
      return told;
    }
  }

  /** Takes note of a fault. */
  void fault(Throwable fault) {
    faults.add(fault);
  }

  private int call(String name, long[] registers) {
    synchronized (monitor) {
      try {
        calls.merge(name, 1L, Long::sum);
        String shape = shapes.get(name);
        long[] arguments = new long[shape.length()];
        for (int i = 0; i < arguments.length; i++) {
          arguments[i] =
              switch (shape.charAt(i)) {
                case 'i' -> (int) registers[i];
                case 's' -> registers[i] & 0xffff;
                case 'b' -> registers[i] & 0xff;
                default -> registers[i];
              };
        }
        return bodies.get(name).run(arguments);
      } catch (Throwable e) { // must not leave an upcall: the process would end
        return failure.code(name, e);
      }
    }
  }

  /**
   * Addresses of them all. To the System V ABI of x86-64 an integer or a pointer, in a register or on the stack, is one of 64
   * bits, whose upper half may be anything where its type is shorter.
   */
  @SuppressWarnings("restricted")
  Map<String, MemorySegment> stubs() {
    Map<String, MemorySegment> stubs = new LinkedHashMap<>();
    try {
      MethodHandle call =
          MethodHandles.lookup()
              .findVirtual(
                  LoopbackFunctions.class,
                  "call",
                  MethodType.methodType(int.class, String.class, long[].class));
      for (Map.Entry<String, String> entry : shapes.entrySet()) {
        MemoryLayout[] longs = new MemoryLayout[entry.getValue().length()];
        Arrays.fill(longs, ValueLayout.JAVA_LONG);
        MethodHandle target =
            MethodHandles.insertArguments(call, 0, this, entry.getKey())
                .asCollector(long[].class, longs.length);
        FunctionDescriptor descriptor = FunctionDescriptor.of(ValueLayout.JAVA_INT, longs);
        stubs.put(
            entry.getKey(), Linker.nativeLinker().upcallStub(target, descriptor, Arena.global()));
      }
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
    return stubs;
  }

  // ---- for bodies: C's memory

  /** Byte by byte: a read of a whole word could leave the page in which the text ends. */
  static String string(long address) {
    int length = 0;
    while (at(address + length, 1).get(ValueLayout.JAVA_BYTE, 0) != 0) {
      length++;
    }
    return new String(at(address, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  static int write(long address, long value) {
    at(address, 8).set(ValueLayout.JAVA_LONG, 0, value);
    return 0;
  }

  static int write(long address, int value) {
    at(address, 4).set(ValueLayout.JAVA_INT, 0, value);
    return 0;
  }

  @SuppressWarnings("restricted")
  static MemorySegment at(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
