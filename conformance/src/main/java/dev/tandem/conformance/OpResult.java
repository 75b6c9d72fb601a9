package dev.tandem.conformance;

import java.util.Optional;

/**
 * What the cases of one op, or update, came to on a backend.
 *
 * @param cases how many were run; 0 where the backend computes in none of their element types
 * @param failed how many of them failed
 * @param fraction the largest error as a fraction of what the tolerance allows
 * @param error the largest error, as a fraction of the expected number where that is larger than 1
 * @param failure what is wrong in the first case that failed, and which case that is
 */
public record OpResult(
    String op, int cases, int failed, Extreme fraction, Extreme error, Optional<String> failure) {
  static OpResult none(String op) {
    return new OpResult(op, 0, 0, Extreme.NONE, Extreme.NONE, Optional.empty());
  }

  /** This, and one case more. */
  OpResult and(String label, Outcome outcome) {
    return new OpResult(
        op,
        cases + 1,
        failed + (outcome.failure().isPresent() ? 1 : 0),
        fraction.max(outcome.fraction(), label),
        error.max(outcome.error(), label),
        failure.or(() -> outcome.failure().map(text -> label + ", " + text)));
  }
}
