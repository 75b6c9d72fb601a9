package dev.tandem.cpu;

import dev.tandem.backend.Flag;

/**
 * Whether the Vector API is used in this JVM, how wide, and why. Decided once: vector code is fast only where
 * the species is a constant to the compiler.
 */
final class Vectorization {
  private static final String MODULE = "jdk.incubator.vector";
  private static final int WIDEST = -1;
  // Kernels fold sums in this many steps and no others.
  private static final int LEAST_BITS = 128;
  static final int MOST_BITS = 512;

  private static final boolean AVAILABLE;
  private static final int BITS;
  private static final String REASON;
  private static final String PROBLEM;

  static {
    int asked = WIDEST;
    String problem = null;
    try {
      asked = Flag.VECTOR_BITS.number(WIDEST);
      if (asked != WIDEST && asked != 0 && asked != 128 && asked != 256 && asked != 512) {
        problem =
            "TANDEM_VECTOR_BITS: no such width, got " + asked + "; use 0 (scalar), 128, 256 or 512";
      }
    } catch (IllegalArgumentException notANumber) {
      problem = notANumber.getMessage();
    }
    boolean present = ModuleLayer.boot().findModule(MODULE).isPresent();
    boolean compiled = asked != WIDEST || compiled(System.getProperty("java.vm.info", ""));
    // Lanes refers to the module's classes, so it must not be touched where the module is absent.
    int bits = present && asked != 0 && problem == null && compiled ? Lanes.bits() : 0;
    AVAILABLE = bits >= LEAST_BITS;
    BITS = AVAILABLE ? bits : 0;
    if (AVAILABLE) {
      REASON = "Vector API " + BITS + " bit";
    } else if (asked == 0) {
      REASON = "scalar, as TANDEM_VECTOR_BITS=0 asks";
    } else if (!present) {
      REASON = "scalar (pass --add-modules " + MODULE + " for the fast path)";
    } else if (!compiled) {
      REASON =
          "scalar (this JVM runs without C2; leave out -Xint and -XX:TieredStopAtLevel for the fast"
              + " path)";
    } else {
      REASON = "scalar (this machine has no vectors of " + LEAST_BITS + " bits)";
    }
    PROBLEM = problem;
  }

  /**
   * Whether this JVM has C2, by its own description. Without it each vector is an object, and vector code many
   * times slower than scalar code; IDEs start programs so.
   */
  private static boolean compiled(String vmInfo) {
    return !vmInfo.contains("interpreted mode") && !vmInfo.contains("emulated-client");
  }

  private Vectorization() {}

  /** Whether vector classes may be loaded and shall be used. */
  static boolean available() {
    return AVAILABLE;
  }

  /** Width of the vectors; 0 where there are none. */
  static int bits() {
    return BITS;
  }

  /** What is used and, if it is not the fast path, how to get that. */
  static String reason() {
    return REASON;
  }

  /** What is wrong with the width that was asked for, or null. */
  static String problem() {
    return PROBLEM;
  }
}
