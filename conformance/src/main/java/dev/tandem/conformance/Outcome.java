package dev.tandem.conformance;

import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What a case on a backend came to.
 *
 * @param fraction the largest error as a fraction of what the tolerance allows
 * @param error the largest error, as a fraction of the expected number where that is larger than 1
 * @param failure the first thing that is wrong
 */
record Outcome(double fraction, double error, Optional<String> failure) {
  /** Nothing compared yet, nothing wrong yet. */
  static final Outcome START = new Outcome(0, 0, Optional.empty());

  /** This, and a result compared with the oracle's. */
  Outcome and(String result, Comparison comparison) {
    return new Outcome(
        Math.max(fraction, comparison.fraction()),
        Math.max(error, comparison.error()),
        comparison.agrees()
            ? failure
            : failure.or(() -> Optional.of(result + ": " + comparison.message())));
  }

  /** This, and numbers that must be the same bits, but for which NaN it is; otherwise it is as the complaint says. */
  Outcome same(TensorType type, MemorySegment one, MemorySegment other, String complaint) {
    return same(Values.oneNan(type, one), Values.oneNan(type, other), complaint);
  }

  /** This, and bytes that must be the same; otherwise it is as the complaint says. */
  Outcome same(MemorySegment one, MemorySegment other, String complaint) {
    long at = one.mismatch(other);
    return at < 0
        ? this
        : new Outcome(
            fraction, error, failure.or(() -> Optional.of(complaint + ", first at byte " + at)));
  }
}
