package dev.tandem.cuda.driver;

/** Element types of matrices; numbers of {@code cudaDataType} in library_types.h. */
public enum DataType {
  F32(0, 4),
  F64(1, 8),
  F16(2, 2),
  BF16(14, 2);

  private final int code;
  private final int bytes;

  DataType(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  /** The number in library_types.h. */
  public int code() {
    return code;
  }

  /** Bytes an element. */
  public int bytes() {
    return bytes;
  }
}
