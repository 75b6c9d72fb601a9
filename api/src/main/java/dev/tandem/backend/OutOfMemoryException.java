package dev.tandem.backend;

/** A device's memory does not suffice. The backend stays usable: nothing was allocated. */
public final class OutOfMemoryException extends BackendException {
  private static final long serialVersionUID = 1;

  /** What happened and what to do, in a sentence for people. */
  public OutOfMemoryException(String message) {
    super(message);
  }

  /** What happened and what to do, in a sentence for people, and what it came from. */
  public OutOfMemoryException(String message, Throwable cause) {
    super(message, cause);
  }
}
