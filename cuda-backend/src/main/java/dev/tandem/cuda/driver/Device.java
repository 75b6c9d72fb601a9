package dev.tandem.cuda.driver;

/** One GPU. */
public interface Device {
  /** Its number in the driver's order, from 0. */
  int ordinal();

  /** The product's name, {@code "NVIDIA H200"}. */
  String name();

  /** All of its memory. */
  long totalBytes();

  /** A property. */
  int attribute(DeviceAttribute attribute);

  /** Compute capability as PTX targets write it, 10 * major + minor: 80, 90, 120. */
  default int computeCapability() {
    return 10 * attribute(DeviceAttribute.COMPUTE_CAPABILITY_MAJOR)
        + attribute(DeviceAttribute.COMPUTE_CAPABILITY_MINOR);
  }

  /** Retains the device's primary context, the one that cuBLAS and other libraries of the process use too. */
  Context open();
}
