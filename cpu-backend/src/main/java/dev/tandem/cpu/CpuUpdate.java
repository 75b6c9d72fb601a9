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

  CpuUpdate(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(Update op, List<Operand> operands) {
    DType dtype = operands.getFirst().dtype();
    switch (dtype) {
      case F32 -> runF32(op, operands);
      case F64 -> runF64(op, operands);
      case I32 -> runI32(op, operands);
      case U8 -> {
        if (!(op instanceof Update.Assign)) {
          throw refused(op, dtype);
        }
        assign(operands);
      }
      case BF16, F16 -> throw refused(op, dtype);
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
      case Update.RunningAverage _,
          Update.ClampInPlace _,
          Update.Scale _,
          Update.Optimizer _,
          Update.Many _,
          Update.IncrementIfFinite _,
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
      case Update.Sgd sgd -> {
        float[] dw = Operands.f32(operands.get(1));
        float lr = Operands.f32(operands.get(2))[0];
        parallel.range(count, GRAIN, (from, to) -> FloatUpdates.sgd(sgd, lr, w, dw, from, to));
      }
      case Update.Adam adam -> {
        float[] m = Operands.f32(operands.get(1));
        float[] v = Operands.f32(operands.get(2));
        float[] dw = Operands.f32(operands.get(3));
        AdamStep step =
            AdamStep.of(adam, Operands.f32(operands.get(4))[0], Operands.i32(operands.get(5))[0]);
        parallel.range(count, GRAIN, (from, to) -> FloatUpdates.adam(step, w, m, v, dw, from, to));
      }
      case Update.Momentum momentum -> {
        TensorsF32 t = TensorsF32.of(operands);
        parallel.range(
            count,
            GRAIN,
            (from, to) -> FloatUpdates.momentum(momentum, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.Adagrad adagrad -> {
        TensorsF32 t = TensorsF32.of(operands);
        parallel.range(
            count,
            GRAIN,
            (from, to) -> FloatUpdates.adagrad(adagrad, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.RmsProp rmsProp -> {
        TensorsF32 t = TensorsF32.of(operands);
        parallel.range(
            count,
            GRAIN,
            (from, to) -> FloatUpdates.rmsProp(rmsProp, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.Lion lion -> {
        TensorsF32 t = TensorsF32.of(operands);
        parallel.range(
            count, GRAIN, (from, to) -> FloatUpdates.lion(lion, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.Increment _,
          Update.NextDraw _,
          Update.Many _,
          Update.IncrementIfFinite _,
          Update.LossScale _ ->
          throw refused(op, operands.getFirst().dtype());
    }
  }

  /** The operands of an optimizer with one state. */
  private record TensorsF32(float[] w, float[] s, float[] dw, float lr) {
    static TensorsF32 of(List<Operand> operands) {
      return new TensorsF32(
          Operands.f32(operands.get(0)),
          Operands.f32(operands.get(1)),
          Operands.f32(operands.get(2)),
          Operands.f32(operands.get(3))[0]);
    }
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
      case Update.Sgd sgd -> {
        double[] dw = Operands.f64(operands.get(1));
        double lr = Operands.f64(operands.get(2))[0];
        parallel.range(count, GRAIN, (from, to) -> DoubleUpdates.sgd(sgd, lr, w, dw, from, to));
      }
      case Update.Adam adam -> {
        double[] m = Operands.f64(operands.get(1));
        double[] v = Operands.f64(operands.get(2));
        double[] dw = Operands.f64(operands.get(3));
        AdamStep step =
            AdamStep.of(adam, Operands.f64(operands.get(4))[0], Operands.i32(operands.get(5))[0]);
        parallel.range(count, GRAIN, (from, to) -> DoubleUpdates.adam(step, w, m, v, dw, from, to));
      }
      case Update.Momentum momentum -> {
        TensorsF64 t = TensorsF64.of(operands);
        parallel.range(
            count,
            GRAIN,
            (from, to) -> DoubleUpdates.momentum(momentum, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.Adagrad adagrad -> {
        TensorsF64 t = TensorsF64.of(operands);
        parallel.range(
            count,
            GRAIN,
            (from, to) -> DoubleUpdates.adagrad(adagrad, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.RmsProp rmsProp -> {
        TensorsF64 t = TensorsF64.of(operands);
        parallel.range(
            count,
            GRAIN,
            (from, to) -> DoubleUpdates.rmsProp(rmsProp, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.Lion lion -> {
        TensorsF64 t = TensorsF64.of(operands);
        parallel.range(
            count, GRAIN, (from, to) -> DoubleUpdates.lion(lion, t.lr, t.w, t.s, t.dw, from, to));
      }
      case Update.Increment _,
          Update.NextDraw _,
          Update.Many _,
          Update.IncrementIfFinite _,
          Update.LossScale _ ->
          throw refused(op, operands.getFirst().dtype());
    }
  }

  /** The operands of an optimizer with one state. */
  private record TensorsF64(double[] w, double[] s, double[] dw, double lr) {
    static TensorsF64 of(List<Operand> operands) {
      return new TensorsF64(
          Operands.f64(operands.get(0)),
          Operands.f64(operands.get(1)),
          Operands.f64(operands.get(2)),
          Operands.f64(operands.get(3))[0]);
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
