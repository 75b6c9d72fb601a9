package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;

/** The last ops that were queued since the host waited: one of them it was, when the device reports a failure. */
final class Recent {
  private static final int KEPT = 8;

  private record Call(String op, List<Operand> operands) {
    @Override
    public String toString() {
      return op + " " + operands.stream().map(Operand::type).toList();
    }
  }

  private final Deque<Call> calls = new ArrayDeque<>();
  private long dropped;

  void add(String op, List<Operand> operands) {
    if (calls.size() == KEPT) {
      calls.removeFirst();
      dropped++;
    }
    calls.addLast(new Call(op, operands));
  }

  void clear() {
    calls.clear();
    dropped = 0;
  }

  /** For the end of a message; empty where nothing was queued. */
  String told() {
    if (calls.isEmpty()) {
      return "";
    }
    return "; it was one of "
        + (calls.size() + dropped)
        + " ops queued since the last wait, the last being "
        + calls.stream().map(Call::toString).collect(Collectors.joining(", "))
        + "; TANDEM_CHECK=1 waits after each and names it";
  }
}
