package dev.tandem.cpu;

import dev.tandem.backend.Buffer;
import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Ops and updates on BF16 and F16: those that have no loops of their own for two bytes get their operands
 * widened to F32, and what they make is rounded once. This is what an op on such types means, so a loop of its
 * own can only be faster.
 */
final class InF32 {
  /** Who runs what has become of an op or update. */
  interface Runner {
    void run(Op op, List<Operand> inputs, List<Operand> outputs);

    void update(Update update, List<Operand> operands);
  }

  private final BufferPool pool;
  private final Halves halves;
  private final HalfMasters masters;
  private final Runner runner;

  InF32(Parallel parallel, BufferPool pool, Runner runner) {
    this.pool = pool;
    this.halves = new Halves(parallel);
    this.masters = new HalfMasters(parallel, pool);
    this.runner = runner;
  }

  /** Whether an op on these operands has to be run here. */
  static boolean needed(Op op, List<Operand> in, List<Operand> out) {
    return !narrow(op) && (half(in) || half(out));
  }

  /** Whether an update of these operands has to be done here. */
  static boolean needed(Update update, List<Operand> operands) {
    return !(update instanceof Update.Assign) && half(operands);
  }

  // Not a stream: every op comes by here.
  private static boolean half(List<Operand> operands) {
    for (Operand operand : operands) {
      if (operand.dtype().half()) {
        return true;
      }
    }
    return false;
  }

  /** Whether the family moves and compares numbers of two bytes as they are, or computes from them as they lie. */
  private static boolean narrow(Op op) {
    return switch (op) {
      case Creation _, Movement _ -> true;
      case Elementwise.Comparison _, Elementwise.Select _, Elementwise.Cast _ -> true;
      case Elementwise.Unary _, Elementwise.Binary _, Elementwise.Chain _ -> false;
      case Linear.Matmul _ -> true;
      case Linear.Conv2d _, Linear.Conv2dGradInput _, Linear.Conv2dGradWeight _ -> false;
      case Indexing.Embedding _, Indexing.Gather _, Indexing.OneHot _ -> true;
      case Indexing.EmbeddingGrad _, Indexing.GatherGrad _ -> false;
      case Reduction _, Pooling _, Normalization _, Loss _, Sequence _, Fused _, Stochastic _ ->
          false;
    };
  }

  void run(Op op, List<Operand> in, List<Operand> out) {
    if (op instanceof Fused.ResidualLayerNorm norm) {
      residualLayerNorm(norm, in, out);
    } else if (op instanceof Fused.BiasedMatmul matmul) {
      biasedMatmul(matmul, in, out);
    } else if (op instanceof Reduction.GlobalNorm norm) {
      globalNorm(norm, in, out);
    } else {
      try (Scratch scratch = new Scratch()) {
        List<Operand> wide = scratch.widened(in);
        runner.run(op, wide, scratch.room(out));
        scratch.roundTo(out);
      }
    }
  }

  /** The norm is of the sum as it was rounded, so there are two ops in this one. */
  private void residualLayerNorm(Fused.ResidualLayerNorm op, List<Operand> in, List<Operand> out) {
    Operand sum = out.get(1);
    run(new Elementwise.Add(), in.subList(0, 2), List.of(sum));
    run(
        new Normalization.LayerNorm(op.epsilon()),
        List.of(sum, in.get(2), in.get(3)),
        List.of(out.get(0), out.get(2), out.get(3)));
  }

  /** The product takes halves as they lie: only what is added to is wide. */
  private void biasedMatmul(Fused.BiasedMatmul op, List<Operand> in, List<Operand> out) {
    runner.run(new Linear.Matmul(false, true), in.subList(0, 2), out);
    run(new Elementwise.Add(), List.of(out.getFirst(), in.get(2)), out);
    if (op.relu()) {
      run(new Elementwise.Relu(), out, out);
    }
  }

