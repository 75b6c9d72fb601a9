package dev.tandem.cli;

import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.op.Flops;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * What a run asks of {@link ShapeOnly}: which tensors are open when, and how much work its ops are. It keeps the blocks that a
 * backend's allocator would hold, which hands out again what was given back.
 */
final class Ledger {
  /** What memory is for. */
  enum Kind {
    PARAMETERS,
    GRADIENTS,
    /** What an optimizer's rule remembers. */
    STATES,
    MASTERS,
    /** Made in a step, and gone after it: activations, their gradients, the batch. */
    ACTIVATIONS,
    /** Made before the steps, for all of them: running statistics, generators, sums, the best weights. */
    OTHER
  }

  /** An allocator of the kind looks for an idle block by this. */
  private record Size(DType dtype, long bytes) {}

  private final ToLongFunction<TensorType> blockBytes;
  private final List<Entry> entries = new ArrayList<>();
  private final Map<Size, Integer> idle = new HashMap<>();
  private final Map<Flops.Kind, Long> work = new EnumMap<>(Flops.Kind.class);
  private int now;
  private boolean stepping;
  private long used;
  private long reserved;
  private long peak;
  private int peakAt;

  /** @param blockBytes what an allocator sets aside for a tensor */
  Ledger(ToLongFunction<TensorType> blockBytes) {
    this.blockBytes = blockBytes;
  }

  /** A tensor's memory, from when to when it is open. */
  private final class Entry implements Buffer {
    private final TensorType type;
    private final long block;
    private final int opened;
    private int closed = Integer.MAX_VALUE;
    private Kind kind;

    private Entry(TensorType type) {
      this.type = type;
      block = blockBytes.applyAsLong(type);
      opened = now++;
      kind = stepping ? Kind.ACTIVATIONS : Kind.OTHER;
    }

    @Override
    public long bytes() {
      return type.bytes();
    }

    @Override
    public void close() {
      if (closed == Integer.MAX_VALUE) {
        closed = now++;
        used -= type.bytes();
        idle.merge(new Size(type.dtype(), block), 1, Integer::sum);
      }
    }
  }

  Buffer open(TensorType type) {
    Entry entry = new Entry(type);
    entries.add(entry);
    Size size = new Size(type.dtype(), entry.block);
    if (idle.getOrDefault(size, 0) > 0) {
      idle.merge(size, -1, Integer::sum);
    } else {
      reserved += entry.block;
    }
    used += type.bytes();
    if (used > peak) {
      peak = used;
      peakAt = now;
    }
    return entry;
  }

  /** From here on there are steps: work is counted, and what is made is gone after them. */
  void beginSteps() {
    stepping = true;
    work.clear();
  }

  void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    work.merge(Flops.kind(op), Flops.of(op, types(inputs), types(outputs)), Long::sum);
  }

  private static List<TensorType> types(List<Operand> operands) {
    return operands.stream().map(Operand::type).toList();
  }

  /** An optimizer's operands tell what is what. */
  void update(Update update, List<Operand> operands) {
    long elements = operands.getFirst().type().elements();
    if (update instanceof Update.Many many) {
      int group = many.group();
      elements = 0;
      for (int i = 0; i < many.count(); i++) {
        elements += operands.get(i * group).type().elements();
        mark(operands.get(i * group), Kind.PARAMETERS);
        for (int state = 1; state < group; state++) {
          boolean master = state == group - 1 && many.masters() != Update.Masters.NONE;
          mark(operands.get(i * group + state), master ? Kind.MASTERS : Kind.STATES);
        }
        mark(operands.get(many.count() * group + i), Kind.GRADIENTS);
      }
    }
    work.merge(Flops.Kind.ELEMENTS, elements, Long::sum);
  }

  private static void mark(Operand operand, Kind kind) {
    ((Entry) operand.buffer()).kind = kind;
  }

  /** The bytes of all tensors when they were most. */
  long peak() {
    return peak;
  }

  /** The bytes of all blocks that the allocator held at the end, or more for one that does not mind the element type. */
  long reserved() {
    return reserved;
  }

  /** By kind, the bytes of the tensors open at the peak. */
  Map<Kind, Long> atPeak() {
    Map<Kind, Long> bytes = new EnumMap<>(Kind.class);
    for (Entry entry : openAtPeak()) {
      bytes.merge(entry.kind, entry.type.bytes(), Long::sum);
    }
    return bytes;
  }

  /** The bytes of the blocks of the tensors open at the peak. */
  long blocksAtPeak() {
    return openAtPeak().stream().mapToLong(entry -> entry.block).sum();
  }

  private List<Entry> openAtPeak() {
    return entries.stream()
        .filter(entry -> entry.opened < peakAt && entry.closed >= peakAt)
        .toList();
  }

  /** Floating-point operations by kind, since {@link #beginSteps}. */
  Map<Flops.Kind, Long> work() {
    return new EnumMap<>(work);
  }
}
