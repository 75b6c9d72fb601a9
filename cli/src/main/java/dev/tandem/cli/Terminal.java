package dev.tandem.cli;

import java.io.Console;
import java.io.PrintStream;

/**
 * Where the command speaks.
 *
 * @param out for results, and what a program may read
 * @param err for problems, notes and the progress bar
 * @param interactive whether a person watches, who likes a bar that moves
 */
record Terminal(PrintStream out, PrintStream err, boolean interactive) {
  /** The process' own. */
  static Terminal standard() {
    Console console = System.console();
    return new Terminal(System.out, System.err, console != null && console.isTerminal());
  }

  void say(String line) {
    out.println(line);
  }

  void note(String line) {
    err.println(line);
  }
}
