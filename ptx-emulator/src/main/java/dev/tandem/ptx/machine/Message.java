package dev.tandem.ptx.machine;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What a release tells whoever acquires it: how far each warp of its block had come, and what the releasing warp had been
 * told itself. Immutable. Messages share parts, and are only spread out where somebody asks, for most are never asked.
 */
final class Message {
  /** Parts above which they are spread out at once, so that long chains do not keep all their links. */
  private static final long MANY = 4096;

  private final Map<Long, int[]> own;
  private final Message first;
  private final Message second;
  private final long parts;

  /** All of it in one table; made by the first who asks. Threads that make it at a time make the same. */
  private volatile Map<Long, int[]> table;

  private Message(Map<Long, int[]> own, Message first, Message second) {
    this.own = own;
    this.first = first;
    this.second = second;
    this.parts = own.size() + parts(first) + parts(second);
    if (first == null && second == null) {
      table = own;
    }
  }

  /**
   * @param clocks for each warp of the block, the first clock of it that is not known
   * @param reach whether it tells only threads of that block
   */
  static Message of(long block, int[] clocks, Reach reach, Message known) {
    return compact(new Message(Map.of(key(block, reach), clocks), known, null));
  }

  /** Both, either of which may be null. */
  static Message both(Message a, Message b) {
    if (a == null || a == b) {
      return b;
    }
    return b == null ? a : compact(new Message(Map.of(), a, b));
  }

  /** Whether it tells a thread of block {@code to} that a warp of block {@code of} had passed some clock. */
  boolean tells(long to, long of, int warp, int clock) {
    Map<Long, int[]> all = table();
    int[] toAll = all.get(key(of, Reach.DEVICE));
    int[] within = to == of ? all.get(key(of, Reach.BLOCK)) : null;
    return toAll != null && clock < toAll[warp] || within != null && clock < within[warp];
  }

  private static long key(long block, Reach reach) {
    return reach == Reach.BLOCK ? ~block : block;
  }

  private static long parts(Message message) {
    return message == null ? 0 : message.parts;
  }

  private static Message compact(Message message) {
    return message.parts > MANY + 2L * largest(message.first, message.second)
        ? new Message(message.table(), null, null)
        : message;
  }

  /** Entries of the larger table that has been made already: spreading out is not worth it until there is much more. */
  private static int largest(Message a, Message b) {
    int one = a == null || a.table == null ? 0 : a.table.size();
    int other = b == null || b.table == null ? 0 : b.table.size();
    return Math.max(one, other);
  }

  private Map<Long, int[]> table() {
    if (table == null) {
      table = spread();
    }
    return table;
  }

  private Map<Long, int[]> spread() {
    Map<Long, int[]> all = new HashMap<>();
    Set<Message> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    Deque<Message> open = new ArrayDeque<>();
    open.push(this);
    while (!open.isEmpty()) {
      Message message = open.pop();
      if (!seen.add(message)) {
        continue;
      }
      Map<Long, int[]> made = message.table;
      (made == null ? message.own : made)
          .forEach((key, clocks) -> all.merge(key, clocks, Message::later));
      if (made == null) {
        if (message.first != null) {
          open.push(message.first);
        }
        if (message.second != null) {
          open.push(message.second);
        }
      }
    }
    return all;
  }

  private static int[] later(int[] a, int[] b) {
    int[] later = a.clone();
    for (int i = 0; i < later.length; i++) {
      later[i] = Math.max(a[i], b[i]);
    }
    return later;
  }
}
