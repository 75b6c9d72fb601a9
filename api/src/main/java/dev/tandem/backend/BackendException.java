package dev.tandem.backend;

/** A backend could not do what was asked. The message names op, backend, values and remedy. */
public class BackendException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What happened and what to do, in a sentence for people. */
  public BackendException(String message) {
    super(message);
  }

  /** What happened and what to do, in a sentence for people, and what it came from. */
  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
