package dev.tandem.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RandomTest {
  @Test
  void aSeedGivesTheSameNumbersAgain() {
    assertArrayEquals(new Random(7).normal(1001, 0, 1), new Random(7).normal(1001, 0, 1));
    assertFalse(Arrays.equals(new Random(7).normal(1001, 0, 1), new Random(8).normal(1001, 0, 1)));
  }

  @Test
  void eachDrawIsAnother() {
    Random random = new Random(7);
    assertFalse(Arrays.equals(random.uniform(100, 0, 1), random.uniform(100, 0, 1)));
  }

  @Test
  void uniformStaysInItsBoundsAndFillsThem() {
    float[] numbers = new Random(1).uniform(100_000, -2, 3);
    double sum = 0;
    for (float number : numbers) {
      assertTrue(number >= -2 && number <= 3);
      sum += number;
    }
    // Deviation of the mean: (5 / sqrt 12) / sqrt 100000 = 0.0046; five of them.
    assertEquals(0.5, sum / numbers.length, 0.023);
  }

  @Test
  void normalHasItsMeanAndDeviation() {
    float[] numbers = new Random(1).normal(100_000, 1, 2);
    double sum = 0;
    double squares = 0;
    for (float number : numbers) {
      sum += number;
      squares += (number - 1.0) * (number - 1.0);
    }
    // Five deviations of the mean, 2 / sqrt n, and of the variance, 4 sqrt(2 / n).
    assertEquals(1, sum / numbers.length, 0.032);
    assertEquals(4, squares / numbers.length, 0.09);
  }

  /** Percentage points from Wichura's paper, table 2, and Abramowitz and Stegun, table 26.5. */
  @Test
  void quantilesAreThePublishedOnes() {
    assertEquals(-0.6744897501960817, NormalQuantile.of(0.25), 1e-15);
    assertEquals(-3.090232306167814, NormalQuantile.of(0.001), 1e-15);
    assertEquals(-9.262340089798408, NormalQuantile.of(1e-20), 1e-14);
    assertEquals(0, NormalQuantile.of(0.5));
    assertEquals(1.959963984540054, NormalQuantile.of(0.975), 1e-14);
  }
}
