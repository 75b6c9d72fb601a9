package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Arguments.Access;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.shape.DType;
import java.lang.foreign.MemorySegment;

/**
 * A launch being put together: its arguments, in the order of the kernel's parameters, then its size. One is reused for all
 * launches of a queue.
 */
final class Launch {
  /** Threads of a block where the kernel does not care: enough to fill a multiprocessor of any card in whole blocks. */
  static final int THREADS = 256;

  private final Queue queue;
  private final Arguments arguments = new Arguments();
  private Kernel kernel;

  Launch(Queue queue) {
    this.queue = queue;
  }

  Launch of(Kernel next) {
    kernel = next;
    arguments.clear();
    return this;
  }

  /** A tensor that is only read. */
  Launch read(Operand operand) {
    return read(Operands.address(operand), operand.type().bytes());
  }

  /** A tensor whose contents are replaced. */
  Launch write(Operand operand) {
    return write(Operands.address(operand), operand.type().bytes());
  }

  /** A tensor that is changed in place. */
  Launch readWrite(Operand operand) {
    arguments.readWrite(Operands.address(operand), operand.type().bytes());
    return this;
  }

  Launch read(long address, long bytes) {
    arguments.read(address, bytes);
    return this;
  }

  Launch write(long address, long bytes) {
    arguments.write(address, bytes);
    return this;
  }

  Launch readWrite(long address, long bytes) {
    arguments.readWrite(address, bytes);
    return this;
  }

  Launch read(Scratch scratch) {
    return read(scratch.address(), scratch.bytes());
  }

  Launch write(Scratch scratch) {
    return write(scratch.address(), scratch.bytes());
  }

  Launch int64(long value) {
    arguments.int64(value);
    return this;
  }

  Launch int32(int value) {
    arguments.int32(value);
    return this;
  }

  /** A number that the kernel takes in F32. */
  Launch float32(double value) {
    arguments.float32((float) value);
    return this;
  }

  /** A box whose elements a thread takes one at a time. */
  Launch strides(Strides strides) {
    return struct(strides.bytes(queue.wideFrom(), false));
  }

  /** Whether the number of an element may not fit 32 bits. */
  Launch wide(long elements) {
    return int32(elements >= queue.wideFrom() ? 1 : 0);
  }

  /** A struct by value, of whole longs. */
  Launch struct(MemorySegment bytes) {
    arguments.bytes(bytes, Long.BYTES);
    return this;
  }

  /** Memory behind an address inside the struct given last. */
  Launch inside(long address, long bytes, Access access) {
    arguments.inside(address, bytes, access);
    return this;
  }

  /** A tensor that there may be, and is not. */
  Launch none() {
    return int64(0);
  }

  /** Where the kernel reports an index out of range, and what it says the launch was. Two arguments. */
  Launch faults(Faults.Site site) {
    arguments.readWrite(queue.faults().address(), Faults.BYTES);
    arguments.int32(queue.faults().number(site));
    return this;
  }

  /** By grid stride over work for so many threads: a grid no larger than the device is full with. */
  void over(long threads) {
    shaped(LaunchShape.of(queue.blocks(threads, THREADS), THREADS));
  }

  /** By grid stride over work for so many blocks of so many threads. */
  void overBlocks(long blocks, int threads) {
    shaped(LaunchShape.of(queue.blocks(blocks * threads, threads), threads));
  }

  /** By grid stride over elements of which a thread takes some neighbours at a time, as {@link Operands#lanes} has it. */
  void over(long elements, DType dtype) {
    over(Math.ceilDiv(elements, Operands.lanes(dtype)));
  }

  /**
   * By grid stride over the elements of a box, several neighbours at a time where that goes. The box is the last argument.
   *
   * @param dtype of the elements, which says how many
   * @param offsets where it begins in each tensor, in elements; 0 where they are left out
   */
  void overBox(DType dtype, Strides box, long... offsets) {
    int lanes = Operands.lanes(dtype);
    boolean together = box.by(lanes, offsets);
    struct(box.bytes(queue.wideFrom(), together));
    over(together ? Math.ceilDiv(box.elements(), lanes) : box.elements());
  }

  private void shaped(LaunchShape shape) {
    queue.launch(kernel, shape, arguments);
  }
}
