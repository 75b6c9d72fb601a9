package dev.tandem.backend;

/** A device's memory does not suffice. The backend stays usable: nothing was allocated. */
public final class OutOfMemoryException extends BackendException {
  private static final long serialVersionUID = 1;

  public OutOfMemoryException(String message) {
    super(message);
  }

  public OutOfMemoryException(String message, Throwable cause) {
    super(message, cause);
  }
}
