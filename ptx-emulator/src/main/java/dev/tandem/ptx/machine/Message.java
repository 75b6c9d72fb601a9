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
  /** Links above which a chain is spread out at once, so that it does not keep them all. */
  private static final int MANY = 4096;

  /** Links that are followed before all is spread out. */
  private static final int NEAR = 4;

  private final Map<Long, int[]> own;
  private final Message first;
  private final Message second;

  /** Of the longest chain that ends here. What is reached by several ways must not count each time. */
  private final int links;

  /** All of it in one table; made by the first who asks. Threads that make it at a time make the same. */
  private volatile Map<Long, int[]> table;

  private Message(Map<Long, int[]> own, Message first, Message second) {
    this.own = own;
    this.first = first;
    this.second = second;
    this.links = 1 + Math.max(links(first), links(second));
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
    if (b == null || a.holds(b)) {
      return a;
    }
    return b.holds(a) ? b : compact(new Message(Map.of(), a, b));
  }

  /** Whether another is one of the two that this was made from. */
  private boolean holds(Message other) {
    return first == other || second == other;
  }

  /** Whether it tells a thread of block {@code to} that a warp of block {@code of} had passed some clock. */
  boolean tells(long to, long of, int warp, int clock) {
    return tells(to, of, warp, clock, NEAR) || tells(table(), to, of, warp, clock);
  }

  /** The same, as far as a few links show: what is asked for was mostly told last. */
  private boolean tells(long to, long of, int warp, int clock, int links) {
    Map<Long, int[]> made = table;
    if (made != null || links == 0) {
      return tells(made == null ? own : made, to, of, warp, clock);
    }
    return tells(own, to, of, warp, clock)
        || second != null && second.tells(to, of, warp, clock, links - 1)
        || first != null && first.tells(to, of, warp, clock, links - 1);
  }

  private static boolean tells(Map<Long, int[]> told, long to, long of, int warp, int clock) {
    int[] toAll = told.get(key(of, Reach.DEVICE));
    int[] within = to == of ? told.get(key(of, Reach.BLOCK)) : null;
    return toAll != null && clock < toAll[warp] || within != null && clock < within[warp];
  }

  private static long key(long block, Reach reach) {
    return reach == Reach.BLOCK ? ~block : block;
  }

  private static int links(Message message) {
    return message == null ? 0 : message.links;
  }

  private static Message compact(Message message) {
    return message.links > MANY ? new Message(message.table(), null, null) : message;
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
