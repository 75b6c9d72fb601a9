package dev.tandem.backend;

import dev.tandem.op.Op;
import dev.tandem.op.Update;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A device that works through a queue learns of a wrong index later; it says so when results are read. */
record LateBackend(Backend delegate, List<BackendException> late) implements DelegatingBackend {
  @Override
  public String description() {
    return delegate.description();
  }

  @Override
  public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    try {
      delegate.run(op, inputs, outputs);
    } catch (BackendException e) {
      late.add(e);
    }
  }

  @Override
  public void read(Buffer source, MemorySegment target) {
    if (!late.isEmpty()) {
      throw late.removeFirst();
    }
    delegate.read(source, target);
  }

  @Override
  public void update(Update update, List<Operand> operands) {
    delegate.update(update, operands);
  }

  @Override
  public boolean captures() {
    return true;
  }

  @Override
  public CapturedStep capture(Runnable step) {
    throw new AssertionError("capture reached the device");
  }
}
