package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/**
 * Runs what works element by element: F32 in loops of {@link Kernels} and {@link PlainLoops}, F64 by {@link
 * DoubleMath}.
 */
final class CpuElementwise {
  // Chunks that fit the second-level cache with their operands, and outweigh a handover between
  // threads.
  private static final int GRAIN = 1 << 14;
  // What takes exp takes ten times as long.
  private static final int HEAVY_GRAIN = 1 << 12;

  /** One function's own loop; a loop that took the function as a parameter would be many times slower. */
  private interface Loop {
    void run(float[] x, float[] y, int from, int to);
  }

  private interface ChainLoop {
    void run(float[] forward, float[] dy, float[] dx, int from, int to);
  }

  private final Parallel parallel;
  private final BufferPool pool;
  private final Kernels kernels = Kernels.best();
  private final Halves halves;

  CpuElementwise(Parallel parallel, BufferPool pool) {
    this.parallel = parallel;
    this.pool = pool;
    this.halves = new Halves(parallel);
  }

  void run(Elementwise op, List<Operand> in, List<Operand> out) {
    Operand y = out.getFirst();
    switch (op) {
      case Elementwise.Unary unary -> unary(unary, in.getFirst(), y);
      case Elementwise.Chain chain -> chain(chain, in.get(0), in.get(1), y);
      case Elementwise.Binary binary -> binary(binary, in.get(0), in.get(1), y);
      case Elementwise.Comparison comparison -> compare(comparison, in.get(0), in.get(1), y);
      case Elementwise.Select _ -> select(in, y);
      case Elementwise.Cast _ -> cast(in.getFirst(), y);
    }
  }

  private void unary(Elementwise.Unary op, Operand x, Operand y) {
    switch (y.dtype()) {
      case F32 -> unaryF32(op, Operands.f32(x), Operands.f32(y), Operands.elements(y));
      case F64 -> unaryF64(op, Operands.f64(x), Operands.f64(y), Operands.elements(y));
      case BF16, F16, I32, U8 -> throw refused(op, y.dtype());
    }
  }

  private void unaryF32(Elementwise.Unary op, float[] x, float[] y, int elements) {
    switch (op) {
      case Elementwise.Affine affine -> {
        float scale = (float) affine.scale();
        float shift = (float) affine.shift();
        parallel.range(
            elements, GRAIN, (from, to) -> PlainLoops.affine(scale, shift, x, y, from, to));
      }
      case Elementwise.Exp _ -> heavy(kernels::exp, x, y, elements);
      case Elementwise.Log _ -> heavy(kernels::log, x, y, elements);
      case Elementwise.Sqrt _ -> light(PlainLoops::sqrt, x, y, elements);
      case Elementwise.Rsqrt _ -> light(PlainLoops::rsqrt, x, y, elements);
      case Elementwise.Pow pow ->
          parallel.range(
              elements, HEAVY_GRAIN, (from, to) -> PlainLoops.pow(pow.exponent(), x, y, from, to));
      case Elementwise.Abs _ -> light(PlainLoops::abs, x, y, elements);
      case Elementwise.Sign _ -> light(PlainLoops::sign, x, y, elements);
      case Elementwise.Clamp clamp -> {
        float low = (float) clamp.low();
        float high = (float) clamp.high();
        parallel.range(elements, GRAIN, (from, to) -> PlainLoops.clamp(low, high, x, y, from, to));
      }
      case Elementwise.Relu _ -> light(PlainLoops::relu, x, y, elements);
      case Elementwise.LeakyRelu leaky -> {
        float slope = (float) leaky.slope();
        parallel.range(elements, GRAIN, (from, to) -> PlainLoops.leakyRelu(slope, x, y, from, to));
      }
      case Elementwise.Sigmoid _ -> heavy(kernels::sigmoid, x, y, elements);
      case Elementwise.Tanh _ -> heavy(kernels::tanh, x, y, elements);
      case Elementwise.GeluTanh _ -> heavy(kernels::geluTanh, x, y, elements);
      case Elementwise.GeluErf _ -> heavy(kernels::geluErf, x, y, elements);
      case Elementwise.Silu _ -> heavy(kernels::silu, x, y, elements);
      case Elementwise.Softplus _ -> heavy(kernels::softplus, x, y, elements);
    }
  }

