package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Space;

/**
 * What an instruction does to memory, the same for all lanes.
 *
 * @param bytes of one lane, to which its address is aligned: a power of two, at most 32
 * @param line in the PTX, as {@link Races} keeps it
 */
record Access(Step at, Space space, int bytes, Mode mode, Order order, Reach reach, int line) {
  /** What happens to the bytes. */
  enum Mode {
    READ,
    WRITE,
    /** Both at once, as one operation. */
    ATOMIC
  }

  static Access of(Step at, Space space, int bytes, Mode mode) {
    Instruction instruction = at.instruction();
    return new Access(
        at,
        space,
        bytes,
        mode,
        mode == Mode.ATOMIC ? Order.ofAtomic(instruction) : Order.of(instruction),
        Reach.of(instruction),
        Math.min(instruction.line(), Races.MOST_LINES));
  }

  /** The same without a promise to other threads. */
  static Access plain(Step at, Space space, int bytes, Mode mode) {
    int line = Math.min(at.instruction().line(), Races.MOST_LINES);
    return new Access(at, space, bytes, mode, Order.WEAK, Reach.DEVICE, line);
  }

  boolean writing() {
    return mode != Mode.READ;
  }

  boolean atomic() {
    return mode == Mode.ATOMIC;
  }

  /** {@code "4-byte read"}. */
  String words() {
    String what = mode == Mode.ATOMIC ? "atomic operation" : mode == Mode.WRITE ? "write" : "read";
    return bytes + "-byte " + what;
  }
}
