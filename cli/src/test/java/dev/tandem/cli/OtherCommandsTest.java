package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.xml.sax.SAXException;

class OtherCommandsTest extends CommandTest {

  @Test
  void evalMeasuresWhatTrainMeasured() throws IOException {
    Path config = file("digits.yaml", DIGITS);
    Result trained = train(config).expect(0);
    Matcher accuracy = Pattern.compile("test (accuracy .* of 359\\))").matcher(trained.lastLine());
    assertTrue(accuracy.find(), trained.lastLine());
    Path run = runs().resolve("digits-1");
    Result measured = run("eval", run).expect(0);
    assertTrue(measured.out().contains(accuracy.group(1)), measured.out());
    assertTrue(
        measured.out().lines().anyMatch(line -> line.startsWith("actual")), "the confusion matrix");
    assertTrue(run("eval", run, "--part", "training").expect(0).out().contains("of 1,258)"));
    assertTrue(
        run("eval", config, "--model", run.resolve("model.safetensors"))
            .expect(0)
            .out()
            .contains(accuracy.group(1)),
        "by config and weights");
    assertTrue(
        run("eval", config).expect(2).err().contains("no run folder"),
        "a config alone has no weights");
    assertEquals(
        "there is no such part",
        run("eval", run, "--part", "validation", "--set", "data.validation=0")
            .expect(2)
            .sentence()
            .replaceFirst(".*data: ", "")
            .substring(0, 21));
  }

  @Test
  void predictTellsClassAndProbability() throws IOException {
    train(file("digits.yaml", DIGITS), "--set", "training.epochs=8").expect(0);
    StringBuilder blank = new StringBuilder();
    String[] zero =
        ("0,0,5,13,9,1,0,0, 0,0,13,15,10,15,5,0, 0,3,15,2,0,11,8,0, 0,4,12,0,0,8,8,0, 0,5,8,0,0,9,8,0,"
                + "0,4,11,0,1,12,7,0, 0,2,14,5,10,12,0,0, 0,0,6,13,10,0,0,0")
            .split(",");
    blank.append(String.join(",", Arrays.stream(zero).map(String::strip).toList())).append('\n');
    Path input = file("zero.csv", blank.toString().repeat(300));
    Path run = runs().resolve("digits-1");
    Result result = run("predict", run, "--input", input, "--white", "16").expect(0);
    List<String> lines = result.out().lines().toList();
    assertEquals("sample,class,probability", lines.get(0));
    assertEquals(301, lines.size(), "a line a sample, in more than one batch");
    assertTrue(lines.get(1).matches("0,0,(1\\.0000|0\\.[5-9]\\d{3})"), lines.get(1));
    assertEquals(
        lines.get(1).substring(1), lines.get(300).substring(3), "the same sample, the same answer");
    Path output = folder.resolve("out.csv");
    run("predict", run, "--input", input, "--white", "16", "--all", "--output", output).expect(0);
    assertEquals(
        "sample,class,probability,0,1,2,3,4,5,6,7,8,9", Files.readAllLines(output).getFirst());
    assertTrue(
        run("predict", run, "--input", input, "--white", "0")
            .expect(2)
            .err()
            .startsWith("--white must be greater than 0, got 0.0"));
    assertEquals(
        "predict: a pixel is whiter than white, got 15.0 in "
            + input
            + " where white is 1.0; give --white, such as 16 or 255",
        run("predict", run, "--input", input, "--white", "1").expect(2).sentence());
    assertTrue(
        run("predict", run, "--input", "/").expect(2).sentence().startsWith("csv: a folder"));
    file("short.csv", "1,2,3\n");
    String sentence =
        run("predict", run, "--input", folder.resolve("short.csv")).expect(2).sentence();
    assertTrue(sentence.startsWith("csv: ") && sentence.contains("short.csv"), sentence);
  }

  @Test
  void predictReadsCsvByTheSchemaOfTraining() throws IOException {
    file(
        "data.csv",
        "size,colour,kind\n" + "1,red,small\n2,red,small\n8,blue,large\n9,blue,large\n".repeat(10));
    train(
            file(
                "c.yaml",
                """
                backend: cpu
                data:
                  source: {kind: csv, file: data.csv, target: kind, categories: colour}
                  normalization: standardize
                model: {layers: [linear: 2]}
                optimizer: {kind: adam, lr: 0.1}
                training: {batch: 8, epochs: 20}
                """))
        .expect(0);
    Files.delete(folder.resolve("data.csv")); // a prediction needs nothing of the training data
    Path input = file("new.csv", "colour,size\nblue,8.5\nred,1.5\n");
    Result result = run("predict", runs().resolve("c-1"), "--input", input).expect(0);
    List<String> lines = result.out().lines().toList();
    assertTrue(lines.get(1).startsWith("0,large,0.9"), result.out());
    assertTrue(lines.get(2).startsWith("1,small,0.9"), result.out());
  }

  @Test
  void namesOfClassesCannotSteerTheTerminal() throws IOException {
    String hostile = "\u001b]0;owned\u0007\u001b[31msmall";
    file(
        "data.csv",
        ("size,kind\n" + "1,H\n2,H\n8,large\n9,large\n".repeat(10)).replace("H", hostile));
    train(
            file(
                "c.yaml",
                """
                backend: cpu
                data: {source: {kind: csv, file: data.csv, target: kind}, test: 0.2, normalization: standardize}
                model: {layers: [linear: 2]}
                optimizer: {kind: adam, lr: 0.1}
                training: {batch: 8, epochs: 20}
                """))
        .expect(0);
    Path run = runs().resolve("c-1");
    Path input = file("new.csv", "size\n1.5\n");
    for (Result result :
        List.of(run("eval", run), run("predict", run, "--input", input, "--all"))) {
      String out = result.expect(0).out();
      assertTrue(out.contains(" [31msmall"), out);
      assertTrue(
          out.codePoints().allMatch(c -> c == '\n' || c == '\r' || !Character.isISOControl(c)),
          out);
    }
    Path output = folder.resolve("out.csv");
    run("predict", run, "--input", input, "--output", output).expect(0);
    assertTrue(
        Files.readString(output).contains("0," + hostile + ","), "a file has the name itself");
  }

