package dev.tandem.conformance;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Fused.BiasGeluTanh;
import dev.tandem.op.Fused.BiasGeluTanhGrad;
import dev.tandem.op.Fused.ResidualLayerNorm;
import dev.tandem.op.Fused.ResidualLayerNormGrad;
import dev.tandem.op.Normalization;
import java.util.List;

/** The definition of the fused ops: what they are composed of, by the oracle of each. */
final class OracleFused {
  private OracleFused() {}

  static List<double[]> run(Fused op, List<Values> in) {
    return switch (op) {
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
