package dev.tandem.cuda;

import dev.tandem.cuda.driver.Device;
import java.util.Locale;

/** A device for people. */
final class DeviceReport {
  private DeviceReport() {}

  /** {@code NVIDIA H200, compute capability 9.0, 139.8 GiB}. */
  static String of(Device device) {
    int capability = device.computeCapability();
    return device.name()
        + ", compute capability "
        + capability / 10
        + "."
        + capability % 10
        + ", "
        + gibibytes(device.totalBytes());
  }

  static String gibibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}
