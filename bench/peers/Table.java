import java.util.ArrayList;
import java.util.List;

/** Rows of words in columns: the first to the left, the others to the right. */
final class Table {
  private final List<List<String>> rows = new ArrayList<>();

  Table(String... heads) {
    rows.add(List.of(heads));
  }

  void row(String... cells) {
    rows.add(List.of(cells));
  }

  void print(boolean markdown) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    rows.forEach(row -> {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    });
    for (int i = 0; i < rows.size(); i++) {
      List<String> cells = new ArrayList<>();
      for (int column = 0; column < columns; column++) {
        cells.add(("%" + (column == 0 ? "-" : "") + widths[column] + "s").formatted(rows.get(i).get(column)));
      }
      System.out.println(markdown ? "| " + String.join(" | ", cells) + " |" : "  " + String.join("  ", cells));
      if (markdown && i == 0) {
        System.out.println("| --- |" + " ---: |".repeat(columns - 1));
      }
    }
  }
}
