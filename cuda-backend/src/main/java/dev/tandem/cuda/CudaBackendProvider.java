package dev.tandem.cuda;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Flag;
import dev.tandem.cuda.driver.Cublas;
import dev.tandem.cuda.driver.CudaProbe;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.shape.TensorType;
import java.util.List;
import java.util.Optional;

/** Opens CUDA devices through the machine's own driver. */
public final class CudaBackendProvider implements BackendProvider {
  /** Before the CPU, which has 0. */
  private static final int PREFERENCE = 100;

  @Override
  public String kind() {
    return "cuda";
  }

  @Override
  public int preference() {
    return PREFERENCE;
  }

  @Override
  public Availability probe() {
    Availability driver = JcudaDriver.probe();
    if (!driver.usable()) {
      return driver;
    }
    try (Driver opened = JcudaDriver.open()) {
      Optional<String> unfit = unfit(opened.devices());
      if (unfit.isPresent()) {
        return Availability.no(unfit.get());
      }
      Cublas.report(opened.version(), null);
      return driver;
    } catch (DriverException e) {
      return Availability.no(driver.reason() + ", but " + e.getMessage());
    }
  }

  /** Why none of the devices will do; empty where one will. */
  static Optional<String> unfit(List<Device> devices) {
    List<Optional<String>> reasons = devices.stream().map(CudaBackend::unfit).toList();
    return reasons.stream().anyMatch(Optional::isEmpty) ? Optional.empty() : reasons.getFirst();
  }

  @Override
  public long blockBytes(TensorType type) {
    return Allocator.blockBytes(type.bytes());
  }

  @Override
  public List<String> diagnosis() {
    Availability found = JcudaDriver.probe();
    if (!found.usable()) {
      return List.of(found.reason());
    }
    try (Driver driver = JcudaDriver.open()) {
      return CudaDiagnosis.of(driver, cublas(), CudaBackendProvider::options);
    } catch (DriverException e) {
      return List.of(found.reason(), e.getMessage());
    }
  }

  private static String cublas() {
    try {
      return Cublas.report(CudaProbe.driverVersion(), null).toString();
    } catch (DriverException e) {
      return e.getMessage();
    }
  }

  @Override
  public Backend open(int device) {
    CudaOptions options = options(device);
    try {
      Driver driver = JcudaDriver.open();
      try {
        return CudaBackend.open(driver, device, options, true);
      } catch (RuntimeException | Error e) {
        try {
          driver.close();
        } catch (DriverException left) {
          e.addSuppressed(left);
        }
        throw e;
      }
    } catch (DriverException e) {
      throw new BackendException(options.name() + ": " + e.getMessage(), e);
    }
  }

  /** What the environment says of a device. */
  private static CudaOptions options(int device) {
    return CudaOptions.standard("cuda:" + device)
        .withMemory(Flag.CUDA_MEMORY.bytes())
        .withTf32(Flag.TF32.number(0) > 0);
  }
}
