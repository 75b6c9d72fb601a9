package dev.tandem.cpu;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Runs ops on the calling thread and its helpers, at once: when {@link #run} returns, the outputs are there. */
final class CpuBackend implements Backend {
  private final BufferPool pool = new BufferPool();
  private final Parallel parallel;
  private final CpuCreation creation;
  private final CpuElementwise elementwise;
  private final CpuReduction reduction;
  private final CpuLinear linear;
  private final CpuPooling pooling;
  private final CpuMovement movement;
  private final CpuIndexing indexing;
  private final CpuNormalization normalization;
  private final CpuLoss loss;
  private final CpuSequence sequence;
  private final CpuFused fused;
  private final CpuStochastic stochastic;
  private final CpuUpdate update;
  private final InF32 inF32;

  CpuBackend(int threads) {
    parallel = new Parallel(threads);
    creation = new CpuCreation(parallel);
    elementwise = new CpuElementwise(parallel, pool);
    reduction = new CpuReduction(parallel, pool);
    linear = new CpuLinear(parallel, pool);
    pooling = new CpuPooling(parallel);
    movement = new CpuMovement(parallel);
    indexing = new CpuIndexing(parallel);
    normalization = new CpuNormalization(parallel);
    loss = new CpuLoss(parallel);
    sequence = new CpuSequence(parallel, pool);
    fused =
        new CpuFused(parallel, new BiasedProducts(parallel, pool, linear, elementwise, reduction));
    stochastic = new CpuStochastic(parallel, pool);
    update = new CpuUpdate(parallel);
    inF32 = new InF32(parallel, pool, new Widened());
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    int threads = parallel.threads();
    return "cpu: "
        + Vectorization.reason()
        + ", "
        + threads
        + (threads == 1 ? " thread" : " threads");
  }

  @Override
  public boolean supports(DType dtype) {
    return switch (dtype) {
      case F32, F64, BF16, F16, I32, U8 -> true;
    };
  }

  @Override
  public boolean queues() {
    return false;
  }

  @Override
  public Buffer allocate(TensorType type) {
    return pool.allocate(type);
  }

  @Override
  public void write(Buffer target, MemorySegment source) {
    HeapBuffer buffer = sized("write", target, source);
    int count = buffer.elements();
    switch (buffer.dtype()) {
      case F32 ->
          MemorySegment.copy(source, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, buffer.f32(), 0, count);
      case F64 ->
          MemorySegment.copy(source, ValueLayout.JAVA_DOUBLE_UNALIGNED, 0, buffer.f64(), 0, count);
      case I32 ->
          MemorySegment.copy(source, ValueLayout.JAVA_INT_UNALIGNED, 0, buffer.i32(), 0, count);
      case U8 -> MemorySegment.copy(source, ValueLayout.JAVA_BYTE, 0, buffer.u8(), 0, count);
      case BF16, F16 ->
          MemorySegment.copy(source, ValueLayout.JAVA_SHORT_UNALIGNED, 0, buffer.half(), 0, count);
    }
  }

  @Override
  public void read(Buffer source, MemorySegment target) {
    HeapBuffer buffer = sized("read", source, target);
    int count = buffer.elements();
    switch (buffer.dtype()) {
      case F32 ->
          MemorySegment.copy(buffer.f32(), 0, target, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, count);
      case F64 ->
          MemorySegment.copy(buffer.f64(), 0, target, ValueLayout.JAVA_DOUBLE_UNALIGNED, 0, count);
      case I32 ->
          MemorySegment.copy(buffer.i32(), 0, target, ValueLayout.JAVA_INT_UNALIGNED, 0, count);
      case U8 -> MemorySegment.copy(buffer.u8(), 0, target, ValueLayout.JAVA_BYTE, 0, count);
      case BF16, F16 ->
          MemorySegment.copy(buffer.half(), 0, target, ValueLayout.JAVA_SHORT_UNALIGNED, 0, count);
    }
  }

  @Override
  public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    try {
      dispatch(op, inputs, outputs);
    } catch (Throwable failed) {
      pool.writeOffBorrowed();
      throw failed;
    }
  }

  private void dispatch(Op op, List<Operand> inputs, List<Operand> outputs) {
    if (InF32.needed(op, inputs, outputs)) {
      inF32.run(op, inputs, outputs);
      return;
    }
    switch (op) {
      case Creation family -> creation.run(family, inputs, outputs);
      case Elementwise family -> elementwise.run(family, inputs, outputs);
      case Reduction family -> reduction.run(family, inputs, outputs);
      case Linear family -> linear.run(family, inputs, outputs);
      case Pooling family -> pooling.run(family, inputs, outputs);
      case Movement family -> movement.run(family, inputs, outputs);
      case Indexing family -> indexing.run(family, inputs, outputs);
      case Normalization family -> normalization.run(family, inputs, outputs);
      case Loss family -> loss.run(family, inputs, outputs);
      case Sequence family -> sequence.run(family, inputs, outputs);
      case Fused family -> fused.run(family, inputs, outputs);
      case Stochastic family -> stochastic.run(family, inputs, outputs);
    }
  }

  @Override
  public void update(Update what, List<Operand> operands) {
    try {
      if (InF32.needed(what, operands)) {
        inF32.update(what, operands);
      } else {
        update.run(what, operands);
      }
    } catch (Throwable failed) {
      pool.writeOffBorrowed();
      throw failed;
    }
  }

  /** Runs what operands of two bytes have become operands of F32 for. */
  private final class Widened implements InF32.Runner {
    @Override
    public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
      dispatch(op, inputs, outputs);
    }

    @Override
    public void update(Update what, List<Operand> operands) {
      update.run(what, operands);
    }
  }

  @Override
  public boolean captures() {
    return false;
  }

  @Override
  public CapturedStep capture(Runnable step) {
    throw new BackendException(
        "cpu: capture: nothing is queued here, got a step to record; run the step itself");
  }

  @Override
  public void finish() {
    // Nothing is queued: every call has done its work when it returns.
  }

  @Override
  public MemoryStatistics memory() {
    return pool.statistics();
  }

  @Override
  public void close() {
    pool.close();
    parallel.close();
  }

  private HeapBuffer sized(String call, Buffer buffer, MemorySegment host) {
    HeapBuffer heap = Operands.buffer(buffer);
    if (heap.pool() != pool) {
      throw new BackendException(
          "cpu: " + call + ": buffer belongs to another cpu backend; copy through the host");
    }
    if (host.byteSize() != heap.bytes()) {
      throw new BackendException(
          "cpu: "
              + call
              + ": sizes differ, got "
              + host.byteSize()
              + " bytes on the host and "
              + heap.bytes()
              + " in the buffer ("
              + heap.elements()
              + " "
              + heap.dtype()
              + "); make them equal");
    }
    return heap;
  }
}
