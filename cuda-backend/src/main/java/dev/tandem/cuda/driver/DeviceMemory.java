package dev.tandem.cuda.driver;

/**
 * A piece of device memory. Closing frees it: where it came from {@link Stream#allocate}, in that stream's order; else at
 * once, after waiting for the device.
 */
public interface DeviceMemory extends AutoCloseable {
  /** Aligned to 256 bytes at least. */
  long address();

  /** Its length. */
  long bytes();

  @Override
  void close();
}
