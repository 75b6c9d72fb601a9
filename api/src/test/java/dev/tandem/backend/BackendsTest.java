package dev.tandem.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** The api alone has no backend on its class path: what it says then. Choosing among real ones is tested in src-test. */
class BackendsTest {
  @Test
  void autoSaysWhatToAdd() {
    BackendException e =
        assertThrows(BackendException.class, () -> Backends.open("auto", line -> {}));
    assertEquals(
        "backend: none on the class path can be used, got []; add tandem-cpu-backend",
        e.getMessage());
  }

  @Test
  void anUnknownKindIsNamed() {
    BackendException e =
        assertThrows(BackendException.class, () -> Backends.open("tpu", line -> {}));
    assertEquals("backend: no such kind, got 'tpu'; use auto", e.getMessage());
  }

  @Test
  void flagsAreReadFromSystemProperties() {
    System.setProperty("tandem.threads", " 3 ");
    try {
      assertEquals(3, Flag.THREADS.number(7));
      System.setProperty("tandem.threads", "many");
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> Flag.THREADS.number(7));
      assertEquals(
          "TANDEM_THREADS: not a number, got 'many'; give a whole number of 0 or more",
          e.getMessage());
      System.setProperty("tandem.threads", "");
      assertEquals(7, Flag.THREADS.number(7));
    } finally {
      System.clearProperty("tandem.threads");
    }
  }
}
