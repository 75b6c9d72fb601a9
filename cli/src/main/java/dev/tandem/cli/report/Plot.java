package dev.tandem.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;

/**
 * Lines over the epochs of a run as an SVG picture for a page, with a legend and a description in words. Colours come from the page.
 *
 * @param label how values are written
 */
record Plot(String title, List<Line> lines, DoubleFunction<String> label, Ground ground) {
  /** Where the axis of the values begins. */
  enum Ground {
    /** At 0, where all values are above. */
    ZERO,
    /** Near the least value. */
    LEAST,
    /** At 0 where that leaves room for the course; of values that differ much the axis is logarithmic. */
    FITTING
  }

  /** @param over the epochs, in parts of them @param faint drawn thin, behind the others */
  record Line(String name, int colour, boolean faint, List<Point> points) {
    /** Where colours repeat, dashes tell lines apart. */
    private String look() {
      return "c" + colour % COLOURS + (colour < COLOURS ? "" : " dashed");
    }
  }

  record Point(double over, double value) {}

  /** As many as can be told apart at this width. */
  static final int MOST_POINTS = 250;

  private static final int COLOURS = 6;
  private static final int WIDTH = 420;
  private static final int HEIGHT = 230;
  private static final int LEFT = 58;
  private static final int RIGHT = 12;
  private static final int TOP = 10;
  private static final int BOTTOM = 36;
  private static final int ACROSS = WIDTH - LEFT - RIGHT;
  private static final int DOWN = HEIGHT - TOP - BOTTOM;

  /** Above this ratio of the greatest to the least a linear axis would hide the course of the small ones. */
  private static final double LOGARITHMIC = 20;

  /** The lines that have finite values, with as many points as can be shown. */
  private List<Line> shown() {
    List<Line> shown = new ArrayList<>();
    for (Line line : lines) {
      List<Point> finite =
          line.points().stream()
              .filter(point -> Double.isFinite(point.value()) && Double.isFinite(point.over()))
              .toList();
      if (!finite.isEmpty()) {
        shown.add(new Line(line.name(), line.colour(), line.faint(), thinned(finite)));
      }
    }
    return shown;
  }

  /** Means of neighbours, but for the first and the last, which stay. */
  static List<Point> thinned(List<Point> points) {
    if (points.size() <= MOST_POINTS) {
      return points;
    }
    int inner = points.size() - 2;
    int groups = MOST_POINTS - 2;
    List<Point> few = new ArrayList<>();
    few.add(points.getFirst());
    for (int g = 0; g < groups; g++) {
      List<Point> group =
          points.subList(
              1 + (int) ((long) inner * g / groups), 1 + (int) ((long) inner * (g + 1) / groups));
      few.add(
          new Point(
              group.stream().mapToDouble(Point::over).average().orElseThrow(),
              group.stream().mapToDouble(Point::value).average().orElseThrow()));
    }
    few.add(points.getLast());
    return few;
  }

  /** The picture in a figure; empty where there is nothing to show. */
  String html() {
    List<Line> shown = shown();
    if (shown.isEmpty()) {
      return "";
    }
    Axis y = values(shown);
    double last =
        shown.stream()
            .flatMap(line -> line.points().stream())
            .mapToDouble(Point::over)
            .max()
            .orElse(1);
    Axis x = new Axis(0, Math.max(1, last), false, ACROSS);
    StringBuilder html = new StringBuilder();
    html.append("<figure class=\"plot\"><figcaption>").append(Html.escape(title));
    if (y.logarithmic()) {
      html.append(" <small>logarithmic</small>");
    }
    html.append("</figcaption>\n");
    html.append(
        Html.format(
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" tabindex=\"0\" aria-label=\"%s\" data-lines=\"%s\">\n",
            WIDTH, HEIGHT, Html.escape(inWords(shown)), Html.escape(data(shown, x, y))));
    axes(html, x, y);
    shown.stream().filter(Line::faint).forEach(line -> draw(html, line, x, y));
    shown.stream().filter(line -> !line.faint()).forEach(line -> draw(html, line, x, y));
    html.append("</svg>\n");
    if (shown.size() > 1) {
      html.append("<ul class=\"legend\">");
      shown.forEach(line ->
          html.append(
              Html.format(
                  "<li class=\"%s%s\">%s</li>",
                  line.look(), line.faint() ? " faint" : "", Html.escape(line.name()))));
      html.append("</ul>\n");
    }
    return html.append("</figure>\n").toString();
  }

