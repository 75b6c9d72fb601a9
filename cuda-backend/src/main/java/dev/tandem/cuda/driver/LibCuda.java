package dev.tandem.cuda.driver;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;

/**
 * The few functions of libcuda.so.1 that JCuda 12.6 does not bind, or not soundly: attributes of memory pools and
 * {@code cuGraphExecUpdate}, which its native library lacks; {@code cuMemHostAlloc}, which fails there beyond 2 GiB and leaks
 * what it got; {@code cuDeviceGetName}, which holds a Java array pinned meanwhile.
 */
final class LibCuda {
  /** What {@link #parameter} answers where the driver is older than 12.4 and cannot tell. */
  static final int UNKNOWN = -1;

  private static final String NAME = "libcuda.so.1";

  /** As the dynamic linker finds it, else where WSL and NixOS keep it, which not every setup tells the linker. */
  private static final List<String> NAMES =
      List.of(NAME, "/usr/lib/wsl/lib/" + NAME, "/run/opengl-driver/lib/" + NAME);

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final AddressLayout ADDRESS = ValueLayout.ADDRESS;
  private static final int NAME_BYTES = 256;

  private final SymbolLookup symbols;
  private final MethodHandle deviceGetName;
  private final MethodHandle memHostAlloc;
  private final MethodHandle memFreeHost;
  private final MethodHandle deviceGetMemPool;
  private final MethodHandle memPoolSetAttribute;
  private final MethodHandle memPoolTrimTo;
  private final MethodHandle graphExecUpdate;
  private final Optional<MethodHandle> funcGetParamInfo;

  /** Binds them in a library that is not older than CUDA 12. */
  LibCuda(SymbolLookup symbols) {
    this.symbols = symbols;
    deviceGetName = bind("cuDeviceGetName", ADDRESS, INT, INT);
    memHostAlloc = bind("cuMemHostAlloc", ADDRESS, LONG, INT);
    memFreeHost = bind("cuMemFreeHost", LONG);
    deviceGetMemPool = bind("cuDeviceGetMemPool", ADDRESS, INT);
    memPoolSetAttribute = bind("cuMemPoolSetAttribute", LONG, INT, ADDRESS);
    memPoolTrimTo = bind("cuMemPoolTrimTo", LONG, LONG);
    graphExecUpdate = bind("cuGraphExecUpdate_v2", LONG, LONG, ADDRESS);
    funcGetParamInfo =
        symbols.find("cuFuncGetParamInfo").isEmpty()
            ? Optional.empty()
            : Optional.of(bind("cuFuncGetParamInfo", LONG, LONG, ADDRESS, ADDRESS));
  }

  /** The library of the machine's driver, where the loader finds one. Stays loaded. */
  @SuppressWarnings("restricted")
  static Optional<SymbolLookup> find() {
    for (String name : NAMES) {
      try {
        return Optional.of(SymbolLookup.libraryLookup(name, Arena.global()));
      } catch (IllegalArgumentException _) { // how it says that there is no such library
      } catch (IllegalCallerException e) {
        throw new DriverException(
            "load " + NAME,
            DriverError.NO_BINDING,
            "this JVM refuses native code; start it with --enable-native-access=ALL-UNNAMED",
            e);
      }
    }
    return Optional.empty();
  }

  String deviceName(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocate(NAME_BYTES);
      int code = call(() -> (int) deviceGetName.invokeExact(name, NAME_BYTES, device));
      Calls.check(code, "cuDeviceGetName");
      return name.getString(0);
    }
  }

  /** The address of page-locked memory. */
  long allocateHost(long bytes, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(LONG);
      int code = call(() -> (int) memHostAlloc.invokeExact(address, bytes, flags));
      Calls.check(code, () -> "cuMemHostAlloc of " + bytes + " bytes");
      return address.get(LONG, 0);
    }
  }

  void freeHost(long address) {
    Calls.check(call(() -> (int) memFreeHost.invokeExact(address)), "cuMemFreeHost");
  }

  /** The pool that stream-ordered memory of a device comes from now: its default one, unless someone set another. */
  long pool(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pool = arena.allocate(LONG);
      int code = call(() -> (int) deviceGetMemPool.invokeExact(pool, device));
      Calls.check(code, "cuDeviceGetMemPool");
      return pool.get(LONG, 0);
    }
  }

  void setPoolAttribute(long pool, int attribute, long value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment content = arena.allocateFrom(LONG, value);
      int code = call(() -> (int) memPoolSetAttribute.invokeExact(pool, attribute, content));
      Calls.check(code, () -> "cuMemPoolSetAttribute " + attribute + " to " + value);
    }
  }

  void trimPool(long pool, long bytes) {
    int code = call(() -> (int) memPoolTrimTo.invokeExact(pool, bytes));
    Calls.check(code, () -> "cuMemPoolTrimTo " + bytes + " bytes");
  }

  /** The code of {@code cuGraphExecUpdate}. */
  int updateGraph(long executable, long graph) {
    try (Arena arena = Arena.ofConfined()) {
      // CUgraphExecUpdateResultInfo: an enum and two nodes. The code says enough.
      MemorySegment result = arena.allocate(3 * LONG.byteSize(), LONG.byteAlignment());
      return call(() -> (int) graphExecUpdate.invokeExact(executable, graph, result));
    }
  }

  /** The code of {@code cuFuncGetParamInfo}, which writes two longs, or {@link #UNKNOWN}. */
  int parameter(long function, long index, MemorySegment offset, MemorySegment bytes) {
    return funcGetParamInfo
        .map(info -> call(() -> (int) info.invokeExact(function, index, offset, bytes)))
        .orElse(UNKNOWN);
  }

  private MethodHandle bind(String name, MemoryLayout... parameters) {
    return bind(symbols, name, parameters);
  }

  /** A function that returns a {@code CUresult}. */
  @SuppressWarnings("restricted")
  static MethodHandle bind(SymbolLookup symbols, String name, MemoryLayout... parameters) {
    MemorySegment function =
        symbols
            .find(name)
            .orElseThrow(() ->
                new DriverException(
                    name,
                    DriverError.DRIVER_TOO_OLD,
                    NAME + " has no such function; install " + Diagnosis.OLDEST_DRIVER));
    return Linker.nativeLinker().downcallHandle(function, FunctionDescriptor.of(INT, parameters));
  }

  /** A call into the library. */
  interface Call {
    int run() throws Throwable;
  }

  static int call(Call call) {
    try {
      return call.run();
    } catch (Throwable e) { // a handle's own declaration; none of these functions throws
      throw new IllegalStateException("libcuda: a call could not be made", e);
    }
  }
}
