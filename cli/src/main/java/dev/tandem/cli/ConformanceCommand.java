package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Flag;
import dev.tandem.cli.config.ConfigException;
import dev.tandem.cli.config.Place;
import dev.tandem.conformance.Conformance;
import dev.tandem.conformance.ConformanceResult;
import dev.tandem.conformance.OpResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "conformance",
    description =
        "Checks a backend on this machine: every op, on many shapes and values, against its definition.",
    mixinStandardHelpOptions = true)
final class ConformanceCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description = "auto, cpu, cuda or cuda:1. Default: TANDEM_BACKEND, or auto")
  private String backend;

  @Option(
      names = "--op",
      paramLabel = "PATTERN",
      split = ",",
      description = "Only these ops; * stands for any letters: --op 'conv2d*,adam'. Default: all")
  private List<String> patterns = new ArrayList<>();

  ConformanceCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    List<String> ops = chosen();
    try (Backend opened = open()) {
      long start = System.nanoTime();
      ConformanceResult result = run(new Conformance(ops::contains), opened);
      tell(result, opened, (System.nanoTime() - start) / 1e9);
      return result.cases() > 0 && result.failed() == 0 && result.lost().isEmpty()
          ? 0
          : Main.FAILED;
    }
  }

  private ConformanceResult run(Conformance conformance, Backend opened) {
    try (MovingBar bar = new MovingBar(terminal, "conformance", conformance.cases(), "cases")) {
      return conformance.run(opened, bar::stepTo);
    }
  }

  /** The ops that the patterns name. One that names none is a slip of the pen, whatever the others name. */
  private List<String> chosen() {
    List<String> names = Conformance.names();
    if (patterns.isEmpty()) {
      return names;
    }
    List<String> chosen = new ArrayList<>();
    for (String pattern : patterns) {
      Pattern letters = Pattern.compile(Pattern.quote(pattern.strip()).replace("*", "\\E.*\\Q"));
      List<String> named = names.stream().filter(name -> letters.matcher(name).matches()).toList();
      if (named.isEmpty()) {
        throw new ConfigException(
            Place.option("--op " + pattern),
            "",
            "no such op, got '" + pattern + "'; use " + String.join(", ", names));
      }
      chosen.addAll(named);
    }
    return chosen;
  }

  private Backend open() {
    if (backend != null) {
      return ConfigOptions.open(
          backend,
          message -> new ConfigException(Place.option("--backend " + backend), "", message),
          terminal::note);
    }
    return ConfigOptions.open(
        Flag.BACKEND.value().orElse("auto"),
        message -> new BackendException("TANDEM_BACKEND: " + message),
        terminal::note);
  }

  private void tell(ConformanceResult result, Backend opened, double seconds) {
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {"op", "cases", "failed", "largest error", "of tolerance", "worst case"});
    for (OpResult op : result.ops()) {
      rows.add(
          new String[] {
            op.op(),
            Report.count(op.cases()),
            Report.count(op.failed()),
            op.cases() == 0 ? "" : size(op.error().value()),
            op.cases() == 0 ? "" : share(op.fraction().value()),
            op.fraction().where().replaceFirst("^" + Pattern.quote(op.op()), "").strip()
          });
    }
    terminal.say(Report.table(rows, column -> column >= 1 && column <= 4));
    terminal.say(
        "largest error: relative for numbers above 1; of tolerance: what rounding may cost is 1, more fails");
    for (OpResult op : result.ops()) {
      op.failure().ifPresent(failure -> terminal.note("conformance: " + failure));
    }
    if (result.cases() == 0) {
      terminal.note(
          "conformance: nothing was compared, got no case of element types that "
              + opened.name()
              + " computes in; choose other ops");
    }
    result
        .lost()
        .ifPresent(sentence ->
            terminal.note(
                "conformance: stopped, for the device is lost and answers no more: " + sentence));
    int passed = result.cases() - result.failed();
    terminal.say(
        Report.format(
            "conformance: oracle %d, %s %d%s; %s; %.1f s",
            result.cases(),
            opened.name(),
            passed,
            result.failed() == 0 ? "" : " (" + result.failed() + " failed)",
            opened.description(),
            seconds));
  }

  /** An error as it is. */
  private static String size(double error) {
    return error == 0 ? "0" : Report.format("%.1e", error);
  }

  /** An error as a multiple of the tolerance. */
  private static String share(double fraction) {
    return fraction == 0 ? "0" : Report.format(fraction < 1000 ? "%.3f" : "%.2e", fraction);
  }
}
