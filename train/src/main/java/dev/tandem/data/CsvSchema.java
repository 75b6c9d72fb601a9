package dev.tandem.data;

import java.util.List;
import java.util.Locale;

/**
 * Which columns of a CSV file are what.
 *
 * @param columns the columns named, at most once each
 * @param others what the file's remaining columns are: inputs that are numbers, or ignored
 * @param header whether the first line names the columns; without it they are called "0", "1", and so on
 * @param delimiter between two values, such as ',', ';' or a tab
 */
public record CsvSchema(List<Column> columns, Others others, boolean header, char delimiter) {
  /** What a column that the schema does not name is. */
  public enum Others {
    /** An input that is a number. */
    NUMBERS,
    /** It is not read. */
    IGNORED
  }

  /** What a column is used for. */
  public enum Role {
    /** The network sees it. */
    INPUT,
    /** The network learns to predict it. */
    TARGET,
    /** It is not read. */
    IGNORED
  }

  /** How a column's values are read: as a number, or as one of a few words. */
  public enum Kind {
    /** Numbers. */
    NUMBER,
    /** Words, each value of them an input of its own. */
    CATEGORY
  }

  /** How a column is found: by its name in the header, or by its place, from 0. */
  public sealed interface Place {
    /** By the name in the header. */
    record Named(String name) implements Place {
      @Override
      public String toString() {
        return "'" + name + "'";
      }
    }

    /** By its number, counted from 0. */
    record At(int index) implements Place {
      @Override
      public String toString() {
        return "number " + index;
      }
    }

    /** By the name in the header. */
    static Place of(String name) {
      return new Named(name);
    }

    /** By its number, counted from 0. */
    static Place of(int index) {
      return new At(index);
    }
  }

  /**
   * One column.
   *
   * @param values a category's values in the order of their numbers; empty to learn them from the file,
   *     sorted
   */
  public record Column(Place place, Role role, Kind kind, List<String> values) {
    /** Throws {@link DataException} when a component is out of its range; the message names it. */
    public Column {
      values = List.copyOf(values);
      if (values.stream().distinct().count() < values.size()) {
        throw new DataException(
            "csv: a category's values repeat, got "
                + values
                + " for column "
                + place
                + "; list each once");
      }
    }

    /** An input that is a number: one feature. */
    public static Column number(Place place) {
      return new Column(place, Role.INPUT, Kind.NUMBER, List.of());
    }

    /** An input that is a word, one-hot: one feature a value. */
    public static Column category(Place place, String... values) {
      return new Column(place, Role.INPUT, Kind.CATEGORY, List.of(values));
    }

    /** A target that is a number. */
    public static Column targetNumber(Place place) {
      return new Column(place, Role.TARGET, Kind.NUMBER, List.of());
    }

    /** The target that is a class. */
    public static Column targetClass(Place place, String... values) {
      return new Column(place, Role.TARGET, Kind.CATEGORY, List.of(values));
    }

    /** A column that is not read. */
    public static Column ignored(Place place) {
      return new Column(place, Role.IGNORED, Kind.NUMBER, List.of());
    }

    /** As messages write it: {@code category input 'colour'}. */
    @Override
    public String toString() {
      return (kind + " " + role).toLowerCase(Locale.ROOT) + " " + place;
    }
  }

  /**
   * Throws {@link DataException} when the targets do not make one task, or a name is used without a
   * header.
   */
  public CsvSchema {
    columns = List.copyOf(columns);
    List<Column> targets = columns.stream().filter(column -> column.role() == Role.TARGET).toList();
    if (targets.isEmpty()) {
      throw new DataException(
          "csv: no target, got columns " + columns + "; name the column to predict");
    }
    if (targets.size() > 1 && targets.stream().anyMatch(column -> column.kind() == Kind.CATEGORY)) {
      throw new DataException(
          "csv: too many targets, got "
              + targets
              + "; a target is one class, or one or more numbers");
    }
    if (columns.stream().map(Column::place).distinct().count() < columns.size()) {
      throw new DataException("csv: a column is named twice, got " + columns + "; name each once");
    }
    for (Column column : columns) {
      if (column.place() instanceof Place.At(int index) && index < 0) {
        throw new DataException(
            "csv: a column's number is negative, got " + index + "; the first column is 0");
      }
      if (!header && column.place() instanceof Place.Named(String name)) {
        throw new DataException(
            "csv: a column is named but the file has no header, got '"
                + name
                + "'; give its number, from 0");
      }
    }
    if (delimiter == '"' || delimiter == '\n' || delimiter == '\r') {
      throw new DataException(
          "csv: no delimiter, got character "
              + (int) delimiter
              + "; use a comma, semicolon or tab");
    }
  }

  /** A comma-separated file with a header; columns not named are inputs that are numbers. */
  public static CsvSchema of(Column... columns) {
    return new CsvSchema(List.of(columns), Others.NUMBERS, true, ',');
  }

  /** The same for a file whose first line is data. */
  public CsvSchema withoutHeader() {
    return new CsvSchema(columns, others, false, delimiter);
  }

  /** The same for a file with another character between columns. */
  public CsvSchema delimitedBy(char other) {
    return new CsvSchema(columns, others, header, other);
  }

  /** Columns not named are ignored. */
  public CsvSchema ignoringOthers() {
    return new CsvSchema(columns, Others.IGNORED, header, delimiter);
  }
}
