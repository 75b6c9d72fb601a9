package dev.tandem.cli.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/**
 * An axis of a plot.
 *
 * @param least at most as far from 0 as a double can be, and so is most: margins beside the largest values have none
 * @param logarithmic then least is positive
 * @param pixels from least to most
 */
public record Axis(double least, double most, boolean logarithmic, double pixels) {
  /** Infinite ends become the largest numbers. */
  public Axis {
    least = Math.clamp(least, -Double.MAX_VALUE, Double.MAX_VALUE);
    most = Math.clamp(most, -Double.MAX_VALUE, Double.MAX_VALUE);
  }

  /** @param label as it is written */
  public record Tick(double value, String label) {}

  /** Pixels from the axis' beginning. */
  public double place(double value) {
    double share =
        logarithmic
            ? (Math.log(Math.max(value, Double.MIN_NORMAL)) - Math.log(least))
                / (Math.log(most) - Math.log(least))
            : (value / 2 - least / 2) / (most / 2 - least / 2); // the whole may be infinite
    return Math.clamp(share, -1, 2) * pixels;
  }

  /** Round numbers that divide the axis, about so many. */
  public List<Tick> ticks(int about) {
    return logarithmic ? logarithmicTicks(about) : linearTicks(about);
  }

  private List<Tick> linearTicks(int about) {
    double rough = most / about - least / about;
    if (!(rough > 0)) {
      return List.of();
    }
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    double step =
        power * (rough / power <= 1 ? 1 : rough / power <= 2 ? 2 : rough / power <= 5 ? 5 : 10);
    double end = Math.min(most + step * 1e-9, Double.MAX_VALUE);
    List<Tick> ticks = new ArrayList<>();
    for (long i = (long) Math.ceil(least / step - 1e-9); i * step <= end; i++) {
      ticks.add(new Tick(i * step, label(i * step)));
    }
    return ticks;
  }

  private List<Tick> logarithmicTicks(int about) {
    int first = (int) Math.floor(Math.log10(least));
    int last = (int) Math.ceil(Math.log10(most));
    double[] within = most / least <= 200 ? new double[] {1, 2, 5} : new double[] {1};
    int every = Math.max(1, (last - first) / about);
    List<Tick> ticks = new ArrayList<>();
    for (int power = first; power <= last; power += every) {
      for (double digit : within) {
        double value = digit * Math.pow(10, power);
        if (Double.isFinite(value) && value >= least * (1 - 1e-9) && value <= most * (1 + 1e-9)) {
          ticks.add(new Tick(value, label(value)));
        }
      }
    }
    return ticks;
  }

  private static String label(double value) {
    // Sums of steps are off by rounding: seven digits are more than a label has.
    BigDecimal round = new BigDecimal(value).round(new MathContext(7)).stripTrailingZeros();
    if (value != 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) {
      int exponent = round.precision() - round.scale() - 1;
      return round.movePointLeft(exponent).stripTrailingZeros().toPlainString() + "e" + exponent;
    }
    return round.toPlainString();
  }
}
