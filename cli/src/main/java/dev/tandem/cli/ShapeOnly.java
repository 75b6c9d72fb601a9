package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.Operand;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A backend that computes nothing and holds nothing. A network run on it meets every shape check that training will meet,
 * and says what shapes come out, in no time and no memory: no second account of shapes has to be kept. A ledger, where one is
 * given, notes what it is asked for.
 */
final class ShapeOnly implements Backend {
  private final Ledger ledger;

  /** With a ledger that nobody reads. */
  ShapeOnly() {
    this(new Ledger(TensorType::bytes));
  }

  ShapeOnly(Ledger ledger) {
    this.ledger = ledger;
  }

  @Override
  public String name() {
    return "shapes";
  }

  @Override
  public String description() {
    return "shapes only";
  }

  @Override
  public boolean supports(DType dtype) {
    return true;
  }

  @Override
  public boolean queues() {
    return false;
  }

  @Override
  public Buffer allocate(TensorType type) {
    return ledger.open(type);
  }

  @Override
  public void write(Buffer target, MemorySegment source) {}

  @Override
  public void read(Buffer source, MemorySegment target) {
    target.fill((byte) 0);
  }

  @Override
  public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    ledger.run(op, inputs, outputs);
  }

  @Override
  public void update(Update update, List<Operand> operands) {
    ledger.update(update, operands);
  }

  @Override
  public boolean captures() {
    return false;
  }

  @Override
  public CapturedStep capture(Runnable step) {
    throw new BackendException(
        "shapes only: capture: nothing is queued here, got a step to record; run the step itself");
  }

  @Override
  public void finish() {}

  @Override
  public MemoryStatistics memory() {
    return new MemoryStatistics(0, ledger.reserved(), ledger.peak(), 0);
  }

  @Override
  public void close() {}
}
