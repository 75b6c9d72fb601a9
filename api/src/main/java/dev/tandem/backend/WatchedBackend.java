package dev.tandem.backend;

import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Consumer;

/**
 * A backend that tells what it does: it names each op with its shapes ({@code TANDEM_DEBUG=2}), and stops at the first
 * result that is not finite ({@code TANDEM_CHECK=1}). Slow: checking waits for the device after every op.
 *
 * @param trace takes a line an op; null for none
 * @param check whether results are read back and checked
 */
record WatchedBackend(Backend delegate, Consumer<String> trace, boolean check)
    implements DelegatingBackend {

  @Override
  public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    if (trace != null) {
      trace.accept(op + " " + types(inputs) + " -> " + types(outputs));
    }
    delegate.run(op, inputs, outputs);
    if (check) {
      outputs.forEach(output -> requireFinite(op.name(), output, inputs));
    }
  }

  @Override
  public void update(Update update, List<Operand> operands) {
    if (trace != null) {
      trace.accept(update + " " + types(operands));
    }
    delegate.update(update, operands);
    if (check) {
      operands
          .subList(0, update.written())
          .forEach(output -> requireFinite(update.name(), output, operands));
    }
  }

  private void requireFinite(String op, Operand output, List<Operand> operands) {
    if (!output.dtype().floating() || output.elements() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      HostTensor result = HostTensor.read(delegate, output, arena);
      for (long i = 0; i < output.elements(); i++) {
        if (!Double.isFinite(result.at(i))) {
          throw new BackendException(
              op
                  + ": the result is not finite, got a NaN or infinity at element "
                  + i
                  + " of "
                  + output.type()
                  + " on "
                  + name()
                  + ", operands "
                  + types(operands)
                  + "; look at what went in (TANDEM_DEBUG=2 shows the ops before)");
        }
      }
    }
  }

  private static List<TensorType> types(List<Operand> operands) {
    return operands.stream().map(Operand::type).toList();
  }

  @Override
  public String description() {
    return delegate.description() + (check ? ", results checked" : "");
  }

  @Override
  public boolean captures() {
    return false; // a replay has no ops to look at
  }

  @Override
  public CapturedStep capture(Runnable step) {
    if (!delegate.captures()) {
      return delegate.capture(step); // which would not either, and says why
    }
    String asked = check ? "TANDEM_CHECK=1" : "TANDEM_DEBUG=2";
    throw new BackendException(
        "capture: each op is looked at, got "
            + asked
            + " and a step to record on "
            + name()
            + "; unset it to capture a step");
  }
}
