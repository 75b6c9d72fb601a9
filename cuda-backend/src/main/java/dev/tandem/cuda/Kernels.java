package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.Module;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** The kernels of a context. A module is compiled by the driver when the first of its kernels is asked for. */
final class Kernels {
  private static final String FOLDER = "/dev/tandem/kernels/";

  private final Context context;
  private final Map<String, Module> modules = new HashMap<>();
  private final Map<Kernel, Function> functions = new EnumMap<>(Kernel.class);

  Kernels(Context context) {
    this.context = context;
  }

  Function function(Kernel kernel) {
    Function function = functions.get(kernel);
    if (function == null) {
      function = modules.computeIfAbsent(kernel.module(), this::load).function(kernel.entry());
      if (kernel.sharedBytes() > 0) {
        function.set(FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES, kernel.sharedBytes());
      }
      functions.put(kernel, function);
    }
    return function;
  }

  private Module load(String module) {
    return context.load(module + ".ptx", ptx(module));
  }

  /** The PTX of a module as it was packed. */
  static String ptx(String module) {
    String file = FOLDER + module + ".ptx";
    try (InputStream stream = Kernels.class.getResourceAsStream(file)) {
      if (stream == null) {
        throw new BackendException(
            "cuda: kernels are missing, got no "
                + file
                + " on the class path; add tandem-kernels of the same version");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new BackendException(
          "cuda: kernels cannot be read, got " + e + " for " + file + "; see the class path", e);
    }
  }
}
