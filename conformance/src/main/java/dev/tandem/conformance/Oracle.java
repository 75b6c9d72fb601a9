package dev.tandem.conformance;

import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * The definition of every op, in double, by plain loops, with no thought of speed and no line shared with a
 * backend.
 *
 * <p>Results are not rounded to their floating-point type: they are what an op should give, not what the type
 * can hold. Only {@code cast} rounds, for rounding is what it does. Backward ops have no formulas of their own
 * where it can be avoided, in one of two ways. Smooth ones are the {@link Slope} of their forward. Linear ones
 * (convolution, average pooling, embedding, gather) are written once as the list of which input element meets
 * which output element; the forward and its gradients walk the same list.
 */
final class Oracle {
  private Oracle() {}

  /** The results of the op for these inputs, in the order of {@link Op#outputs}. */
  static List<Values> run(Op op, List<Values> inputs) {
    List<TensorType> types = op.outputs(inputs.stream().map(Values::type).toList());
    List<double[]> results =
        switch (op) {
          case Creation creation -> OracleMovement.run(creation);
          case Elementwise elementwise ->
              List.of(OracleElementwise.run(elementwise, inputs, types.getFirst()));
          case Reduction reduction ->
              List.of(OracleReduction.run(reduction, inputs, types.getFirst()));
          case Linear linear -> List.of(OracleLinear.run(linear, inputs, types.getFirst()));
          case Pooling pooling -> OraclePooling.run(pooling, inputs, types.getFirst());
          case Movement movement -> List.of(OracleMovement.run(movement, inputs, types.getFirst()));
          case Indexing indexing -> List.of(OracleIndexing.run(indexing, inputs, types.getFirst()));
          case Normalization normalization -> OracleNormalization.run(normalization, inputs);
          case Loss loss -> OracleLoss.run(loss, inputs);
          case Sequence sequence -> OracleSequence.run(sequence, inputs, exact -> exact);
          case Fused fused -> OracleFused.run(fused, inputs, exact -> exact);
          case Stochastic stochastic -> OracleStochastic.run(stochastic, inputs);
        };
    return results(op, inputs, results);
  }

  /** The op with what each of its steps gives rounded to the type of its first input, as if it were composed of them. */
  static List<Values> stepwise(Op op, List<Values> inputs) {
    DType dtype = inputs.getFirst().dtype();
    DoubleUnaryOperator rounded = x -> Rounding.computed(dtype, x);
    return switch (op) {
      case Sequence sequence -> results(op, inputs, OracleSequence.run(sequence, inputs, rounded));
      case Fused fused -> results(op, inputs, OracleFused.run(fused, inputs, rounded));
      default ->
          throw new AssertionError(op.name() + ": rounds nothing on the way; judge it as one step");
    };
  }

  private static List<Values> results(Op op, List<Values> inputs, List<double[]> results) {
    List<TensorType> types = op.outputs(inputs.stream().map(Values::type).toList());
    if (results.size() != types.size()) {
      throw new AssertionError(
          op.name() + ": the oracle gives " + results.size() + " results, not " + types.size());
    }
    return IntStream.range(0, types.size())
        .mapToObj(i -> new Values(types.get(i), results.get(i)))
        .toList();
  }

  /** Applies the update, changing the data of the first {@link Update#written} operands. */
  static void update(Update update, List<Values> operands) {
    update.check(operands.stream().map(Values::type).toList());
    OracleUpdate.run(update, operands);
  }
}
