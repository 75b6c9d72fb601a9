package dev.tandem.cli.report;

import dev.tandem.cli.report.Examined.Example;
import dev.tandem.cli.report.Examined.Meeting;
import dev.tandem.train.Confusion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What the model made of the samples that it was measured on, in HTML. */
final class Results {
  /** Beyond so many classes a matrix is no picture any more, and only the likeliest mistakes are told. */
  private static final int MOST_IN_MATRIX = 40;

  private static final int MOST_CONFUSIONS = 12;

  private final Examined examined;

  Results(Examined examined) {
    this.examined = examined;
  }

  String html() {
    StringBuilder html = new StringBuilder();
    examined.confusion().ifPresent(confusion -> confusion(html, confusion));
    examples(html);
    meetings(html);
    passage(html);
    return html.toString();
  }

  private String name(int c) {
    return Html.escape(examined.names().get(c));
  }

  // ---- classes

  private void confusion(StringBuilder html, Confusion confusion) {
    html.append("<h2>Which classes are taken for which</h2>\n");
    if (confusion.classes() <= MOST_IN_MATRIX) {
      html.append("<div class=\"split\">\n");
      matrix(html, confusion);
      perClass(html, confusion);
      html.append("</div>\n");
      return;
    }
    html.append("<div class=\"split\">\n");
    likeliest(html, confusion);
    perClass(html, confusion);
    html.append("</div>\n");
  }

  private void matrix(StringBuilder html, Confusion confusion) {
    boolean tall = examined.names().stream().anyMatch(name -> name.length() > 3);
    html.append(
        """
        <div class="card"><h3 id="matrix">Confusion matrix</h3>
        <p class="faint">A row is what samples are, a column what the model took them for.</p>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="matrix"><table class="matrix"><thead><tr><th></th>
        """);
    for (int c = 0; c < confusion.classes(); c++) {
      html.append(
          Html.format(
              "<th scope=\"col\"%s title=\"%s\"><span>%s</span></th>",
              tall ? " class=\"tall\"" : "", name(c), name(c)));
    }
    html.append("</tr></thead>\n<tbody>\n");
    for (int row = 0; row < confusion.classes(); row++) {
      html.append(Html.format("<tr><th scope=\"row\" title=\"%s\">%s</th>", name(row), name(row)));
      long all = confusion.actual(row);
      for (int c = 0; c < confusion.classes(); c++) {
        cell(html, confusion.counts()[row][c], all, row, c);
      }
      html.append("</tr>\n");
    }
    html.append("</tbody></table></div></div>\n");
  }

  private void cell(StringBuilder html, long count, long all, int row, int column) {
    double share = all == 0 ? 0 : (double) count / all;
    // A single mistake must be seen beside a thousand hits.
    double strength = count == 0 ? 0 : row == column ? 0.25 + 0.75 * share : Math.sqrt(share);
    String kind = count == 0 ? "zero" : row == column ? "right" : "wrong";
    html.append(
        Html.format(
            "<td class=\"%s\" style=\"--v:%.2f\" title=\"%s %s taken for %s\">%s</td>",
            kind,
            strength,
            Html.count(count),
            name(row),
            name(column),
            count == 0 ? "·" : Html.count(count)));
  }

  private void perClass(StringBuilder html, Confusion confusion) {
    html.append(
        """
        <div class="card"><h3 id="classes">Class by class</h3>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="classes"><table><thead><tr><th scope="col" class="word">class</th>\
        <th scope="col">samples</th><th scope="col">recall</th><th scope="col">precision</th><th scope="col">F1</th></tr></thead>
        <tbody>
        """);
    for (int c = 0; c < confusion.classes(); c++) {
      html.append(
          Html.format(
              "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%.3f</td></tr>\n",
              name(c),
              Html.count(confusion.actual(c)),
              Html.percent(confusion.recall(c)),
              Html.percent(confusion.precision(c)),
              confusion.f1(c)));
    }
    html.append(
        Html.format(
            "</tbody></table></div><p class=\"faint\">Mean of F1 over the classes: %.3f</p></div>\n",
            confusion.macroF1()));
  }

  private record Mistake(int actual, int predicted, long count) {}

  private void likeliest(StringBuilder html, Confusion confusion) {
    List<Mistake> mistakes = new ArrayList<>();
    long[][] counts = confusion.counts();
    for (int a = 0; a < counts.length; a++) {
      for (int p = 0; p < counts.length; p++) {
        if (a != p && counts[a][p] > 0) {
          mistakes.add(new Mistake(a, p, counts[a][p]));
        }
      }
    }
    mistakes.sort(Comparator.comparingLong(mistake -> -mistake.count()));
    html.append(
        """
        <div class="card"><h3>The commonest mistakes</h3><table><thead><tr><th scope="col" class="word">is</th>\
        <th scope="col" class="word">taken for</th><th scope="col">samples</th></tr></thead><tbody>
        """);
    for (Mistake mistake : mistakes.stream().limit(MOST_CONFUSIONS).toList()) {
      html.append(
          Html.format(
              "<tr><td class=\"word\">%s</td><td class=\"word\">%s</td><td>%s</td></tr>\n",
              name(mistake.actual()), name(mistake.predicted()), Html.count(mistake.count())));
    }
    html.append("</tbody></table></div>\n");
  }

  private void examples(StringBuilder html) {
    if (!examined.mistakes().isEmpty()) {
      html.append(
          "<h2>Mistakes</h2>\n<p class=\"faint\">Those that the model was surest of.</p>\n");
      examples(html, examined.mistakes());
    }
    if (!examined.examples().isEmpty()) {
      html.append("<h2>Sample predictions</h2>\n<p class=\"faint\">Taken evenly from the ")
          .append(Html.escape(examined.part()))
          .append(" samples.</p>\n");
      examples(html, examined.examples());
    }
  }

