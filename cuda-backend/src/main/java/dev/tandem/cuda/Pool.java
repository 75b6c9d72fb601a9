package dev.tandem.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Blocks that nobody uses, by size: those of everybody, or those that belong to a captured step. */
final class Pool {
  /** Sizes from here on are so close together that next to nothing is wasted. */
  private static final long LARGE = 1L << 20;

  // Logarithms of how many sizes there are to a doubling. A small block wastes at most a quarter,
  // and fits again where others are nearly as long; a large one wastes a 64th.
  private static final int COARSE = 2;
  private static final int FINE = 6;

  /** A large block is handed out for what takes all of it but a ninth: it has an eighth more. */
  private static final int SLACK = 8;

  private final NavigableMap<Long, ArrayDeque<Block>> idle = new TreeMap<>();

  /** How many blocks of each size are handed out and come back here. */
  private final Map<Long, Integer> out = new TreeMap<>();

  private Pool heir = this;

  /** An idle block of a size, or null. The one given back last, which is the likeliest to be in the cache. */
  Block take(long size) {
    return takeFrom(size, idle.get(size));
  }

  /** An idle block of a size or, if it is a large one, the smallest of those not much larger; null where there is none. */
  Block takeAbout(long size) {
    Map.Entry<Long, ArrayDeque<Block>> next = idle.ceilingEntry(size);
    long most = size < LARGE ? size : size + size / SLACK;
    return next == null || next.getKey() > most ? null : takeFrom(next.getKey(), next.getValue());
  }

  private Block takeFrom(long size, ArrayDeque<Block> ofSize) {
    if (ofSize == null) {
      return null;
    }
    Block block = ofSize.removeLast();
    if (ofSize.isEmpty()) {
      idle.remove(size);
    }
    return block;
  }

  /** A block that comes back here is handed out. */
  void lend(Block block) {
    out.merge(block.bytes(), 1, Integer::sum);
  }

  /** A block that was lent comes back. */
  void giveBack(Block block) {
    out.merge(block.bytes(), -1, Integer::sum);
    add(block);
  }

  /** One more idle block. */
  void add(Block block) {
    idle.computeIfAbsent(block.bytes(), _ -> new ArrayDeque<>()).addLast(block);
  }

  /** How many blocks of each size are handed out. */
  Map<Long, Integer> out() {
    return Map.copyOf(out);
  }

  /** All idle blocks, which are then no longer here. */
  List<Block> empty() {
    List<Block> all = new ArrayList<>();
    idle.values().forEach(all::addAll);
    idle.clear();
    return all;
  }

  /** Ends as a pool of its own: what is here, and what is given back later, goes to the other. */
  void bequeath(Pool other) {
    heir = other;
    out.forEach((size, count) -> other.out.merge(size, count, Integer::sum));
    for (Block block : empty()) {
      block.settle(other);
      other.add(block);
    }
  }

  /** The pool itself, or the one it was bequeathed to. */
  Pool heir() {
    return heir == this ? this : heir.heir();
  }

  /** The smallest size of blocks that holds so many bytes, at least 4. */
  static long size(long bytes) {
    int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(bytes);
    long step = 1L << (power - (bytes < LARGE ? COARSE : FINE));
    return Math.ceilDiv(bytes, step) * step;
  }
}
