package dev.tandem.conformance;

import dev.tandem.op.Sequence;
import java.util.List;

/** Sequence ops. */
final class OracleSequence {
  private OracleSequence() {}

  static List<double[]> run(Sequence op, List<Values> in) {
    throw new UnsupportedOperationException(op.name() + in);
  }
}