  private static void axes(StringBuilder html, Axis x, Axis y) {
    for (Axis.Tick tick : y.ticks(5)) {
      double at = TOP + DOWN - y.place(tick.value());
      html.append(
          Html.format(
              "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
              LEFT, at, WIDTH - RIGHT, LEFT - 7, at + 4, tick.label()));
    }
    for (Axis.Tick tick : x.ticks(6)) {
      double at = LEFT + x.place(tick.value());
      html.append(
          Html.format(
              "<path class=\"axis\" d=\"M%.1f %dv4\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
              at, TOP + DOWN, at, TOP + DOWN + 17, tick.label()));
    }
    html.append(
        Html.format(
            "<path class=\"axis\" d=\"M%d %dV%dH%d\"/><text x=\"%d\" y=\"%d\" text-anchor=\"end\">epoch</text>\n",
            LEFT, TOP, TOP + DOWN, WIDTH - RIGHT, WIDTH - RIGHT, HEIGHT - 4));
  }

  private static void draw(StringBuilder html, Line line, Axis x, Axis y) {
    List<Point> points = line.points();
    if (points.size() > 1) {
      StringBuilder path = new StringBuilder();
      points.forEach(point ->
          path.append(
              Html.format(
                  "%s%.1f %.1f", path.isEmpty() ? "M" : "L", across(point, x), down(point, y))));
      html.append(
          Html.format(
              "<path class=\"line %s%s\" d=\"%s\"/>\n",
              line.look(), line.faint() ? " faint" : "", path));
    }
    if (points.size() <= 30) {
      points.forEach(point ->
          html.append(
              Html.format(
                  "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.4\"/>",
                  line.look(), across(point, x), down(point, y))));
      html.append('\n');
    }
  }

  private static double across(Point point, Axis x) {
    return LEFT + x.place(point.over());
  }

  private static double down(Point point, Axis y) {
    return TOP + DOWN - y.place(point.value());
  }

  private Axis values(List<Line> shown) {
    double[] all =
        shown.stream()
            .flatMap(line -> line.points().stream())
            .mapToDouble(Point::value)
            .sorted()
            .toArray();
    double least = all[0];
    double most = all[all.length - 1];
    if (ground == Ground.FITTING && least > 0 && most / least > LOGARITHMIC) {
      return new Axis(least / 1.15, most * 1.15, true, DOWN);
    }
    boolean zero = ground == Ground.ZERO || ground == Ground.FITTING && least < most / 2;
    double margin = most > least ? (most - least) * 0.06 : Math.max(Math.abs(most) * 0.1, 1e-12);
    double floor = zero && least >= 0 ? 0 : least - margin;
    return new Axis(floor, Math.max(most + margin, floor + 1e-12), false, DOWN);
  }

  /** For those who do not see the picture. */
  private String inWords(List<Line> shown) {
    StringBuilder words = new StringBuilder(title).append(" by epoch.");
    for (Line line : shown) {
      double least = line.points().stream().mapToDouble(Point::value).min().orElseThrow();
      double most = line.points().stream().mapToDouble(Point::value).max().orElseThrow();
      words
          .append(' ')
          .append(line.name())
          .append(": from ")
          .append(label.apply(line.points().getFirst().value()))
          .append(" to ")
          .append(label.apply(line.points().getLast().value()))
          .append(", least ")
          .append(label.apply(least))
          .append(", most ")
          .append(label.apply(most))
          .append('.');
    }
    return words.toString();
  }

  /** What the page's script shows where somebody points: {@code name|x y value,...} for each line. */
  private String data(List<Line> shown, Axis x, Axis y) {
    StringBuilder data = new StringBuilder();
    for (Line line : shown) {
      data.append(data.isEmpty() ? "" : "\n")
          .append(line.name().replaceAll("[|\n]", " "))
          .append('|')
          .append(line.look());
      for (Point point : line.points()) {
        data.append(
            Html.format(
                "|%.1f;%.1f;%s;%s",
                across(point, x),
                down(point, y),
                Html.format("%.2f", point.over()).replaceFirst("\\.00$", ""),
                label.apply(point.value())));
      }
    }
    return data.toString();
  }
}
