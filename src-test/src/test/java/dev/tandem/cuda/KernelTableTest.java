package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code docs/kernels.md} says of each kernel what it does, what it moves and how fast, in a table for each module. */
final class KernelTableTest {
  private static final Path TABLE = KernelFolder.PATH.resolveSibling("docs").resolve("kernels.md");
  private static final Pattern MODULE = Pattern.compile("## (\\w+)\\.cu");
  private static final Pattern ROW = Pattern.compile("\\| `(\\w+)` \\|(.*)\\|");
  private static final int COLUMNS = 5;

  private record Row(String module, String entry) {}

  /** The rows of the tables, in order. */
  private static List<Row> rows() throws IOException {
    List<Row> rows = new ArrayList<>();
    String module = "";
    for (String line : Files.readAllLines(TABLE)) {
      Matcher heading = MODULE.matcher(line);
      Matcher row = ROW.matcher(line);
      if (heading.matches()) {
        module = heading.group(1);
      } else if (row.matches()) {
        rows.add(new Row(module, row.group(1)));
        List<String> cells =
            Arrays.stream(row.group(2).split("\\|", -1)).map(String::strip).toList();
        assertEquals(COLUMNS, cells.stream().filter(cell -> !cell.isEmpty()).count(), line);
      }
    }
    return rows;
  }

  @Test
  void everyKernelHasItsRowAndNoOtherHas() throws IOException {
    assertEquals(
        Arrays.stream(Kernel.values())
            .map(kernel -> new Row(kernel.module(), kernel.entry()))
            .toList(),
        rows());
  }
}
