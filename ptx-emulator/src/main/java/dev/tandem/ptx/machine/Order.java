package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** What an access promises to other threads; the {@code .sem} of the PTX memory model. */
enum Order {
  /** A plain access: another thread's must be ordered with it by something else. */
  WEAK,
  /** Volatile or relaxed: seen by other threads as it is, and orders nothing by itself. */
  STRONG,
  ACQUIRE,
  RELEASE,
  ACQUIRE_RELEASE;

  /** Of a load or a store. */
  static Order of(Instruction instruction) {
    if (instruction.has("acquire")) {
      return ACQUIRE;
    }
    if (instruction.has("release")) {
      return RELEASE;
    }
    boolean strong =
        instruction.has("volatile") || instruction.has("relaxed") || instruction.has("mmio");
    return strong ? STRONG : WEAK;
  }

  /** Of an atomic operation. */
  static Order ofAtomic(Instruction instruction) {
    return instruction.has("acq_rel")
        ? ACQUIRE_RELEASE
        : of(instruction) == WEAK ? STRONG : of(instruction);
  }

  boolean acquires() {
    return this == ACQUIRE || this == ACQUIRE_RELEASE;
  }

  boolean releases() {
    return this == RELEASE || this == ACQUIRE_RELEASE;
  }
}
