package dev.tandem.op;

import dev.tandem.shape.TensorType;
import java.util.List;

/** Ops without inputs. */
public sealed interface Creation extends Op {
  /** y = value everywhere. y: type. An integer type takes the value's whole part. */
  record Fill(TensorType type, double value) implements Creation {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 0, "none");
      return List.of(type);
    }
  }
}
