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
    boolean terminal = console != null && console.isTerminal(); // standard input and output both
    return new Terminal(System.out, System.err, terminal && moves(System.getenv("TERM")));
  }

  /** Whether lines can be written over: not in an editor's window, nor in a log that calls itself a terminal. */
  static boolean moves(String term) {
    return term != null && !term.isBlank() && !term.equals("dumb");
  }

  void say(String line) {
    out.println(line);
  }

  void note(String line) {
    err.println(line);
  }
}
