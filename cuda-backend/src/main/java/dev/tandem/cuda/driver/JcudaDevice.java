package dev.tandem.cuda.driver;

import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/** A GPU as JCuda knows it. */
final class JcudaDevice implements Device {
  private final JcudaDriver driver;
  private final int ordinal;
  private final CUdevice handle = new CUdevice();
  private final String name;

  JcudaDevice(JcudaDriver driver, int ordinal) {
    this.driver = driver;
    this.ordinal = ordinal;
    Calls.check(JCudaDriver.cuDeviceGet(handle, ordinal), () -> "cuDeviceGet of " + ordinal);
    name = driver.library().deviceName(ordinal);
  }

  @Override
  public int ordinal() {
    return ordinal;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long totalBytes() {
    long[] bytes = new long[1];
    Calls.check(JCudaDriver.cuDeviceTotalMem(bytes, handle), "cuDeviceTotalMem");
    return bytes[0];
  }

  @Override
  public int attribute(DeviceAttribute attribute) {
    int[] value = new int[1];
    Calls.check(
        JCudaDriver.cuDeviceGetAttribute(value, attribute.code(), handle),
        () -> "cuDeviceGetAttribute of " + attribute);
    return value[0];
  }

  @Override
  public Context open() {
    return driver.retain(this);
  }

  CUdevice handle() {
    return handle;
  }

  @Override
  public String toString() {
    return "GPU " + ordinal + ", " + name;
  }
}
