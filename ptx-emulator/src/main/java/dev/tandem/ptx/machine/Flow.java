package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Operand;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which registers hold something that may still be read, at the beginning and the end of each straight stretch of a kernel.
 * A write under a guard ends nothing, for it may not happen.
 */
final class Flow {
  /** Code without branches into or out of its middle. */
  record Stretch(int from, int end, List<Integer> next, BitSet in, BitSet out) {}

  private final List<Instruction> code;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final List<String> names = new ArrayList<>();
  private final List<Stretch> stretches = new ArrayList<>();
  private final Map<Integer, Integer> starts = new HashMap<>();

  Flow(LinkedKernel kernel) {
    code = kernel.code();
    divide();
    List<BitSet> reads = new ArrayList<>();
    List<BitSet> writes = new ArrayList<>();
    for (Stretch stretch : stretches) {
      BitSet read = new BitSet();
      BitSet written = new BitSet();
      for (int i = stretch.from; i < stretch.end; i++) {
        look(code.get(i), read, written);
      }
      reads.add(read);
      writes.add(written);
    }
    solve(reads, writes);
  }

  /** Registers that may be read before anything has been written to them. */
  static List<String> undefined(LinkedKernel kernel) {
    Flow flow = new Flow(kernel);
    return flow.stretches.getFirst().in.stream().mapToObj(flow.names::get).toList();
  }

  List<Stretch> stretches() {
    return stretches;
  }

  String name(int number) {
    return names.get(number);
  }

  int number(String register) {
    return numbers.computeIfAbsent(
        register,
        name -> {
          names.add(name);
          return names.size() - 1;
        });
  }

  private void divide() {
    BitSet leaders = new BitSet();
    leaders.set(0);
    for (int i = 0; i < code.size(); i++) {
      List<Integer> targets = targets(code.get(i));
      targets.forEach(leaders::set);
      if (!targets.isEmpty() || ends(code.get(i))) {
        leaders.set(i + 1);
      }
    }
    for (int from = 0; from < code.size(); ) {
      int end = leaders.nextSetBit(from + 1);
      end = end < 0 || end > code.size() ? code.size() : end;
      starts.put(from, stretches.size());
      Instruction last = code.get(end - 1);
      List<Integer> next = new ArrayList<>(targets(last));
      boolean always = last.guard() == null && (ends(last) || !next.isEmpty());
      if (!always && end < code.size()) {
        next.add(end);
      }
      stretches.add(new Stretch(from, end, next, new BitSet(), new BitSet()));
      from = end;
    }
  }

  private static boolean ends(Instruction instruction) {
    return instruction.opcode().equals("ret") || instruction.opcode().equals("exit");
  }

  private static List<Integer> targets(Instruction instruction) {
    return instruction.operands().stream()
        .filter(Operand.Target.class::isInstance)
        .map(operand -> ((Operand.Target) operand).index())
        .toList();
  }

  private void look(Instruction instruction, BitSet read, BitSet written) {
    for (Operand.Register register : Operands.reads(instruction)) {
      int number = number(register.name());
      if (!written.get(number)) {
        read.set(number);
      }
    }
    if (instruction.guard() == null) {
      Operands.writes(instruction).forEach(register -> written.set(number(register.name())));
    }
  }

  private void solve(List<BitSet> reads, List<BitSet> writes) {
    boolean changed = true;
    while (changed) {
      changed = false;
      for (int s = stretches.size() - 1; s >= 0; s--) {
        Stretch stretch = stretches.get(s);
        for (int next : stretch.next) {
          stretch.out.or(stretches.get(starts.get(next)).in);
        }
        BitSet in = (BitSet) stretch.out.clone();
        in.andNot(writes.get(s));
        in.or(reads.get(s));
        if (!in.equals(stretch.in)) {
          stretch.in.or(in);
          changed = true;
        }
      }
    }
  }
}
