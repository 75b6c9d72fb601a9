package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page that each run leaves: what it tells, and that it needs nothing and nobody else. */
class ReportTest extends CommandTest {
  /** Where a page may be made to fetch, run or send something. */
  private static final Pattern REFERENCE =
      Pattern.compile(
          "(?:src|href|action|data|poster|srcset)\\s*=\\s*\"([^\"]*)\"|url\\(([^)]*)\\)|@import");

  static final String HOSTILE_CSV =
      "width,<img src=x onerror=alert(1)>,kind\n"
          + "1,2,\"</script><script>alert(2)</script>\"\n2,1,\"\"\" onmouseover=alert(3) x=\"\"\"\n"
              .repeat(30)
          + "1,2,\"</script><script>alert(2)</script>\"\n".repeat(30);

  static final String HOSTILE =
      """
      backend: cpu
      data:
        source: {kind: csv, file: hostile.csv, target: kind, task: classes}
        test: 0.4
        validation: 0.2
      model: {layers: [linear: 2]}
      training: {batch: 8, epochs: 2}
      """;

  private String report(String run) throws IOException {
    return Files.readString(runs().resolve(run).resolve("report.html"));
  }

  /** Nothing is fetched: every reference is inside the page, and the policy says so too. */
  static void assertAlone(String page) {
    Matcher references = REFERENCE.matcher(page);
    while (references.find()) {
      String target = references.group(1) == null ? references.group() : references.group(1);
      assertTrue(target.startsWith("data:"), () -> "refers to " + target);
    }
    assertTrue(
        page.contains(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:;"),
        "policy");
    assertEquals(1, page.split("<script", -1).length - 1, "scripts");
  }

  @Test
  void aClassifiersReportShowsWhatTheFilesTell() throws IOException {
    String said = train(file("digits.yaml", DIGITS)).expect(0).lastLine();
    String page = report("digits-1");
    assertAlone(page);
    Matcher accuracy = Pattern.compile("test accuracy (\\S+ %) \\((\\d+) of 359\\)").matcher(said);
    assertTrue(accuracy.find(), said);
    assertTrue(page.contains("<b>" + accuracy.group(1) + "</b>"), "the accuracy that was said");
    assertTrue(page.contains(accuracy.group(2) + " of 359"), "hits");
    for (String title :
        List.of(
            "Loss",
            "Accuracy (%)",
            "Learning rate",
            "Gradient norm",
            "Throughput",
            "Memory",
            "Confusion matrix",
            "Sample predictions",
            "Weights and gradients",
            "Config",
            "Environment")) {
      assertTrue(page.contains(title), title);
    }
    // The matrix' cells are those that eval counts.
    String table = run("eval", runs().resolve("digits-1")).expect(0).out();
    List<String> rows = table.lines().skip(2).toList();
    List<String> cells =
        Pattern.compile("<td class=\"[^\"]*\" style=\"[^\"]*\" title=\"[^\"]*\">([^<]*)</td>")
            .matcher(page)
            .results()
            .map(cell -> cell.group(1).replace("·", "0"))
            .toList();
    assertEquals(100, cells.size());
    for (int actual = 0; actual < 10; actual++) {
      String[] words = rows.get(actual).strip().split("\\s+");
      assertEquals(List.of(words).subList(1, 11), cells.subList(10 * actual, 10 * actual + 10));
    }
    assertTrue(page.contains("lr: 0.01"), "config");
    assertTrue(page.contains("<dt>java</dt>"), "environment");
    for (String weight : List.of("1.bias", "1.weight", "3.bias", "3.weight")) {
      assertTrue(page.contains("<h3>" + weight + " <small>"), weight);
    }
    assertEquals(
        8, page.split("<figure class=\"heat\">", -1).length - 1, "weights and gradients of four");
    assertFalse(Pattern.compile("<img(?![^>]*alt=\"[^\"]+\")").matcher(page).find(), "alt texts");
  }

  @Test
  void theReportIsMadeAgainFromTheFolderAlone() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    Path run = runs().resolve("digits-1");
    String page = report("digits-1");
    Files.delete(run.resolve("report.html"));
    // Neither the model nor the data is needed.
    Files.delete(run.resolve("model.safetensors"));
    assertEquals("report " + run.resolve("report.html"), run("report", run).expect(0).lastLine());
    assertEquals(page, report("digits-1"));
  }

