package dev.tandem.cuda.driver;

/** Properties of a device that Tandem asks for, with the numbers of {@code CUdevice_attribute} in cuda.h. */
public enum DeviceAttribute {
  MAX_THREADS_PER_BLOCK(1),
  MAX_BLOCK_X(2),
  MAX_BLOCK_Y(3),
  MAX_BLOCK_Z(4),
  MAX_GRID_X(5),
  MAX_GRID_Y(6),
  MAX_GRID_Z(7),
  /** Static and dynamic shared memory of a block together, without asking for more. */
  MAX_SHARED_BYTES_PER_BLOCK(8),
  CONSTANT_BYTES(9),
  WARP_SIZE(10),
  MAX_REGISTERS_PER_BLOCK(12),
  CLOCK_KHZ(13),
  MULTIPROCESSORS(16),
  MEMORY_CLOCK_KHZ(36),
  MEMORY_BUS_BITS(37),
  L2_BYTES(38),
  MAX_THREADS_PER_MULTIPROCESSOR(39),
  COMPUTE_CAPABILITY_MAJOR(75),
  COMPUTE_CAPABILITY_MINOR(76),
  SHARED_BYTES_PER_MULTIPROCESSOR(81),
  COOPERATIVE_LAUNCH(95),
  /** What a function may be granted by {@link FunctionAttribute#MAX_DYNAMIC_SHARED_BYTES}. */
  MAX_SHARED_BYTES_PER_BLOCK_OPT_IN(97),
  /** 1 where stream-ordered allocation works. */
  MEMORY_POOLS(115);

  private final int code;

  DeviceAttribute(int code) {
    this.code = code;
  }

  /** The number in cuda.h. */
  public int code() {
    return code;
  }
}
