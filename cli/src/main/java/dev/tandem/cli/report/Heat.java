package dev.tandem.cli.report;

import dev.tandem.train.Distribution;
import java.util.List;

/** How the distribution of a parameter's values changes over the epochs: a column an epoch, the darker the more values are there. */
record Heat(String what, List<Column> columns) {
  record Column(int epoch, Distribution distribution) {}

  private static final int ROWS = 48;

  /** Blue that shows on white as on black, with more or less of the ground shining through. */
  private static final int[] COLOUR = {0x2f, 0x81, 0xd0};

  private double least() {
    return columns.stream().mapToDouble(c -> c.distribution().least()).min().orElse(0);
  }

  private double most() {
    return columns.stream().mapToDouble(c -> c.distribution().most()).max().orElse(0);
  }

  private List<Column> known() {
    return columns.stream().filter(c -> c.distribution().counts().length > 0).toList();
  }

  /** The picture with its axes in a figure. */
  String html() {
    List<Column> known = known();
    if (known.isEmpty()) {
      return "";
    }
    Heat finite = new Heat(what, known);
    Column first = known.getFirst();
    Column last = known.getLast();
    long broken = columns.stream().mapToLong(c -> c.distribution().broken()).sum();
    return Html.format(
        """
        <figure class="heat"><figcaption>%s <small>mean %s ± %s%s</small></figcaption>
        <div class="scale"><span>%s</span><span>%s</span></div>\
        <img alt="%s" src="data:image/png;base64,%s">
        <div class="epochs"><span>%d</span><span>epoch</span><span>%d</span></div></figure>
        """,
        what,
        Html.brief(last.distribution().mean()),
        Html.brief(last.distribution().deviation()),
        broken > 0 ? ", <strong>" + Html.count(broken) + " not finite</strong>" : "",
        Html.brief(finite.most()),
        Html.brief(finite.least()),
        Html.escape(what + " after epoch " + words(first) + "; after epoch " + words(last)),
        finite.png().base64(),
        first.epoch(),
        last.epoch());
  }

  private static String words(Column column) {
    Distribution d = column.distribution();
    return column.epoch()
        + ": from "
        + Html.number(d.least())
        + " to "
        + Html.number(d.most())
        + ", mean "
        + Html.number(d.mean())
        + ", deviation "
        + Html.number(d.deviation());
  }

  Png png() {
    double[][] shares = new double[columns.size()][];
    double greatest = 0;
    for (int x = 0; x < shares.length; x++) {
      shares[x] = shares(columns.get(x).distribution());
      for (double share : shares[x]) {
        greatest = Math.max(greatest, share);
      }
    }
    byte[] pixels = new byte[ROWS * shares.length * 4];
    for (int x = 0; x < shares.length; x++) {
      for (int y = 0; y < ROWS; y++) {
        int at = (y * shares.length + x) * 4;
        for (int c = 0; c < 3; c++) {
          pixels[at + c] = (byte) COLOUR[c];
        }
        // The root, so that tails are seen beside the peak.
        double strength = greatest == 0 ? 0 : Math.sqrt(shares[x][ROWS - 1 - y] / greatest);
        pixels[at + 3] = (byte) Math.round(255 * strength);
      }
    }
    return new Png(shares.length, ROWS, 4, pixels);
  }

  /** The share of values in each of the rows, from the least up; bins are spread evenly over the rows that they cover. */
  private double[] shares(Distribution d) {
    double low = least();
    double perRow = (most() - low) / ROWS;
    double[] shares = new double[ROWS];
    long[] counts = d.counts();
    double all = 0;
    for (long count : counts) {
      all += count;
    }
    for (int bin = 0; bin < counts.length && all > 0; bin++) {
      double from = perRow > 0 ? ((bin == 0 ? d.least() : d.upper(bin - 1)) - low) / perRow : 0;
      double to = perRow > 0 ? (d.upper(bin) - low) / perRow : ROWS;
      int first = Math.clamp((int) Math.floor(from), 0, ROWS - 1);
      int last = Math.clamp((int) Math.ceil(to) - 1, first, ROWS - 1);
      for (int row = first; row <= last; row++) {
        double covered =
            to > from ? (Math.min(to, row + 1) - Math.max(from, row)) / (to - from) : 1;
        shares[row] += counts[bin] / all * Math.clamp(covered, 0.0, 1.0);
      }
    }
    return shares;
  }
}
