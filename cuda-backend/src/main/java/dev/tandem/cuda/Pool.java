package dev.tandem.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Blocks that nobody uses, by size class: those of everybody, or those that belong to a captured step. */
final class Pool {
  /** A class wastes at most a quarter: four classes to a doubling. */
  private static final int CLASSES = 4 * Long.SIZE;

  private final List<ArrayDeque<Block>> idle = new ArrayList<>();

  /** How many blocks of each class are handed out and come back here. */
  private final int[] out = new int[CLASSES];

  private Pool heir = this;

  Pool() {
    for (int i = 0; i < CLASSES; i++) {
      idle.add(new ArrayDeque<>());
    }
  }

  /** An idle block of the class, or null. The one given back last, which is the likeliest to be in the cache. */
  Block take(int sizeClass) {
    return idle.get(sizeClass).pollLast();
  }

  /** A block that comes back here is handed out. */
  void lend(int sizeClass) {
    out[sizeClass]++;
  }

  /** A block that was lent comes back. */
  void giveBack(Block block) {
    out[block.sizeClass()]--;
    add(block);
  }

  /** One more idle block. */
  void add(Block block) {
    idle.get(block.sizeClass()).addLast(block);
  }

  /** How many blocks of each class are handed out. */
  int[] out() {
    return out.clone();
  }

  /** All idle blocks, which are then no longer here. */
  List<Block> empty() {
    List<Block> all = new ArrayList<>();
    for (ArrayDeque<Block> ofClass : idle) {
      all.addAll(ofClass);
      ofClass.clear();
    }
    return all;
  }

  /** Ends as a pool of its own: what is here, and what is given back later, goes to the other. */
  void bequeath(Pool other) {
    heir = other;
    for (int sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
      other.out[sizeClass] += out[sizeClass];
    }
    for (Block block : empty()) {
      block.settle(other);
      other.add(block);
    }
  }

  /** The pool itself, or the one it was bequeathed to. */
  Pool heir() {
    return heir == this ? this : heir.heir();
  }

  /** The smallest class of blocks with so many bytes: class 4k + q has (4 + q) * 2^k / 4. */
  static int sizeClass(long bytes) {
    int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes);
    long step = 1L << (power - 2);
    return Math.toIntExact(4L * power + Math.ceilDiv(bytes, step) - 4);
  }

  static long bytes(int sizeClass) {
    return (4L + sizeClass % 4) << (sizeClass / 4 - 2);
  }
}
