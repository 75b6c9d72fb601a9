package dev.tandem.conformance;

import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A sample of an op: what to run it on, and how near the oracle the answer must lie.
 *
 * @param dtypes the element types to make it with; inputs with a type of their own, such as indices, keep it
 */
record OpCase(Op op, List<DType> dtypes, List<Source> sources, Tolerance tolerance) {
  static final List<DType> FLOATING = List.of(DType.F32, DType.F64);
  static final List<DType> HALVES = List.of(DType.BF16, DType.F16);

  /** Of more operands than this no label lists the shapes. */
  private static final int MANY = 24;

  /** The inputs for the element type; the same at every call. */
  List<Values> inputs(DType dtype) {
    return inputs(sources, dtype, op.toString());
  }

  static List<Values> inputs(List<Source> sources, DType dtype, String text) {
    String ranges = sources.stream().map(Source::range).collect(Collectors.joining());
    List<Values> inputs = new ArrayList<>();
    for (Source source : sources) {
      inputs.add(source.make(dtype, (text + ranges).hashCode(), inputs));
    }
    return List.copyOf(inputs);
  }

  /**
   * {@code gelu_tanh F32 (3, 257) [-6, 6]}: name and attributes, element type, shapes, ranges. The record's own text names
   * its attributes; without any it ends in {@code []}.
   */
  static String label(
      String name, String record, List<Source> sources, Collection<Values> inputs, DType dtype) {
    String attributes = record.substring(record.indexOf('[')).replace("[]", "");
    String shapes =
        inputs.size() > MANY
            ? inputs.size() + " operands"
            : inputs.stream()
                .map(input -> input.shape().toString())
                .collect(Collectors.joining(" "));
    String ranges =
        sources.stream()
            .map(Source::range)
            .filter(range -> !range.isEmpty())
            .distinct()
            .collect(Collectors.joining(" "));
    return String.join(" ", List.of(name + attributes, dtype.toString(), shapes, ranges)).strip();
  }
}
