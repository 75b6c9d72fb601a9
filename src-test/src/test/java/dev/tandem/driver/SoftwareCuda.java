package dev.tandem.driver;

import static dev.tandem.driver.LoopbackFunctions.at;
import static dev.tandem.driver.LoopbackFunctions.string;
import static dev.tandem.driver.LoopbackFunctions.write;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.MemoryInfo;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.EmulatorOptions.Sanitizer;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Linker;
import dev.tandem.ptx.text.Parser;
import dev.tandem.ptx.text.PtxModule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A libcuda.so.1 of this process whose device is the software GPU: every function, with the arguments as C passes them,
 * becomes a call of the driver seam, and an exception the {@code CUresult} that it stands for. Calls without a current context are
 * refused, as the real ones are. Streams, events and graphs are {@link SoftwareStreams}'.
 */
final class SoftwareCuda {
  static final long BYTES = 1L << 30;

  private static final long CONTEXT = 0xC0DE_0000_0010L;
  private static final long POOL = 0xC0DE_0000_0020L;
  private static final int RELEASE_THRESHOLD = 4;
  private static final int ERROR_LOG_BUFFER = 5;
  private static final int ERROR_LOG_BUFFER_SIZE = 6;

  /** A kernel, and its parameters as its PTX has them. */
  record Entry(Function function, LinkedKernel parameters) {}

  /** A module, and the handles of its functions, which end with it. */
  private record Loaded(Module module, PtxModule text, List<Long> functions) {}

  private static SoftwareCuda loaded;

  private final EmulatedDriver gpu =
      EmulatedDriver.open(
          EmulatorOptions.standard().withMemory(BYTES).withSanitizer(Sanitizer.MEMORY));
  private final Device device = gpu.devices().getFirst();
  private final LoopbackFunctions functions = new LoopbackFunctions(this, this::code);
  private final LoopbackHandles handles = new LoopbackHandles();
  private final LoopbackHandles memory = new LoopbackHandles();
  private final LoopbackHandles pinned = new LoopbackHandles();
  private final List<String> refusals = new ArrayList<>();
  private final ThreadLocal<Long> current = ThreadLocal.withInitial(() -> 0L);
  private Context primary;
  private int retained;

  private SoftwareCuda() {
    devices();
    contexts();
    modules();
    kernels();
    memory();
    new SoftwareStreams(this, functions, handles);
  }

