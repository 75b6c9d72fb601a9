package dev.tandem.cuda.driver;

/** Several steps of closing, of which each is tried even where an earlier one failed. */
final class Closing {
  private DriverException failure;

  void attempt(Runnable step) {
    try {
      step.run();
    } catch (DriverException e) {
      if (failure == null) {
        failure = e;
      } else {
        failure.addSuppressed(e);
      }
    }
  }

  /** Throws the first failure, if there was one. */
  void finish() {
    if (failure != null) {
      throw failure;
    }
  }
}
