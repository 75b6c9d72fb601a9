package dev.tandem.cli.report;

import dev.tandem.train.Distribution;
import dev.tandem.train.EpochReport;
import dev.tandem.train.History;
import dev.tandem.train.Metrics;
import dev.tandem.train.RunSampler.Distributions;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/** A run's page: its curves, what the model makes of the test samples, weights and gradients, config and environment. */
public final class RunPage {
  static final DateTimeFormatter MINUTES =
      DateTimeFormatter.ofPattern("d MMMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  /** Of more parameters the pictures are folded away. */
  private static final int MOST_OPEN = 16;

  private static final Pattern DIGITS = Pattern.compile("\\d+");

  private final RunFiles run;

  private RunPage(RunFiles run) {
    this.run = run;
  }

  /** As a file that needs nothing beside it. */
  public static String file(RunFiles run) {
    return Page.alone(run.name() + " – Tandem", new RunPage(run).body());
  }

  /** What stands in the page. */
  public static String body(RunFiles run) {
    return new RunPage(run).body();
  }

  private String body() {
    StringBuilder html = new StringBuilder();
    header(html);
    tiles(html);
    html.append("<h2>Course</h2>\n").append(new Curves(run).html());
    run.examined()
        .ifPresentOrElse(
            examined -> html.append(new Results(examined).html()), () -> unmeasured(html));
    parameters(html);
    epochs(html);
    environment(html);
    return html.toString();
  }

  private void header(StringBuilder html) {
    RunFiles.State state = run.state();
    String word = state == RunFiles.State.LOST ? "no end recorded" : lower(state);
    html.append("<header><h1>")
        .append(Html.escape(run.name()))
        .append("</h1><span class=\"state ")
        .append(lower(state))
        .append("\">")
        .append(word)
        .append("</span>\n<p>");
    run.started().ifPresent(at -> html.append(MINUTES.format(at)).append(" · "));
    html.append(Html.escape(run.record().text("device"))).append("</p></header>\n");
    String message = run.record().text("message");
    if (state != RunFiles.State.FINISHED && !message.isEmpty()) {
      html.append("<p class=\"note")
          .append(state == RunFiles.State.DIVERGED ? " bad" : "")
          .append("\">")
          .append(Html.escape(message))
          .append("</p>\n");
    }
  }

  private static String lower(RunFiles.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  private static void tile(StringBuilder html, String figure, String what) {
    html.append(Html.format("<li><b>%s</b><span>%s</span></li>\n", Html.escape(figure), what));
  }

  private void tiles(StringBuilder html) {
    History history = run.history();
    html.append("<ul class=\"tiles\">\n");
    Optional<Examined> examined = run.examined();
    if (examined.isPresent()) {
      measured(html, examined.get());
    } else {
      history
          .last()
          .ifPresent(last -> {
            last.validation()
                .flatMap(metrics -> Html.present(metrics.accuracy()))
                .ifPresent(share -> tile(html, Html.percent(share), "validation accuracy"));
            tile(
                html,
                Html.number(last.monitoredLoss()),
                last.validation().isPresent() ? "validation loss" : "training loss");
          });
    }
    if (!history.epochs().isEmpty()) {
      int epochs = history.epochs().size();
      tile(
          html,
          Integer.toString(epochs),
          (epochs == 1 ? "epoch" : "epochs")
              + history.best().map(best -> ", the best " + best.epoch()).orElse(""));
    }
    run.seconds().ifPresent(time -> tile(html, Html.duration(time), course()));
    throughput()
        .ifPresent(speed ->
            tile(
                html,
                Html.count(Math.round(speed)),
                (Curves.ofTokens(run) ? "tokens" : "samples") + " a second"));
    history
        .last()
        .filter(last -> last.timing().peakBytes() > 0)
        .ifPresent(last -> tile(html, Html.bytes(last.timing().peakBytes()), "of tensors at most"));
    if (!run.distributions().isEmpty()) {
      long parameters =
          run.distributions().getLast().weights().values().stream()
              .mapToLong(d -> d.shape().elements())
              .sum();
      tile(html, Html.count(parameters), "parameters");
    }
    html.append("</ul>\n");
  }

  /** What the time of all legs together is. */
  private String course() {
    int resumed = run.legs().size() - 1;
    return switch (resumed) {
      case 0 -> "from start to end";
      case 1 -> "of training, resumed once";
      default -> "of training, resumed " + resumed + " times";
    };
  }

  private static void measured(StringBuilder html, Examined examined) {
    String part = Html.escape(examined.part());
    if (!examined.passage().isEmpty() || examined.names().isEmpty()) {
      tile(html, Html.number(Math.exp(examined.loss())), part + " perplexity");
    }
    Html.present(examined.accuracy())
        .ifPresent(share ->
            tile(
                html,
                Html.percent(share),
                part
                    + " accuracy"
                    + (examined.names().isEmpty()
                        ? " of next tokens"
                        : ", "
                            + Html.count(Math.round(share * examined.samples()))
                            + " of "
                            + Html.count(examined.samples()))));
    examined.regression().ifPresent(errors -> tile(html, Html.number(errors.r2()), part + " R²"));
    tile(html, Html.number(examined.loss()), part + " loss");
  }

  /** Over all epochs, validation left out. */
  private Optional<Double> throughput() {
    double seconds = 0;
    double done = 0;
    for (EpochReport epoch : run.history().epochs()) {
      double speed = epoch.timing().tokensPerSecond().orElse(epoch.timing().samplesPerSecond());
      seconds += epoch.timing().seconds();
      done += speed * epoch.timing().seconds();
    }
    return seconds > 0 ? Optional.of(done / seconds) : Optional.empty();
  }

  private void unmeasured(StringBuilder html) {
    if (run.state() != RunFiles.State.RUNNING && !run.history().epochs().isEmpty()) {
      html.append(
          "<p class=\"note\">The model was not measured at the end. <code>tandem report RUN --evaluate</code> does it.</p>\n");
    }
  }

  // ---- weights and gradients

  private void parameters(StringBuilder html) {
    List<Distributions> all = run.distributions();
    if (all.isEmpty()) {
      return;
    }
    TreeSet<String> names = new TreeSet<>(Comparator.comparing(RunPage::sortable));
    all.forEach(one -> names.addAll(one.weights().keySet()));
    html.append("<h2>Weights and gradients</h2>\n");
    html.append(
        "<p class=\"faint\">A column is an epoch, of many epochs one of several: the darker, the more of a parameter's values are there. Gradients are those of"
            + " the epoch's last step. Of parameters with more than 65,536 values so many are counted.</p>\n");
    if (all.stream().allMatch(one -> one.gradients().isEmpty())) {
      html.append(
          "<p class=\"note\">No gradients were seen: the steps were captured, and the backend held too much memory for a look"
              + " beside them. <code>TANDEM_CAPTURE=0</code> shows them.</p>\n");
    }
    html.append(
        Html.format(
            "<details%s><summary>%s</summary>\n<div class=\"parameters\">\n",
            names.size() <= MOST_OPEN ? " open" : "",
            names.size() == 1 ? "1 parameter" : Html.count(names.size()) + " parameters"));
    for (String name : names) {
      String shape =
          all.getLast().weights().containsKey(name)
              ? all.getLast().weights().get(name).shape().toString()
              : "";
      html.append(
          Html.format(
              "<div class=\"card\"><h3>%s <small>%s</small></h3>\n",
              Html.escape(name), Html.escape(shape)));
      html.append(heat("weights", name, all, Distributions::weights));
      html.append(heat("gradients", name, all, Distributions::gradients));
      html.append("</div>\n");
    }
    html.append("</div></details>\n");
  }

  /** Layer 10 after layer 9. */
  private static String sortable(String name) {
    return DIGITS.matcher(name).replaceAll(number -> "%9s".formatted(number.group()));
  }

  private static String heat(
      String what,
      String name,
      List<Distributions> all,
      Function<Distributions, Map<String, Distribution>> of) {
    List<Heat.Column> columns = new ArrayList<>();
    for (Distributions one : all) {
      Optional.ofNullable(of.apply(one).get(name))
          .ifPresent(d -> columns.add(new Heat.Column(one.epoch(), d)));
    }
    return new Heat(what, columns).html();
  }

  // ---- tables

  /** A column of the table of epochs. */
  private record Column(String name, Function<EpochReport, String> cell) {}

  private void epochs(StringBuilder html) {
    List<EpochReport> epochs = run.history().epochs();
    if (epochs.isEmpty()) {
      return;
    }
    List<Column> columns = new ArrayList<>();
    columns.add(new Column("epoch", e -> Integer.toString(e.epoch())));
    columns.add(new Column("steps", e -> Html.count(e.steps())));
    columns.add(new Column("training loss", e -> Html.number(e.trainLoss())));
    columns.add(new Column("training accuracy", e -> share(Html.present(e.trainAccuracy()))));
    columns.add(
        new Column(
            "validation loss",
            e -> e.validation().map(metrics -> Html.number(metrics.loss())).orElse("")));
    columns.add(
        new Column(
            "validation accuracy",
            e -> share(e.validation().map(Metrics::accuracy).flatMap(Html::present))));
    columns.add(
        new Column(
            "validation R²",
            e ->
                e.validation()
                    .flatMap(Metrics::regression)
                    .map(errors -> Html.number(errors.r2()))
                    .orElse("")));
    columns.add(new Column("learning rate", e -> Html.number(e.learningRate())));
    columns.add(new Column("gradient norm", e -> Html.number(e.gradientNorm())));
    columns.add(new Column("time", e -> Html.duration(e.timing().seconds())));
    columns.removeIf(column -> epochs.stream().allMatch(e -> column.cell().apply(e).isEmpty()));
    html.append(
        "<h2>Epochs</h2>\n<details><summary>All figures as a table</summary>\n<div class=\"scroll card\" tabindex=\"0\" role=\"region\""
            + " aria-label=\"Figures of each epoch\"><table><thead><tr>");
    columns.forEach(
        column -> html.append("<th scope=\"col\">").append(column.name()).append("</th>"));
    html.append("</tr></thead><tbody>\n");
    for (EpochReport epoch : epochs) {
      html.append("<tr>");
      columns.forEach(
          column -> html.append("<td>").append(column.cell().apply(epoch)).append("</td>"));
      html.append("</tr>\n");
    }
    html.append("</tbody></table></div></details>\n");
  }

  private static String share(Optional<Double> share) {
    return share.map(Html::percent).orElse("");
  }

  private void environment(StringBuilder html) {
    html.append("<div class=\"split\">\n");
    if (!run.config().isBlank()) {
      html.append("<section><h2>Config</h2>\n<pre tabindex=\"0\" aria-label=\"The run's config\">")
          .append(Html.escape(run.config()))
          .append("</pre></section>\n");
    }
    html.append("<section><h2>Environment</h2>\n<div class=\"card\"><dl>\n");
    Json record = run.record();
    entry(html, "seed", record.figure("seed"));
    entry(html, "backend", record.text("backend"));
    entry(html, "device", record.text("device"));
    Json versions = record.object("versions");
    versions.fields().keySet().forEach(name -> entry(html, name, versions.text(name)));
    entry(html, "started", record.text("started"));
    entry(html, "ended", record.text("ended"));
    entry(html, "end", record.text("message"));
    List<RunFiles.Leg> legs = run.legs();
    for (int i = 0; legs.size() > 1 && i < legs.size(); i++) {
      entry(
          html,
          i == 0 ? "at first" : "resumed",
          MINUTES.format(legs.get(i).started())
              + ", for "
              + Html.duration(legs.get(i).seconds())
              + ", "
              + legs.get(i).device());
    }
    html.append("</dl></div></section>\n</div>\n");
  }

  private static void entry(StringBuilder html, String name, String value) {
    if (!value.isEmpty()) {
      html.append(Html.format("<dt>%s</dt><dd>%s</dd>\n", Html.escape(name), Html.escape(value)));
    }
  }
}
