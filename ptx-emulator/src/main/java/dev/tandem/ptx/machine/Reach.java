package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** How far a fence or an atomic operation is felt; the scopes of the PTX memory model, as far as one device tells them apart. */
enum Reach {
  /** {@code .cta}: threads of the same block. */
  BLOCK,
  /** {@code .gpu}, {@code .sys}, {@code .gl} and {@code .cluster}: all threads of a launch. */
  DEVICE;

  /** Of a scope as PTX writes it, {@code "cta"}. */
  static Reach of(String scope) {
    return scope.equals("cta") ? BLOCK : DEVICE;
  }

  /** The scope among an instruction's modifiers; the whole device where it has none. */
  static Reach of(Instruction instruction) {
    return instruction.has("cta") ? BLOCK : DEVICE;
  }
}
