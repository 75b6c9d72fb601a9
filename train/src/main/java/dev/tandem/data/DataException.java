package dev.tandem.data;

import dev.tandem.io.Sentence;

/**
 * Data could not be read, or do not fit their description. The message is one sentence of the form
 * {@code <what>: <what is wrong>, got <values>; <what to do>}, fit to be shown to a user as it stands.
 */
public class DataException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** What happened and what to do, in a sentence for people. */
  public DataException(String message) {
    super(Sentence.of(message));
  }

  /** What happened and what to do, in a sentence for people, and what it came from. */
  public DataException(String message, Throwable cause) {
    super(Sentence.of(message), cause);
  }
}
