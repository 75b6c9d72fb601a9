package dev.tandem.conformance;

import java.util.List;
import java.util.stream.Stream;

/** Samples of every op. {@code CoverageTest} fails for an op that has none. */
final class OpCases {
  private OpCases() {}

  static List<OpCase> all() {
    return Stream.of(
            ElementwiseCases.all(),
            ReductionCases.all(),
            LinearCases.all(),
            PoolingCases.all(),
            MovementCases.all(),
            IndexingCases.all(),
            NormalizationCases.all(),
            LossCases.all(),
            SequenceCases.all(),
            FusedCases.all(),
            StochasticCases.all())
        .flatMap(List::stream)
        .toList();
  }
}
