package dev.tandem.conformance;

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
import java.util.Arrays;
import java.util.List;

/**
 * The {@link Oracle} as a backend, so that whole networks can run on the definitions. Every type is held as
 * doubles, and rounded to itself only on the way to the host: an F32 network on the oracle shows what F32 would
 * give if it were exact.
 */
public final class OracleBackend implements Backend {
  private long used;
  private long peak;
  private long open;

  private final class Doubles implements Buffer {
    private final TensorType type;
    private double[] data;

    private Doubles(TensorType type) {
      this.type = type;
      this.data = new double[Math.toIntExact(type.elements())];
      // What allocate gives has undefined contents; NaN shows who counts on zeros.
      Arrays.fill(data, type.dtype().floating() ? Double.NaN : 77);
      used += type.bytes();
      peak = Math.max(peak, used);
      open++;
    }

    @Override
    public long bytes() {
      return type.bytes();
    }

    @Override
    public void close() {
      if (data != null) {
        data = null;
        used -= type.bytes();
        open--;
      }
    }
  }

  @Override
  public String name() {
    return "oracle";
  }

  @Override
  public String description() {
    return "oracle: the definition of every op, in double, by plain loops";
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
    return new Doubles(type);
  }

  @Override
  public void write(Buffer target, MemorySegment source) {
    Doubles doubles = doubles(target);
    System.arraycopy(
        Values.of(doubles.type, source).data(), 0, doubles.data, 0, doubles.data.length);
  }

  @Override
  public void read(Buffer source, MemorySegment target) {
    Doubles doubles = doubles(source);
    target.copyFrom(new Values(doubles.type, doubles.data).bytes());
  }

  @Override
  public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    List<Values> results = Oracle.run(op, inputs.stream().map(OracleBackend::values).toList());
    for (int i = 0; i < results.size(); i++) {
      double[] target = doubles(outputs.get(i).buffer()).data;
      System.arraycopy(results.get(i).data(), 0, target, 0, target.length);
    }
  }

  @Override
  public void update(Update update, List<Operand> operands) {
    // The values share their arrays with the buffers, so that what is written stays.
    Oracle.update(update, operands.stream().map(OracleBackend::values).toList());
  }

  @Override
  public boolean captures() {
    return false;
  }

  @Override
  public CapturedStep capture(Runnable step) {
    throw new BackendException(
        "oracle: capture: nothing is queued here, got a step to record; run the step itself");
  }

  @Override
  public void finish() {}

  @Override
  public MemoryStatistics memory() {
    return new MemoryStatistics(used, used, peak, open);
  }

  @Override
  public void close() {}

  /** A buffer may be seen under another shape than it was made with, for a reshape shares memory. */
  private static Values values(Operand operand) {
    return new Values(operand.type(), doubles(operand.buffer()).data);
  }

  private static Doubles doubles(Buffer buffer) {
    if (!(buffer instanceof Doubles doubles)) {
      throw new BackendException(
          "oracle: a buffer of another backend, got " + buffer + "; write it here first");
    }
    if (doubles.data == null) {
      throw new BackendException(
          "oracle: a closed buffer is used, of " + doubles.type + "; keep it open");
    }
    return doubles;
  }
}
