package dev.tandem.backend;

import dev.tandem.conformance.Values;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import java.util.List;

/** Another backend, but for a mistake in the op or update of one name. */
class WrongBackend implements DelegatingBackend {
  private final Backend delegate;
  private final String op;
  private final Mistake mistake;

  /** What happens in place of the right call. */
  interface Mistake {
    void in(Runnable right, Backend delegate, List<Operand> written);
  }

  WrongBackend(Backend delegate, String op, Mistake mistake) {
    this.delegate = delegate;
    this.op = op;
    this.mistake = mistake;
  }

  /** One number of a result is another. */
  static Mistake element(int result, int index, double value) {
    return (right, delegate, written) -> {
      right.run();
      Operand operand = written.get(result);
      Values values = Values.from(delegate, operand);
      values.data()[index] = value;
      delegate.write(operand.buffer(), values.bytes());
    };
  }

  @Override
  public Backend delegate() {
    return delegate;
  }

  @Override
  public String name() {
    return "wrong:0";
  }

  @Override
  public String description() {
    return "wrong:0: " + delegate.name() + " with a mistake in " + op;
  }

  @Override
  public void run(Op what, List<Operand> inputs, List<Operand> outputs) {
    call(what.name(), () -> delegate.run(what, inputs, outputs), outputs);
  }

  @Override
  public void update(Update what, List<Operand> operands) {
    call(what.name(), () -> delegate.update(what, operands), operands.subList(0, what.written()));
  }

  private void call(String name, Runnable right, List<Operand> written) {
    if (name.equals(op)) {
      mistake.in(right, delegate, written);
    } else {
      right.run();
    }
  }

  @Override
  public boolean captures() {
    return delegate.captures();
  }

  @Override
  public CapturedStep capture(Runnable step) {
    return delegate.capture(step);
  }
}
