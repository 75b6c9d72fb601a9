package dev.tandem.conformance;

import static dev.tandem.conformance.Source.fixed;
import static dev.tandem.conformance.Source.mask;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Stochastic;
import dev.tandem.op.Stochastic.Dropout;
import dev.tandem.op.Stochastic.DropoutGrad;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;

/**
 * Samples of the random ops: the mask must be equal bit for bit, whatever the device and the number of threads.
 */
final class StochasticCases {
  private StochasticCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    // Words with the sign bit set, and a draw beyond 32 bits.
    List<Values> states =
        List.of(
            state(0, 0, 0, 0),
            state(42, 0, 7, 0),
            state(-1, 0x80000000, -1, 3),
            state(123456789, -987654321, 5, -6));
    for (Shape shape :
        List.of(
            Shape.scalar(),
            Shape.of(1),
            Shape.of(7),
            Shape.of(3, 257),
            Shape.of(0, 5),
            Cases.LARGE)) {
      for (double p : new double[] {0, 0.1, 0.5, 0.9}) {
        // x times the rounded 1 / (1 - p), or divided by 1 - p.
        Tolerance tolerance = Tolerance.relative(2);
        cases.add(new Dropout(p), tolerance, uniform(shape, -2, 2), fixed(states.get(1)));
        cases.add(new DropoutGrad(p), tolerance, uniform(shape, -2, 2), mask(shape));
      }
    }
    states.forEach(state ->
        cases.add(
            new Dropout(0.3),
            Tolerance.relative(2),
            uniform(Shape.of(5, 13), -2, 2),
            fixed(state)));
    return cases.list();
  }

  private static Values state(int... words) {
    return Values.of(DType.I32, Stochastic.STATE.shape(), words[0], words[1], words[2], words[3]);
  }
}
