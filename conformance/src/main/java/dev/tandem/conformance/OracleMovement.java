package dev.tandem.conformance;

import dev.tandem.op.Creation;
import dev.tandem.op.Creation.Fill;
import dev.tandem.op.Movement;
import dev.tandem.op.Movement.Concat;
import dev.tandem.op.Movement.Expand;
import dev.tandem.op.Movement.Pad;
import dev.tandem.op.Movement.Permute;
import dev.tandem.op.Movement.Reshape;
import dev.tandem.op.Movement.Slice;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.List;

/** The definition of the ops that move elements, and of those that make them from nothing. */
final class OracleMovement {
  private OracleMovement() {}

  static List<double[]> run(Creation op) {
    return switch (op) {
      case Fill fill -> {
        double[] y = new double[Positions.elements(fill.type().shape())];
        Arrays.fill(y, Rounding.to(fill.type().dtype(), fill.value()));
        yield List.of(y);
      }
    };
  }

  static double[] run(Movement op, List<Values> inputs, TensorType output) {
    Values x = inputs.getFirst();
    Shape to = output.shape();
    double[] y = new double[Positions.elements(to)];
    for (int i = 0; i < y.length; i++) {
      int[] place = Positions.place(to, i);
      y[i] =
          switch (op) {
            case Reshape _ -> x.data()[i];
            case Expand _ -> x.data()[Positions.stretched(x.shape(), place)];
            case Permute permute -> {
              int[] from = new int[place.length];
              for (int axis = 0; axis < place.length; axis++) {
                from[permute.order().get(axis)] = place[axis];
              }
              yield x.data()[Positions.number(x.shape(), from)];
            }
            case Slice slice -> {
              for (int axis = 0; axis < place.length; axis++) {
                place[axis] += slice.start().get(axis);
              }
              yield x.data()[Positions.number(x.shape(), place)];
            }
            case Pad pad -> {
              boolean inside = true;
              for (int axis = 0; axis < place.length; axis++) {
                place[axis] -= pad.before().get(axis);
                inside &= place[axis] >= 0 && place[axis] < x.shape().length(axis);
              }
              yield inside
                  ? x.data()[Positions.number(x.shape(), place)]
                  : Rounding.to(output.dtype(), pad.value());
            }
            case Concat concat -> {
              int axis = to.axis("concat", concat.axis());
              int source = 0;
              while (place[axis] >= inputs.get(source).shape().length(axis)) {
                place[axis] -= inputs.get(source++).shape().length(axis);
              }
              yield inputs.get(source).data()[Positions.number(inputs.get(source).shape(), place)];
            }
          };
    }
    return y;
  }
}
