package dev.tandem.data;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/** What a data set asks a model to predict. */
public sealed interface Target {
  /** One class a sample, an I32 scalar from 0 to names.size() - 1. */
  record Classes(List<String> names) implements Target {
    /** Copies what it is given: later changes do not reach it. */
    public Classes {
      names = List.copyOf(names);
    }
  }

  /** Numbers to be met by regression, F32 (k), one a name. */
  record Numbers(List<String> names) implements Target {
    /** Copies what it is given: later changes do not reach it. */
    public Numbers {
      names = List.copyOf(names);
    }
  }

  /** The next token at each position, I32 (T), each from 0 to vocabulary - 1. */
  record Tokens(int vocabulary) implements Target {}

  /** The type of one sample's target, for inputs of the given type. */
  default TensorType type(TensorType input) {
    return switch (this) {
      case Classes _ -> new TensorType(DType.I32, Shape.scalar());
      case Numbers numbers -> TensorType.f32(numbers.names().size());
      case Tokens _ -> new TensorType(DType.I32, input.shape());
    };
  }
}
