package dev.tandem.backend;

import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A device that runs ops. Shapes and element types have been checked when a call arrives ({@link Op#outputs}); a backend
 * checks values, such as labels, and its own limits. Work may be queued: it runs in order, and {@link #read} and {@link
 * #finish} wait for it. A backend is used by one thread at a time.
 *
 * <p>There are no default implementations and no fallback between backends: what a backend cannot do, it refuses by name
 * with a {@link BackendException}.
 */
public interface Backend extends AutoCloseable {
  /** {@code cpu}, {@code cuda:0}: as in the config and in messages. */
  String name();

  /** One line for people: device, width, threads. */
  String description();

  /** Whether tensors of the type can be computed with. */
  boolean supports(DType dtype);

  /** Whether calls return before their work is done, so that looking at a value makes the host wait. */
  boolean queues();

  /** Memory for a tensor, with undefined contents. @throws OutOfMemoryException saying what was asked, free and held */
  Buffer allocate(TensorType type);

  /** Copies elements in native byte order from the host; the source may be reused when the call returns. */
  void write(Buffer target, MemorySegment source);

  /** Copies elements in native byte order to the host, after all queued work. */
  void read(Buffer source, MemorySegment target);

  /**
   * Runs the op. Inputs are not written, and outputs share no memory with inputs or each other; but for {@link
   * dev.tandem.op.Loss.CrossEntropyGrad}, whose output may be its logits.
   */
  void run(Op op, List<Operand> inputs, List<Operand> outputs);

  /** Runs the update, overwriting its first {@link Update#written} operands. */
  void update(Update update, List<Operand> operands);

  /** Whether {@link #capture} works; where it does not, it says why. */
  boolean captures();

  /**
   * Does a step, then calls it once more to record its work, which is not done a second time. The step must do the same at
   * each call: the same ops on tensors of the same shapes, reading nothing back to the host and writing nothing from it.
   * A step that goes by a number on the host must not: what both calls do alike is taken for what every replay should do.
   * What it needs from outside, such as a batch, it takes from tensors that stay open, and {@link #write} fills them before
   * each replay. What it makes and leaves open has new contents after each replay.
   *
   * @throws BackendException naming what cannot be recorded; the step has then been done once, or as far as it came
   */
  CapturedStep capture(Runnable step);

  /** Waits until all queued work is done. */
  void finish();

  /** What the allocator holds now. */
  MemoryStatistics memory();

  /** Gives all memory back. Buffers still open become unusable. */
  @Override
  void close();
}
