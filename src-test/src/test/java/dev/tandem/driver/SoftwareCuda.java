package dev.tandem.driver;

import static dev.tandem.driver.LoopbackFunctions.at;
import static dev.tandem.driver.LoopbackFunctions.write;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.MemoryInfo;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.EmulatorOptions.Sanitizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A libcuda.so.1 of this process whose device is the software GPU: every function, with the arguments as C passes them,
 * becomes a call of the driver seam, and an exception the {@code CUresult} that it stands for. Calls without a current context
 * are refused, as the real ones are. Modules and kernels are {@link SoftwareModules}', streams, events and graphs
 * {@link SoftwareStreams}'.
 */
final class SoftwareCuda {
  static final long BYTES = 1L << 30;

  private static final long CONTEXT = 0xC0DE_0000_0010L;
  private static final long POOL = 0xC0DE_0000_0020L;
  private static final int RELEASE_THRESHOLD = 4;

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
    memory();
    new SoftwareModules(this, functions, handles);
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
