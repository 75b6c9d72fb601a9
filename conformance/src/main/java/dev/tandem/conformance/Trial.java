package dev.tandem.conformance;

import dev.tandem.backend.Backend;

/** A case in one element type, with what the oracle makes of it, worked out once for all backends. */
sealed interface Trial permits OpTrial, UpdateTrial {
  /** What is tried: {@code gelu_tanh}, {@code adam}. */
  String op();

  /** What is tried on what: {@code gelu_tanh F32 (3, 257) [-6, 6]}. */
  String label();

  /** Whether the backend computes in every element type that occurs. */
  boolean supported(Backend backend);

  /** Runs the case twice and compares. What the backend throws is not caught. */
  Outcome run(Backend backend);
}
