package dev.tandem.ptx.text;

import java.util.HashMap;
import java.util.Map;

/**
 * A function put in place of one call of it, or the kernel itself.
 *
 * <p>Registers belong to the function: without recursion a thread is in it at most once at a time, so that all its instances
 * can share them. Labels and local variables belong to the instance.
 */
final class Instance {
  private final Function function;
  private final String registerSuffix;
  private final String labelSuffix;
  private final Map<String, Variable> variables = new HashMap<>();

  /**
   * @param functionNumber 0 for the kernel
   * @param number of the instance, 0 for the kernel
   */
  Instance(Function function, int functionNumber, int number) {
    this.function = function;
    this.registerSuffix = functionNumber == 0 ? "" : "@" + functionNumber;
    this.labelSuffix = number == 0 ? "" : "@" + number;
  }

  Function function() {
    return function;
  }

  boolean kernel() {
    return labelSuffix.isEmpty();
  }

  Operand.Register register(Operand.Register written) {
    return kernel()
        ? written
        : new Operand.Register(written.name() + registerSuffix, written.type());
  }

  String label(String written) {
    return written + labelSuffix;
  }

  /** The label behind its last instruction, which no PTX can name. */
  String end() {
    return "end" + labelSuffix;
  }

  /** Says which variable of the linked kernel one of this function is. */
  void bind(Variable written, Variable linked) {
    variables.put(written.name(), linked);
  }

  /** The variable of the linked kernel, or null while none is bound. */
  Variable bound(Variable written) {
    return variables.get(written.name());
  }
}