  @Test
  void evaluateMeasuresARunThatHasNotBeen() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    Path run = runs().resolve("digits-1");
    String measured = Files.readString(run.resolve("evaluation.json"));
    Files.delete(run.resolve("evaluation.json"));
    run("report", run).expect(0);
    assertTrue(report("digits-1").contains("The model was not measured"));
    run("report", run, "--evaluate").expect(0);
    assertEquals(measured, Files.readString(run.resolve("evaluation.json")));
    assertTrue(report("digits-1").contains("Confusion matrix"));
  }

  @Test
  void aKilledRunsReportTellsOfItsFinishedEpochs() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    Path run = runs().resolve("digits-1");
    for (String name : List.of("metrics.jsonl", "steps.jsonl", "distributions.jsonl")) {
      String text = Files.readString(run.resolve(name));
      Files.writeString(run.resolve(name), text.substring(0, text.length() - 20));
    }
    Files.delete(run.resolve("evaluation.json"));
    Files.writeString(
        run.resolve("run.json"),
        Files.readString(run.resolve("run.json")).replaceAll("(?s),\\s*\"ended\".*", "\n}\n"));
    run("report", run).expect(0);
    assertTrue(report("digits-1").contains("<b>1</b><span>epoch, the best 1</span>"));
    assertTrue(report("digits-1").contains(">running<"));
  }

  @Test
  void theBestEpochIsTheOneWhoseWeightsWereKept() throws IOException {
    // Each epoch is better than the one before, none by as much as asked for.
    Result result =
        train(
                file("digits.yaml", DIGITS),
                "--set",
                "training.epochs=4",
                "--set",
                "training.stop.patience=9",
                "--set",
                "training.stop.min_delta=5")
            .expect(0);
    assertTrue(result.out().contains("kept the weights of epoch 1, the best"), result.out());
    assertTrue(report("digits-1").contains("<b>4</b><span>epochs, the best 1</span>"));
  }

  @Test
  void aRunThatWasResumedTellsOfAllItsLegs() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    Path run = runs().resolve("digits-1");
    // As if it had begun in January, had run for an hour, and was resumed after a month.
    Files.writeString(
        run.resolve("run.json"),
        Files.readString(run.resolve("run.json"))
            .replaceFirst("\"started\" : \"[^\"]*\"", "\"started\" : \"2026-01-02T03:00:00Z\"")
            .replaceFirst("\"ended\" : \"[^\"]*\"", "\"ended\" : \"2026-01-02T04:00:00Z\""));
    run("train", "--resume", run, "--set", "training.epochs=3").expect(0);
    String page = report("digits-1");
    assertTrue(page.contains("<p>2 January 2026, 03:00 UTC"), "the beginning");
    assertTrue(page.contains("<b>1 h 00 min</b><span>of training, resumed once</span>"), page);
    assertTrue(page.contains("<dt>at first</dt><dd>2 January 2026, 03:00 UTC, for 1 h"), page);
    assertTrue(page.contains("<dt>resumed</dt>"), page);
  }

  @Test
  void aDivergedRunSaysWhy() throws IOException {
    train(file("digits.yaml", DIGITS), "--set", "optimizer={kind: sgd, lr: 1e30}").expect(1);
    String page = report("digits-1");
    assertAlone(page);
    assertTrue(page.contains("class=\"state diverged\">diverged<"));
    assertTrue(page.contains("<p class=\"note bad\">"));
  }

  @Test
  void hostileNamesStayText() throws IOException {
    file("hostile.csv", HOSTILE_CSV);
    train(file("hostile.yaml", HOSTILE)).expect(0);
    String page = report("hostile-1");
    assertAlone(page);
    assertFalse(page.contains("<script>alert"), "a class' name");
    assertFalse(page.contains("<img src=x"), "a column's name");
    assertFalse(Pattern.compile("\"\\s+onmouseover=").matcher(page).find(), "an attribute");
    assertTrue(page.contains("&lt;/script&gt;&lt;script&gt;alert(2)&lt;/script&gt;"), "is shown");
  }

  @Test
  void aRegressionsReportPutsNumbersAgainstNumbers() throws IOException {
    StringBuilder rows = new StringBuilder("x,<b>y</b>\n");
    for (int i = 0; i < 100; i++) {
      rows.append(i).append(',').append(3000 * i - 7).append('\n');
    }
    file("line.csv", rows.toString());
    train(
            file(
                "line.yaml",
                """
                backend: cpu
                data:
                  source: {kind: csv, file: line.csv, target: "<b>y</b>", task: numbers, target_normalization: standardize}
                  normalization: standardize
                  test: 0.3
                  validation: 0.1
                model: {layers: [linear: 1]}
                optimizer: {kind: adam, lr: 0.1}
                training: {batch: 10, epochs: 20}
                """))
        .expect(0);
    String page = report("line-1");
    assertAlone(page);
    assertTrue(page.contains("<figcaption>&lt;b&gt;y&lt;/b&gt;</figcaption>"), "the number's name");
    assertEquals(30, page.split("class=\"meeting\"", -1).length - 1, "a dot a test sample");
    assertTrue(page.contains("test R²") && page.contains("R² in validation"));
    assertTrue(page.contains(">200000<") || page.contains(">2e5<"), "in the numbers' own units");
  }

  @Test
  void aLanguageModelsReportShowsATextAndWritesOne() throws IOException {
    file("cat.txt", "the cat sat on the mat & the <b>dog</b> sat by the door.\n".repeat(60));
    train(
            file(
                "cat.yaml",
                """
                backend: cpu
                data:
                  source: {kind: text, file: cat.txt, length: 32}
                  validation: 0.1
                  test: 0.1
                model:
                  layers:
                    - gpt: {layers: 1, heads: 2, channels: 32}
                training: {batch: 8, epochs: 2}
                """))
        .expect(0);
    String page = report("cat-1");
    assertAlone(page);
    assertTrue(page.contains("Perplexity") && page.contains("tokens a second"));
    assertTrue(page.contains("<h2>A text, token by token</h2>"));
    assertEquals(33, page.split("<span style=\"--v:", -1).length - 1, "a window's tokens");
    assertTrue(page.contains("<h2>What the model writes</h2>"));
    assertFalse(page.contains("<b>dog"), "text is text");
  }

  @Test
  void filesThatSomebodyDamagedAreNamed() throws IOException {
    Path run = runs().resolve("some-1");
    file(
        "runs/some-1/run.json",
        "{\"seed\":9007199254740993,\"started\":\"+999999999-12-31T00:00:00Z\"}");
    Path distributions =
        file(
            "runs/some-1/distributions.jsonl",
            "{\"epoch\":1,\"step\":1,\"weights\":{\"w\":{\"shape\":[-1],\"counts\":[1]}}}\n");
    String sentence = run("report", run).expect(2).sentence();
    assertTrue(
        sentence.startsWith("report: " + distributions + " is damaged, got shape: a length is"),
        sentence);
    Files.delete(distributions);
    String epoch =
        "{\"epoch\":%d,\"steps\":1,\"train_loss\":%s,\"learning_rate\":1,\"gradient_norm\":1,\"best\":true,"
            + "\"seconds\":1,\"samples_per_second\":1}\n";
    file("runs/some-1/metrics.jsonl", epoch.formatted(1, "1") + epoch.formatted(2, "1.7e308"));
    run("report", run).expect(0);
    assertTrue(report("some-1").contains("<figcaption>Loss <small>logarithmic"), "is drawn");
  }

  @Test
  void aSeedIsShownToItsLastDigit() throws IOException {
    train(file("digits.yaml", DIGITS), "--seed", "9007199254740993", "--set", "training.epochs=1")
        .expect(0);
    assertTrue(report("digits-1").contains("<dt>seed</dt><dd>9007199254740993</dd>"));
  }

  @Test
  void noRunNoReport() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertEquals(
        "report: no run is in the folder, got "
            + empty
            + " without run.json and metrics.jsonl; give the folder that training printed",
        run("report", empty).expect(2).sentence());
    train(file("digits.yaml", DIGITS)).expect(0);
    Path run = runs().resolve("digits-1");
    Files.writeString(run.resolve("evaluation.json"), "{\"part\": 3");
    assertTrue(
        run("report", run)
            .expect(2)
            .sentence()
            .startsWith("report: " + run.resolve("evaluation.json") + " is damaged, got "));
  }
}
