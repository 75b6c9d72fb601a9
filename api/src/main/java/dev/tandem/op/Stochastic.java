package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * Ops that draw random numbers, from a state that lies on the device so that a captured step draws afresh on each
 * replay. The state is I32 (4): the two words of the Philox key and the two of the draw number, low word first.
 */
public sealed interface Stochastic extends Op {
  /** The type of a generator's state. */
  TensorType STATE = new TensorType(DType.I32, Shape.of(4));

  /**
   * Inverted dropout: y = x * mask / (1 - p), mask 1 with probability 1 - p. inputs: x, state; results: y, mask (U8, x's
   * shape). Element 4b + j is kept if word j of Philox(counter = (b low, b high, draw low, draw high), key) satisfies
   * (word >>> 8) * 2^-24 >= p. Srivastava et al. 2014.
   */
  record Dropout(double p) implements Stochastic {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Dropout {
      Check.attribute(
          p >= 0 && p < 1, "dropout", "the probability must lie in [0, 1)", p, "0 means none");
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "x, state");
      Check.floating(name(), inputs.getFirst());
      Check.sameType(name(), "state", inputs.get(1), STATE);
      return List.of(inputs.getFirst(), inputs.getFirst().withDType(DType.U8));
    }
  }

  /** dx = dy * mask / (1 - p). inputs: dy, mask. */
  record DropoutGrad(double p) implements Stochastic {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "dy, mask");
      Check.floating(name(), inputs.getFirst());
      Check.sameType(name(), "mask", inputs.get(1), inputs.getFirst().withDType(DType.U8));
      return List.of(inputs.getFirst());
    }
  }
}
