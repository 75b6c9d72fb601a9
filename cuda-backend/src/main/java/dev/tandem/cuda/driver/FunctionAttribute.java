package dev.tandem.cuda.driver;

/** Properties of a kernel, with the numbers of {@code CUfunction_attribute} in cuda.h. */
public enum FunctionAttribute {
  MAX_THREADS_PER_BLOCK(0),
  STATIC_SHARED_BYTES(1),
  CONSTANT_BYTES(2),
  LOCAL_BYTES(3),
  REGISTERS(4),
  PTX_VERSION(5),
  BINARY_VERSION(6),
  /** The largest dynamic shared memory that a launch may ask for. May be set, up to the device's opt-in limit. */
  MAX_DYNAMIC_SHARED_BYTES(8),
  /** How much of the L1 is preferred to be shared memory, percent; -1 leaves it to the driver. May be set. */
  PREFERRED_SHARED_CARVEOUT(9);

  private final int code;

  FunctionAttribute(int code) {
    this.code = code;
  }

  /** The number in cuda.h. */
  public int code() {
    return code;
  }

  /** Whether {@link Function#set} takes it. */
  public boolean settable() {
    return this == MAX_DYNAMIC_SHARED_BYTES || this == PREFERRED_SHARED_CARVEOUT;
  }
}
