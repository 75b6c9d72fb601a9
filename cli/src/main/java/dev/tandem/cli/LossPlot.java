package dev.tandem.cli;

import dev.tandem.cli.LossCurve.Point;
import dev.tandem.cli.report.Axis;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Loss curves of several runs as an SVG picture: training and validation side by side, light or dark as the viewer is.
 * Written by hand: chart libraries draw by AWT, which needs fonts that servers lack, and their SVG writers are LGPL.
 */
record LossPlot(String title, List<Curve> curves, Scale scale) {
  /** How losses are laid out. */
  enum Scale {
    AUTO,
    LINEAR,
    LOG
  }

  /** A run's curve. @param note beside the label, such as "diverged at step 12" */
  record Curve(String label, String note, LossCurve losses) {}

  /** Colours that people of every colour vision tell apart; Okabe and Ito 2008, black and yellow left out. */
  private static final String[] COLOURS = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"
  };

  /** Where colours repeat, dashes tell runs apart. */
  private static final String[] DASHES = {"", "6 3", "2 3", "8 3 2 3"};

  private static final int WIDTH = 960;
  private static final int TOP = 64;
  private static final int PANEL_HEIGHT = 320;
  private static final int LEFT = 66;
  private static final int GAP = 70;
  private static final int RIGHT = 24;
  private static final int LEGEND_ROW = 20;
  private static final double CHARACTER = 6.9;

  String svg() {
    boolean validated = curves.stream().anyMatch(curve -> !curve.losses().validation().isEmpty());
    int panels = validated ? 2 : 1;
    double width = (WIDTH - LEFT - RIGHT - (panels - 1) * GAP) / (double) panels;
    int perRow = legendColumns();
    int rows = (curves.size() + perRow - 1) / perRow;
    int height = TOP + PANEL_HEIGHT + 62 + rows * LEGEND_ROW;
    StringBuilder svg = new StringBuilder();
    svg.append(
        Report.format(
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" \
            font-family="system-ui, Helvetica, Arial, sans-serif" font-size="13">
            <title>%s</title>
            <style>
              .ground { fill: #ffffff } .ink { fill: #24292f } .faint { fill: #57606a } .grid { stroke: #d8dee4 }
              .axis { stroke: #57606a }
              @media (prefers-color-scheme: dark) {
                .ground { fill: #0d1117 } .ink { fill: #e6edf3 } .faint { fill: #9198a1 } .grid { stroke: #30363d }
                .axis { stroke: #9198a1 }
              }
            </style>
            <rect class="ground" width="100%%" height="100%%"/>
            <text class="ink" x="%d" y="28" font-size="17" font-weight="600">%s</text>
            """,
            WIDTH, height, WIDTH, height, escape(title), LEFT, escape(title)));
    panel(svg, "training loss", LEFT, width, false);
    if (validated) {
      panel(svg, "validation loss", LEFT + width + GAP, width, true);
    }
    legend(svg, perRow);
    return svg.append("</svg>\n").toString();
  }

  private void panel(
      StringBuilder svg, String name, double left, double width, boolean validation) {
    Axis y = losses(validation);
    Axis x =
        new Axis(
            0,
            Math.max(1, all(validation).mapToDouble(Point::epoch).max().orElse(1)),
            false,
            width);
    svg.append(Report.format("<g transform=\"translate(%.1f %d)\">\n", left, TOP));
    svg.append(
        Report.format(
            "<text class=\"ink\" x=\"0\" y=\"-10\" font-weight=\"600\">%s%s</text>\n",
            name,
            y.logarithmic()
                ? " <tspan class=\"faint\" font-weight=\"400\">(logarithmic)</tspan>"
                : ""));
    for (Axis.Tick tick : y.ticks(6)) {
      double at = PANEL_HEIGHT - y.place(tick.value());
      svg.append(
          Report.format(
              "<line class=\"grid\" x1=\"0\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  + "<text class=\"faint\" x=\"-8\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
              width, at, at, at + 4, tick.label()));
    }
    for (Axis.Tick tick : x.ticks(8)) {
      double at = x.place(tick.value());
      svg.append(
          Report.format(
              "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                  + "<text class=\"faint\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
              at, at, PANEL_HEIGHT, PANEL_HEIGHT + 5, at, PANEL_HEIGHT + 20, tick.label()));
    }
    svg.append(
        Report.format(
            "<path class=\"axis\" fill=\"none\" d=\"M0 0V%dH%.1f\"/>\n", PANEL_HEIGHT, width));
    svg.append(
        Report.format(
            "<text class=\"faint\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">epochs</text>\n",
            width / 2, PANEL_HEIGHT + 38));
    // Nested, for it cuts off what leaves it: a run that diverges goes through the roof.
    svg.append(
        Report.format(
            "<svg x=\"0\" y=\"-6\" width=\"%.1f\" height=\"%d\" viewBox=\"0 -6 %.1f %d\">\n",
            width + 6, PANEL_HEIGHT + 6, width + 6, PANEL_HEIGHT + 6));
    for (int i = 0; i < curves.size(); i++) {
      curve(svg, i, x, y, validation);
    }
    svg.append("</svg>\n</g>\n");
  }

  private void curve(StringBuilder svg, int i, Axis x, Axis y, boolean validation) {
    List<Point> points = points(curves.get(i), validation);
    if (points.isEmpty()) {
      return;
    }
    StringBuilder line = new StringBuilder();
    for (Point point : points) {
      line.append(
          Report.format(
              "%s%.1f %.1f",
              line.isEmpty() ? "M" : "L",
              x.place(point.epoch()),
              PANEL_HEIGHT - y.place(point.loss())));
    }
    svg.append(
        Report.format(
            "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\"%s d=\"%s\"/>\n",
            colour(i), dash(i), line));
    if (validation && points.size() <= 40) {
      points.forEach(point ->
          svg.append(
              Report.format(
                  "<circle r=\"2.5\" fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\"/>\n",
                  colour(i), x.place(point.epoch()), PANEL_HEIGHT - y.place(point.loss()))));
    }
    if (curves.get(i).losses().diverged().isPresent()) {
      double atX = x.place(points.getLast().epoch());
      double atY = Math.clamp(PANEL_HEIGHT - y.place(points.getLast().loss()), 4.0, PANEL_HEIGHT);
      svg.append(
          Report.format(
              "<path stroke=\"%s\" stroke-width=\"3\" stroke-linecap=\"round\" d=\"M%.1f %.1fl10 10m0 -10l-10 10\"/>\n",
              colour(i), atX - 5, atY - 5));
    }
  }

  private void legend(StringBuilder svg, int perRow) {
    double column = (double) (WIDTH - LEFT - RIGHT) / perRow;
    for (int i = 0; i < curves.size(); i++) {
      double x = LEFT + i % perRow * column;
      double y = TOP + PANEL_HEIGHT + 64 + (double) (i / perRow) * LEGEND_ROW;
      Curve curve = curves.get(i);
      String note =
          curve.note().isEmpty()
              ? ""
              : " <tspan class=\"faint\">" + escape(curve.note()) + "</tspan>";
      svg.append(
          Report.format(
              "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"3\"%s/>"
                  + "<text class=\"ink\" x=\"%.1f\" y=\"%.1f\">%s%s</text>\n",
              x, x + 26, y - 4, y - 4, colour(i), dash(i), x + 34, y, escape(curve.label()), note));
    }
  }

  private int legendColumns() {
    double widest =
        curves.stream()
            .mapToDouble(curve -> 50 + CHARACTER * (curve.label() + " " + curve.note()).length())
            .max()
            .orElse(1);
    return (int) Math.clamp((WIDTH - LEFT - RIGHT) / widest, 1, 4);
  }

  /** The losses to be shown. Runs that diverged count with where they began only, or they would squeeze the others flat. */
  private List<Double> shown(boolean validation) {
    List<Double> values = new ArrayList<>();
    for (Curve curve : curves) {
      List<Point> points = points(curve, validation);
      boolean broken = curve.losses().diverged().isPresent();
      points.stream().limit(broken ? 1 : points.size()).map(Point::loss).forEach(values::add);
    }
    return values;
  }

  /** Both panels are laid out alike. */
  private boolean logarithmic() {
    List<Double> all = new ArrayList<>(shown(false));
    all.addAll(shown(true));
    double least = all.stream().min(Comparator.naturalOrder()).orElse(0.0);
    double most = all.stream().max(Comparator.naturalOrder()).orElse(1.0);
    return switch (scale) {
      case LINEAR -> false;
      case LOG -> least > 0;
      case AUTO -> least > 0 && most / least > 20;
    };
  }

  private Axis losses(boolean validation) {
    List<Double> values = shown(validation);
    double least = values.stream().min(Comparator.naturalOrder()).orElse(0.0);
    double most = values.stream().max(Comparator.naturalOrder()).orElse(1.0);
    if (logarithmic() && least > 0) {
      return new Axis(least / 1.15, Math.max(most, least * 1.5) * 1.15, true, PANEL_HEIGHT);
    }
    double floor = least < 0 ? least * 1.05 : 0;
    double roof = most <= floor ? floor + 1 : floor + (most - floor) * 1.05;
    return new Axis(floor, roof, false, PANEL_HEIGHT);
  }

  private Stream<Point> all(boolean validation) {
    return curves.stream().flatMap(curve -> points(curve, validation).stream());
  }

  private static List<Point> points(Curve curve, boolean validation) {
    return (validation ? curve.losses().validation() : curve.losses().training())
        .stream().filter(point -> Double.isFinite(point.loss())).toList();
  }

  private static String colour(int curve) {
    return COLOURS[curve % COLOURS.length];
  }

  private static String dash(int curve) {
    String dash = DASHES[curve / COLOURS.length % DASHES.length];
    return dash.isEmpty() ? "" : " stroke-dasharray=\"" + dash + "\"";
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
