package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntFunction;

/** What there is of CUDA, line by line, each device tried. */
final class CudaDiagnosis {
  private CudaDiagnosis() {}

  /**
   * @param cublas what was found of cuBLAS, or why nothing
   * @param options of each device's backend
   */
  static List<String> of(Driver driver, String cublas, IntFunction<CudaOptions> options) {
    List<String> lines = new ArrayList<>();
    int version = driver.version();
    lines.add(
        "driver: CUDA " + version / 1000 + "." + version % 1000 / 10 + ", by " + driver.name());
    lines.add(cublas);
    for (Device device : driver.devices()) {
      String name = "cuda:" + device.ordinal();
      lines.add(name + ": " + DeviceReport.of(device));
      Optional<String> unfit = CudaBackend.unfit(device);
      if (unfit.isPresent()) {
        lines.add(name + ": cannot be used: " + unfit.get());
        continue;
      }
      try {
        lines.add(name + ": " + loaded(device));
        try (CudaBackend backend =
            CudaBackend.open(driver, device.ordinal(), options.apply(device.ordinal()))) {
          lines.add(name + ": " + SelfTest.of(backend));
        }
      } catch (DriverException e) {
        lines.add(name + ": cannot be used: " + e.getMessage());
      } catch (BackendException e) {
        lines.add(e.getMessage());
      } catch (
          IllegalArgumentException e) { // a switch in the environment, such as TANDEM_CUDA_MEMORY
        lines.add(name + ": cannot be used: " + e.getMessage());
      }
    }
    return lines;
  }

  /** Whether the device's compiler takes every kernel. */
  private static String loaded(Device device) {
    long begin = System.nanoTime();
    try (Context context = device.open()) {
      Kernels kernels = new Kernels(context);
      for (Kernel kernel : Kernel.values()) {
        kernels.function(kernel);
      }
      return String.format(
          Locale.ROOT,
          "%s free; PTX of %d kernels loads, in %.1f s",
          DeviceReport.gibibytes(context.memory().freeBytes()),
          Kernel.values().length,
          (System.nanoTime() - begin) / 1e9);
    }
  }
}
