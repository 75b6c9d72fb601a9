package dev.tandem.ptx;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.ptx.machine.EmulatorOptions;

/** The software GPU as a device. Its limits are those that the CUDA C Programming Guide tabulates for 8.0 and 9.0. */
final class EmulatedDevice implements Device {
  static final int MAX_THREADS_PER_BLOCK = 1024;
  static final int MAX_THREADS_PER_MULTIPROCESSOR = 2048;
  static final int MAX_BLOCKS_PER_MULTIPROCESSOR = 32;
  static final int SHARED_BYTES_PER_BLOCK = 48 << 10;
  static final int REGISTERS = 64 << 10;
  static final int CONSTANT_BYTES = 64 << 10;

  /** What the hardware keeps of a block's shared memory for itself. */
  static final int SHARED_BYTES_RESERVED = 1 << 10;

  private final EmulatedGpu gpu;

  EmulatedDevice(EmulatedGpu gpu) {
    this.gpu = gpu;
  }

  @Override
  public int ordinal() {
    return 0;
  }

  @Override
  public String name() {
    return "Tandem software GPU";
  }

  @Override
  public long totalBytes() {
    return gpu.options().memoryBytes();
  }

  @Override
  public int attribute(DeviceAttribute attribute) {
    return attribute(attribute, gpu.options());
  }

  static int attribute(DeviceAttribute attribute, EmulatorOptions options) {
    int capability = options.computeCapability();
    return switch (attribute) {
      case MAX_THREADS_PER_BLOCK, MAX_BLOCK_X, MAX_BLOCK_Y -> MAX_THREADS_PER_BLOCK;
      case MAX_BLOCK_Z -> 64;
      case MAX_GRID_X -> Integer.MAX_VALUE;
      case MAX_GRID_Y, MAX_GRID_Z -> 65535;
      case MAX_SHARED_BYTES_PER_BLOCK -> SHARED_BYTES_PER_BLOCK;
      case CONSTANT_BYTES -> CONSTANT_BYTES;
      case WARP_SIZE -> 32;
      case MAX_REGISTERS_PER_BLOCK -> REGISTERS;
      case CLOCK_KHZ, MEMORY_CLOCK_KHZ -> 1_000_000;
      case MULTIPROCESSORS -> options.multiprocessors();
      case MEMORY_BUS_BITS -> 256;
      case L2_BYTES -> 4 << 20;
      case MAX_THREADS_PER_MULTIPROCESSOR -> MAX_THREADS_PER_MULTIPROCESSOR;
      case COMPUTE_CAPABILITY_MAJOR -> capability / 10;
      case COMPUTE_CAPABILITY_MINOR -> capability % 10;
      case SHARED_BYTES_PER_MULTIPROCESSOR -> sharedBytes(capability);
      case MAX_SHARED_BYTES_PER_BLOCK_OPT_IN -> sharedBytes(capability) - SHARED_BYTES_RESERVED;
      case COOPERATIVE_LAUNCH, MEMORY_POOLS -> 1;
    };
  }

  /** Shared memory of a multiprocessor: 164 KiB on 8.0 and 8.7, 100 KiB on 8.6, 8.9 and 12.x, 228 KiB on 9.0 and 10.x. */
  private static int sharedBytes(int capability) {
    return switch (capability) {
      case 80, 87 -> 164 << 10;
      case 90, 100, 103 -> 228 << 10;
      default -> 100 << 10;
    };
  }

  @Override
  public Context open() {
    return gpu.open(this);
  }
}
