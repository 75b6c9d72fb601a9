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

  /** Throws the first failure, if there was one. */
  void finish() {
    if (first != null) {
      throw first;
    }
  }
}
