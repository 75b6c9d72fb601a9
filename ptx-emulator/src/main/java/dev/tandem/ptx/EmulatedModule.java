package dev.tandem.ptx;

import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.machine.Program;
import dev.tandem.ptx.text.Linker;
import dev.tandem.ptx.text.Parser;
import dev.tandem.ptx.text.PtxException;
import dev.tandem.ptx.text.PtxModule;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** PTX that was read, found to be known in every instruction, and given its memory. */
final class EmulatedModule extends EmulatedResource implements Module {
  private static final String OPERATION = "cuModuleLoadData of ";
  private static final Pattern BLANKS_AND_COMMENTS =
      Pattern.compile("(?s)(?:\\s++|//[^\\n]*+|/\\*.*?\\*/)*+");

  private final ModuleVariables variables;
  private final Map<String, EmulatedFunction> functions = new LinkedHashMap<>();

  private EmulatedModule(EmulatedContext context, String name, ModuleVariables variables) {
    super(context, Turn.MODULE, "module " + name);
    this.variables = variables;
  }

  static EmulatedModule load(EmulatedContext context, String name, String ptx) {
    EmulatedGpu gpu = context.gpu();
    ModuleVariables variables = null;
    String where = "";
    checkPtx(name, ptx);
    try {
      PtxModule text = Parser.parse(ptx);
      checkTarget(gpu, name, text);
      variables = ModuleVariables.place(gpu, text);
      Map<String, Program> programs = new LinkedHashMap<>();
      for (String kernel : text.kernels()) {
        where = "kernel " + kernel + ", ";
        programs.put(kernel, Program.of(Linker.link(text, kernel), variables::address));
      }
      EmulatedModule module = new EmulatedModule(context, name, variables);
      programs.forEach((kernel, program) ->
          module.functions.put(kernel, new EmulatedFunction(gpu, module, program)));
      return module;
    } catch (PtxException e) {
      if (variables != null) {
        variables.free();
      }
      throw new DriverException(
          OPERATION + name, DriverError.CUDA_ERROR_INVALID_PTX, where + e.getMessage(), e);
    }
  }

  /** PTX begins with a directive, after blanks and comments; CUDA C, which is often taken for it, does not. */
  private static void checkPtx(String name, String ptx) {
    Matcher before = BLANKS_AND_COMMENTS.matcher(ptx);
    String rest = before.lookingAt() ? ptx.substring(before.end()) : ptx;
    if (!rest.startsWith(".")) {
      throw new DriverException(
          OPERATION + name,
          DriverError.CUDA_ERROR_INVALID_PTX,
          "this is not PTX, got "
              + (rest.isEmpty() ? "an empty text" : "'" + rest.lines().findFirst().get() + "'")
              + " where .version belongs; compile CUDA C with nvcc -ptx, and load what that writes");
    }
  }

  private static void checkTarget(EmulatedGpu gpu, String name, PtxModule text) {
    int capability = gpu.options().computeCapability();
    String target = text.target().replaceAll("\\D", "");
    boolean exact = !text.target().matches("sm_\\d+");
    if (exact ? capability != Integer.parseInt(target) : capability < Integer.parseInt(target)) {
      throw new DriverException(
          OPERATION + name,
          DriverError.CUDA_ERROR_NO_BINARY_FOR_GPU,
          "the PTX is for "
              + text.target()
              + ", the device is "
              + capability / 10
              + "."
              + capability % 10
              + "; compile for an older target");
    }
    String[] version = text.version().split("\\.");
    if (1000 * Integer.parseInt(version[0]) + 10 * Integer.parseInt(version[1]) > 1000 * 9) {
      throw new DriverException(
          OPERATION + name,
          DriverError.CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
          "got .version " + text.version() + "; at most 9.0 is read");
    }
  }

  /** The module's constant bank. */
  ModuleVariables variables() {
    return variables;
  }

  @Override
  public Function function(String name) {
    synchronized (gpu()) {
      checkOpen("cuModuleGetFunction");
      EmulatedFunction function = functions.get(name);
      if (function == null) {
        throw new DriverException(
            "cuModuleGetFunction",
            DriverError.CUDA_ERROR_NOT_FOUND,
            "got '" + name + "'; there are " + functions.keySet());
      }
      return function;
    }
  }

  @Override
  public DeviceMemory global(String name) {
    synchronized (gpu()) {
      checkOpen("cuModuleGetGlobal");
      return variables
          .memory(name)
          .orElseThrow(() ->
              new DriverException(
                  "cuModuleGetGlobal",
                  DriverError.CUDA_ERROR_NOT_FOUND,
                  "got '" + name + "'; there are " + variables.names()));
    }
  }

  @Override
  void end() {
    gpu().drain();
    markClosed();
    variables.free();
  }
}
