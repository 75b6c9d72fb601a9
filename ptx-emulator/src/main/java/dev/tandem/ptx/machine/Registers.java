package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Puts registers that are never in use at the same time into one slot. Compilers write nearly every value to a register of
 * its own; a warp that has a slot for each works in megabytes instead of kilobytes.
 *
 * <p>A register is taken to be in use from the first to the last place where its value may still be read, whatever lies
 * between. Lanes that have parted do not disturb each other, for a slot has a place of its own for each lane. Linear scan,
 * after Poletto and Sarkar 1999, without spilling.
 */
final class Registers {
  /** From the first to the last instruction that may touch the value. */
  private static final class Range {
    final String name;
    int first = Integer.MAX_VALUE;
    int last = -1;

    Range(String name) {
      this.name = name;
    }

    void cover(int place) {
      first = Math.min(first, place);
      last = Math.max(last, place);
    }
  }

  private record Taken(int slot, int last) {}

  private final Map<String, Range> ranges = new HashMap<>();

  private Registers(LinkedKernel kernel) {
    Flow flow = new Flow(kernel);
    List<Instruction> code = kernel.code();
    for (int i = 0; i < code.size(); i++) {
      cover(Operands.reads(code.get(i)), i);
      cover(Operands.writes(code.get(i)), i);
    }
    for (Flow.Stretch stretch : flow.stretches()) {
      stretch.in().stream().forEach(number -> cover(flow.name(number), stretch.from()));
      stretch.out().stream().forEach(number -> cover(flow.name(number), stretch.end() - 1));
    }
  }

  /** A slot, from 0 on, for each register of up to 64 bits that is not a predicate. */
  static Map<String, Integer> slots(LinkedKernel kernel) {
    return new Registers(kernel).allocate();
  }

  private void cover(List<Operand.Register> registers, int place) {
    for (Operand.Register register : registers) {
      if (register.type() != Type.PRED && register.type() != Type.B128) {
        ranges.computeIfAbsent(register.name(), Range::new).cover(place);
      }
    }
  }

  private void cover(String name, int place) {
    Range range = ranges.get(name);
    if (range != null) {
      range.cover(place);
    }
  }

  private Map<String, Integer> allocate() {
    List<Range> inOrder = new ArrayList<>(ranges.values());
    inOrder.sort((a, b) ->
        a.first != b.first ? Integer.compare(a.first, b.first) : a.name.compareTo(b.name));
    PriorityQueue<Taken> taken = new PriorityQueue<>((a, b) -> Integer.compare(a.last, b.last));
    PriorityQueue<Integer> free = new PriorityQueue<>();
    Map<String, Integer> slots = new HashMap<>();
    int count = 0;
    for (Range range : inOrder) {
      // Strictly before: an instruction may write its result while it still reads its operands.
      while (!taken.isEmpty() && taken.peek().last < range.first) {
        free.add(taken.poll().slot);
      }
      int slot = free.isEmpty() ? count++ : free.poll();
      slots.put(range.name, slot);
      taken.add(new Taken(slot, range.last));
    }
    return slots;
  }
}
