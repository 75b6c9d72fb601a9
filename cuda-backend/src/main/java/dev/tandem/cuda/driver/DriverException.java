package dev.tandem.cuda.driver;

import dev.tandem.backend.BackendException;

/** A failure of the driver or of cuBLAS: which call, the code's name and number, what it means, and what to do. */
public final class DriverException extends BackendException {
  private static final long serialVersionUID = 1;

  private final String operation;
  private final DriverError error;

  /**
   * @param operation the call, with what it was about: {@code "cuMemAlloc of 8589934592 bytes"}
   * @param detail values and advice beyond the error's own meaning, or empty
   */
  public DriverException(String operation, DriverError error, String detail) {
    this(operation, error, detail, null);
  }

  /** An operation that failed, how, and what to do in a sentence. */
  public DriverException(String operation, DriverError error, String detail, Throwable cause) {
    super(
        operation
            + ": "
            + error.meaning()
            + " ("
            + error.name()
            + ")"
            + (detail.isEmpty() ? "" : "; " + detail),
        cause);
    this.operation = operation;
    this.error = error;
  }

  /** The call that failed or in which an earlier failure showed. */
  public String operation() {
    return operation;
  }

  /** How it failed. */
  public DriverError error() {
    return error;
  }
}
