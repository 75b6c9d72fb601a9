package dev.tandem.cli.report;

import dev.tandem.cli.report.Plot.Ground;
import dev.tandem.cli.report.Plot.Line;
import dev.tandem.cli.report.Plot.Point;
import dev.tandem.train.EpochReport;
import dev.tandem.train.Metrics;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** All runs of a folder: a table, and the curves of those that are chosen side by side. */
public final class RunsPage {
  /** What leads from a run's page to this one. */
  public static final String BACK = "<nav><a href=\"/\">← all runs</a></nav>\n";

  /** Lines that colours and dashes can tell apart. */
  private static final int MOST_CHOSEN = 12;

  /** A run, or what is wrong with it. */
  public record Entry(String name, Optional<RunFiles> run, String problem) {
    public static Entry of(RunFiles run) {
      return new Entry(run.name(), Optional.of(run), "");
    }

    /** A run whose files cannot be read. */
    public static Entry damaged(String name, String problem) {
      return new Entry(name, Optional.empty(), problem);
    }
  }

  private RunsPage() {}

  /** @param folder where the runs are @param chosen the names of those to be compared */
  public static String body(String folder, List<Entry> entries, Set<String> chosen) {
    StringBuilder html = new StringBuilder();
    html.append("<header><h1>Runs</h1><p>").append(Html.escape(folder)).append("</p></header>\n");
    if (entries.isEmpty()) {
      return html.append(
              "<p class=\"note\">There is no run yet. <code>tandem train examples/digits.yaml</code> makes one, and this page shows"
                  + " it as it goes.</p>\n")
          .toString();
    }
    List<RunFiles> compared =
        entries.stream()
            .filter(entry -> chosen.contains(entry.name()))
            .flatMap(entry -> entry.run().stream())
            .limit(MOST_CHOSEN)
            .toList();
    html.append("<h2>Side by side</h2>\n");
    String curves = curves(compared);
    html.append(
        curves.isEmpty()
            ? "<p class=\"faint\">Choose runs below to see their curves.</p>\n"
            : "<div class=\"grid\">\n" + curves + "</div>\n");
    table(html, entries, chosen);
    return html.toString();
  }

  private static String curves(List<RunFiles> runs) {
    return List.of(
            plot("Training loss", Ground.FITTING, runs, e -> Optional.of(e.trainLoss())),
            plot("Validation loss", Ground.FITTING, runs, e -> e.validation().map(Metrics::loss)),
            plot("Validation accuracy (%)", Ground.LEAST, runs, RunsPage::accuracy),
            plot("Learning rate", Ground.ZERO, runs, e -> Optional.of(e.learningRate())),
            plot("Gradient norm", Ground.FITTING, runs, e -> Optional.of(e.gradientNorm())),
            plot(
                "Throughput (samples a second)",
                Ground.ZERO,
                runs,
                e -> Optional.of(e.timing().samplesPerSecond())))
        .stream()
        .map(Plot::html)
        .collect(Collectors.joining());
  }

  private static Optional<Double> accuracy(EpochReport epoch) {
    return epoch
        .validation()
        .flatMap(metrics -> Html.present(metrics.accuracy()))
        .map(share -> 100 * share);
  }

  private static Plot plot(
      String title,
      Ground ground,
      List<RunFiles> runs,
      Function<EpochReport, Optional<Double>> figure) {
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      lines.add(
          new Line(
              runs.get(i).name(),
              i,
              false,
              runs.get(i).history().epochs().stream()
                  .flatMap(e -> figure.apply(e).map(value -> new Point(e.epoch(), value)).stream())
                  .toList()));
    }
    return new Plot(title, lines, Html::number, ground);
  }

  private static void table(StringBuilder html, List<Entry> entries, Set<String> chosen) {
    html.append(
        """
        <h2 id="runs">All runs</h2>
        <form method="get" action="/"><input type="hidden" name="chosen" value="1">
        <div class="card scroll" tabindex="0" role="region" aria-labelledby="runs"><table class="runs"><thead><tr>\
        <th scope="col"><span class="unseen">compared</span></th><th scope="col" class="word">run</th><th scope="col" class="word">state</th>\
        <th scope="col">epochs</th><th scope="col">best epoch</th><th scope="col">its training loss</th>\
        <th scope="col">its validation loss</th><th scope="col">its validation accuracy</th><th scope="col">time</th><th scope="col" class="word">started</th></tr></thead><tbody>
        """);
    for (Entry entry : entries) {
      row(html, entry, chosen.contains(entry.name()));
    }
    html.append(
        "</tbody></table></div>\n<noscript><p><button>Compare those chosen</button></p></noscript></form>\n");
  }

  private static void row(StringBuilder html, Entry entry, boolean chosen) {
    String name = Html.escape(entry.name());
    html.append(
        Html.format(
            "<tr><td><input type=\"checkbox\" name=\"run\" value=\"%s\" aria-label=\"compare %s\"%s></td>"
                + "<th scope=\"row\"><a href=\"/run/%s\">%s</a></th>",
            name, name, chosen ? " checked" : "", Html.escape(path(entry.name())), name));
    if (entry.run().isEmpty()) {
      html.append("<td colspan=\"8\" class=\"word\">")
          .append(Html.escape(entry.problem()))
          .append("</td></tr>\n");
      return;
    }
    RunFiles run = entry.run().get();
    Optional<EpochReport> best = run.history().best();
    String state = run.state().name().toLowerCase(Locale.ROOT);
    html.append(
        Html.format(
            "<td class=\"word\"><span class=\"state %s\">%s</span></td><td>%d</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>"
                + "<td class=\"word\">%s</td></tr>\n",
            state,
            state.equals("lost") ? "no end recorded" : state,
            run.history().epochs().size(),
            best.map(e -> Integer.toString(e.epoch())).orElse(""),
            best.map(e -> Html.number(e.trainLoss())).orElse(""),
            best.flatMap(EpochReport::validation).map(m -> Html.number(m.loss())).orElse(""),
            best.flatMap(RunsPage::accuracy).map(p -> Html.percent(p / 100)).orElse(""),
            run.seconds().map(Html::duration).orElse(""),
            Html.escape(run.started().map(RunPage.MINUTES::format).orElse(""))));
  }

  /** As a part of an address, slashes kept. */
  private static String path(String name) {
    return Arrays.stream(name.split("/"))
        .map(part -> URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20"))
        .collect(Collectors.joining("/"));
  }
}
