package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import java.util.List;

/** Runs updates in place, an optimizer's step in one pass over weight, states and gradient. */
final class CpuUpdate {
  private static final int GRAIN = 1 << 14;

  private final Parallel parallel;
  private final ManyUpdate manyUpdate;

  CpuUpdate(Parallel parallel) {
    this.parallel = parallel;
    manyUpdate = new ManyUpdate(parallel);
  }

  void run(Update op, List<Operand> operands) {
    DType dtype = operands.getFirst().dtype();
    switch (dtype) {
      case F32 -> runF32(op, operands);
      case F64 -> runF64(op, operands);
      case I32 -> runI32(op, operands);
      case U8, BF16, F16 -> {
        if (!(op instanceof Update.Assign)) {
          throw refused(op, dtype);
        }
        assign(operands);
      }
    }
  }

  private void assign(List<Operand> operands) {
    Object target = Operands.array(operands.get(0));
    Object source = Operands.array(operands.get(1));
    parallel.range(
        Operands.elements(operands.get(0)),
        GRAIN,
        (from, to) -> System.arraycopy(source, from, target, from, to - from));
  }

  private void runI32(Update op, List<Operand> operands) {
    int[] target = Operands.i32(operands.getFirst());
    switch (op) {
      case Update.Assign _ -> assign(operands);
      case Update.Accumulate _ -> {
        int[] source = Operands.i32(operands.get(1));
        for (int i = 0; i < Operands.elements(operands.getFirst()); i++) {
          target[i] += source[i];
        }
      }
      case Update.Increment _ -> target[0]++;
      case Update.NextDraw _ -> {
        target[2]++;
        if (target[2] == 0) {
          target[3]++;
        }
      }
      case Update.IncrementIfFinite _ -> {
        if (Double.isFinite(scalar(operands.get(1)))) {
          target[0]++;
        }
      }
      case Update.RunningAverage _,
          Update.ClampInPlace _,
          Update.Scale _,
          Update.Optimizer _,
          Update.Many _,
          Update.LossScale _ ->
          throw refused(op, DType.I32);
    }
  }

  private void runF32(Update op, List<Operand> operands) {
    float[] w = Operands.f32(operands.getFirst());
    int count = Operands.elements(operands.getFirst());
    switch (op) {
      case Update.Assign _ -> assign(operands);
      case Update.Accumulate _ -> {
        float[] source = Operands.f32(operands.get(1));
        parallel.range(count, GRAIN, (from, to) -> FloatUpdates.accumulate(w, source, from, to));
      }
      case Update.RunningAverage average -> {
        float[] source = Operands.f32(operands.get(1));
        float weight = (float) average.weight();
        parallel.range(
            count, GRAIN, (from, to) -> FloatUpdates.runningAverage(weight, w, source, from, to));
      }
      case Update.ClampInPlace clamp -> {
        float low = (float) clamp.low();
        float high = (float) clamp.high();
        parallel.range(count, GRAIN, (from, to) -> FloatUpdates.clamp(low, high, w, from, to));
      }
      case Update.Scale _ -> {
        float factor = Operands.f32(operands.get(1))[0];
        parallel.range(count, GRAIN, (from, to) -> FloatUpdates.scale(factor, w, from, to));
      }
      case Update.Optimizer rule -> {
        FloatWeight t = FloatWeight.of(rule, operands);
        int scalars = rule.states() + 2;
        OptimizerStep step =
            OptimizerStep.of(
                rule,
                Operands.f32(operands.get(scalars))[0],
                1,
                rule.counted() ? Operands.i32(operands.get(scalars + 1))[0] : 0);
        parallel.range(count, GRAIN, (from, to) -> FloatUpdates.step(step, t, from, to));
      }
      case Update.Many many -> manyUpdate.runF32(many, operands);
      case Update.LossScale scale -> lossScale(scale, operands);
      case Update.Increment _, Update.NextDraw _, Update.IncrementIfFinite _ ->
          throw refused(op, operands.getFirst().dtype());
    }
  }

  private static void lossScale(Update.LossScale op, List<Operand> operands) {
    float[] scale = Operands.f32(operands.get(0));
    int[] streak = Operands.i32(operands.get(1));
    if (!Float.isFinite(Operands.f32(operands.get(2))[0])) {
      scale[0] = (float) Math.max(1, scale[0] * op.backoff());
      streak[0] = 0;
      return;
    }
    streak[0]++;
    if (streak[0] >= op.interval()) {
      float grown = (float) (scale[0] * op.growth());
      scale[0] = Float.isFinite(grown) ? grown : scale[0];
      streak[0] = 0;
    }
  }

  /** The only element of an F32 or F64. */
  static double scalar(Operand operand) {
    return operand.dtype() == DType.F64 ? Operands.f64(operand)[0] : Operands.f32(operand)[0];
  }

  private void runF64(Update op, List<Operand> operands) {
    double[] w = Operands.f64(operands.getFirst());
    int count = Operands.elements(operands.getFirst());
    switch (op) {
      case Update.Assign _ -> assign(operands);
      case Update.Accumulate _ -> {
        double[] source = Operands.f64(operands.get(1));
        parallel.range(count, GRAIN, (from, to) -> DoubleUpdates.accumulate(w, source, from, to));
      }
      case Update.RunningAverage average -> {
        double[] source = Operands.f64(operands.get(1));
        double weight = average.weight();
        parallel.range(
            count, GRAIN, (from, to) -> DoubleUpdates.runningAverage(weight, w, source, from, to));
      }
      case Update.ClampInPlace clamp -> {
        double low = clamp.low();
        double high = clamp.high();
        parallel.range(count, GRAIN, (from, to) -> DoubleUpdates.clamp(low, high, w, from, to));
      }
      case Update.Scale _ -> {
        double factor = Operands.f64(operands.get(1))[0];
        parallel.range(count, GRAIN, (from, to) -> DoubleUpdates.scale(factor, w, from, to));
      }
      case Update.Optimizer rule -> {
        DoubleWeight t = DoubleWeight.of(rule, operands);
        int scalars = rule.states() + 2;
        OptimizerStep step =
            OptimizerStep.of(
                rule,
                Operands.f64(operands.get(scalars))[0],
                1,
                rule.counted() ? Operands.i32(operands.get(scalars + 1))[0] : 0);
        parallel.range(count, GRAIN, (from, to) -> DoubleUpdates.step(step, t, from, to));
      }
      case Update.Many many -> manyUpdate.runF64(many, operands);
      case Update.Increment _, Update.NextDraw _, Update.IncrementIfFinite _, Update.LossScale _ ->
          throw refused(op, operands.getFirst().dtype());
    }
  }

  private static BackendException refused(Update op, DType dtype) {
    return new BackendException(
        "cpu: "
            + op.name()
            + " is not computed with this element type, got "
            + dtype
            + "; cast to F32");
  }
}