  private void light(Loop loop, float[] x, float[] y, int elements) {
    parallel.range(elements, GRAIN, (from, to) -> loop.run(x, y, from, to));
  }

  private void heavy(Loop loop, float[] x, float[] y, int elements) {
    parallel.range(elements, HEAVY_GRAIN, (from, to) -> loop.run(x, y, from, to));
  }

  private void unaryF64(Elementwise.Unary op, double[] x, double[] y, int elements) {
    DoubleUnaryOperator function = DoubleMath.function(op);
    parallel.range(
        elements,
        HEAVY_GRAIN,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            y[i] = function.applyAsDouble(x[i]);
          }
        });
  }

  private void chain(Elementwise.Chain op, Operand forward, Operand dy, Operand dx) {
    int elements = Operands.elements(dx);
    switch (dx.dtype()) {
      case F32 -> {
        ChainLoop loop = loop(op);
        float[] x = Operands.f32(forward);
        float[] slope = Operands.f32(dy);
        float[] y = Operands.f32(dx);
        parallel.range(elements, HEAVY_GRAIN, (from, to) -> loop.run(x, slope, y, from, to));
      }
      case F64 -> {
        DoubleBinaryOperator function = DoubleMath.function(op);
        double[] x = Operands.f64(forward);
        double[] slope = Operands.f64(dy);
        double[] y = Operands.f64(dx);
        parallel.range(
            elements,
            HEAVY_GRAIN,
            (from, to) -> {
              for (int i = from; i < to; i++) {
                y[i] = function.applyAsDouble(x[i], slope[i]);
              }
            });
      }
      case BF16, F16, I32, U8 -> throw refused(op, dx.dtype());
    }
  }

  private ChainLoop loop(Elementwise.Chain op) {
    return switch (op) {
      case Elementwise.ReluGrad _ -> kernels::reluGrad;
      case Elementwise.LeakyReluGrad leaky -> {
        float slope = (float) leaky.slope();
        yield (x, dy, dx, from, to) -> kernels.leakyReluGrad(slope, x, dy, dx, from, to);
      }
      case Elementwise.SigmoidGrad _ -> PlainLoops::sigmoidGrad;
      case Elementwise.TanhGrad _ -> PlainLoops::tanhGrad;
      case Elementwise.GeluTanhGrad _ -> kernels::geluTanhGrad;
      case Elementwise.GeluErfGrad _ -> kernels::geluErfGrad;
      case Elementwise.SiluGrad _ -> kernels::siluGrad;
    };
  }

  private void binary(Elementwise.Binary op, Operand a, Operand b, Operand y) {
    Stretched left = new Stretched(pool, a, y.shape());
    Stretched right = new Stretched(pool, b, y.shape());
    switch (y.dtype()) {
      case F32 -> {
        float[] sum = Operands.f32(y);
        blocks(
            left,
            right,
            y,
            (v, w, from, count) ->
                kernels.binary(
                    op,
                    (float[]) v.array(),
                    v.at(),
                    (float[]) w.array(),
                    w.at(),
                    sum,
                    from,
                    count));
      }
      case F64 -> {
        double[] sum = Operands.f64(y);
        DoubleBinaryOperator function = DoubleMath.function(op);
        blocks(
            left,
            right,
            y,
            (v, w, from, count) -> {
              double[] x = (double[]) v.array();
              double[] z = (double[]) w.array();
              for (int i = 0; i < count; i++) {
                sum[from + i] = function.applyAsDouble(x[v.at() + i], z[w.at() + i]);
              }
            });
      }
      case BF16, F16, I32, U8 -> throw refused(op, y.dtype());
    }
  }

  /**
   * Through doubles, which hold every element type exactly; comparisons are too rare in training for loops of
   * their own.
   */
  private void compare(Elementwise.Comparison op, Operand a, Operand b, Operand y) {
    byte[] holds = Operands.u8(y);
    blocks(
        new Stretched(pool, a, y.shape()),
        new Stretched(pool, b, y.shape()),
        y,
        (v, w, from, count) -> {
          double[] left = (double[]) pool.borrow(DType.F64, Stretched.BLOCK);
          double[] right = (double[]) pool.borrow(DType.F64, Stretched.BLOCK);
          Elements.load(a.dtype(), v.array(), v.at(), left, count);
          Elements.load(b.dtype(), w.array(), w.at(), right, count);
          for (int i = 0; i < count; i++) {
            boolean relation =
                switch (op) {
                  case Elementwise.Equal _ -> left[i] == right[i];
                  case Elementwise.Less _ -> left[i] < right[i];
                  case Elementwise.LessEqual _ -> left[i] <= right[i];
                };
            holds[from + i] = (byte) (relation ? 1 : 0);
          }
          pool.release(DType.F64, left);
          pool.release(DType.F64, right);
        });
  }

  private void select(List<Operand> in, Operand y) {
    Shape wide = y.shape();
    Stretched condition = new Stretched(pool, in.getFirst(), wide);
    Object chosen = Operands.array(y);
    blocks(
        new Stretched(pool, in.get(1), wide),
        new Stretched(pool, in.get(2), wide),
        y,
        (v, w, from, count) -> {
          try (Stretched.Window window = condition.window()) {
            window.move(from, count);
            byte[] which = (byte[]) window.array();
            Elements.select(
                which, window.at(), v.array(), v.at(), w.array(), w.at(), chosen, from, count);
          }
        });
  }

  private void cast(Operand x, Operand y) {
    Object source = Operands.array(x);
    Object target = Operands.array(y);
    int elements = Operands.elements(y);
    if (x.dtype() == y.dtype()) {
      parallel.range(
          elements, GRAIN, (from, to) -> System.arraycopy(source, from, target, from, to - from));
      return;
    }
    if (x.dtype().half() && y.dtype() == DType.F32) {
      halves.widen(x, (float[]) target);
      return;
    }
    if (x.dtype() == DType.F32 && y.dtype().half()) {
      halves.round((float[]) source, y);
      return;
    }
    parallel.range(
        elements,
        GRAIN,
        (from, to) -> {
          double[] numbers = (double[]) pool.borrow(DType.F64, Stretched.BLOCK);
          for (int at = from, count; at < to; at += count) {
            count = Math.min(Stretched.BLOCK, to - at);
            Elements.load(x.dtype(), source, at, numbers, count);
            Elements.store(numbers, y.dtype(), target, at, count);
          }
          pool.release(DType.F64, numbers);
        });
  }

  private interface Block {
    void run(Stretched.Window a, Stretched.Window b, int from, int count);
  }

  /** Runs over y in blocks, with both operands as wide as y. */
  private void blocks(Stretched a, Stretched b, Operand y, Block block) {
    parallel.range(
        Operands.elements(y),
        GRAIN,
        (from, to) -> {
          try (Stretched.Window left = a.window();
              Stretched.Window right = b.window()) {
            for (int at = from, count; at < to; at += count) {
              count = Math.min(Stretched.BLOCK, to - at);
              left.move(at, count);
              right.move(at, count);
              block.run(left, right, at, count);
            }
          }
        });
  }

  private static BackendException refused(Elementwise op, DType dtype) {
    return new BackendException(
        "cpu: "
            + op.name()
            + " is not computed with this element type, got "
            + dtype
            + "; cast to F32");
  }
}
