package dev.tandem.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** A program that takes no notes itself still hears what {@code auto} passed over: through SLF4J, here bound to standard error. */
class LoggedNotesTest {
  @Test
  void autoWarnsOfWhatItPassesOver() {
    String passedOver =
        Backends.providers().stream()
            .takeWhile(provider -> !provider.probe().usable())
            .map(provider ->
                "WARN backend: auto passes over "
                    + provider.kind()
                    + ": "
                    + provider.probe().reason()
                    + System.lineSeparator())
            .reduce("", String::concat);
    PrintStream console = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
    try {
      Backends.open("auto").close();
    } finally {
      System.setErr(console);
    }
    assertEquals(passedOver, said.toString(StandardCharsets.UTF_8));
  }
}
