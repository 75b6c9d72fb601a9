package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.data.Values;
import dev.tandem.shape.Shape;
import org.junit.jupiter.api.Test;

class TargetSpreadTest {
  @Test
  void isTakenFromEachOutputsOwnMean() {
    TargetSpread spread = new TargetSpread();
    spread.add(new Values.Floats(Shape.of(2, 2), new float[] {1, 10, 3, 10}));
    spread.add(new Values.Floats(Shape.of(1, 2), new float[] {5, 13}));
    assertEquals(4 + 0 + 4 + 1 + 1 + 4, spread.sumOfSquares(), 1e-12);
  }

  /** Squares of large numbers, subtracted from each other, would leave nothing of a spread of 2. */
  @Test
  void survivesALargeMean() {
    TargetSpread spread = new TargetSpread();
    spread.add(new Values.Floats(Shape.of(3, 1), new float[] {16777213, 16777214, 16777215}));
    assertEquals(2, spread.sumOfSquares(), 1e-6);
  }
}
