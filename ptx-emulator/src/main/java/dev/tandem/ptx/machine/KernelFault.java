package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.DriverError;

/** The end of a launch by something that no GPU can do; on a real one the context would be lost too. */
public final class KernelFault extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final DriverError error;

  public KernelFault(DriverError error, String message) {
    super(message);
    this.error = error;
  }

  /** What the driver is going to say. */
  public DriverError error() {
    return error;
  }
}
