package dev.tandem.learning;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Numbers that PyTorch gave, by name: a file of golden/make_learning.py. */
public final class GoldenNumbers {
  private static final String MAGIC = "tandem-golden 1 make_learning.py ";

  private final String file;
  private final Map<String, double[]> numbers = new LinkedHashMap<>();

  public GoldenNumbers(String file) {
    this.file = file;
    try (var lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    GoldenNumbers.class.getResourceAsStream("/golden/" + file), file),
                StandardCharsets.US_ASCII))) {
      String magic = lines.readLine();
      if (magic == null || !magic.startsWith(MAGIC)) {
        throw new IllegalStateException(
            "golden: "
                + file
                + " begins with another line, got '"
                + magic
                + "' for '"
                + MAGIC
                + "'; make it again with python3 make_learning.py in its folder");
      }
      lines
          .lines()
          .forEach(line -> {
            String[] words = line.split(" ");
            double[] values =
                Arrays.stream(words).skip(1).mapToDouble(GoldenNumbers::number).toArray();
            numbers.put(words[0], values);
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Python writes nan in lower case. */
  private static double number(String word) {
    return word.equals("nan") ? Double.NaN : Double.parseDouble(word);
  }

  public double[] get(String name) {
    double[] values = numbers.get(name);
    if (values == null) {
      throw new IllegalStateException(
          "golden: no such numbers in " + file + ", got '" + name + "' of " + numbers.keySet());
    }
    return values.clone();
  }
}
