package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static dev.tandem.data.Refusals.refusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.data.CsvSchema.Column;
import dev.tandem.data.CsvSchema.Place;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvTest {
  private static final String IRIS =
      "length,colour,species\n1.5,red,setosa\n-2e1, blue ,virginica\n.25,red,setosa\n";
  private static final Column SPECIES = Column.targetClass(Place.of("species"));
  private static final CsvSchema IRIS_SCHEMA =
      CsvSchema.of(Column.category(Place.of("colour")), SPECIES);

  @TempDir Path folder;

  private Path file(String text) {
    return file("data.csv", text.getBytes(StandardCharsets.UTF_8));
  }

  private Path file(String name, byte[] bytes) {
    try {
      return Files.write(folder.resolve(name), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static float[] inputs(Dataset data) {
    return ((Values.Floats) whole(data).inputs()).data();
  }

  private static Batch whole(Dataset data) {
    return data.read(IntStream.range(0, data.size()).toArray(), 0, data.size());
  }

  private void checkIris(Csv.Table table) {
    Dataset data = table.dataset();
    assertEquals(3, data.size());
    assertEquals(TensorType.f32(3), data.input());
    assertEquals(new Target.Classes(List.of("setosa", "virginica")), data.target());
    assertEquals(List.of("length", "colour=blue", "colour=red"), table.features());
    assertArrayEquals(new float[] {1.5f, 0, 1, -20, 1, 0, .25f, 0, 1}, inputs(data));
    assertArrayEquals(new int[] {0, 1, 0}, ((Values.Ints) whole(data).targets()).data());
  }

  @Test
  void numbersCategoriesAndClassesAreRead() {
    checkIris(Csv.read(file(IRIS), IRIS_SCHEMA));
  }

  @Test
  void byteOrderMarkCrLfEmptyLinesGzipAndAnUnendedLastLineMakeNoDifference() {
    checkIris(Csv.read(file("\uFEFF" + IRIS), IRIS_SCHEMA));
    checkIris(Csv.read(file(IRIS.replace("\n", "\r\n")), IRIS_SCHEMA));
    checkIris(Csv.read(file(IRIS.replace("\n", "\n\n")), IRIS_SCHEMA));
    checkIris(Csv.read(file(IRIS.strip()), IRIS_SCHEMA));
    byte[] marked = ("\uFEFF" + IRIS).getBytes(StandardCharsets.UTF_8);
    checkIris(Csv.read(file("data.csv.gz", IdxTest.gzip(marked)), IRIS_SCHEMA));
    checkIris(Csv.read(file(IRIS.replace(',', ';')), IRIS_SCHEMA.delimitedBy(';')));
    checkIris(Csv.read(file(IRIS.replace(',', '\t')), IRIS_SCHEMA.delimitedBy('\t')));
    checkIris(Csv.read(file(IRIS.replace("red", "\"red\"")), IRIS_SCHEMA));
  }

  @Test
  void columnsAreFoundByNumberWithoutAHeader() {
    CsvSchema schema =
        CsvSchema.of(Column.ignored(Place.of(1)), Column.targetNumber(Place.of(0))).withoutHeader();
    Csv.Table table = Csv.read(file("1,x,2\n3,y,4\n"), schema);
    assertEquals(new Target.Numbers(List.of("0")), table.dataset().target());
    assertEquals(List.of("2"), table.features());
    assertArrayEquals(new float[] {2, 4}, inputs(table.dataset()));
    assertArrayEquals(
        new float[] {1, 3}, ((Values.Floats) whole(table.dataset()).targets()).data());
  }

  @Test
  void severalNumbersMayBeTheTarget() {
    CsvSchema schema =
        CsvSchema.of(
                Column.number(Place.of("a")),
                Column.targetNumber(Place.of("b")),
                Column.targetNumber(Place.of(2)))
            .ignoringOthers();
    Dataset data = Csv.read(file("a,b,c,note\n1,2,3,x\n4,5,6,y\n"), schema).dataset();
    assertEquals(TensorType.f32(1), data.input());
    assertEquals(TensorType.f32(2), data.targetType());
    assertEquals(new Target.Numbers(List.of("b", "c")), data.target());
    assertArrayEquals(new float[] {2, 3, 5, 6}, ((Values.Floats) whole(data).targets()).data());
  }

  @Test
  void wholeNumbersAreSortedAsNumbers() {
    CsvSchema schema = CsvSchema.of(Column.targetClass(Place.of("y")));
    Target target = Csv.read(file("x,y\n0,10\n0,9\n0,-1\n"), schema).dataset().target();
    assertEquals(new Target.Classes(List.of("-1", "9", "10")), target);
    assertEquals(
        new Target.Classes(List.of("10", "9", "b")),
        Csv.read(file("x,y\n0,10\n0,9\n0,b\n"), schema).dataset().target());
  }

  @Test
  void fixedValuesKeepTheirOrderAndRefuseOthers() {
    CsvSchema schema =
        CsvSchema.of(
            Column.category(Place.of("colour"), "red", "green", "blue"),
            Column.targetClass(Place.of("species"), "virginica", "setosa"));
    Csv.Table table = Csv.read(file(IRIS), schema);
    assertEquals(List.of("length", "colour=red", "colour=green", "colour=blue"), table.features());
    assertArrayEquals(new int[] {1, 0, 1}, ((Values.Ints) whole(table.dataset()).targets()).data());
    refusedWith(
        () -> Csv.read(file(IRIS + "1,pink,setosa"), schema),
        "csv: a value outside the category, got 'pink' in ",
        " line 5, column 'colour'; its values are [red, green, blue]");
  }

  @Test
  void theLearnedSchemaReadsOtherFilesIntoTheSameFeatures() {
    CsvSchema schema =
        CsvSchema.of(
            Column.category(Place.of("colour")), SPECIES, Column.ignored(Place.of("note")));
    CsvSchema learned =
        Csv.read(file("note,length,colour,species\nx,1,red,b\nx,2,blue,a\nx,3,green,a\n"), schema)
            .schema();
    Csv.Table other = Csv.read(file("species,extra,colour,length\nb,?,red,7\n"), learned);
    assertEquals(List.of("length", "colour=blue", "colour=green", "colour=red"), other.features());
    assertArrayEquals(new float[] {7, 0, 0, 1}, inputs(other.dataset()));
    assertArrayEquals(new int[] {1}, ((Values.Ints) whole(other.dataset()).targets()).data());
    Values.Floats unlabelled = Csv.inputs(file("length,colour\n8,blue\n9,green\n"), learned);
    assertEquals(Shape.of(2, 4), unlabelled.shape());
    assertArrayEquals(new float[] {8, 1, 0, 0, 9, 0, 1, 0}, unlabelled.data());
  }

  @Test
  void valuesThatDoNotFitAreRefusedWithTheirPlace() {
    refusedWith(
        () -> Csv.read(file(IRIS + "1.5x,red,setosa\n"), IRIS_SCHEMA),
        "csv: not a number, got '1.5x' in ",
        "data.csv line 5, column 'length'; correct it, or declare the column a category or ignored");
    refusedWith(
        () -> Csv.read(file(IRIS + "1f,red,setosa\n"), IRIS_SCHEMA), "not a number, got '1f'");
    refusedWith(
        () -> Csv.read(file(IRIS + "0x1p3,red,setosa\n"), IRIS_SCHEMA),
        "not a number, got '0x1p3'");
    for (String text : List.of("NaN", "nan", "Infinity", "-inf")) {
      refusedWith(
          () -> Csv.read(file(IRIS + text + ",red,setosa\n"), IRIS_SCHEMA),
          "csv: not a finite number, got '" + text + "' in ",
          " line 5, column 'length'; fill it in or remove the line");
    }
    refusedWith(
        () -> Csv.read(file(IRIS + "1e39,red,setosa\n"), IRIS_SCHEMA),
        "csv: the number is too large for F32, got '1e39'");
    refusedWith(
        () -> Csv.read(file(IRIS + " ,red,setosa\n"), IRIS_SCHEMA),
        "csv: a number is missing, got '' in ",
        " line 5");
    refusedWith(
        () -> Csv.read(file(IRIS + "1,,setosa\n"), IRIS_SCHEMA),
        "csv: a category is missing, got '' in ",
        " line 5, column 'colour'");
    refusedWith(
        () ->
            Csv.read(
                file("x,y\n" + "z".repeat(500) + ",1\n"),
                CsvSchema.of(Column.targetClass(Place.of("y")))),
        "got '" + "z".repeat(40) + "...' in ");
  }

  @Test
  void linesAreCountedInTheFileNotInTheData() {
    refusedWith(
        () ->
            Csv.read(
                file("x,y\r\n\r\n1,a\r\n\"2\r\n2\",b\r\n"),
                CsvSchema.of(Column.targetClass(Place.of("y")))),
        "csv: not a number, got '2 2' in ",
        " line 5, column 'x'");
    refusedWith(
        () ->
            Csv.read(
                file("1,a\nq,b"), CsvSchema.of(Column.targetClass(Place.of(1))).withoutHeader()),
        "got 'q' in ",
        " line 2, column '0'");
  }

  @Test
  void wrongLinesAreRefused() {
    refusedWith(
        () -> Csv.read(file(IRIS + "1,red\n"), IRIS_SCHEMA),
        "csv: a line has the wrong number of values, got 2 in ",
        "data.csv line 5, without a value for column 'species'; every line needs 3");
    refusedWith(
        () -> Csv.read(file(IRIS + "1,red,setosa,more\n"), IRIS_SCHEMA),
        "got 4 in ",
        " line 5, 'more' after column 'species'; every line needs 3");
    refusedWith(
        () -> Csv.read(file(IRIS + "\"1\"2,red,setosa\n"), IRIS_SCHEMA),
        "csv: a line is malformed, got ",
        "line: 5");
    refusedWith(
        () -> Csv.read(file(IRIS + "\"1,red,setosa\n"), IRIS_SCHEMA),
        "csv: a line is malformed, got ",
        "line 5",
        "; check its quotes");
  }

  @Test
  void wrongFilesAreRefused() {
    refusedWith(
        () -> Csv.read(folder.resolve("none.csv"), IRIS_SCHEMA),
        "csv: no such file, got ",
        "none.csv; check the path");
    refusedWith(() -> Csv.read(file(""), IRIS_SCHEMA), "csv: no samples, got an empty file ");
    refusedWith(() -> Csv.read(file("\n\n"), IRIS_SCHEMA), "csv: no samples, got an empty file ");
    refusedWith(
        () -> Csv.read(file("length,colour,species\n"), IRIS_SCHEMA),
        "csv: no samples, got only a header in ");
    refusedWith(
        () -> Csv.read(file("x,y,y\n1,2,3\n"), CsvSchema.of(Column.targetClass(Place.of("y")))),
        "csv: two columns have one name, got 'y' in ");
    byte[] latin = "x,species\n1,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1);
    refusedWith(
        () -> Csv.read(file("latin.csv", latin), CsvSchema.of(SPECIES)),
        "csv: the text is not UTF-8, got ",
        "latin.csv; convert it to UTF-8");
    byte[] zipped = IdxTest.gzip(IRIS.repeat(50).getBytes(StandardCharsets.UTF_8));
    refusedWith(
        () -> Csv.read(file("cut.csv.gz", Arrays.copyOf(zipped, 60)), IRIS_SCHEMA),
        "csv: the compressed file ends too early, got ",
        "cut.csv.gz");
  }

  @Test
  void aRefusalIsOneLineWhateverTheFileHolds() {
    Path file = file("\"len\ngth\",b,species\n1,2,3\n");
    DataException e = assertThrows(DataException.class, () -> Csv.read(file, IRIS_SCHEMA));
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
  }

  @Test
  void columnsThatAreNotThereAreRefused() {
    refusedWith(
        () -> Csv.read(file(IRIS), CsvSchema.of(Column.targetClass(Place.of("kind")))),
        "csv: no such column, got 'kind' for ",
        "; its columns are [length, colour, species]");
    refusedWith(
        () -> Csv.read(file(IRIS), CsvSchema.of(Column.targetClass(Place.of(3)))),
        "csv: no such column, got number 3 for ");
    refusedWith(
        () -> Csv.read(file(IRIS), CsvSchema.of(SPECIES).ignoringOthers()),
        "csv: no inputs, got columns [length, colour, species] in ");
    refusedWith(
        () -> Csv.read(file(IRIS), CsvSchema.of(SPECIES, Column.ignored(Place.of(2)))),
        "csv: a column is named twice, got category target 'species' and number ignored number 2 in ");
  }

  @Test
  void schemasThatMakeNoTaskAreRefused() {
    Column price = Column.targetNumber(Place.of("price"));
    refused(
        "csv: no target, got columns [number input 'x']; name the column to predict",
        () -> CsvSchema.of(Column.number(Place.of("x"))));
    refused(
        "csv: too many targets, got [category target 'species', number target 'price']; a target is one class, or one"
            + " or more numbers",
        () -> CsvSchema.of(SPECIES, price));
    refusedWith(
        () -> CsvSchema.of(price, Column.ignored(Place.of("price"))),
        "csv: a column is named twice, got ");
    refused(
        "csv: a column is named but the file has no header, got 'price'; give its number, from 0",
        () -> CsvSchema.of(price).withoutHeader());
    refused(
        "csv: a column's number is negative, got -1; the first column is 0",
        () -> CsvSchema.of(Column.targetNumber(Place.of(-1))));
    refused(
        "csv: a category's values repeat, got [a, a] for column 'y'; list each once",
        () -> Column.targetClass(Place.of("y"), "a", "a"));
    refused(
        "csv: no delimiter, got character 34; use a comma, semicolon or tab",
        () -> CsvSchema.of(price).delimitedBy('"'));
  }
}
