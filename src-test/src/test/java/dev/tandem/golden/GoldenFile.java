package dev.tandem.golden;

import dev.tandem.conformance.Values;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Values that PyTorch computed, read from a file that make_golden.py wrote; its head tells the format. */
public record GoldenFile(String name, List<Case> cases) {
  private static final String MAGIC = "tandem-golden 1 |";

  /** A named piece of a file: numbers of an op, an optimizer or a network. */
  public record Case(
      String name, String op, Map<String, double[]> attributes, List<Entry> entries) {
    /** The numbers of an attribute. */
    public double[] attribute(String attribute) {
      double[] numbers = attributes.get(attribute);
      if (numbers == null) {
        throw new IllegalArgumentException(
            name + ": no attribute " + attribute + ", got " + attributes.keySet());
      }
      return numbers;
    }

    /** The single number of an attribute, or the default where it is not given. */
    public double number(String attribute, double otherwise) {
      return attributes.containsKey(attribute) ? attribute(attribute)[0] : otherwise;
    }

    public List<Entry> entries(String kind) {
      return entries.stream().filter(entry -> entry.kind.equals(kind)).toList();
    }

    public Values entry(String kind, String entry) {
      return entries(kind).stream()
          .filter(candidate -> candidate.name.equals(entry))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException(name + ": no " + kind + " " + entry))
          .values;
    }
  }

  /** A tensor of a case. Floating-point ones are F64; integers, I32. */
  public record Entry(String kind, String name, Values values) {}

  public Case named(String wanted) {
    return cases.stream()
        .filter(candidate -> candidate.name.equals(wanted))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException(name + ": no case " + wanted + regenerate()));
  }

  /** Reads {@code golden/<name>.txt}. */
  public static GoldenFile read(String name) {
    String path = "/golden/" + name + ".txt";
    try (InputStream stream = GoldenFile.class.getResourceAsStream(path)) {
      if (stream == null) {
        throw new IllegalStateException("golden: no file " + path + regenerate());
      }
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.US_ASCII));
      String header = lines.readLine();
      if (header == null || !header.startsWith(MAGIC + " " + name + " | ")) {
        throw new IllegalStateException(
            "golden: "
                + path
                + " is of another format, got '"
                + header
                + "', expected '"
                + MAGIC
                + " "
                + name
                + "'"
                + regenerate());
      }
      return new GoldenFile(name, parse(lines.lines()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String regenerate() {
    return "; to make it anew: cd src-test/src/test/resources/golden && python3 make_golden.py"
        + " (needs PyTorch)";
  }

  private static List<Case> parse(Stream<String> lines) {
    List<Case> cases = new ArrayList<>();
    lines.forEach(line -> {
      String[] sides = line.split(" :", 2);
      String[] words = sides[0].split(" ");
      switch (words[0]) {
        case "case" ->
            cases.add(new Case(words[1], words[2], new LinkedHashMap<>(), new ArrayList<>()));
        case "attribute" -> cases.getLast().attributes.put(words[1], numbers(sides[1]));
        default -> {
          DType dtype =
              words[0].equals("int") || words[1].equals("indices") ? DType.I32 : DType.F64;
          Values values = Values.of(dtype, shape(words[2]), numbers(sides[1]));
          cases.getLast().entries.add(new Entry(words[0], words[1], values));
        }
      }
    });
    return List.copyOf(cases);
  }

  private static double[] numbers(String text) {
    return Stream.of(text.strip().split(" "))
        .filter(number -> !number.isEmpty())
        .mapToDouble(GoldenFile::number)
        .toArray();
  }

  private static double number(String text) {
    return switch (text) {
      case "inf" -> Double.POSITIVE_INFINITY;
      case "-inf" -> Double.NEGATIVE_INFINITY;
      case "nan" -> Double.NaN;
      default -> Double.parseDouble(text);
    };
  }

  private static Shape shape(String text) {
    return text.equals("-")
        ? Shape.scalar()
        : Shape.of(Stream.of(text.split("x")).map(Integer::valueOf).toList());
  }
}
