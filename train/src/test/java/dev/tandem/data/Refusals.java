package dev.tandem.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/** Bad input must be refused with one sentence of the house form. */
final class Refusals {
  private Refusals() {}

  static void refused(String message, Executable action) {
    DataException refusal = assertThrows(DataException.class, action);
    assertEquals(message, refusal.getMessage());
  }

  /** For messages with file names in them: all parts must occur, in this order. */
  static DataException refusedWith(Executable action, Object... parts) {
    DataException refusal = assertThrows(DataException.class, action);
    String message = refusal.getMessage();
    int at = 0;
    for (Object part : parts) {
      int found = message.indexOf(part.toString(), at);
      assertTrue(found >= 0, () -> "'" + part + "' is missing from: " + message);
      at = found + part.toString().length();
    }
    assertTrue(
        message.matches("(?s)[^:]+: .+, got .+; .+"), () -> "not the house form: " + message);
    return refusal;
  }
}
