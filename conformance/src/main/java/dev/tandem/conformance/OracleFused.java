package dev.tandem.conformance;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Fused.BiasGeluTanh;
import dev.tandem.op.Fused.BiasGeluTanhGrad;
import dev.tandem.op.Fused.BiasedConv2d;
import dev.tandem.op.Fused.BiasedMatmul;
import dev.tandem.op.Fused.ReluGradSum;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Fused.ResidualLayerNormGrad;
import dev.tandem.op.Linear;
import dev.tandem.op.Normalization;
import dev.tandem.op.Reduction;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** The definition of the fused ops: what they are composed of, by the oracle of each. */
final class OracleFused {
  private OracleFused() {}

  /** @param kept how what is computed on the way is kept, where the op leaves that open */
  static List<double[]> run(Fused op, List<Values> in, DoubleUnaryOperator kept) {
    return switch (op) {
      case BiasedMatmul m -> List.of(biased(new Linear.Matmul(false, true), m.relu(), in, kept));
      case BiasedConv2d c -> List.of(biased(new Linear.Conv2d(c.geometry()), c.relu(), in, kept));
      case ReluGradSum _ -> reluGradSum(in);
      case BiasGeluTanh _ ->
          List.of(Oracle.run(new Elementwise.GeluTanh(), List.of(biased(in))).getFirst().data());
      case BiasGeluTanhGrad _ ->
          List.of(
              Oracle.run(new Elementwise.GeluTanhGrad(), List.of(biased(in), in.get(2)))
                  .getFirst()
                  .data());
      case ResidualLayerNorm norm -> residualLayerNorm(norm, in);
      case ResidualLayerNormGrad _ -> residualLayerNormGrad(in);
    };
  }

  private static double[] biased(
      Linear op, boolean relu, List<Values> in, DoubleUnaryOperator kept) {
    Values product = Oracle.run(op, in.subList(0, 2)).getFirst();
    int channels = product.shape().length(1);
    long inner = product.shape().elements(2, product.shape().rank());
    double[] y = product.data();
    for (int i = 0; i < y.length; i++) {
      double sum = kept.applyAsDouble(y[i]) + in.get(2).data()[(int) (i / inner % channels)];
      y[i] = relu && sum < 0 ? 0 : sum;
    }
    return y;
  }

  private static List<double[]> reluGradSum(List<Values> in) {
    Values dz = Oracle.run(new Elementwise.ReluGrad(), in).getFirst();
    List<Integer> others =
        IntStream.range(0, dz.shape().rank()).filter(axis -> axis != 1).boxed().toList();
    Values db = Oracle.run(new Reduction.Sum(others, false), List.of(dz)).getFirst();
    return List.of(dz.data(), db.data());
  }

  /** x + b, not rounded. */
  private static Values biased(List<Values> in) {
    return sum(in.get(0), in.get(1));
  }

  private static Values sum(Values x, Values y) {
    return Oracle.run(new Elementwise.Add(), List.of(x, y)).getFirst();
  }

  private static List<double[]> residualLayerNorm(ResidualLayerNorm op, List<Values> in) {
    Values exact = sum(in.get(0), in.get(1));
    // Part of the definition: the backward op has the sum as it was kept, not as it was.
    Values sum = exact.dtype().half() ? exact.asComputed() : exact;
    List<Values> norm =
        Oracle.run(new Normalization.LayerNorm(op.epsilon()), List.of(sum, in.get(2), in.get(3)));
    return List.of(norm.get(0).data(), sum.data(), norm.get(1).data(), norm.get(2).data());
  }

  private static List<double[]> residualLayerNormGrad(List<Values> in) {
    List<Values> norm = Oracle.run(new Normalization.LayerNormGrad(), in.subList(0, 5));
    return List.of(sum(norm.getFirst(), in.get(5)).data(), norm.get(1).data(), norm.get(2).data());
  }
}