  private void examples(StringBuilder html, List<Example> examples) {
    if (examples.getFirst().picture().isEmpty()) {
      table(html, examples);
      return;
    }
    html.append("<ul class=\"samples\">\n");
    for (Example example : examples) {
      boolean right = example.actual() == example.predicted();
      String took = name(example.predicted());
      String sure = Html.percent(example.probability());
      String actual =
          right
              ? "right"
              : "is "
                  + name(example.actual())
                  + " ("
                  + Html.percent(example.actualProbability())
                  + ")";
      html.append(
          Html.format(
              "<li class=\"%s\"><img alt=\"Sample %d, of class %s\" src=\"data:image/png;base64,%s\">"
                  + "<b title=\"%s\">%s %s</b><span title=\"%s\">%s</span></li>\n",
              right ? "right" : "wrong",
              example.index(),
              name(example.actual()),
              example.picture(),
              took,
              took,
              sure,
              actual,
              actual));
    }
    html.append("</ul>\n");
  }

  private void table(StringBuilder html, List<Example> examples) {
    int inputs = examples.stream().mapToInt(example -> example.inputs().size()).max().orElse(0);
    html.append(
        "<div class=\"card\"><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Predictions\"><table><thead><tr>"
            + "<th scope=\"col\">sample</th><th scope=\"col\" class=\"word\">is</th>"
            + "<th scope=\"col\" class=\"word\">taken for</th><th scope=\"col\">probability</th>");
    if (inputs > 0) {
      html.append("<th scope=\"col\" class=\"word\" colspan=\"")
          .append(inputs)
          .append("\">inputs</th>");
    }
    html.append("</tr></thead><tbody>\n");
    for (Example example : examples) {
      html.append(
          Html.format(
              "<tr><td>%d</td><td class=\"word\">%s</td><td class=\"word\">%s</td><td>%s</td>",
              example.index(),
              name(example.actual()),
              name(example.predicted()),
              Html.percent(example.probability())));
      example.inputs().forEach(x -> html.append("<td>").append(Html.number(x)).append("</td>"));
      html.append("</tr>\n");
    }
    html.append("</tbody></table></div></div>\n");
  }

  // ---- numbers

  private void meetings(StringBuilder html) {
    if (examined.meetings().stream().allMatch(List::isEmpty)) {
      return;
    }
    html.append("<h2>Predicted and actual</h2>\n<div class=\"grid\">\n");
    IntStream.range(0, Math.min(examined.meetings().size(), examined.names().size()))
        .forEach(i -> scatter(html, examined.names().get(i), examined.meetings().get(i)));
    html.append("</div>\n");
  }

  private static void scatter(StringBuilder html, String name, List<Meeting> meetings) {
    List<Meeting> finite =
        meetings.stream()
            .filter(m -> Double.isFinite(m.actual()) && Double.isFinite(m.predicted()))
            .toList();
    double least =
        finite.stream().mapToDouble(m -> Math.min(m.actual(), m.predicted())).min().orElse(0);
    double most =
        finite.stream().mapToDouble(m -> Math.max(m.actual(), m.predicted())).max().orElse(1);
    double margin = most > least ? (most - least) * 0.05 : 1;
    int side = 300;
    Axis axis = new Axis(least - margin, most + margin, false, side);
    html.append(
        Html.format(
            """
            <figure class="plot"><figcaption>%s</figcaption>
            <svg viewBox="0 0 380 350" role="img" aria-label="%s: %d samples, what the model said by what they are; on the line both are equal">
            <path class="even" d="M60 310L%d 10"/><path class="axis" d="M60 10V310H360"/>
            """,
            Html.escape(name), Html.escape(name), finite.size(), 60 + side));
    for (Axis.Tick tick : axis.ticks(5)) {
      double at = axis.place(tick.value());
      html.append(
          Html.format(
              "<text x=\"53\" y=\"%.1f\" text-anchor=\"end\">%s</text><text x=\"%.1f\" y=\"326\" text-anchor=\"middle\">%s</text>\n",
              314 - at, tick.label(), 60 + at, tick.label()));
    }
    html.append(
        "<text x=\"360\" y=\"345\" text-anchor=\"end\">actual</text><text x=\"66\" y=\"20\">predicted</text>\n");
    finite.forEach(m ->
        html.append(
            Html.format(
                "<circle class=\"meeting\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
                60 + axis.place(m.actual()), 310 - axis.place(m.predicted()))));
    html.append("</svg></figure>\n");
  }

  // ---- texts

  private void passage(StringBuilder html) {
    if (!examined.passage().isEmpty()) {
      html.append("<h2>A text, token by token</h2>\n<p class=\"faint\">From the ")
          .append(Html.escape(examined.part()))
          .append(
              " data: the darker a token, the better the model foresaw it from those before.</p>\n"
                  + "<div class=\"card\"><p class=\"passage\">");
      for (Examined.Word word : examined.passage()) {
        boolean known = Double.isFinite(word.probability());
        html.append(
            Html.format(
                "<span style=\"--v:%.2f\"%s>%s</span>",
                known ? word.probability() : 0,
                known ? " title=\"" + Html.percent(word.probability()) + "\"" : "",
                Html.escape(word.text())));
      }
      html.append("</p></div>\n");
    }
    if (!examined.continuation().isEmpty()) {
      html.append(
              "<h2>What the model writes</h2>\n<p class=\"faint\">It goes on from the beginning of that text, at temperature 0.8.</p>\n"
                  + "<div class=\"card\"><p class=\"passage\">")
          .append(Html.escape(examined.continuation()))
          .append("</p></div>\n");
    }
  }
}
