package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class StoppingTest {
  @Test
  void rulesAddUp() {
    Stopping all =
        Stopping.afterEpochs(9)
            .withTargetLoss(0.1)
            .withPatience(3, 0.01)
            .withGradientNormBelow(1e-4);
    assertEquals(new Stopping(9, OptionalDouble.of(0.1), 3, 0.01, OptionalDouble.of(1e-4)), all);
  }

  @Test
  void settingsThatCannotBeAreRefused() {
    Stopping nine = Stopping.afterEpochs(9);
    refused("max epochs must be at least 1, got 0", () -> Stopping.afterEpochs(0));
    refused("patience must not be negative, got -1", () -> nine.withPatience(-1, 0));
    refused("min delta must not be negative, got -0.5", () -> nine.withPatience(1, -0.5));
    refused("min delta must not be negative, got NaN", () -> nine.withPatience(1, Double.NaN));
    refused("the target loss must be a number, got NaN", () -> nine.withTargetLoss(Double.NaN));
    refused(
        "the gradient norm to fall below must be positive, got 0.0",
        () -> nine.withGradientNormBelow(0));
  }

  private static void refused(String part, Executable action) {
    String message = assertThrows(IllegalArgumentException.class, action).getMessage();
    assertTrue(message.startsWith("stopping: " + part + "; "), message);
  }

  @Test
  void onlyMoreThanMinDeltaIsImprovement() {
    Progress progress = new Progress();
    assertTrue(progress.observe(1, 0.1));
    progress.epoch = 1;
    assertFalse(progress.observe(0.9, 0.1));
    assertFalse(progress.observe(Double.NaN, 0.1));
    assertEquals(2, progress.epochsSinceBest);
    assertTrue(progress.observe(0.8, 0.1));
    assertEquals(0, progress.epochsSinceBest);
    assertEquals(2, progress.bestEpoch);
  }
}
