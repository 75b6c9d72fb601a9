package dev.tandem.jmh;

import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.List;

/**
 * A parameter as a user writes it: lengths, then options. JMH takes commas and spaces for itself.
 *
 * @param lengths {@code 128x784x512}
 * @param options what follows, each after a colon: {@code bt}, {@code k3}
 */
record Specification(int[] lengths, List<String> options) {
  static Specification of(String text) {
    String[] parts = text.split(":");
    int[] lengths = Arrays.stream(parts[0].split("x")).mapToInt(Integer::parseInt).toArray();
    return new Specification(lengths, List.of(parts).subList(1, parts.length));
  }

  /** As many lengths as the benchmark needs. */
  int[] lengths(int count) {
    if (lengths.length != count) {
      throw new IllegalArgumentException(
          "shape: wants " + count + " lengths, got " + lengths.length);
    }
    return lengths;
  }

  boolean has(String option) {
    return options.contains(option);
  }

  /** The number after the letter, as 3 in {@code k3}. */
  int number(String letter, int otherwise) {
    return options.stream()
        .filter(option -> option.startsWith(letter))
        .map(option -> Integer.parseInt(option.substring(letter.length())))
        .findFirst()
        .orElse(otherwise);
  }

  TensorType type() {
    return TensorType.f32(lengths);
  }
}
