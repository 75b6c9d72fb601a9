package dev.tandem.ptx.text;

import java.util.List;

/**
 * A kernel or device function as written.
 *
 * @param body null when it is only declared
 * @param variables what it declares outside registers: shared, local and parameter variables
 * @param limits performance directives
 */
public record Function(
    String name,
    boolean kernel,
    List<Variable> parameters,
    List<Variable> results,
    List<Variable> variables,
    List<Statement> body,
    Limits limits,
    int line) {
  /** Threads a block may ({@code .maxntid}) or must ({@code .reqntid}) have, by axis; null where nothing is said. */
  public record Limits(int[] maxThreads, int[] requiredThreads) {}
}
