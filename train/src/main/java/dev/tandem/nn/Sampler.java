package dev.tandem.nn;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * How the next token is drawn from logits: from softmax(logits / temperature), cut to the topK likeliest, and of these to the fewest
 * that together have probability topP (Holtzman et al. 2020, arXiv:1904.09751). Of equals the one with the lower number counts first.
 *
 * @param temperature 0 takes the likeliest; 1 draws as the model says; above, more surprising
 * @param topK 0 for all
 * @param topP 1 for all
 */
public record Sampler(double temperature, int topK, double topP) {
  /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
  public Sampler {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException(
          "sampler: the temperature must be finite and not negative, got "
              + temperature
              + "; 1 draws as the model says");
    }
    if (topK < 0) {
      throw new IllegalArgumentException(
          "sampler: top-k must not be negative, got " + topK + "; 0 means all");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException(
          "sampler: top-p must lie above 0 and up to 1, got " + topP + "; 1 means all");
    }
  }

  /** Always the likeliest. */
  public static Sampler greedy() {
    return new Sampler(0, 0, 1);
  }

  /**
   * A token.
   *
   * @param logits of the tokens from 0 to count - 1; any that follow are padding
   * @param uniform a draw from [0, 1)
   * @throws IllegalArgumentException when no logit is a number above minus infinity
   */
  public int draw(float[] logits, int count, double uniform) {
    if (IntStream.range(0, count).anyMatch(token -> Float.isNaN(logits[token]))) {
      throw notNumbers(logits);
    }
    int[] order =
        IntStream.range(0, count)
            .filter(token -> logits[token] > Float.NEGATIVE_INFINITY)
            .boxed()
            .sorted((a, b) -> Float.compare(logits[b], logits[a]))
            .mapToInt(Integer::intValue)
            .toArray();
    if (order.length == 0) {
      throw notNumbers(logits);
    }
    if (temperature == 0) {
      return order[0];
    }
    int kept = topK == 0 ? order.length : Math.min(topK, order.length);
    double[] weights = new double[kept];
    double sum = 0;
    for (int i = 0; i < kept; i++) {
      weights[i] = Math.exp((logits[order[i]] - (double) logits[order[0]]) / temperature);
      sum += weights[i];
    }
    double nucleus = 0;
    int last = 0;
    for (; last < kept && nucleus < topP * sum; last++) {
      nucleus += weights[last];
    }
    double at = uniform * nucleus;
    for (int i = 0; i < last; i++) {
      at -= weights[i];
      if (at < 0) {
        return order[i];
      }
    }
    return order[Math.max(0, last - 1)];
  }

  private static IllegalArgumentException notNumbers(float[] logits) {
    return new IllegalArgumentException(
        "sampler: the logits are not numbers, got "
            + Arrays.toString(Arrays.copyOf(logits, Math.min(4, logits.length)))
            + " ...; the model has diverged");
  }
}
