package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;

/** A step that computes each lane's result from that lane's operands alone. {@link LoopFactory} writes its subclasses. */
abstract class LaneStep extends Step {
  /** Slots of {@link Warp#r}, of {@link Warp#p} for predicates. */
  final int to;

  final int a;
  final int b;
  final int c;
  final int d;

  LaneStep(Instruction instruction, int to, int[] from) {
    super(instruction);
    this.to = to;
    this.a = LaneTest.at(from, 0);
    this.b = LaneTest.at(from, 1);
    this.c = LaneTest.at(from, 2);
    this.d = LaneTest.at(from, 3);
  }
}
