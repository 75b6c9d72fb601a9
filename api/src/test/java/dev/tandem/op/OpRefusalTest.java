package dev.tandem.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a user reads when tensors do not fit: op, values, remedy. */
class OpRefusalTest {
  private static TensorType f(int... lengths) {
    return TensorType.f32(lengths);
  }

  private static TensorType i(int... lengths) {
    return new TensorType(DType.I32, Shape.of(lengths));
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        arguments(
            new Linear.Matmul(false, false),
            List.of(f(64, 784), f(512, 10)),
            "matmul: inner dimensions differ, got (64, 784) x (512, 10); transpose the right operand?"),
        arguments(
            new Linear.Matmul(true, false),
            List.of(f(64, 784), f(512, 10)),
            "matmul: inner dimensions differ, got (64, 784) transposed x (512, 10); transpose the right operand?"),
        arguments(
            new Linear.Matmul(false, false),
            List.of(f(784), f(784, 10)),
            "matmul: a must have at least 2 axes (..., M, K), got (784); reshape it"),
        arguments(
            new Elementwise.Add(),
            List.of(f(2), i(2)),
            "add: element types differ, got F32 (2) and I32 (2); cast one to the other's type"),
        arguments(
            new Elementwise.Exp(),
            List.of(i(2)),
            "exp: needs floating-point numbers, got I32 (2); cast to F32 first"),
        arguments(
            new Elementwise.Add(),
            List.of(f(2)),
            "add: wrong number of operands, got 1 [F32 (2)]; give 2: a, b"),
        arguments(
            new Reduction.Sum(List.of(2), false),
            List.of(f(2, 3)),
            "sum: no such axis, got axis 2 of (2, 3); axes run from -2 to 1"),
        arguments(
            new Reduction.Max(List.of(0), false),
            List.of(f(0, 3)),
            "max: has no value over no elements, got (0, 3); leave out axes of length 0"),
        arguments(
            new Movement.Reshape(Shape.of(7)),
            List.of(f(2, 3)),
            "reshape: the number of elements would change, got (2, 3) to (7); keep the product of the lengths"),
        arguments(
            new Movement.Permute(List.of(0, 0)),
            List.of(f(2, 3)),
            "permute: not a permutation of the axes, got [0, 0] for (2, 3); name each axis from 0 to 1 once"),
        arguments(
            new Movement.Slice(List.of(1), List.of(3)),
            List.of(f(3)),
            "slice: the box does not lie inside x, got start [1], length [3] of (3); give one start and length an axis, "
                + "within its bounds"),
        arguments(
            new Linear.Conv2d(Linear.Conv2dGeometry.plain()),
            List.of(f(1, 3, 8, 8), f(4, 2, 3, 3)),
            "conv2d: input channels do not fit the weight, got x (1, 3, 8, 8), weight (4, 2, 3, 3), groups 1; x must have "
                + "weight axis 1 times groups channels"),
        arguments(
            new Pooling.MaxPool2d(Pooling.Window.of(3)),
            List.of(f(1, 1, 2, 2)),
            "max_pool2d: the window does not fit the image, got x (1, 1, 2, 2), kernel 3, padding 0, dilation 1 on axis 2; "
                + "use a smaller kernel or more padding"),
        arguments(
            new Loss.CrossEntropy(0),
            List.of(f(4, 10), i(5)),
            "cross_entropy: targets has the wrong type or shape, got I32 (5); it must be I32 (4)"),
        arguments(
            new Indexing.Embedding(),
            List.of(f(4, 10), f(5)),
            "embedding: indices must be I32, got F32 (5); cast it to I32 first"),
        arguments(
            new Normalization.LayerNorm(1e-5),
            List.of(f(4, 10), f(4), f(10)),
            "layer_norm: gamma has the wrong type or shape, got F32 (4); it must be F32 (10)"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void namesOpValuesAndRemedy(Op op, List<TensorType> inputs, String message) {
    assertEquals(
        message, assertThrows(ShapeException.class, () -> op.outputs(inputs)).getMessage());
  }

  @Test
  void attributesAreCheckedWhenTheOpIsMade() {
    assertThrows(ShapeException.class, () -> new Stochastic.Dropout(1));
    assertThrows(ShapeException.class, () -> new Elementwise.Clamp(1, 0));
    assertThrows(ShapeException.class, () -> new Reduction.Sum(List.of(1, 1), false));
    assertThrows(ShapeException.class, () -> new Loss.CrossEntropy(1.5));
    assertThrows(ShapeException.class, () -> new Movement.Concat(-1));
    assertThrows(ShapeException.class, () -> new Reduction.ArgMax(-1, false));
    assertThrows(ShapeException.class, () -> new Indexing.Gather(-1));
  }

  @Test
  void updatesCheckEveryOperand() {
    Update.Adam adam = new Update.Adam(0.9, 0.999, 1e-8, 0, false);
    ShapeException e =
        assertThrows(
            ShapeException.class, () -> adam.check(List.of(f(3), f(3), f(3), f(4), f(), i())));
    assertEquals(
        "adam: dw has the wrong type or shape, got F32 (4); it must be F32 (3)", e.getMessage());
  }

  @Test
  void convolutionCountsItsPlaces() {
    Linear.Conv2dGeometry geometry =
        new Linear.Conv2dGeometry(Size2d.of(2), Size2d.of(1), Size2d.of(2), 2);
    // floor((9 + 2 - 2 * (3 - 1) - 1) / 2) + 1 = 4 and floor((8 + 2 - 4 - 1) / 2) + 1 = 3
    assertEquals(
        List.of(f(5, 6, 4, 3)),
        new Linear.Conv2d(geometry).outputs(List.of(f(5, 4, 9, 8), f(6, 2, 3, 3))));
  }

  @Test
  void namesAreTheRecordsWords() {
    assertEquals("gelu_tanh_grad", new Elementwise.GeluTanhGrad().name());
    assertEquals(
        "conv2d_grad_input",
        new Linear.Conv2dGradInput(Linear.Conv2dGeometry.plain(), Shape.of(1, 1, 1, 1)).name());
    assertEquals("matmul", new Linear.Matmul(false, false).name());
  }
}
