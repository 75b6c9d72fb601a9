package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import org.openjdk.jmh.annotations.Param;

/** Activations of an MLP, and of a GPT's MLP. */
public class ElementwiseBenchmark extends CallBenchmark {
  @Param({"128x512", "2048x1024"})
  public String shape;

  @Param({
    "add",
    "add_stretched",
    "mul",
    "relu",
    "relu_grad",
    "gelu_tanh",
    "gelu_tanh_grad",
    "bias_gelu_tanh",
    "bias_gelu_tanh_grad"
  })
  public String op;

  @Override
  Call call(Operands operands) {
    Operand x = operands.uniform(Specification.of(shape).type());
    Operand other = operands.uniform(x.type());
    Operand row = operands.uniform(x.shape().length(1));
    return switch (op) {
      case "add" -> operands.call(new Elementwise.Add(), x, other);
      case "add_stretched" -> operands.call(new Elementwise.Add(), x, row);
      case "mul" -> operands.call(new Elementwise.Mul(), x, other);
      case "relu" -> operands.call(new Elementwise.Relu(), x);
      case "relu_grad" -> operands.call(new Elementwise.ReluGrad(), x, other);
      case "gelu_tanh" -> operands.call(new Elementwise.GeluTanh(), x);
      case "gelu_tanh_grad" -> operands.call(new Elementwise.GeluTanhGrad(), x, other);
      case "bias_gelu_tanh" -> operands.call(new Fused.BiasGeluTanh(), x, row);
      case "bias_gelu_tanh_grad" -> operands.call(new Fused.BiasGeluTanhGrad(), x, row, other);
      default -> throw new IllegalArgumentException("op: not one of elementwise, got " + op);
    };
  }
}
