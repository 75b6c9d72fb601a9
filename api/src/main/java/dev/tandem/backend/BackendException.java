package dev.tandem.backend;

/** A backend could not do what was asked. The message names op, backend, values and remedy. */
public class BackendException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public BackendException(String message) {
    super(message);
  }

  public BackendException(String message, Throwable cause) {
    super(message, cause);
  }
}
