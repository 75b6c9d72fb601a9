package dev.tandem.data;

import dev.tandem.data.CsvSchema.Column;
import dev.tandem.data.CsvSchema.Kind;
import dev.tandem.data.CsvSchema.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * One column of a file while it is read: its numbers, or its words as numbers in the order in which they
 * first came.
 */
final class CsvColumn {
  // Float.parseFloat takes more than people mean by a number: hexadecimal, a trailing f or d.
  private static final Pattern NUMBER =
      Pattern.compile("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
  private static final Pattern NOT_FINITE =
      Pattern.compile("[+-]?(nan|inf|infinity)", Pattern.CASE_INSENSITIVE);
  private static final Pattern WHOLE = Pattern.compile("-?\\d{1,18}");
  private static final int LONGEST_SHOWN = 40;

  private final String file;
  private final String name;
  private final int index;
  private final Column column;
  private final Map<String, Integer> words = new LinkedHashMap<>();
  private float[] numbers = new float[0];
  private int[] firstSeen = new int[0];
  private int size;

  CsvColumn(String file, String name, int index, Column column) {
    this.file = file;
    this.name = name;
    this.index = index;
    this.column = column;
    column.values().forEach(value -> words.put(value, words.size()));
  }

  static boolean isNumber(String text) {
    return NUMBER.matcher(text).matches();
  }

  String name() {
    return name;
  }

  int index() {
    return index;
  }

  Role role() {
    return column.role();
  }

  Kind kind() {
    return column.kind();
  }

  int size() {
    return size;
  }

  /** How many features it makes. */
  int width() {
    return kind() == Kind.NUMBER ? 1 : words.size();
  }

  void add(String text, long line) {
    switch (kind()) {
      case NUMBER -> {
        float number = number(text.strip(), line);
        numbers = size == numbers.length ? Arrays.copyOf(numbers, Math.max(64, 2 * size)) : numbers;
        numbers[size++] = number;
      }
      case CATEGORY -> {
        int word = word(text.strip(), line);
        firstSeen =
            size == firstSeen.length ? Arrays.copyOf(firstSeen, Math.max(64, 2 * size)) : firstSeen;
        firstSeen[size++] = word;
      }
    }
  }

  /** A category's values in the order of their numbers. */
  List<String> values() {
    List<String> values = new ArrayList<>(words.keySet());
    if (column.values().isEmpty()) {
      boolean whole = values.stream().allMatch(value -> WHOLE.matcher(value).matches());
      Comparator<String> textual = Comparator.naturalOrder();
      Comparator<String> numeric = Comparator.comparingLong(Long::parseLong);
      values.sort(whole ? numeric.thenComparing(textual) : textual);
    }
    return values;
  }

  /** A category's number in each line. */
  int[] numbers() {
    int[] place = new int[words.size()];
    List<String> values = values();
    for (int i = 0; i < place.length; i++) {
      place[words.get(values.get(i))] = i;
    }
    return Arrays.stream(firstSeen, 0, size).map(word -> place[word]).toArray();
  }

  List<String> features() {
    return kind() == Kind.NUMBER
        ? List.of(name)
        : values().stream().map(value -> name + "=" + value).toList();
  }

  Column learned() {
    return kind() == Kind.NUMBER ? column : new Column(column.place(), role(), kind(), values());
  }

  /** Writes its features to every row of a matrix of zeros. */
  void write(float[] matrix, int at, int stride) {
    int[] hot = kind() == Kind.CATEGORY ? numbers() : null;
    for (int row = 0; row < size; row++) {
      if (hot == null) {
        matrix[row * stride + at] = numbers[row];
      } else {
        matrix[row * stride + at + hot[row]] = 1;
      }
    }
  }

  private float number(String text, long line) {
    if (isNumber(text)) {
      float number = Float.parseFloat(text);
      if (Float.isFinite(number)) {
        return number;
      }
      throw wrong("the number is too large for F32", text, line, "rescale the column");
    }
    if (text.isEmpty()) {
      throw wrong("a number is missing", text, line, "fill it in or remove the line");
    }
    if (NOT_FINITE.matcher(text).matches()) {
      throw wrong("not a finite number", text, line, "fill it in or remove the line");
    }
    throw wrong(
        "not a number", text, line, "correct it, or declare the column a category or ignored");
  }

  private int word(String text, long line) {
    Integer known = words.get(text);
    if (known != null) {
      return known;
    }
    if (!column.values().isEmpty()) {
      throw wrong(
          "a value outside the category",
          text,
          line,
          "its values are " + shown(column.values().toString()));
    }
    if (text.isEmpty()) {
      throw wrong("a category is missing", text, line, "fill it in or remove the line");
    }
    words.put(text, words.size());
    return words.size() - 1;
  }

  private DataException wrong(String what, String text, long line, String remedy) {
    return new DataException(
        "csv: "
            + what
            + ", got '"
            + shown(text)
            + "' in "
            + file
            + " line "
            + line
            + ", column '"
            + name
            + "'; "
            + remedy);
  }

  private static String shown(String text) {
    return text.length() <= LONGEST_SHOWN ? text : text.substring(0, LONGEST_SHOWN) + "...";
  }
}
