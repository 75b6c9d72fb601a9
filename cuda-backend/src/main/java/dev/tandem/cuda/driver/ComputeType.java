package dev.tandem.cuda.driver;

/**
 * In what a product is computed and summed, and the type of its scalars; numbers of {@code cublasComputeType_t} in
 * cublas_api.h.
 */
public enum ComputeType {
  /** Products and sums in F16, scalars too. */
  F16(64),
  /** Operands as they are, sums in F32, scalars F32. */
  F32(68),
  /** The same without any shortcut. */
  F32_PEDANTIC(69),
  /** F32 operands rounded to BF16. */
  F32_FAST_BF16(75),
  /** F32 operands rounded to TF32: eight bits of exponent, ten of fraction. */
  F32_FAST_TF32(77),
  /** F64 throughout. */
  F64(70);

  private final int code;

  ComputeType(int code) {
    this.code = code;
  }

  /** The number in cublas_api.h. */
  public int code() {
    return code;
  }

  /** The type in which alpha and beta are handed over, and to which they are rounded. */
  public DataType scalars() {
    return switch (this) {
      case F16 -> DataType.F16;
      case F32, F32_PEDANTIC, F32_FAST_BF16, F32_FAST_TF32 -> DataType.F32;
      case F64 -> DataType.F64;
    };
  }

  /**
   * Whether cuBLAS multiplies two matrices of one type into a third computing in this: the table of {@code cublasGemmEx} in
   * cuBLAS's documentation, sections for real floating point.
   */
  public boolean takes(DataType operands, DataType result) {
    return switch (this) {
      case F16 -> operands == DataType.F16 && result == DataType.F16;
      case F32, F32_PEDANTIC ->
          operands != DataType.F64 && (result == operands || result == DataType.F32);
      case F32_FAST_BF16, F32_FAST_TF32 -> operands == DataType.F32 && result == DataType.F32;
      case F64 -> operands == DataType.F64 && result == DataType.F64;
    };
  }
}
