package dev.tandem.cuda.driver;

/** What a product may trade for speed; numbers of {@code cublasMath_t} in cublas_api.h. */
public enum MathMode {
  /** The precision that the compute type names. */
  DEFAULT(0),
  /** Only the stated precision, throughout. */
  PEDANTIC(2),
  /** F32 products may round their operands to TF32. */
  TF32(3);

  /** CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION, a flag beside any mode. */
  static final int FULL_REDUCTION = 16;

  private final int code;

  MathMode(int code) {
    this.code = code;
  }

  /** The number in cublas_api.h. */
  public int code() {
    return code;
  }
}
