package dev.tandem.cuda;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Flag;
import dev.tandem.cuda.driver.Cublas;
import dev.tandem.cuda.driver.CudaProbe;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.JcudaDriver;
import java.util.List;

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
    try {
      Cublas.report(CudaProbe.driverVersion(), null);
      return driver;
    } catch (DriverException e) {
      return Availability.no(driver.reason() + ", but " + e.getMessage());
    }
  }

  @Override
  public List<String> diagnosis() {
    return List.of(probe().reason());
  }

  @Override
  public Backend open(int device) {
    try {
      JcudaDriver driver = JcudaDriver.open();
      try {
        return CudaBackend.open(driver, device, options(device), true);
      } catch (RuntimeException | Error e) {
        driver.close();
        throw e;
      }
    } catch (DriverException e) {
      throw new BackendException("cuda:" + device + ": " + e.getMessage(), e);
    }
  }

  private static CudaOptions options(int device) {
    return CudaOptions.standard("cuda:" + device).withTf32(Flag.TF32.number(0) > 0);
  }
}
