package dev.tandem.ptx;

import dev.tandem.cuda.driver.Module;

/**
 * A kernel of src/test/cuda/unseen with what it must give.
 *
 * @param file of the source, without ending
 * @param name of the check, the entry's as a rule
 */
record UnseenCase(String file, String name, Check check) {
  /** Runs the kernel on made-up data and compares with what plain Java computes. */
  @FunctionalInterface
  interface Check {
    void run(Gpu gpu, Module module);
  }
}