  /** The driver of this process, put in place before anything could load another. */
  static synchronized SoftwareCuda get() {
    if (loaded == null) {
      SoftwareCuda cuda = new SoftwareCuda();
      try {
        LoopbackLibrary.load("libcuda.so.1", cuda.functions.stubs());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      loaded = cuda;
    }
    return loaded;
  }

  EmulatedDriver gpu() {
    return gpu;
  }

  /** How often a function of the library was called. */
  long calls(String function) {
    return functions.calls(function);
  }

  LoopbackHandles handles() {
    return handles;
  }

  /** What the device has refused since this was asked last, in its own words. */
  synchronized List<String> refusals() {
    List<String> told = List.copyOf(refusals);
    refusals.clear();
    return told;
  }

  /** What was made and not destroyed, and what no caller should have done. */
  synchronized List<String> leftovers() {
    List<String> all = new ArrayList<>(functions.faults());
    for (LoopbackHandles kept : List.of(handles, memory, pinned)) {
      all.addAll(kept.left());
    }
    if (retained != 0) {
      all.add("contexts retained more often than released: " + retained);
    }
    return all;
  }

  /** The {@code CUresult} of what was thrown. Findings of the sanitizer, which no driver has, are a kernel that failed. */
  private int code(String function, Throwable thrown) {
    DriverError error =
        switch (thrown) {
          case DriverException e -> e.error();
          case IllegalArgumentException _ -> DriverError.CUDA_ERROR_INVALID_VALUE;
          default -> DriverError.CUDA_ERROR_UNKNOWN;
        };
    refuse(function, thrown);
    if (error == DriverError.CUDA_ERROR_UNKNOWN) {
      functions.fault(new AssertionError(function, thrown));
    }
    return error.code() > 0 ? error.code() : DriverError.CUDA_ERROR_LAUNCH_FAILED.code();
  }

  void refuse(String function, Throwable thrown) {
    refusals.add(function + ": " + thrown.getMessage());
  }

  /** The context of the calling thread. */
  Context context(String operation) {
    if (current.get() != CONTEXT || primary == null) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_INVALID_CONTEXT, "the thread has no context");
    }
    return primary;
  }

  PinnedMemory pinned(String operation, long address) {
    return pinned.get(operation, PinnedMemory.class, pinnedBegin(operation, address));
  }

  long pinnedBegin(String operation, long address) {
    return pinned.begin(operation, address);
  }

  /** Takes note of memory that was allocated, and writes its address. */
  int allocated(long out, DeviceMemory allocated) {
    return write(out, memory.add(allocated.address(), allocated));
  }

  DeviceMemory allocation(String operation, long address) {
    return memory.get(operation, DeviceMemory.class, address);
  }

  void freed(String operation, long address) {
    memory.remove(operation, DeviceMemory.class, address);
  }

  private void devices() {
    functions.on("cuInit", "i", _ -> 0);
    functions.on("cuDriverGetVersion", "p", a -> write(a[0], gpu.version()));
    functions.on("cuDeviceGetCount", "p", a -> write(a[0], 1));
    functions.on("cuDeviceGet", "pi", a -> known((int) a[1]) ? write(a[0], (int) a[1]) : 101);
    functions.on(
        "cuDeviceGetName",
        "pii",
        a -> {
          at(a[0], a[1]).setString(0, device.name());
          return 0;
        });
    functions.on("cuDeviceTotalMem_v2", "pi", a -> write(a[0], device.totalBytes()));
    functions.on(
        "cuDeviceGetAttribute",
        "pii",
        a -> {
          DeviceAttribute attribute =
              Arrays.stream(DeviceAttribute.values())
                  .filter(candidate -> candidate.code() == a[1])
                  .findFirst()
                  .orElseThrow();
          return known((int) a[2]) ? write(a[0], device.attribute(attribute)) : 101;
        });
  }

  private static boolean known(int device) {
    return device == 0;
  }

  private void contexts() {
    functions.on(
        "cuDevicePrimaryCtxRetain",
        "pi",
        a -> {
          if (primary == null) {
            primary = device.open();
          }
          retained++;
          return write(a[0], CONTEXT + a[1]);
        });
    functions.on(
        "cuDevicePrimaryCtxRelease_v2",
        "i",
        _ -> {
          retained--;
          if (retained == 0) {
            Context ending = primary;
            primary = null;
            ending.close();
          }
          return 0;
        });
    functions.on("cuCtxGetCurrent", "p", a -> write(a[0], current.get()));
    functions.on(
        "cuCtxSetCurrent",
        "p",
        a -> {
          current.set(a[0]);
          context("cuCtxSetCurrent");
          return 0;
        });
    functions.on(
        "cuCtxSynchronize",
        "",
        _ -> {
          context("cuCtxSynchronize").synchronize();
          return 0;
        });
    functions.on(
        "cuMemGetInfo_v2",
        "pp",
        a -> {
          MemoryInfo info = context("cuMemGetInfo").memory();
          return write(a[0], info.freeBytes()) + write(a[1], info.totalBytes());
        });
  }

  private void modules() {
    functions.on(
        "cuModuleLoadDataEx",
        "ppipp",
        a -> {
          try {
            String ptx = string(a[1]);
            Module module = context("cuModuleLoadDataEx").load("the module", ptx);
            Loaded made = new Loaded(module, Parser.parse(ptx), new ArrayList<>());
            return write(a[0], handles.add(made));
          } catch (DriverException e) {
            if (e.error() == DriverError.CUDA_ERROR_INVALID_PTX) {
              compilerLog((int) a[2], a[3], a[4], e.getMessage());
            }
            throw e;
          }
        });
    functions.on(
        "cuModuleUnload",
        "p",
        a -> {
          context("cuModuleUnload");
          Loaded module = handles.remove("cuModuleUnload", Loaded.class, a[0]);
          module.functions.forEach(
              function -> handles.remove("cuModuleUnload", Entry.class, function));
          module.module.close();
          return 0;
        });
    functions.on(
        "cuModuleGetFunction",
        "ppp",
        a -> {
          context("cuModuleGetFunction");
          Loaded module = handles.get("cuModuleGetFunction", Loaded.class, a[1]);
          Function function = module.module.function(string(a[2]));
          LinkedKernel parameters = Linker.link(module.text, function.name());
          long handle = handles.add(new Entry(function, parameters));
          module.functions.add(handle);
          return write(a[0], handle);
        });
    functions.on(
        "cuModuleGetGlobal_v2",
        "pppp",
        a -> {
          context("cuModuleGetGlobal");
          DeviceMemory global =
              handles.get("cuModuleGetGlobal", Loaded.class, a[2]).module.global(string(a[3]));
          return write(a[0], global.address()) + write(a[1], global.bytes());
        });
  }

  /** Writes into the log among the options, as much as there is room for. */
  private static void compilerLog(int count, long options, long values, String text) {
    MemorySegment keys = at(options, 4L * count);
    MemorySegment contents = at(values, 8L * count);
    long buffer = 0;
    int room = 0;
    for (int i = 0; i < count; i++) {
      long value = contents.getAtIndex(ValueLayout.JAVA_LONG, i);
      switch (keys.getAtIndex(ValueLayout.JAVA_INT, i)) {
        case ERROR_LOG_BUFFER -> buffer = value;
        case ERROR_LOG_BUFFER_SIZE -> room = (int) value;
        default -> {}
      }
    }
    byte[] log = Arrays.copyOf(text.getBytes(StandardCharsets.UTF_8), room);
    log[room - 1] = 0;
    MemorySegment.copy(log, 0, at(buffer, room), ValueLayout.JAVA_BYTE, 0, room);
  }

  private void kernels() {
    functions.on(
        "cuFuncGetAttribute",
        "pip",
        a -> {
          context("cuFuncGetAttribute");
          Function function = entry("cuFuncGetAttribute", a[2]).function;
          return write(a[0], function.attribute(functionAttribute(a[1])));
        });
    functions.on(
        "cuFuncSetAttribute",
        "pii",
        a -> {
          context("cuFuncSetAttribute");
          Function function = entry("cuFuncSetAttribute", a[0]).function;
          function.set(functionAttribute(a[1]), (int) a[2]);
          return 0;
        });
    String occupancy = "cuOccupancyMaxActiveBlocksPerMultiprocessor";
    functions.on(
        occupancy,
        "ppip",
        a -> {
          context(occupancy);
          Function function = entry(occupancy, a[1]).function;
          return write(a[0], function.activeBlocks((int) a[2], a[3]));
        });
    functions.on(
        "cuFuncGetParamInfo",
        "pppp",
        a -> {
          LinkedKernel kernel = entry("cuFuncGetParamInfo", a[0]).parameters;
          if (a[1] >= kernel.parameters().size()) {
            return DriverError.CUDA_ERROR_INVALID_VALUE.code();
          }
          int index = (int) a[1];
          return write(a[2], kernel.offsets().get(index))
              + write(a[3], kernel.parameters().get(index).bytes());
        });
  }

  Entry entry(String operation, long handle) {
    return handles.get(operation, Entry.class, handle);
  }

  private static FunctionAttribute functionAttribute(long code) {
    return Arrays.stream(FunctionAttribute.values())
        .filter(attribute -> attribute.code() == code)
        .findFirst()
        .orElseThrow();
  }

  private void memory() {
    functions.on("cuMemAlloc_v2", "pp", a -> allocated(a[0], context("cuMemAlloc").allocate(a[1])));
    functions.on(
        "cuMemFree_v2",
        "p",
        a -> {
          context("cuMemFree");
          allocation("cuMemFree", a[0]).close();
          freed("cuMemFree", a[0]);
          return 0;
        });
    functions.on(
        "cuMemHostAlloc",
        "ppi",
        a -> {
          PinnedMemory host = context("cuMemHostAlloc").pin(a[1]);
          return write(a[0], pinned.add(host.segment().address(), host));
        });
    functions.on(
        "cuMemFreeHost",
        "p",
        a -> {
          context("cuMemFreeHost");
          pinned.get("cuMemFreeHost", PinnedMemory.class, a[0]).close();
          pinned.remove("cuMemFreeHost", PinnedMemory.class, a[0]);
          return 0;
        });
    functions.on("cuDeviceGetMemPool", "pi", a -> write(a[0], POOL + a[1]));
    functions.on(
        "cuMemPoolSetAttribute",
        "pip",
        a -> {
          if (a[0] != POOL || a[1] != RELEASE_THRESHOLD) {
            return DriverError.CUDA_ERROR_INVALID_VALUE.code();
          }
          context("cuMemPoolSetAttribute").keepFreed(at(a[2], 8).get(ValueLayout.JAVA_LONG, 0));
          return 0;
        });
    functions.on(
        "cuMemPoolTrimTo",
        "pp",
        a -> {
          if (a[0] != POOL) {
            return DriverError.CUDA_ERROR_INVALID_VALUE.code();
          }
          context("cuMemPoolTrimTo").trim(a[1]);
          return 0;
        });
  }
}
