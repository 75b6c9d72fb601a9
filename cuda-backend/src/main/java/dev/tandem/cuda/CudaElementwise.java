package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.shape.DType;
import java.util.List;

/** Works element by element. */
final class CudaElementwise {
  private final Queue queue;

  CudaElementwise(Queue queue) {
    this.queue = queue;
  }

  void run(Elementwise op, List<Operand> in, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    switch (op) {
      case Elementwise.Unary unary -> unary(unary, in.getFirst(), y);
      case Elementwise.Chain chain -> chain(chain, in.get(0), in.get(1), y);
      case Elementwise.Binary binary -> stretched(binary, kernel(binary, y), in, y);
      case Elementwise.Comparison comparison ->
          stretched(comparison, kernel(comparison, in.getFirst().dtype()), in, y);
      case Elementwise.Select select ->
          stretched(
              select,
              Operands.byWidth(op.name(), y.dtype(), SELECT_B32, SELECT_B16, SELECT_B8),
              in,
              y);
      case Elementwise.Cast _ -> cast(in.getFirst(), y);
    }
  }

  private void unary(Elementwise.Unary op, Operand x, Operand y) {
    switch (op) {
      case Elementwise.Affine affine ->
          map(AFFINE_F32, x, y)
              .float32(affine.scale())
              .float32(affine.shift())
              .over(y.elements(), y.dtype());
      case Elementwise.Exp _ -> map(EXP_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Log _ -> map(LOG_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Sqrt _ -> map(SQRT_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Rsqrt _ -> map(RSQRT_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Pow pow ->
          map(POW_F32, x, y).float32(pow.exponent()).over(y.elements(), y.dtype());
      case Elementwise.Abs _ -> map(ABS_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Sign _ -> map(SIGN_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Clamp clamp ->
          map(CLAMP_F32, x, y)
              .float32(clamp.low())
              .float32(clamp.high())
              .over(y.elements(), y.dtype());
      case Elementwise.Relu _ -> map(RELU_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.LeakyRelu leaky ->
          map(LEAKY_RELU_F32, x, y).float32(leaky.slope()).over(y.elements(), y.dtype());
      case Elementwise.Sigmoid _ -> map(SIGMOID_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Tanh _ -> map(TANH_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.GeluTanh _ -> map(GELU_TANH_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.GeluErf _ -> map(GELU_ERF_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Silu _ -> map(SILU_F32, x, y).over(y.elements(), y.dtype());
      case Elementwise.Softplus _ -> map(SOFTPLUS_F32, x, y).over(y.elements(), y.dtype());
    }
  }

  private Launch map(Kernel kernel, Operand x, Operand y) {
    return queue.kernel(kernel.in(y.dtype())).read(x).write(y).int64(y.elements());
  }

  private void chain(Elementwise.Chain op, Operand forward, Operand dy, Operand dx) {
    Kernel kernel =
        switch (op) {
          case Elementwise.ReluGrad _ -> RELU_GRAD_F32;
          case Elementwise.LeakyReluGrad _ -> LEAKY_RELU_GRAD_F32;
          case Elementwise.SigmoidGrad _ -> SIGMOID_GRAD_F32;
          case Elementwise.TanhGrad _ -> TANH_GRAD_F32;
          case Elementwise.GeluTanhGrad _ -> GELU_TANH_GRAD_F32;
          case Elementwise.GeluErfGrad _ -> GELU_ERF_GRAD_F32;
          case Elementwise.SiluGrad _ -> SILU_GRAD_F32;
        };
    Launch launch = queue.kernel(kernel.in(dx.dtype()));
    launch.read(forward).read(dy).write(dx).int64(dx.elements());
    if (op instanceof Elementwise.LeakyReluGrad leaky) {
      launch.float32(leaky.slope());
    }
    launch.over(dx.elements(), dx.dtype());
  }

  private static Kernel kernel(Elementwise.Binary op, Operand y) {
    Kernel kernel =
        switch (op) {
          case Elementwise.Add _ -> ADD_F32;
          case Elementwise.Sub _ -> SUB_F32;
          case Elementwise.Mul _ -> MUL_F32;
          case Elementwise.Div _ -> DIV_F32;
          case Elementwise.Maximum _ -> MAXIMUM_F32;
          case Elementwise.Minimum _ -> MINIMUM_F32;
        };
    return kernel.in(y.dtype());
  }

  private static Kernel kernel(Elementwise.Comparison op, DType dtype) {
    Kernel kernel =
        switch (op) {
          case Elementwise.Equal _ -> EQUAL_F32;
          case Elementwise.Less _ -> LESS_F32;
          case Elementwise.LessEqual _ -> LESS_EQUAL_F32;
        };
    return kernel.in(dtype);
  }

  private void stretched(Elementwise op, Kernel kernel, List<Operand> in, Operand y) {
    Strides strides =
        Strides.stretched(
            op.name(),
            y.shape(),
            in.stream().map(Operand::shape).toArray(dev.tandem.shape.Shape[]::new));
    Launch launch = queue.kernel(kernel);
    in.forEach(launch::read);
    launch.write(y).int64(y.elements()).overBox(in.getLast().dtype(), strides);
  }

  /** Elements of x as those of y. */
  void cast(Operand x, Operand y) {
    if (x.dtype() == y.dtype()) {
      queue.copy(y, x);
      return;
    }
    Kernel of =
        switch (x.dtype()) {
          case F32 -> CAST_F32_I32;
          case BF16 -> CAST_BF16_F32;
          case F16 -> CAST_F16_F32;
          case I32 -> CAST_I32_F32;
          case U8 -> CAST_U8_F32;
          case F64 -> throw Operands.refused("cast", x.dtype());
        };
    int lanes = Math.max(Operands.lanes(x.dtype()), Operands.lanes(y.dtype()));
    queue
        .kernel(of.in(y.dtype()))
        .read(x)
        .write(y)
        .int64(y.elements())
        .over(Math.ceilDiv(y.elements(), lanes));
  }
}
