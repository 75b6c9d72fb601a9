package dev.tandem.cuda.driver;

/** Element types of matrices; numbers of {@code cudaDataType} in library_types.h. */
public enum DataType {
  /** IEEE binary32. */
  F32(0, 4),
  /** IEEE binary64. */
  F64(1, 8),
  /** IEEE binary16. */
  F16(2, 2),
  /** The upper half of an F32. */
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
