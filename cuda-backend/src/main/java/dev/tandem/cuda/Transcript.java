package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The calls of a step in their order: what was done, with which attributes, and where each operand came from. */
final class Transcript {
  /** @param source a buffer from outside, or the number of one that the step made, which is another one at each call */
  private record Place(TensorType type, Object source) {}

  private record Call(Object what, List<Place> operands) {
    boolean looksLike(Call other) {
      return what.equals(other.what) && types().equals(other.types());
    }

    private List<TensorType> types() {
      return operands.stream().map(Place::type).toList();
    }

    @Override
    public String toString() {
      return what + " " + types();
    }
  }

  private final List<Call> calls = new ArrayList<>();
  private final Map<DeviceBuffer, Integer> made = new IdentityHashMap<>();
  private final Set<DeviceBuffer> used = Collections.newSetFromMap(new IdentityHashMap<>());

  /** Memory is asked for. */
  void makes(DeviceBuffer buffer) {
    made.put(buffer, made.size());
  }

  /** An op or an update is called. */
  void calls(Object what, List<Operand> inputs, List<Operand> outputs) {
    calls.add(
        new Call(what, Stream.concat(inputs.stream(), outputs.stream()).map(this::place).toList()));
  }

  private Place place(Operand operand) {
    DeviceBuffer buffer = Operands.buffer(operand.buffer());
    used.add(buffer);
    Integer number = made.get(buffer);
    return new Place(operand.type(), number == null ? buffer : number);
  }

  /** Whether the step asked for this memory itself. */
  boolean made(DeviceBuffer buffer) {
    return made.containsKey(buffer);
  }

  /** All memory that was an operand. */
  Set<DeviceBuffer> used() {
    return used;
  }

  /** The first call that is not as it was in an earlier transcript, in words; empty where all are. */
  Optional<String> differenceFrom(Transcript earlier) {
    for (int i = 0; i < Math.max(calls.size(), earlier.calls.size()); i++) {
      if (i == calls.size() || i == earlier.calls.size()) {
        return Optional.of(calls.size() + " calls after " + earlier.calls.size());
      }
      Call now = calls.get(i);
      Call before = earlier.calls.get(i);
      if (!now.equals(before)) {
        return Optional.of(
            now + (now.looksLike(before) ? " on other tensors than before" : " after " + before));
      }
    }
    return Optional.empty();
  }
}