  @Test
  void twoClassesMayBeToldByOneNumber() throws IOException {
    file("data.csv", "size,kind\n" + "1,small\n2,small\n8,large\n9,large\n".repeat(10));
    Path config =
        file(
            "c.yaml",
            """
            backend: cpu
            data:
              source: {kind: csv, file: data.csv, target: kind, classes: [small, large]}
              normalization: min-max
            model: {layers: [linear: 1]}
            loss: binary_cross_entropy
            optimizer: {kind: adam, lr: 0.2}
            training: {batch: 8, epochs: 30}
            """);
    assertTrue(train(config).expect(0).lastLine().startsWith("test accuracy 100.0 % (8 of 8)"));
    Path input = file("new.csv", "size\n1\n9\n");
    List<String> lines =
        run("predict", runs().resolve("c-1"), "--input", input, "--all")
            .expect(0)
            .out()
            .lines()
            .toList();
    assertEquals("sample,class,probability,small,large", lines.get(0));
    assertTrue(lines.get(1).matches("0,small,(0\\.\\d+),\\1,0\\.\\d+"), lines.get(1));
    assertTrue(lines.get(2).matches("1,large,(0\\.\\d+),0\\.\\d+,\\1"), lines.get(2));
  }

  @Test
  void compareShowsTableCsvAndPlot()
      throws IOException, ParserConfigurationException, SAXException {
    Path config = file("digits.yaml", DIGITS.replace("- relu", "- tanh") + "loss: squared_error\n");
    Result result =
        run(
                "compare",
                config,
                "--vary",
                "optimizer={kind: sgd, lr: 0.01},{kind: sgd, lr: 1e20}",
                "--runs",
                runs())
            .expect(0);
    assertTrue(
        result.out().lines().anyMatch(line -> line.matches(".*lr: 1e20.* diverged at step \\d+")),
        result.out());
    Path folder = runs().resolve("compare-1");
    List<String> csv = Files.readAllLines(folder.resolve("compare.csv"));
    assertEquals(3, csv.size());
    assertTrue(csv.get(1).startsWith("\"optimizer={kind: sgd, lr: 0.01}\",0."), csv.get(1));
    assertTrue(csv.get(2).contains(",DIVERGED,"), csv.get(2));
    String svg = Files.readString(folder.resolve("compare.svg"));
    DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    assertTrue(
        svg.contains("training loss") && svg.contains("validation loss") && svg.contains("epochs"),
        "axes");
    assertTrue(svg.contains("diverged at step"), "the run that broke down is marked");
    assertTrue(
        Files.exists(folder.resolve("optimizer-kind-sgd-lr-0.01--1").resolve("metrics.jsonl")),
        "a run folder each");
  }

  @Test
  void compareRefusesWhatCannotBeCompared() throws IOException {
    Path a = file("a.yaml", DIGITS);
    Path b = file("b.yaml", DIGITS.replace("test: 0.2", "test: 0.3"));
    assertEquals(
        b
            + ":2: data: not the data of the first config, got other source, shares or split_seed; only losses on"
            + " the same samples can be compared",
        run("compare", a, b, "--runs", runs()).expect(2).sentence());
    assertTrue(
        run("compare", a).expect(2).err().contains("one config has nothing to be compared with"));
    assertEquals(
        "--vary optimizer.lr=fast: optimizer.lr: not a number, got 'fast'; give e.g. 0.001",
        run("compare", a, "--vary", "optimizer.lr=0.1,fast", "--runs", runs())
            .expect(2)
            .sentence());
    assertEquals(
        "--vary optimizer.lr: not an assignment; write --vary optimizer.lr=0.01",
        run("compare", a, "--vary", "optimizer.lr", "--runs", runs()).expect(2).sentence());
    assertTrue(!Files.exists(runs()), "all are checked before any is trained");
  }

  @Test
  void devicesTellsOfEveryBackend() {
    Result result = run("devices").expect(0);
    for (BackendProvider provider : Backends.providers()) {
      String heading =
          provider.kind() + (provider.probe().usable() ? ": can be used" : ": cannot be used");
      assertTrue(
          result.out().contains(heading + "\n  " + provider.diagnosis().getFirst() + "\n"),
          result.out());
    }
    assertTrue(result.out().contains("  Java " + Runtime.version()), result.out());
    assertTrue(result.lastLine().startsWith("backend: auto takes "), result.out());
  }

  /** On a shared machine that is not nobody. */
  @Test
  void helpOfUiSaysWhoCanReachIt() {
    String help = run("ui", "--help").expect(0).out().replaceAll("\\s+", " ");
    assertTrue(help.contains("Every user of this machine can reach it"), help);
  }

  @Test
  void helpTellsOfCommandsAndKeys() {
    assertTrue(run("help").expect(0).out().contains("compare"));
    assertTrue(run("help", "train").expect(0).out().contains("--resume"));
    assertTrue(run("help", "config").expect(0).out().contains("optimizer"));
    assertTrue(run("help", "nothing").expect(2).err().contains("no such topic, got 'nothing'"));
    assertTrue(run("--version").expect(0).out().startsWith("tandem "));
    assertTrue(run("train", "--help").expect(0).out().contains("--set"));
  }
}
