package dev.tandem.conformance;

import java.util.List;
import java.util.Optional;

/**
 * What all cases came to on a backend.
 *
 * @param ops one for each op, those that updates follow
 * @param lost the backend's last words, where its device failed for good and the remaining cases were not run
 */
public record ConformanceResult(List<OpResult> ops, Optional<String> lost) {
  /** How many cases were run. */
  public int cases() {
    return ops.stream().mapToInt(OpResult::cases).sum();
  }

  /** How many failed. */
  public int failed() {
    return ops.stream().mapToInt(OpResult::failed).sum();
  }
}
