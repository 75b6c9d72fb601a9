package dev.tandem.ptx;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.machine.Launch;
import dev.tandem.ptx.machine.Program;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A kernel of the software GPU. */
final class EmulatedFunction implements Function {
  /** What the hardware compiler would find is not known here; a count with which every legal block fits. */
  private static final int REGISTERS = 32;

  private final EmulatedGpu gpu;
  private final EmulatedModule module;
  private final Program program;

  /** What was granted, or -1: then static and dynamic shared memory together may be what every block may have. */
  private int granted = -1;

  private int carveout = -1;

  EmulatedFunction(EmulatedGpu gpu, EmulatedModule module, Program program) {
    this.gpu = gpu;
    this.module = module;
    this.program = program;
  }

  EmulatedGpu gpu() {
    return gpu;
  }

  @Override
  public String name() {
    return program.kernel().name();
  }

  @Override
  public int attribute(FunctionAttribute attribute) {
    synchronized (gpu) {
      module.checkOpen("cuFuncGetAttribute");
      return switch (attribute) {
        case MAX_THREADS_PER_BLOCK -> (int) maxThreads();
        case STATIC_SHARED_BYTES -> (int) program.sharedBytes();
        case CONSTANT_BYTES -> (int) module.variables().bankBytes();
        case LOCAL_BYTES -> (int) program.localBytes();
        case REGISTERS -> REGISTERS;
        case PTX_VERSION, BINARY_VERSION -> gpu.options().computeCapability();
        case MAX_DYNAMIC_SHARED_BYTES -> mostDynamic();
        case PREFERRED_SHARED_CARVEOUT -> carveout;
      };
    }
  }

  @Override
  public void set(FunctionAttribute attribute, int value) {
    synchronized (gpu) {
      module.checkOpen("cuFuncSetAttribute");
      boolean fits =
          switch (attribute) {
            case MAX_DYNAMIC_SHARED_BYTES -> value >= 0 && value <= limit() - program.sharedBytes();
            case PREFERRED_SHARED_CARVEOUT -> value >= -1 && value <= 100;
            default -> false;
          };
      if (!fits) {
        throw new DriverException(
            "cuFuncSetAttribute " + attribute + " of " + name(),
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "got "
                + value
                + "; a block has at most "
                + limit()
                + " bytes of shared memory, "
                + program.sharedBytes()
                + " of them static here");
      }
      if (attribute == FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES) {
        granted = value;
      } else {
        carveout = value;
      }
    }
  }

  private int mostDynamic() {
    return granted >= 0
        ? granted
        : EmulatedDevice.SHARED_BYTES_PER_BLOCK - (int) program.sharedBytes();
  }

  /** What a block may have of shared memory where a kernel asks for it. */
  private int limit() {
    return EmulatedDevice.attribute(
        DeviceAttribute.MAX_SHARED_BYTES_PER_BLOCK_OPT_IN, gpu.options());
  }

  @Override
  public int activeBlocks(int blockThreads, long dynamicBytes) {
    synchronized (gpu) {
      module.checkOpen("cuOccupancyMaxActiveBlocksPerMultiprocessor");
      if (blockThreads < 1 || dynamicBytes < 0) {
        throw new DriverException(
            "cuOccupancyMaxActiveBlocksPerMultiprocessor",
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "got "
                + blockThreads
                + " threads, "
                + dynamicBytes
                + " bytes; ask for at least 1 thread and 0 bytes");
      }
      if (blockThreads > maxThreads() || dynamicBytes > limit() - program.sharedBytes()) {
        return 0;
      }
      int whole = (blockThreads + 31) / 32 * 32;
      long byThreads =
          Math.min(
              EmulatedDevice.MAX_THREADS_PER_MULTIPROCESSOR / whole,
              EmulatedDevice.MAX_BLOCKS_PER_MULTIPROCESSOR);
      long byRegisters = EmulatedDevice.REGISTERS / ((long) whole * REGISTERS);
      long shared =
          EmulatedDevice.attribute(DeviceAttribute.SHARED_BYTES_PER_MULTIPROCESSOR, gpu.options());
      long byShared =
          shared / (program.sharedBytes() + dynamicBytes + EmulatedDevice.SHARED_BYTES_RESERVED);
      return (int) Math.min(byShared, Math.min(byThreads, byRegisters));
    }
  }

