package dev.tandem.data;

import dev.tandem.data.CsvSchema.Column;
import dev.tandem.data.CsvSchema.Kind;
import dev.tandem.data.CsvSchema.Role;
import dev.tandem.shape.Shape;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.zip.ZipException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads CSV files (RFC 4180, UTF-8 with or without byte order mark, plain or gzip). Numbers are decimal
 * with a point; blanks around values are dropped; empty lines are skipped. A sample's input is F32
 * (features): a number column gives one feature, a category column one for each of its values, sorted
 * (as numbers where all are whole numbers). Features come in the schema's order where it ignores other
 * columns, else in the file's.
 */
public final class Csv {
  private static final Logger LOG = LoggerFactory.getLogger(Csv.class);

  /** Beyond so many values a column of words is likelier a mistake, such as an id, than a category. */
  private static final int MANY_VALUES = 256;

  private Csv() {}

  /**
   * What was read.
   *
   * @param dataset input F32 (features); target classes, or numbers (k)
   * @param schema names every column that was used, in the order of the features, with every category's
   *     values, and ignores others: it reads another file, or lines to predict, into the same features
   * @param features the name of each feature: the column's, or {@code column=value}
   */
  public record Table(Dataset dataset, CsvSchema schema, List<String> features) {}

  /**
   * Reads a file. Throws {@link DataException}, naming file, line and column, at the first value that
   * does not fit.
   */
  public static Table read(Path file, CsvSchema schema) {
    try (InputStream in = DataFile.open("csv", file)) {
      return read(file.toString(), in, schema);
    } catch (IOException e) {
      throw DataFile.unreadable("csv", file.toString(), e);
    }
  }

  /**
   * Reads a stream, plain or gzip; name stands for the file in messages. The caller closes the stream.
   */
  public static Table read(String name, InputStream in, CsvSchema schema) {
    List<CsvColumn> columns = columns(name, in, schema, true);
    List<CsvColumn> inputs =
        columns.stream().filter(column -> column.role() == Role.INPUT).toList();
    List<CsvColumn> targets =
        columns.stream().filter(column -> column.role() == Role.TARGET).toList();
    List<Column> learned = columns.stream().map(CsvColumn::learned).toList();
    columns.forEach(Csv::warnOfMany);
    float[] values = matrix(name, inputs);
    Shape sample = Shape.of(values.length / columns.getFirst().size());
    Dataset dataset;
    if (targets.getFirst().kind() == Kind.CATEGORY) {
      CsvColumn classes = targets.getFirst();
      dataset =
          Samples.classes(
              name, sample, values, classes.numbers(), new Target.Classes(classes.values()));
    } else {
      List<String> names = targets.stream().map(CsvColumn::name).toList();
      dataset =
          Samples.numbers(name, sample, values, matrix(name, targets), new Target.Numbers(names));
    }
    LOG.debug(
        "{}: {} samples of {}, target {}", name, dataset.size(), dataset.input(), dataset.target());
    return new Table(
        dataset,
        new CsvSchema(learned, CsvSchema.Others.IGNORED, schema.header(), schema.delimiter()),
        inputs.stream().flatMap(column -> column.features().stream()).toList());
  }

  /**
   * The inputs alone, F32 (N, features), of a file that may lack the target: for prediction.
   *
   * @param schema that of the table which the model was trained on
   */
  public static Values.Floats inputs(Path file, CsvSchema schema) {
    try (InputStream in = DataFile.open("csv", file)) {
      String name = file.toString();
      List<CsvColumn> columns = columns(name, in, schema, false);
      float[] values = matrix(name, columns);
      int size = columns.getFirst().size();
      return new Values.Floats(Shape.of(size, values.length / size), values);
    } catch (IOException e) {
      throw DataFile.unreadable("csv", file.toString(), e);
    }
  }

  /** The columns that are used, filled. */
  private static List<CsvColumn> columns(
      String name, InputStream in, CsvSchema schema, boolean withTarget) {
    CSVFormat format =
        CSVFormat.RFC4180
            .builder()
            .setDelimiter(schema.delimiter())
            .setIgnoreEmptyLines(true)
            .setIgnoreSurroundingSpaces(schema.delimiter() != ' ')
            .get();
    try (Reader text = DataFile.text(DataFile.decompressed(in));
        CSVParser parser = CSVParser.parse(text, format)) {
      Iterator<CSVRecord> lines = parser.iterator();
      if (!lines.hasNext()) {
        throw new DataException(
            "csv: no samples, got an empty file " + name + "; give at least one line of data");
      }
      CSVRecord first = lines.next();
      CsvLayout layout = CsvLayout.of(name, schema, first, withTarget);
      if (schema.header() && layout.names().stream().allMatch(CsvColumn::isNumber)) {
        LOG.warn(
            "csv: the header of {} holds only numbers, {}; is it a line of data?",
            name,
            layout.names());
      }
      if (!schema.header()) {
        layout.add(first, parser.getCurrentLineNumber());
      }
      while (lines.hasNext()) {
        CSVRecord line = lines.next();
        layout.add(line, parser.getCurrentLineNumber());
      }
      if (layout.columns().getFirst().size() == 0) {
        throw new DataException(
            "csv: no samples, got only a header in " + name + "; give at least one line of data");
      }
      return layout.columns();
    } catch (IOException e) {
      throw DataFile.unreadable("csv", name, e);
    } catch (UncheckedIOException | IllegalStateException e) {
      throw malformed(name, e);
    }
  }

  private static DataException malformed(String name, RuntimeException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    if (cause instanceof EOFException
        || cause instanceof ZipException
        || cause instanceof CharacterCodingException) {
      return DataFile.unreadable("csv", name, (IOException) cause);
    }
    return new DataException(
        "csv: a line is malformed, got " + name + " (" + cause.getMessage() + "); check its quotes",
        e);
  }

  /** Columns side by side, (N, features) row-major. */
  private static float[] matrix(String name, List<CsvColumn> columns) {
    int size = columns.getFirst().size();
    long width = columns.stream().mapToLong(CsvColumn::width).sum();
    float[] matrix = new float[(int) InMemory.checkTotal("csv: " + name, size * width)];
    int at = 0;
    for (CsvColumn column : columns) {
      column.write(matrix, at, (int) width);
      at += column.width();
    }
    return matrix;
  }

  private static void warnOfMany(CsvColumn column) {
    if (column.kind() == Kind.CATEGORY && column.values().size() > MANY_VALUES) {
      LOG.warn(
          "csv: column '{}' has {} different values; if it is a number or an id, say so in the schema",
          column.name(),
          column.values().size());
    }
  }
}
