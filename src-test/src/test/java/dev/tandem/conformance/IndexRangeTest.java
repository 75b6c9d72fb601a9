package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Indexing.Embedding;
import dev.tandem.op.Indexing.EmbeddingGrad;
import dev.tandem.op.Indexing.Gather;
import dev.tandem.op.Indexing.GatherGrad;
import dev.tandem.op.Indexing.OneHot;
import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * An index outside its range is an error that names the op and the index, at once or at the next
 * synchronisation, on every backend; after it the backend works on.
 */
final class IndexRangeTest {
  private static final int BOUND = 5;

  /** An op, and its inputs around the indices. */
  private record Indexed(Op op, List<Values> before, List<Values> after) {}

  @TestFactory
  Stream<DynamicTest> namesTheIndex() {
    List<Backend> backends =
        Stream.concat(Stream.of(new OracleBackend()), TestBackends.available().stream()).toList();
    return ops().stream()
        .flatMap(indexed ->
            Stream.of(-1, BOUND, Integer.MIN_VALUE, Integer.MAX_VALUE)
                .flatMap(index ->
                    backends.stream()
                        .map(backend ->
                            DynamicTest.dynamicTest(
                                indexed.op.name()
                                    + " refuses index "
                                    + index
                                    + " on "
                                    + backend.name(),
                                () -> check(indexed, index, backend)))));
  }

  private static List<Indexed> ops() {
    Values table = ramp(BOUND, 3);
    Values rows = ramp(4, 3);
    Values logits = ramp(4, BOUND);
    Values perRow = ramp(4);
    return List.of(
        new Indexed(new Embedding(), List.of(table), List.of()),
        new Indexed(new EmbeddingGrad(BOUND), List.of(rows), List.of()),
        new Indexed(new Gather(0), List.of(ramp(BOUND)), List.of()),
        new Indexed(new GatherGrad(0, BOUND), List.of(perRow), List.of()),
        new Indexed(new OneHot(BOUND, DType.F32), List.of(), List.of()),
        new Indexed(new CrossEntropy(0.1), List.of(logits), List.of()),
        new Indexed(new CrossEntropyGrad(0.1), List.of(logits), List.of(perRow, perRow)));
  }

  private static Values ramp(int... lengths) {
    Shape shape = Shape.of(lengths);
    double[] data = new double[Positions.elements(shape)];
    for (int i = 0; i < data.length; i++) {
      data[i] = i * 0.25 - 1;
    }
    return Values.of(DType.F32, shape, data);
  }

  private static void check(Indexed indexed, int index, Backend backend) {
    Values indices = Values.of(DType.I32, Shape.of(4), 0, BOUND - 1, index, 1);
    List<Values> inputs =
        Stream.of(indexed.before, List.of(indices), indexed.after).flatMap(List::stream).toList();
    BackendException refusal =
        assertThrows(
            BackendException.class,
            () -> {
              run(indexed.op, inputs, backend);
              backend.finish();
            });
    assertTrue(
        refusal.getMessage().contains(indexed.op.name()),
        () -> "no op in: " + refusal.getMessage());
    assertTrue(
        refusal.getMessage().contains(Integer.toString(index)),
        () -> "no index in: " + refusal.getMessage());

    List<Values> sum = List.of(ramp(3), ramp(3));
    assertEquals(
        Oracle.run(new Elementwise.Add(), sum).getFirst().data()[2],
        run(new Elementwise.Add(), sum, backend).getFirst().data()[2],
        "the backend works on after the error");
  }

  private static List<Values> run(Op op, List<Values> inputs, Backend backend) {
    List<Operand> operands = inputs.stream().map(input -> input.on(backend)).toList();
    List<Operand> outputs =
        op.outputs(inputs.stream().map(Values::type).toList()).stream()
            .map(type -> new Operand(type, backend.allocate(type)))
            .toList();
    try {
      backend.run(op, operands, outputs);
      return outputs.stream().map(output -> Values.from(backend, output)).toList();
    } finally {
      Stream.of(operands, outputs)
          .flatMap(List::stream)
          .forEach(operand -> operand.buffer().close());
    }
  }
}
