package dev.tandem.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import jcuda.driver.JCudaDriver;

/** A kernel, and how its parameters are laid out where the driver tells. */
final class JcudaFunction implements Function {
  /** Where each parameter begins, and after the last where they end. */
  private record Layout(long[] offsets, long end) {}

  private final JcudaModule module;
  private final String name;
  private final Handles.FunctionHandle handle;
  private final Optional<Layout> layout;

  JcudaFunction(JcudaModule module, String name, Handles.FunctionHandle handle) {
    this.module = module;
    this.name = name;
    this.handle = handle;
    layout = layout(module.context().library(), handle.raw());
  }

  /** Asks for one parameter after the other until there is none; a driver before 12.4 cannot be asked. */
  private static Optional<Layout> layout(LibCuda library, long function) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment offset = arena.allocate(ValueLayout.JAVA_LONG);
      MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
      long[] offsets = new long[0];
      long begin = 0;
      long end = 0;
      int code = library.parameter(function, 0, offset, bytes);
      while (code == 0) {
        long at = offset.get(ValueLayout.JAVA_LONG, 0);
        begin =
            offsets.length == 0
                ? at
                : begin; // counted from the first, wherever the driver puts that
        offsets = Arrays.copyOf(offsets, offsets.length + 1);
        offsets[offsets.length - 1] = at - begin;
        end = at - begin + bytes.get(ValueLayout.JAVA_LONG, 0);
        code = library.parameter(function, offsets.length, offset, bytes);
      }
      // How it says that there are no more. Anything else is no answer, and launches then go
      // unchecked.
      return code == DriverError.CUDA_ERROR_INVALID_VALUE.code()
          ? Optional.of(new Layout(offsets, end))
          : Optional.empty();
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int attribute(FunctionAttribute attribute) {
    module.enter("cuFuncGetAttribute");
    int[] value = new int[1];
    Calls.check(
        JCudaDriver.cuFuncGetAttribute(value, attribute.code(), handle),
        () -> "cuFuncGetAttribute of " + attribute + " of " + name);
    return value[0];
  }

  @Override
  public void set(FunctionAttribute attribute, int value) {
    module.enter("cuFuncSetAttribute");
    String operation = "cuFuncSetAttribute of " + attribute + " of " + name + " to " + value;
    if (!attribute.settable()) {
      throw Calls.invalid(operation, "it can only be read");
    }
    Calls.check(JCudaDriver.cuFuncSetAttribute(handle, attribute.code(), value), operation);
  }

  @Override
  public int activeBlocks(int blockThreads, long dynamicSharedBytes) {
    module.enter("cuOccupancyMaxActiveBlocksPerMultiprocessor");
    int[] blocks = new int[1];
    Calls.check(
        JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
            blocks, handle, blockThreads, dynamicSharedBytes),
        () ->
            "cuOccupancyMaxActiveBlocksPerMultiprocessor of %s, %d threads, %d bytes"
                .formatted(name, blockThreads, dynamicSharedBytes));
    return blocks[0];
  }

  JcudaModule module() {
    return module;
  }

  Handles.FunctionHandle handle() {
    return handle;
  }

  /**
   * That arguments are laid out as the parameters are. The driver reads as many addresses of arguments as the kernel has
   * parameters, whether they were given or not, and ends the process where they were not.
   */
  void requireFitting(Arguments arguments) {
    if (layout.isEmpty()) {
      return;
    }
    long[] offsets = layout.get().offsets();
    boolean fits =
        arguments.count() == offsets.length && arguments.packed().byteSize() == layout.get().end();
    for (int i = 0; fits && i < offsets.length; i++) {
      fits = arguments.offset(i) == offsets[i];
    }
    if (!fits) {
      throw Calls.invalid(
          "cuLaunchKernel of " + name,
          "the kernel has %d parameters in %d bytes, got %d arguments in %d; pass them in the kernel's order and types"
              .formatted(
                  offsets.length,
                  layout.get().end(),
                  arguments.count(),
                  arguments.packed().byteSize()));
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
