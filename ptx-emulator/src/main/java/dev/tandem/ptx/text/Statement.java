package dev.tandem.ptx.text;

import java.util.List;

/** A line of a function's body. Scopes are gone: names declared in an inner one have been made unique. */
public sealed interface Statement {
  record Label(String name, int line) implements Statement {}

  /** An instruction; neither a call nor a branch. */
  record Do(Instruction instruction) implements Statement {}

  /** A call, {@code call.uni (results), function, (arguments)}. Results and arguments are parameter variables or registers. */
  record Call(
      Instruction instruction, List<Operand> results, String function, List<Operand> arguments)
      implements Statement {}

  /** A branch to a label, or by index to one of several. */
  record Branch(Instruction instruction, List<String> labels) implements Statement {}
}
