package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.op.Fused;
import java.util.List;

/** What could be composed, in one pass. */
final class CudaFused {
  private final Queue queue;
  private final RowNorms rowNorms;

  CudaFused(Queue queue) {
    this.queue = queue;
    rowNorms = new RowNorms(queue);
  }

  void run(Fused op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Fused.BiasGeluTanh _ -> biased(op, BIAS_GELU_TANH_F32, in, out.getFirst());
      case Fused.BiasGeluTanhGrad _ -> biased(op, BIAS_GELU_TANH_GRAD_F32, in, out.getFirst());
      case Fused.ResidualLayerNorm norm ->
          rowNorms.forward(
              SHORT_RESIDUAL_LAYER_NORM_F32, RESIDUAL_LAYER_NORM_F32, norm.epsilon(), in, out);
      case Fused.ResidualLayerNormGrad _ ->
          rowNorms.gradients(RESIDUAL_LAYER_NORM_GRAD_F32, in, out);
    }
  }

  /** inputs: x, b and perhaps more like x. */
  private void biased(Fused op, Kernel kernel, List<Operand> in, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    Strides strides = Strides.stretched(op.name(), y.shape(), in.get(0).shape(), in.get(1).shape());
    Launch launch = queue.kernel(kernel.in(y.dtype()));
    in.forEach(launch::read);
    launch.write(y).int64(y.elements()).overBox(y.dtype(), strides);
  }
}
