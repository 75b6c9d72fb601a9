package dev.tandem.jmh;

import dev.tandem.op.Linear;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import org.openjdk.jmh.annotations.Param;

/** M x K x N, with :at and :bt for transposed operands and :bf16. */
public class GemmBenchmark extends CallBenchmark {
  @Param({
    "64x64x64",
    "128x128x128",
    "256x256x256",
    "512x512x512",
    "1024x1024x1024",
    "2048x2048x2048",
    // an MLP of 784-512-512-10: forward, dw, dx
    "128x784x512:bt",
    "128x512x512:bt",
    "128x512x10:bt",
    "512x128x784:at",
    "512x128x512:at",
    "10x128x512:at",
    "128x512x512",
    "128x10x512",
    "32x784x512:bt",
    "512x32x784:at",
    // a GPT of width 256, 16 sequences of 128: queries, keys and values, their gradients, its MLP
    "2048x256x768:bt",
    "768x2048x256:at",
    "2048x768x256",
    "2048x256x1024:bt",
    "2048x1024x256:bt",
    // tiny, one row, tall and skinny
    "8x8x8",
    "16x16x16",
    "1x512x512:bt",
    "43264x9x32",
    "8192x64x16",
    "512x512x512:bf16",
    "128x784x512:bt:bf16"
  })
  public String shape;

  @Override
  Call call(Operands operands) {
    Specification given = Specification.of(shape);
    int[] lengths = given.lengths(3);
    int m = lengths[0];
    int k = lengths[1];
    int n = lengths[2];
    boolean ta = given.has("at");
    boolean tb = given.has("bt");
    DType dtype = given.has("bf16") ? DType.BF16 : DType.F32;
    return operands.call(
        new Linear.Matmul(ta, tb),
        operands.uniform(new TensorType(dtype, ta ? Shape.of(k, m) : Shape.of(m, k))),
        operands.uniform(new TensorType(dtype, tb ? Shape.of(n, k) : Shape.of(k, n))));
  }
}
