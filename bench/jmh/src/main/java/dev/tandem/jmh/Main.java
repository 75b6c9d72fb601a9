package dev.tandem.jmh;

import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** JMH's command line, with a {@link Table} for its output unless {@code -v} asks for JMH's own; stops where a benchmark fails. */
public final class Main {
  private Main() {}

  public static void main(String[] arguments) throws Exception {
    CommandLineOptions given = new CommandLineOptions(arguments);
    boolean runs =
        !(given.shouldHelp()
            || given.shouldList()
            || given.shouldListWithParams()
            || given.shouldListProfilers()
            || given.shouldListResultFormats());
    boolean plain = given.getTimeUnit().hasValue() || !given.getBenchModes().isEmpty();
    if (!runs || plain || given.verbosity().hasValue()) {
      org.openjdk.jmh.Main.main(arguments);
      return;
    }
    Options options =
        new OptionsBuilder()
            .parent(given)
            .shouldFailOnError(given.shouldFailOnError().orElse(true))
            .build();
    try {
      new Runner(options, new Table(System.out)).run();
    } catch (RunnerException e) {
      System.err.println("bench/jmh: " + e.getMessage());
      System.exit(1);
    }
  }
}
