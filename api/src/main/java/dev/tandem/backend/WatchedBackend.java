package dev.tandem.backend;

import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Consumer;

/**
 * A backend that tells what it does: it names each op with its shapes ({@code TANDEM_DEBUG=2}), and stops at the first
 * result that is not finite ({@code TANDEM_CHECK=1}). Slow: checking waits for the device after every op.
 *
 * @param trace takes a line an op; null for none
 * @param check whether results are read back and checked
 */
record WatchedBackend(Backend delegate, Consumer<String> trace, boolean check) implements Backend {

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
    DType dtype = output.dtype();
    if (!dtype.floating() || output.elements() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(output.type().bytes(), Long.BYTES);
      delegate.read(output.buffer(), host);
      for (long i = 0; i < output.elements(); i++) {
        if (!finite(host, dtype, i)) {
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

  /** A number is finite if its exponent bits are not all ones. */
  private static boolean finite(MemorySegment host, DType dtype, long index) {
    return switch (dtype) {
      case F32 -> Float.isFinite(host.getAtIndex(ValueLayout.JAVA_FLOAT, index));
      case F64 -> Double.isFinite(host.getAtIndex(ValueLayout.JAVA_DOUBLE, index));
      case BF16 -> (host.getAtIndex(ValueLayout.JAVA_SHORT, index) & 0x7F80) != 0x7F80;
      case F16 -> (host.getAtIndex(ValueLayout.JAVA_SHORT, index) & 0x7C00) != 0x7C00;
      case I32, U8 -> true;
    };
  }

  private static List<TensorType> types(List<Operand> operands) {
    return operands.stream().map(Operand::type).toList();
  }

  @Override
  public String name() {
    return delegate.name();
  }

  @Override
  public String description() {
    return delegate.description() + (check ? ", results checked" : "");
  }

  @Override
  public boolean supports(DType dtype) {
    return delegate.supports(dtype);
  }

  @Override
  public Buffer allocate(TensorType type) {
    return delegate.allocate(type);
  }

  @Override
  public void write(Buffer target, MemorySegment source) {
    delegate.write(target, source);
  }

  @Override
  public void read(Buffer source, MemorySegment target) {
    delegate.read(source, target);
  }

  @Override
  public boolean captures() {
    return !check && delegate.captures();
  }

  @Override
  public CapturedStep capture(Runnable step) {
    if (check) {
      throw new BackendException(
          "capture: results are checked after each op, got TANDEM_CHECK=1; unset it to capture a step");
    }
    return delegate.capture(step);
  }

  @Override
  public void finish() {
    delegate.finish();
  }

  @Override
  public MemoryStatistics memory() {
    return delegate.memory();
  }

  @Override
  public void close() {
    delegate.close();
  }
}
