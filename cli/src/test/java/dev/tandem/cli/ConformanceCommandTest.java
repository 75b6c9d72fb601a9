package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ConformanceCommandTest extends CommandTest {
  private static final Pattern ROW =
      Pattern.compile(
          "  (\\w+) +([\\d,]+) +([\\d,]+) +([\\d.e+-]+|Infinity) +([\\d.e+]+|Infinity)(  .+)?");

  /** A line of the table. */
  private record Row(
      String op, int cases, int failed, double error, double fraction, String worst) {}

  private static List<Row> rows(Result result) {
    return result
        .out()
        .lines()
        .map(ROW::matcher)
        .filter(Matcher::matches)
        .map(row ->
            new Row(
                row.group(1),
                Integer.parseInt(row.group(2).replace(",", "")),
                Integer.parseInt(row.group(3).replace(",", "")),
                Double.parseDouble(row.group(4)),
                Double.parseDouble(row.group(5)),
                row.group(6) == null ? "" : row.group(6).strip()))
        .toList();
  }

  @Test
  void checksTheOpsThatAreNamed() {
    Result result =
        run("conformance", "--backend", "cpu", "--op", "relu*,tanh", "--op", "adam").expect(0);
    List<Row> rows = rows(result);
    assertEquals(
        List.of("relu", "tanh", "relu_grad", "relu_grad_sum", "adam"),
        rows.stream().map(Row::op).toList());
    assertTrue(rows.stream().allMatch(row -> row.cases > 10 && row.failed == 0), result.out());
    assertTrue(rows.stream().allMatch(row -> row.fraction <= 1), result.out());
    assertEquals("", rows.getFirst().worst, "relu is exact");
    assertEquals(0, rows.getFirst().error, "relu is exact");
    // BF16 rounds the largest of tanh's results by up to half of 2^-8.
    assertTrue(rows.get(1).error > 0 && rows.get(1).error < 0x1p-8, "tanh is not: " + result.out());
    assertTrue(rows.get(1).worst.matches("B?F\\d+ .*"), "where tanh is off most: " + result.out());
    int cases = rows.stream().mapToInt(Row::cases).sum();
    assertTrue(
        result
            .lastLine()
            .matches("conformance: oracle " + cases + ", cpu " + cases + "; cpu: .*; \\d+\\.\\d s"),
        result.lastLine());
    assertEquals("", result.err(), "no bar where nobody watches");
  }

  @Test
  void anOpThatThereIsNotIsAMistake() {
    String sentence = run("conformance", "--op", "relu,conv3d*").expect(2).sentence();
    assertTrue(
        sentence.startsWith("--op conv3d*: no such op, got 'conv3d*'; use add, sub, "), sentence);
    assertTrue(sentence.contains(", conv2d, ") && sentence.contains(", lion"), sentence);
    assertTrue(
        run("conformance", "--op", "r.lu").expect(2).sentence().contains("got 'r.lu'"),
        "only * stands for anything");
  }

  @Test
  void aBackendThatThereIsNotIsAMistake() {
    String kinds =
        Backends.providers().stream().map(p -> ", " + p.kind()).reduce("", String::concat);
    assertEquals(
        "--backend tpu: no such backend, got 'tpu'; use auto" + kinds,
        run("conformance", "--backend", "tpu").expect(2).sentence());
    System.setProperty("tandem.backend", "tpu");
    try {
      assertEquals(
          "TANDEM_BACKEND: no such backend, got 'tpu'; use auto" + kinds,
          run("conformance").expect(2).sentence());
    } finally {
      System.clearProperty("tandem.backend");
    }
  }

  @Test
  void aWrongOpIsNamedWithItsCase() throws IOException {
    Result result = runOnFaulty("--op", "gelu_tanh,relu,sum").expect(1);
    List<Row> rows = rows(result);
    assertEquals(List.of("relu", "gelu_tanh", "sum"), rows.stream().map(Row::op).toList());
    assertEquals(0, rows.get(0).failed, "the other ops are right");
    Row gelu = rows.get(1);
    assertTrue(gelu.failed > 0 && gelu.failed < gelu.cases, "no element, no error: " + gelu);
    assertTrue(gelu.fraction > 1000, gelu::toString);
    assertTrue(gelu.worst.matches("F(32|64) \\(.*"), gelu::toString);
    Row sum = rows.get(2);
    assertEquals(sum.cases, sum.failed, "each one throws");
    List<String> problems = result.err().strip().lines().toList();
    assertEquals(2, problems.size(), "the first failure of each op: " + result.err());
    assertTrue(
        problems
            .get(0)
            .matches(
                "conformance: gelu_tanh F32 \\(\\).*, result 0: 1 of 1 elements differ, .*"
                    + " times the tolerance"),
        result.err());
    assertTrue(
        problems
            .get(1)
            .matches(
                "conformance: sum\\[.*, the backend failed: sum: out of order, got F32.*; mend it"),
        result.err());
    int cases = rows.stream().mapToInt(Row::cases).sum();
    int failed = gelu.failed + sum.failed;
    assertTrue(
        result
            .lastLine()
            .startsWith(
                "conformance: oracle %d, faulty %d (%d failed); cpu: "
                    .formatted(cases, cases - failed, failed)),
        result.lastLine());
  }

  @Test
  void aLostDeviceEndsTheRunWithItsSentence() throws IOException {
    Result result = runOnFaulty("--op", "relu,exp,tanh").expect(1);
    assertEquals(List.of("exp"), rows(result).stream().map(Row::op).toList());
    List<String> problems = result.err().strip().lines().toList();
    assertTrue(problems.getFirst().contains("the backend failed: " + FaultyBackend.LOST));
    assertEquals(
        "conformance: stopped, for the device is lost and answers no more: " + FaultyBackend.LOST,
        problems.getLast());
  }

  /** Runs the command where the class path has {@link FaultyBackend.Provider} too, as no other test does. */
  private Result runOnFaulty(Object... more) throws IOException {
    file(
        "META-INF/services/" + BackendProvider.class.getName(),
        FaultyBackend.Provider.class.getName());
    Thread thread = Thread.currentThread();
    ClassLoader usual = thread.getContextClassLoader();
    try (URLClassLoader wider = new URLClassLoader(new URL[] {folder.toUri().toURL()}, usual)) {
      thread.setContextClassLoader(wider);
      Object[] words = new Object[3 + more.length];
      System.arraycopy(
          new Object[] {"conformance", "--backend", FaultyBackend.KIND}, 0, words, 0, 3);
      System.arraycopy(more, 0, words, 3, more.length);
      return run(words);
    } finally {
      thread.setContextClassLoader(usual);
    }
  }
}
