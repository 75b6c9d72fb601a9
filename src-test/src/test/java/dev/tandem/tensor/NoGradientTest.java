package dev.tandem.tensor;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.conformance.OracleBackend;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Indexing;
import dev.tandem.op.Op;
import dev.tandem.op.Reduction;
import dev.tandem.shape.DType;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The rows of the table that no tape can reach, for what they give is not floating-point, or what they take.
 * They still refuse by name, should the tape ever follow them. GradientTest has those that a user can reach.
 */
final class NoGradientTest {
  @TestFactory
  Stream<DynamicTest> flatOpsRefuseByName() {
    Tensor x = Tensor.of(new OracleBackend(), new double[] {1, 2, 3}, 3);
    List<Op> flat =
        List.of(
            new Elementwise.Equal(),
            new Elementwise.Less(),
            new Elementwise.LessEqual(),
            new Reduction.ArgMax(0, false),
            new Reduction.GlobalNorm(),
            new Indexing.OneHot(3, DType.F32));
    return flat.stream()
        .map(op ->
            DynamicTest.dynamicTest(
                op.name(),
                () -> {
                  RuntimeException refusal =
                      assertThrows(
                          UnsupportedOperationException.class,
                          () -> Gradients.of(op, List.of(x, x), List.of(x), List.of(x), false));
                  assertTrue(
                      refusal.getMessage().startsWith(op.name() + ":"), refusal.getMessage());
                }));
  }
}
