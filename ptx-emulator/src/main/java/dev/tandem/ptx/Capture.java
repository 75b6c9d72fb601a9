package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A capture under way: what has been recorded, and where each stream that takes part stands. */
final class Capture {
  /** Work, after other work. Identity counts. */
  static final class Node {
    private final Work work;
    private final Set<Node> after;

    Node(Work work, Set<Node> after) {
      this.work = work;
      this.after = after;
    }

    Work work() {
      return work;
    }

    Set<Node> after() {
      return after;
    }
  }

  private final EmulatedStream origin;
  private final Thread thread;
  private final List<Node> nodes = new ArrayList<>();
  private final Map<EmulatedStream, Set<Node>> ends = new HashMap<>();
  private boolean invalid;
  private boolean ended;

  Capture(EmulatedStream origin, Thread thread) {
    this.origin = origin;
    this.thread = thread;
    ends.put(origin, Set.of());
  }

  /** Takes it off its streams; nothing more can become part of it. */
  void leave() {
    ended = true;
    ends.keySet().forEach(EmulatedStream::left);
  }

  boolean ended() {
    return ended;
  }

  /** Who began it. */
  Thread thread() {
    return thread;
  }

  EmulatedStream origin() {
    return origin;
  }

  /** Something was tried that cannot be captured. */
  void invalidate() {
    invalid = true;
  }

  void add(EmulatedStream stream, Work work) {
    if (invalid) {
      throw new DriverException(
          work.what(),
          DriverError.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
          "end the capture and begin again");
    }
    Node node = new Node(work, ends.get(stream));
    nodes.add(node);
    ends.put(stream, Set.of(node));
  }

  /** The work after which the stream's next piece comes. */
  Set<Node> end(EmulatedStream stream) {
    return ends.get(stream);
  }

  /** The stream takes part from now on, if it did not, and what comes next in it comes after these too. */
  void join(EmulatedStream stream, Set<Node> after) {
    Set<Node> both = new HashSet<>(ends.getOrDefault(stream, Set.of()));
    both.addAll(after);
    ends.put(stream, both);
  }

  /** What was recorded, in an order that respects what comes after what. */
  List<Node> end() {
    if (invalid) {
      throw new DriverException(
          "cuStreamEndCapture", DriverError.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "begin again");
    }
    Set<Node> reached = new HashSet<>();
    Deque<Node> open = new ArrayDeque<>(ends.get(origin));
    while (!open.isEmpty()) {
      Node node = open.pop();
      if (reached.add(node)) {
        open.addAll(node.after());
      }
    }
    for (Set<Node> others : ends.values()) {
      if (!reached.containsAll(others)) {
        throw new DriverException(
            "cuStreamEndCapture",
            DriverError.CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
            "let the stream that began the capture await an event of every other one");
      }
    }
    return nodes;
  }
}
