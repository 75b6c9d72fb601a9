package dev.tandem.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What stands at the ticks is what they are. */
class AxisTest {
  private static List<String> labels(double least, double most) {
    return new Axis(least, most, false, 100).ticks(5).stream().map(Axis.Tick::label).toList();
  }

  @Test
  void largeAndSmallNumbersKeepTheDigitsThatTellThemApart() {
    assertEquals(List.of("0", "5e5", "1e6", "1.5e6", "2e6"), labels(0, 2.1e6));
    assertEquals(List.of("-4e-4", "-2e-4", "0", "2e-4", "4e-4"), labels(-5e-4, 5e-4));
    assertEquals(List.of("0", "0.2", "0.4", "0.6", "0.8", "1"), labels(0, 1));
  }

  @Test
  void oneMoreThanAllNinesIsWritten() {
    assertEquals(List.of("1e5", "1.1e5", "1.2e5", "1.3e5", "1.4e5"), labels(100000, 140000));
  }

  @Test
  void theLargestNumbersHaveTicksAndPlaces() {
    Axis logarithmic = new Axis(1 / 1.15, 1.7e308 * 1.15, true, 100);
    assertEquals(
        List.of("1e61", "1e123", "1e185", "1e247"),
        logarithmic.ticks(5).stream().map(Axis.Tick::label).toList());
    assertEquals(0, new Axis(1e-300, 1e300, true, 100).place(1e-300), 1e-9);
    assertEquals(50, new Axis(1e-300, 1e300, true, 100).place(1), 1e-9);
    Axis linear = new Axis(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, false, 100);
    assertEquals(
        List.of("-1e308", "0", "1e308"), linear.ticks(5).stream().map(Axis.Tick::label).toList());
    assertEquals(50, linear.place(0), 1e-9);
    assertEquals(100, linear.place(Double.MAX_VALUE), 1e-9);
    assertEquals(List.of(), new Axis(3, 3, false, 100).ticks(5));
  }
}
