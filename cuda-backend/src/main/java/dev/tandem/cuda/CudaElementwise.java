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
          stretched(select, Operands.byWidth(op.name(), y.dtype(), SELECT_B32, SELECT_B8), in, y);
      case Elementwise.Cast _ -> cast(in.getFirst(), y);
    }
  }

  private void unary(Elementwise.Unary op, Operand x, Operand y) {
    Operands.requireF32(op.name(), y);
    switch (op) {
      case Elementwise.Affine affine ->
          map(AFFINE_F32, x, y)
              .float32(affine.scale())
              .float32(affine.shift())
              .overQuads(y.elements());
      case Elementwise.Exp _ -> map(EXP_F32, x, y).overQuads(y.elements());
      case Elementwise.Log _ -> map(LOG_F32, x, y).overQuads(y.elements());
      case Elementwise.Sqrt _ -> map(SQRT_F32, x, y).overQuads(y.elements());
      case Elementwise.Rsqrt _ -> map(RSQRT_F32, x, y).overQuads(y.elements());
      case Elementwise.Pow pow ->
          map(POW_F32, x, y).float32(pow.exponent()).overQuads(y.elements());
      case Elementwise.Abs _ -> map(ABS_F32, x, y).overQuads(y.elements());
      case Elementwise.Sign _ -> map(SIGN_F32, x, y).overQuads(y.elements());
      case Elementwise.Clamp clamp ->
          map(CLAMP_F32, x, y).float32(clamp.low()).float32(clamp.high()).overQuads(y.elements());
      case Elementwise.Relu _ -> map(RELU_F32, x, y).overQuads(y.elements());
      case Elementwise.LeakyRelu leaky ->
          map(LEAKY_RELU_F32, x, y).float32(leaky.slope()).overQuads(y.elements());
      case Elementwise.Sigmoid _ -> map(SIGMOID_F32, x, y).overQuads(y.elements());
      case Elementwise.Tanh _ -> map(TANH_F32, x, y).overQuads(y.elements());
      case Elementwise.GeluTanh _ -> map(GELU_TANH_F32, x, y).overQuads(y.elements());
      case Elementwise.GeluErf _ -> map(GELU_ERF_F32, x, y).overQuads(y.elements());
      case Elementwise.Silu _ -> map(SILU_F32, x, y).overQuads(y.elements());
      case Elementwise.Softplus _ -> map(SOFTPLUS_F32, x, y).overQuads(y.elements());
    }
  }

  private Launch map(Kernel kernel, Operand x, Operand y) {
    return queue.kernel(kernel).read(x).write(y).int64(y.elements());
  }

  private void chain(Elementwise.Chain op, Operand forward, Operand dy, Operand dx) {
    Operands.requireF32(op.name(), dx);
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
    Launch launch = queue.kernel(kernel).read(forward).read(dy).write(dx).int64(dx.elements());
    if (op instanceof Elementwise.LeakyReluGrad leaky) {
      launch.float32(leaky.slope());
    }
    launch.overQuads(dx.elements());
  }

  private static Kernel kernel(Elementwise.Binary op, Operand y) {
    Operands.requireF32(op.name(), y);
    return switch (op) {
      case Elementwise.Add _ -> ADD_F32;
      case Elementwise.Sub _ -> SUB_F32;
      case Elementwise.Mul _ -> MUL_F32;
      case Elementwise.Div _ -> DIV_F32;
      case Elementwise.Maximum _ -> MAXIMUM_F32;
      case Elementwise.Minimum _ -> MINIMUM_F32;
    };
  }

  private static Kernel kernel(Elementwise.Comparison op, DType dtype) {
    return switch (op) {
      case Elementwise.Equal _ -> of(op, dtype, EQUAL_F32, EQUAL_I32, EQUAL_U8);
      case Elementwise.Less _ -> of(op, dtype, LESS_F32, LESS_I32, LESS_U8);
      case Elementwise.LessEqual _ -> of(op, dtype, LESS_EQUAL_F32, LESS_EQUAL_I32, LESS_EQUAL_U8);
    };
  }

  private static Kernel of(Elementwise op, DType dtype, Kernel f32, Kernel i32, Kernel u8) {
    return switch (dtype) {
      case F32 -> f32;
      case I32 -> i32;
      case U8 -> u8;
      case F64, BF16, F16 -> throw Operands.refused(op.name(), dtype);
    };
  }

  private void stretched(Elementwise op, Kernel kernel, List<Operand> in, Operand y) {
    Strides strides =
        Strides.stretched(
            op.name(),
            y.shape(),
            in.stream().map(Operand::shape).toArray(dev.tandem.shape.Shape[]::new));
    Launch launch = queue.kernel(kernel);
    in.forEach(launch::read);
    launch.write(y).int64(y.elements()).overBox(strides);
  }

  private void cast(Operand x, Operand y) {
    if (x.dtype() == y.dtype()) {
      queue.copy(y, x);
      return;
    }
    Kernel kernel =
        switch (x.dtype()) {
          case F32 -> y.dtype() == DType.I32 ? CAST_F32_I32 : CAST_F32_U8;
          case I32 -> y.dtype() == DType.F32 ? CAST_I32_F32 : CAST_I32_U8;
          case U8 -> y.dtype() == DType.F32 ? CAST_U8_F32 : CAST_U8_I32;
          case F64, BF16, F16 -> throw Operands.refused("cast", x.dtype());
        };
    map(kernel, x, y).overQuads(y.elements());
  }
}
