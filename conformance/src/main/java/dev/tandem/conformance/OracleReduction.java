package dev.tandem.conformance;

import dev.tandem.op.Reduction;
import dev.tandem.op.Reduction.ArgMax;
import dev.tandem.op.Reduction.GlobalNorm;
import dev.tandem.op.Reduction.Max;
import dev.tandem.op.Reduction.Mean;
import dev.tandem.op.Reduction.Min;
import dev.tandem.op.Reduction.Sum;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/**
 * The definition of the reductions: collect what falls on each output element, in row-major order, then fold
 * it.
 */
final class OracleReduction {
  private OracleReduction() {}

  static double[] run(Reduction op, List<Values> inputs, TensorType output) {
    Values x = inputs.getFirst();
    return switch (op) {
      case Sum sum -> fold(x, sum.axes(), output, OracleReduction::sum);
      case Mean mean -> fold(x, mean.axes(), output, values -> sum(values) / values.size());
      case Max max ->
          fold(x, max.axes(), output, values -> values.stream().reduce(Math::max).orElseThrow());
      case Min min ->
          fold(x, min.axes(), output, values -> values.stream().reduce(Math::min).orElseThrow());
      case GlobalNorm _ -> new double[] {norm(inputs)};
      case ArgMax argMax -> fold(x, List.of(argMax.axis()), output, OracleReduction::firstLargest);
    };
  }

  private static double[] fold(
      Values x, List<Integer> axes, TensorType output, ToDoubleFunction<List<Double>> folding) {
    // With or without the folded axes of length 1, elements are numbered alike.
    Shape kept = x.shape();
    for (int axis : axes) {
      kept = kept.with(axis, 1);
    }
    List<List<Double>> folded =
        Stream.generate(() -> (List<Double>) new ArrayList<Double>())
            .limit(output.elements())
            .toList();
    for (int i = 0; i < x.data().length; i++) {
      int[] place = Positions.place(x.shape(), i);
      axes.forEach(axis -> place[axis] = 0);
      folded.get(Positions.number(kept, place)).add(x.data()[i]);
    }
    return folded.stream().mapToDouble(folding).toArray();
  }

  private static double sum(List<Double> values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum;
  }

  private static double norm(List<Values> inputs) {
    return Math.sqrt(
        inputs.stream()
            .flatMapToDouble(x -> Arrays.stream(x.data()))
            .map(value -> value * value)
            .sum());
  }

  private static double firstLargest(List<Double> values) {
    int best = 0;
    for (int i = 0; i < values.size(); i++) {
      if (Double.isNaN(values.get(i))) {
        return i;
      }
      if (values.get(i) > values.get(best)) {
        best = i;
      }
    }
    return best;
  }
}
