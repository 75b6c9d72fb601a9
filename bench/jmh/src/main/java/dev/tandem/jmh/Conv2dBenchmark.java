package dev.tandem.jmh;

import dev.tandem.op.Linear;
import dev.tandem.op.Size2d;
import dev.tandem.shape.TensorType;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/** x, then :o channels out, :k kernel, :s stride (1), :p padding (0). */
public class Conv2dBenchmark extends CallBenchmark {
  @Param({
    // a CNN of two layers
    "64x1x28x28:o32:k3",
    "64x32x13x13:o64:k3",
    // ResNet-18 for images of 32 x 32
    "64x3x32x32:o64:k3:p1",
    "64x64x32x32:o64:k3:p1",
    "64x64x32x32:o128:k3:s2:p1",
    "64x64x32x32:o128:k1:s2",
    "64x128x16x16:o128:k3:p1",
    "64x256x8x8:o256:k3:p1",
    "64x512x4x4:o512:k3:p1"
  })
  public String shape;

  @Param({"forward", "dw", "dx"})
  public String pass;

  @Override
  Call call(Operands operands) {
    Specification given = Specification.of(shape);
    int kernel = given.number("k", 3);
    Linear.Conv2dGeometry geometry =
        new Linear.Conv2dGeometry(
            Size2d.of(given.number("s", 1)), Size2d.of(given.number("p", 0)), Size2d.of(1), 1);
    TensorType x = given.type();
    TensorType w = TensorType.f32(given.number("o", 1), x.shape().length(1), kernel, kernel);
    Linear.Conv2d forward = new Linear.Conv2d(geometry);
    TensorType y = forward.outputs(List.of(x, w)).getFirst();
    return switch (pass) {
      case "forward" -> operands.call(forward, operands.uniform(x), operands.uniform(w));
      case "dw" ->
          operands.call(
              new Linear.Conv2dGradWeight(geometry, w.shape()),
              operands.uniform(x),
              operands.uniform(y));
      case "dx" ->
          operands.call(
              new Linear.Conv2dGradInput(geometry, x.shape()),
              operands.uniform(w),
              operands.uniform(y));
      default -> throw new IllegalArgumentException("pass: forward, dw or dx, got " + pass);
    };
  }
}
