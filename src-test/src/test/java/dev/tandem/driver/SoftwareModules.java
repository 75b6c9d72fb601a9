package dev.tandem.driver;

import static dev.tandem.driver.LoopbackFunctions.at;
import static dev.tandem.driver.LoopbackFunctions.string;
import static dev.tandem.driver.LoopbackFunctions.write;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Linker;
import dev.tandem.ptx.text.Parser;
import dev.tandem.ptx.text.PtxModule;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What {@link SoftwareCuda} does with PTX: modules, their variables and their kernels. */
final class SoftwareModules {
  private static final int ERROR_LOG_BUFFER = 5;
  private static final int ERROR_LOG_BUFFER_SIZE = 6;

  /** A kernel, and its parameters as its PTX has them. */
  record Entry(Function function, LinkedKernel parameters) {}

  /** A module, and the handles of its functions, which end with it. */
  private record Loaded(Module module, PtxModule text, List<Long> functions) {}

  private final SoftwareCuda cuda;
  private final LoopbackFunctions functions;
  private final LoopbackHandles handles;

  SoftwareModules(SoftwareCuda cuda, LoopbackFunctions functions, LoopbackHandles handles) {
    this.cuda = cuda;
    this.functions = functions;
    this.handles = handles;
    modules();
    kernels();
  }

  private void modules() {
    functions.on(
        "cuModuleLoadDataEx",
        "ppipp",
        a -> {
          try {
            String ptx = string(a[1]);
            Module module = cuda.context("cuModuleLoadDataEx").load("the module", ptx);
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
          cuda.context("cuModuleUnload");
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
          cuda.context("cuModuleGetFunction");
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
          cuda.context("cuModuleGetGlobal");
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
          cuda.context("cuFuncGetAttribute");
          Function function = entry("cuFuncGetAttribute", a[2]).function;
          return write(a[0], function.attribute(functionAttribute(a[1])));
        });
    functions.on(
        "cuFuncSetAttribute",
        "pii",
        a -> {
          cuda.context("cuFuncSetAttribute");
          Function function = entry("cuFuncSetAttribute", a[0]).function;
          function.set(functionAttribute(a[1]), (int) a[2]);
          return 0;
        });
    String occupancy = "cuOccupancyMaxActiveBlocksPerMultiprocessor";
    functions.on(
        occupancy,
        "ppip",
        a -> {
          cuda.context(occupancy);
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

  private Entry entry(String operation, long handle) {
    return handles.get(operation, Entry.class, handle);
  }

  private static FunctionAttribute functionAttribute(long code) {
    return Arrays.stream(FunctionAttribute.values())
        .filter(attribute -> attribute.code() == code)
        .findFirst()
        .orElseThrow();
  }
}