  private long maxThreads() {
    int[] most = program.kernel().limits().maxThreads();
    int[] required = program.kernel().limits().requiredThreads();
    int[] limit = required != null ? required : most;
    return limit == null
        ? EmulatedDevice.MAX_THREADS_PER_BLOCK
        : Math.min((long) limit[0] * limit[1] * limit[2], EmulatedDevice.MAX_THREADS_PER_BLOCK);
  }

  /** A launch with the arguments as they are now, to be run later, any number of times. */
  Runnable prepare(LaunchShape shape, Arguments arguments) {
    module.checkOpen("cuLaunchKernel");
    check(shape, arguments);
    byte[] packed = arguments.packed().toArray(ValueLayout.JAVA_BYTE);
    Launch.Promise promise =
        new Launch.Promise(arguments.ranges(), arguments.declared(), HostSite.here());
    return () -> {
      module.checkOpen("cuLaunchKernel");
      ModuleVariables variables = module.variables();
      MemorySegment constants =
          variables.bankBytes() == 0
              ? MemorySegment.NULL
              : gpu.memory().read(variables.bank(), variables.bankBytes());
      Launch launch = new Launch(program, shape, packed, constants, promise, gpu.machine());
      try {
        launch.run();
      } finally {
        gpu.count(name(), launch.instructions());
      }
    };
  }

  private void check(LaunchShape shape, Arguments arguments) {
    EmulatedParameters parameters = new EmulatedParameters(program.kernel(), gpu);
    String wrong = parameters.mismatch(arguments);
    wrong = wrong.isEmpty() ? parameters.overreach(arguments) : wrong;
    if (!wrong.isEmpty()) {
      throw refused(DriverError.CUDA_ERROR_INVALID_VALUE, wrong);
    }
    int[] required = program.kernel().limits().requiredThreads();
    boolean asRequired =
        required == null
            || (required[0] == shape.blockX()
                && required[1] == shape.blockY()
                && required[2] == shape.blockZ());
    if (shape.threads() > maxThreads()
        || shape.blockZ() > 64
        || shape.gridY() > 65535
        || shape.gridZ() > 65535
        || !asRequired) {
      throw refused(
          DriverError.CUDA_ERROR_INVALID_VALUE,
          "got "
              + shape
              + "; this kernel takes blocks of at most "
              + maxThreads()
              + " threads, 64 along z, and grids of at most 65535 along y and z"
              + (asRequired ? "" : ", and only the block that .reqntid names"));
    }
    checkShared(shape.sharedBytes());
    if (shape.cooperative()) {
      long resident =
          (long) activeBlocks((int) shape.threads(), shape.sharedBytes())
              * gpu.options().multiprocessors();
      if (shape.blocks() > resident) {
        throw refused(
            DriverError.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
            "got " + shape.blocks() + " blocks; " + resident + " fit at a time");
      }
    }
  }

  private void checkShared(long dynamic) {
    if (dynamic <= mostDynamic()) {
      return;
    }
    long grantable = limit() - program.sharedBytes();
    throw refused(
        DriverError.CUDA_ERROR_INVALID_VALUE,
        "got "
            + dynamic
            + " bytes of dynamic shared memory beside "
            + program.sharedBytes()
            + " static; "
            + (dynamic > grantable
                ? "a block of this device can be granted " + grantable + " at most; use less"
                : mostDynamic()
                    + " are granted now; set MAX_DYNAMIC_SHARED_BYTES, which may be up to "
                    + grantable));
  }

  private DriverException refused(DriverError error, String detail) {
    return new DriverException("cuLaunchKernel of " + name(), error, detail);
  }
}
