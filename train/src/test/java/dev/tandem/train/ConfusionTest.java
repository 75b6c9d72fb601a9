package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ConfusionTest {
  private static final Confusion CONFUSION =
      new Confusion(new long[][] {{3, 1, 0}, {0, 2, 2}, {0, 0, 0}});

  @Test
  void countsAreSharesOfRowsAndColumns() {
    assertEquals(5.0 / 8, CONFUSION.accuracy());
    assertEquals(3.0 / 4, CONFUSION.recall(0));
    assertEquals(1, CONFUSION.precision(0));
    assertEquals(2.0 / 3, CONFUSION.precision(1));
    assertEquals(2 * 3.0 / 7, CONFUSION.f1(0));
    assertEquals((6.0 / 7 + 4.0 / 7 + 0) / 3, CONFUSION.macroF1(), 1e-15);
  }

  @Test
  void aClassThatNeverOccursCountsAsMissed() {
    assertEquals(0, CONFUSION.recall(2));
    assertEquals(0, CONFUSION.precision(2));
    assertEquals(0, CONFUSION.f1(2));
  }

  @Test
  void theTableHasARowAClass() {
    assertEquals(
        """
        actual      p0   p1   p2  recall precision     f1
        cat          3    1    0  0.7500    1.0000 0.8571
        dog          0    2    2  0.5000    0.6667 0.5714
        axolotl      0    0    0  0.0000    0.0000 0.0000
        """,
        CONFUSION.table(List.of("cat", "dog", "axolotl")));
  }

  @Test
  void theCountsAreACopy() {
    long[][] counts = {{1}};
    Confusion confusion = new Confusion(counts);
    counts[0][0] = 5;
    assertEquals(new Confusion(new long[][] {{1}}), confusion);
  }
}
