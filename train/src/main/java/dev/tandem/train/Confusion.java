package dev.tandem.train;

import dev.tandem.io.Sentence;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How often samples of one class were taken for another.
 *
 * @param counts (C, C): counts[actual][predicted]
 */
public record Confusion(long[][] counts) {
  /** Copies what it is given: later changes do not reach it. */
  public Confusion {
    counts = Arrays.stream(counts).map(long[]::clone).toArray(long[][]::new);
  }

  /** How many classes there are. */
  public int classes() {
    return counts.length;
  }

  /** How many samples are of the class. */
  public long actual(int c) {
    return Arrays.stream(counts[c]).sum();
  }

  /** How many samples were taken for the class. */
  public long predicted(int c) {
    return Arrays.stream(counts).mapToLong(row -> row[c]).sum();
  }

  /** The share of samples that were recognised. */
  public double accuracy() {
    long all = IntStream.range(0, classes()).mapToLong(this::actual).sum();
    return (double) IntStream.range(0, classes()).mapToLong(c -> counts[c][c]).sum() / all;
  }

  /** Of the samples taken for the class, the share that are of it; 0 where there are none. */
  public double precision(int c) {
    return share(counts[c][c], predicted(c));
  }

  /** Of the samples of the class, the share that were recognised; 0 where there are none. */
  public double recall(int c) {
    return share(counts[c][c], actual(c));
  }

  /** The harmonic mean of precision and recall; 0 where nothing of the class was recognised. */
  public double f1(int c) {
    return share(2 * counts[c][c], predicted(c) + actual(c));
  }

  /** The mean of f1 over the classes, each counting the same however many samples it has. */
  public double macroF1() {
    return IntStream.range(0, classes()).mapToDouble(this::f1).average().orElse(0);
  }

  private static double share(long part, long of) {
    return of == 0 ? 0 : (double) part / of;
  }

  /**
   * A table for people, a row an actual class, with recall, precision and f1 at the right.
   *
   * @param classNames as a file gives them: terminal codes are left out
   */
  public String table(List<String> classNames) {
    List<String> names = classNames.stream().map(Sentence::of).toList();
    int wide = Math.max(9, names.stream().mapToInt(String::length).max().orElse(0));
    int cell =
        Math.max(
            4,
            Long.toString(Arrays.stream(counts).flatMapToLong(Arrays::stream).max().orElse(0))
                .length());
    StringBuilder table = new StringBuilder(("%-" + wide + "s").formatted("actual"));
    for (int c = 0; c < classes(); c++) {
      table.append((" %" + cell + "s").formatted("p" + c));
    }
    table.append("  recall precision     f1\n");
    for (int c = 0; c < classes(); c++) {
      table.append(("%-" + wide + "s").formatted(names.get(c)));
      for (long count : counts[c]) {
        table.append((" %" + cell + "d").formatted(count));
      }
      table.append("  %6.4f    %6.4f %6.4f\n".formatted(recall(c), precision(c), f1(c)));
    }
    return table.toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Confusion confusion && Arrays.deepEquals(counts, confusion.counts);
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(counts);
  }

  @Override
  public String toString() {
    return Arrays.deepToString(counts);
  }
}
