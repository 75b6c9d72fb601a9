package dev.tandem.jmh;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.util.Version;

/**
 * A line a benchmark as soon as it is done: medians over its iterations, in brackets the quartiles. A share is that of what the
 * machine reached right before and after the same iteration.
 */
final class Table implements OutputFormat {
  private static final String INCUBATOR = "WARNING: Using incubator modules";

  private final PrintStream out;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  Table(PrintStream out) {
    this.out = out;
  }

  @Override
  public void endBenchmark(BenchmarkResult result) {
    if (result == null) {
      out.println("  failed");
      return;
    }
    Collection<IterationResult> iterations = result.getIterationResults();
    double[] micros = sorted(iterations, i -> 1e3 / i.getPrimaryResult().getScore());
    boolean products = score(iterations.iterator().next(), "gflops") > 0;
    String rate = products ? "gflops" : "gbytes";
    double[] rates = sorted(iterations, i -> score(i, rate));
    double[] shares = sorted(iterations, i -> 100 * score(i, rate) / score(i, "peak"));
    out.printf(
        Locale.ROOT,
        "%-44s %10.1f us [%.1f..%.1f]  %6.1f %s  %3.0f %% of %s [%.0f..%.0f]%s%n",
        name(result.getParams()),
        quartile(micros, 2),
        quartile(micros, 1),
        quartile(micros, 3),
        quartile(rates, 2),
        products ? "GFLOP/s" : "GB/s",
        quartile(shares, 2),
        products ? "peak" : "triad",
        quartile(shares, 1),
        quartile(shares, 3),
        garbage(iterations));
    out.flush();
  }

  private interface Column {
    double of(IterationResult iteration);
  }

  private static double[] sorted(Collection<IterationResult> iterations, Column column) {
    return iterations.stream().mapToDouble(column::of).sorted().toArray();
  }

  private static double quartile(double[] sorted, int quarters) {
    double at = (sorted.length - 1) * quarters / 4.0;
    int below = (int) at;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }

  private static double score(IterationResult iteration, String counter) {
    return iteration.getSecondaryResults().get(counter).getScore();
  }

  /** What the collector's profiler counts, where it was asked for. */
  private static String garbage(Collection<IterationResult> iterations) {
    String counter = "gc.alloc.rate.norm";
    if (!iterations.iterator().next().getSecondaryResults().containsKey(counter)) {
      return "";
    }
    return "  %.0f B/op".formatted(quartile(sorted(iterations, i -> score(i, counter)), 2));
  }

  private static String name(BenchmarkParams benchmark) {
    String type = benchmark.getBenchmark().replaceAll("\\.\\w+$", "").replaceAll("^.*\\.", "");
    return type.replace("Benchmark", "")
        + benchmark.getParamsKeys().stream()
            .map(key -> " " + benchmark.getParam(key))
            .collect(Collectors.joining());
  }

  /** Failures and what a benchmark prints; not how far the run has come, nor what each JVM says of the Vector API. */
  @Override
  public void println(String text) {
    if (!text.isBlank() && !text.startsWith("# ") && !text.startsWith(INCUBATOR)) {
      out.println(text.stripTrailing());
    }
  }

  @Override
  public void print(String text) {
    println(text);
  }

  /** JMH passes on what forks print a byte at a time. */
  @Override
  public void write(int b) {
    if (b == '\n') {
      println(line.toString(Charset.defaultCharset()));
      line.reset();
    } else {
      line.write(b);
    }
  }

  @Override
  public void write(byte[] bytes) {
    for (byte b : bytes) {
      write(b);
    }
  }

  @Override
  public void flush() {
    out.flush();
  }

  @Override
  public void close() {}

  @Override
  public void verbosePrintln(String text) {}

  @Override
  public void startRun() {
    try (Backend backend = Backends.open("cpu", out::println)) {
      out.println(
          backend.description()
              + "; JDK "
              + Runtime.version()
              + ", JMH "
              + Version.getPlainVersion());
    }
  }

  @Override
  public void endRun(Collection<RunResult> results) {}

  @Override
  public void startBenchmark(BenchmarkParams benchmark) {}

  @Override
  public void iteration(BenchmarkParams benchmark, IterationParams iteration, int number) {}

  @Override
  public void iterationResult(
      BenchmarkParams benchmark, IterationParams iteration, int number, IterationResult result) {}
}
