package dev.tandem.train;

import java.util.OptionalInt;

/**
 * When checkpoints are written, and how many are kept.
 *
 * @param epochs between checkpoints; an interrupted run writes one in any case
 * @param steps between checkpoints within epochs; empty for none there
 * @param keep how many are kept: with more than one, the last so many are there by the number of their step
 */
public record Saving(int epochs, OptionalInt steps, int keep) {
  /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
  public Saving {
    atLeastOne("checkpoints must be at least 1 epoch apart", epochs);
    steps.ifPresent(number -> atLeastOne("checkpoints must be at least 1 step apart", number));
    atLeastOne("at least 1 checkpoint must be kept", keep);
  }

  /** After every so many epochs, the last one. */
  public static Saving everyEpochs(int epochs) {
    return new Saving(epochs, OptionalInt.empty(), 1);
  }

  private static void atLeastOne(String what, int number) {
    if (number < 1) {
      throw new IllegalArgumentException(
          "run recorder: " + what + ", got " + number + "; 1 is usual");
    }
  }
}
