package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Linear;
import dev.tandem.op.Reduction;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.stream.IntStream;

/** What could be composed, in one pass. */
final class CudaFused {
  private final Queue queue;
  private final CudaLinear linear;
  private final CudaElementwise elementwise;
  private final CudaReduction reduction;
  private final RowNorms rowNorms;

  CudaFused(Queue queue, CudaLinear linear, CudaElementwise elementwise, CudaReduction reduction) {
    this.queue = queue;
    this.linear = linear;
    this.elementwise = elementwise;
    this.reduction = reduction;
    rowNorms = new RowNorms(queue);
  }

  void run(Fused op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Fused.BiasedMatmul matmul ->
          product(op, new Linear.Matmul(false, true), matmul.relu(), in, out.getFirst());
      case Fused.BiasedConv2d conv ->
          product(op, new Linear.Conv2d(conv.geometry()), conv.relu(), in, out.getFirst());
      case Fused.ReluGradSum _ -> reluGradSum(in, out);
      case Fused.BiasGeluTanh _ ->
          biased(op, BIAS_GELU_TANH_F32, in, in.get(1).shape(), out.getFirst());
      case Fused.BiasGeluTanhGrad _ ->
          biased(op, BIAS_GELU_TANH_GRAD_F32, in, in.get(1).shape(), out.getFirst());
      case Fused.ResidualLayerNorm norm ->
          rowNorms.forward(
              SHORT_RESIDUAL_LAYER_NORM_F32, RESIDUAL_LAYER_NORM_F32, norm.epsilon(), in, out);
      case Fused.ResidualLayerNormGrad _ ->
          rowNorms.gradients(RESIDUAL_LAYER_NORM_GRAD_F32, in, out);
    }
  }

  /** The product of the first two, then the bias over axis 1: cuBLAS itself adds none. */
  private void product(Fused op, Linear plain, boolean relu, List<Operand> in, Operand y) {
    try (Scratch scratch = queue.scratch(y.type().bytes(), op.name() + ", the product")) {
      Operand product = new Operand(y.type(), scratch);
      linear.run(plain, in.subList(0, 2), List.of(product));
      Shape bias = in.get(2).shape();
      for (int axis = 2; axis < y.shape().rank(); axis++) {
        bias = bias.then(Shape.of(1));
      }
      biased(op, relu ? BIAS_RELU_F32 : ADD_F32, List.of(product, in.get(2)), bias, y);
    }
  }

  private void reluGradSum(List<Operand> in, List<Operand> out) {
    Operand dz = out.getFirst();
    elementwise.run(new Elementwise.ReluGrad(), in, dz);
    List<Integer> others =
        IntStream.range(0, dz.shape().rank()).filter(axis -> axis != 1).boxed().toList();
    reduction.run(new Reduction.Sum(others, false), List.of(dz), out.subList(1, 2));
  }

  /** inputs: x, b, which stands for this shape, and perhaps more like x. */
  private void biased(Fused op, Kernel kernel, List<Operand> in, Shape bias, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    Strides strides = Strides.stretched(op.name(), y.shape(), in.getFirst().shape(), bias);
    Launch launch = queue.kernel(kernel.in(y.dtype()));
    in.forEach(launch::read);
    launch.write(y).int64(y.elements()).overBox(y.dtype(), strides);
  }
}
