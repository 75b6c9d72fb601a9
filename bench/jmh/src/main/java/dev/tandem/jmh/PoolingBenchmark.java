package dev.tandem.jmh;

import dev.tandem.backend.Operand;
import dev.tandem.op.Pooling;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** Windows of 2 x 2. */
public class PoolingBenchmark extends CallBenchmark {
  @Param({"64x32x26x26", "64x64x11x11"})
  public String shape;

  @Param({"max_pool2d", "max_pool2d_grad", "avg_pool2d", "avg_pool2d_grad"})
  public String op;

  @Override
  Call call(Operands operands) {
    Operand x = operands.uniform(Specification.of(shape).type());
    Pooling.Window window = Pooling.Window.of(2);
    Pooling.MaxPool2d max = new Pooling.MaxPool2d(window);
    Pooling.AvgPool2d mean = new Pooling.AvgPool2d(window);
    return switch (op) {
      case "max_pool2d" -> operands.call(max, x);
      case "max_pool2d_grad" -> {
        List<Operand> forward = operands.results(max, x);
        yield operands.call(
            new Pooling.MaxPool2dGrad(window, x.shape()), forward.get(0), forward.get(1));
      }
      case "avg_pool2d" -> operands.call(mean, x);
      case "avg_pool2d_grad" ->
          operands.call(
              new Pooling.AvgPool2dGrad(window, x.shape()), operands.results(mean, x).getFirst());
      default -> throw new IllegalArgumentException("op: not one of pooling, got " + op);
    };
  }
}
