package dev.tandem.data;

import dev.tandem.data.CsvSchema.Column;
import dev.tandem.data.CsvSchema.Others;
import dev.tandem.data.CsvSchema.Place;
import dev.tandem.data.CsvSchema.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVRecord;

/**
 * A schema laid over one file's columns.
 *
 * @param columns those that are used, in the order of the features
 * @param width how many values every line has
 */
record CsvLayout(String file, List<String> names, List<CsvColumn> columns, int width) {
  /** What stands between values in files, and how a config writes it; the likeliest first. */
  private static final SequencedMap<String, String> DELIMITERS = new LinkedHashMap<>();

  static {
    DELIMITERS.put(";", "';'");
    DELIMITERS.put("\t", "\"\\t\", a tab");
    DELIMITERS.put("|", "'|'");
    DELIMITERS.put(",", "','");
  }

  /** Matches the schema with the file's first line, which is its header if it has one. */
  static CsvLayout of(String file, CsvSchema schema, CSVRecord first, boolean withTarget) {
    List<String> names =
        schema.header()
            ? first.toList()
            : IntStream.range(0, first.size()).mapToObj(Integer::toString).toList();
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!seen.add(name)) {
        throw new DataException(
            "csv: two columns have one name, got '" + name + "' in " + file + "; rename one");
      }
    }
    Column[] byIndex = new Column[names.size()];
    for (Column column : schema.columns()) {
      int index = index(file, names, column, withTarget, first);
      if (index >= 0) {
        if (byIndex[index] != null) {
          throw new DataException(
              "csv: a column is named twice, got "
                  + byIndex[index]
                  + " and "
                  + column
                  + " in "
                  + file
                  + "; name each once");
        }
        byIndex[index] = column;
      }
    }
    List<CsvColumn> used = new ArrayList<>();
    for (int i = 0; i < byIndex.length; i++) {
      Column column = byIndex[i];
      if (column == null && schema.others() == Others.NUMBERS) {
        column = Column.number(schema.header() ? Place.of(names.get(i)) : Place.of(i));
      }
      if (column != null
          && column.role() != Role.IGNORED
          && (withTarget || column.role() == Role.INPUT)) {
        used.add(new CsvColumn(file, names.get(i), i, column));
      }
    }
    if (schema.others() == Others.IGNORED) {
      used.sort(
          Comparator.comparingInt(column -> schema.columns().indexOf(byIndex[column.index()])));
    }
    if (used.stream().noneMatch(column -> column.role() == Role.INPUT)) {
      throw new DataException(
          "csv: no inputs, got columns " + names + " in " + file + "; name at least one input");
    }
    return new CsvLayout(file, names, used, names.size());
  }

  /** Adds a line of values. */
  void add(CSVRecord line, long number) {
    if (line.size() != width) {
      throw new DataException(
          "csv: a line has the wrong number of values, got "
              + line.size()
              + " in "
              + file
              + " line "
              + number
              + ", "
              + (line.size() < width
                  ? "without a value for column '" + names.get(line.size()) + "'"
                  : "'" + line.get(width) + "' after column '" + names.get(width - 1) + "'")
              + "; every line needs "
              + width);
    }
    for (CsvColumn column : columns) {
      column.add(line.get(column.index()), number);
    }
  }

  /** A first line of one value that holds a usual delimiter was separated at another. */
  private static String otherDelimiter(CSVRecord first) {
    return first.size() == 1
        ? DELIMITERS.entrySet().stream()
            .filter(delimiter -> first.get(0).contains(delimiter.getKey()))
            .findFirst()
            .map(delimiter -> ": is the delimiter " + delimiter.getValue() + "?")
            .orElse("")
        : "";
  }

  /** Where the schema's column is, or -1 where it may be missing. */
  private static int index(
      String file, List<String> names, Column column, boolean withTarget, CSVRecord first) {
    int index =
        switch (column.place()) {
          case Place.Named(String name) -> names.indexOf(name);
          case Place.At(int at) -> at < names.size() ? at : -1;
        };
    if (index < 0 && (withTarget || column.role() == Role.INPUT)) {
      throw new NoSuchColumnException(
          "csv: no such column, got "
              + column.place()
              + " for "
              + file
              + "; its columns are "
              + names
              + otherDelimiter(first),
          column.place());
    }
    return index;
  }
}
