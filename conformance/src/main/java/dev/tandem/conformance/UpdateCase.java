package dev.tandem.conformance;

import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import java.util.List;

/** A sample of an update: operands before it, and how near the oracle they must lie after it. */
record UpdateCase(Update update, List<DType> dtypes, List<Source> sources, Tolerance tolerance) {
  /** The operands for the element type; the same at every call. */
  List<Values> operands(DType dtype) {
    return OpCase.inputs(sources, dtype, update.toString());
  }
}
