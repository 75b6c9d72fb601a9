package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverException;

/** What failed of several steps, each of which is tried even where an earlier one failed. */
final class Failures {
  private DriverException first;

  void attempt(Runnable step) {
    try {
      step.run();
    } catch (DriverException e) {
      if (first == null) {
        first = e;
      } else if (first != e) {
        first.addSuppressed(e);
      }
    }
  }

  /** What an exception says beyond its call and its error's own meaning, for another to say of another call. */
  static String detail(DriverException e) {
    String known = e.operation() + ": " + e.error().meaning() + " (" + e.error().name() + "); ";
    return e.getMessage().startsWith(known) ? e.getMessage().substring(known.length()) : "";
  }

  /** Throws the first failure, if there was one. */
  void finish() {
    if (first != null) {
      throw first;
    }
  }
}
