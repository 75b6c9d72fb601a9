package dev.tandem.cli.config;

import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Names as they are written, and the name that was probably meant. */
final class Spelling {
  /** No name is nearly as long; to compare one takes memory as the product of both lengths. */
  private static final int LONGEST = 100;

  private Spelling() {}

  /** {@code weightDecay} and {@code WeightDecay} as {@code weight_decay}. */
  static String snake(String name) {
    return name.replaceAll("(?<=[a-z0-9])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }

  /** Names are compared without regard to case and to the difference between - and _. */
  static String plain(String name) {
    return name.strip().toLowerCase(Locale.ROOT).replace('-', '_');
  }

  /** {@code did you mean 'lr'?} or, where nothing is near, {@code valid keys: lr, ...}. */
  static String remedy(String written, Map<String, String> valid, String plural) {
    Optional<String> nearest = nearest(written, valid);
    return nearest
        .map(name -> "did you mean '" + name + "'?")
        .orElseGet(() ->
            valid.isEmpty()
                ? "it takes no " + plural
                : "valid "
                    + plural
                    + ": "
                    + String.join(", ", valid.values().stream().distinct().toList()));
  }

  /** The name of which a spelling is nearest to what was written. @param valid each spelling, and the name it stands for */
  static Optional<String> nearest(String written, Map<String, String> valid) {
    String plain = plain(written);
    if (plain.length() > LONGEST) {
      return Optional.empty();
    }
    return valid.entrySet().stream()
        .min(Comparator.comparingInt(entry -> distance(plain, plain(entry.getKey()))))
        .filter(entry -> distance(plain, plain(entry.getKey())) <= Math.max(1, plain.length() / 3))
        .map(Map.Entry::getValue);
  }

  /** Insertions, deletions, changes and swaps of neighbours from a to b: optimal string alignment. */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