  /** The norm of each tensor, then that of the norms, so that the gradients of a model are never wide all at once. */
  private void globalNorm(Reduction.GlobalNorm op, List<Operand> in, List<Operand> out) {
    float[] norms = pool.borrow(in.size());
    float[] norm = pool.borrow(1);
    for (int i = 0; i < in.size(); i++) {
      try (Scratch scratch = new Scratch()) {
        runner.run(op, scratch.widened(List.of(in.get(i))), List.of(wide(Shape.scalar(), norm)));
      }
      norms[i] = norm[0];
    }
    runner.run(op, List.of(wide(Shape.of(in.size()), norms)), out);
    pool.release(norms);
    pool.release(norm);
  }

  void update(Update update, List<Operand> operands) {
    if (update instanceof Update.Many many) {
      many(many, operands);
      return;
    }
    try (Scratch scratch = new Scratch()) {
      List<Operand> wide = scratch.widened(operands);
      runner.update(update, wide);
      scratch.roundTo(operands.subList(0, update.written()));
    }
  }

  /** The rule is that of F32 weights, which the masters are; a weight at a time, so that one gradient is wide. */
  private void many(Update.Many many, List<Operand> operands) {
    int group = many.group();
    int scalars = many.count() * (group + 1);
    if (!Float.isFinite(Operands.f32(operands.get(scalars + 1))[0])) {
      return;
    }
    Update one = new Update.Many(many.rule(), 1, Update.Masters.NONE);
    for (int i = 0; i < many.count(); i++) {
      List<Operand> weight = operands.subList(i * group, (i + 1) * group);
      Operand master = weight.getLast();
      List<Operand> own = new ArrayList<>();
      own.add(master);
      own.addAll(weight.subList(1, group - 1));
      try (Scratch scratch = new Scratch()) {
        own.add(scratch.widened(operands.get(many.count() * group + i)));
        own.addAll(operands.subList(scalars, scalars + (many.rule().counted() ? 3 : 2)));
        runner.update(one, own);
      }
      switch (many.masters()) {
        case ROUNDED_TO_NEAREST -> halves.round(Operands.f32(master), weight.getFirst());
        case ROUNDED_STOCHASTICALLY ->
            masters.round(Operands.f32(master), weight.getFirst(), i, operands.getLast());
        case NONE -> throw new IllegalArgumentException("many: half weights without masters");
      }
    }
  }

  private Operand wide(Shape shape, float[] array) {
    TensorType type = new TensorType(DType.F32, shape);
    return new Operand(type, new HeapBuffer(pool, DType.F32, (int) type.elements(), array));
  }

  /** F32 operands in place of those of two bytes, for one call. A buffer that stands for two operands has one. */
  private final class Scratch implements AutoCloseable {
    private final Map<Buffer, Operand> wide = new IdentityHashMap<>();

    List<Operand> widened(List<Operand> operands) {
      return operands.stream().map(this::widened).toList();
    }

    Operand widened(Operand operand) {
      if (!operand.dtype().half() || wide.containsKey(operand.buffer())) {
        return room(operand);
      }
      Operand room = room(operand);
      halves.widen(operand, Operands.f32(room));
      return room;
    }

    /** Operands for results, contents undefined. */
    List<Operand> room(List<Operand> operands) {
      return operands.stream().map(this::room).toList();
    }

    private Operand room(Operand operand) {
      if (!operand.dtype().half()) {
        return operand;
      }
      Operand made =
          wide.computeIfAbsent(
              operand.buffer(),
              _ -> InF32.this.wide(operand.shape(), pool.borrow(operand.elements())));
      return new Operand(operand.type().withDType(DType.F32), made.buffer());
    }

    /** Rounds what was made to where it belongs. */
    void roundTo(List<Operand> results) {
      for (Operand result : results) {
        if (result.dtype().half()) {
          halves.round(Operands.f32(room(result)), result);
        }
      }
    }

    @Override
    public void close() {
      wide.values().forEach(operand -> pool.release(Operands.f32(operand)));
    }
  }
}
