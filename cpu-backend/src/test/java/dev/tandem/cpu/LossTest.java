package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Loss.SoftCrossEntropy;
import dev.tandem.op.Loss.SoftCrossEntropyGrad;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LossTest {
  private static final List<Shape> LOGITS =
      List.of(
          Shape.of(1, 1), Shape.of(64, 10), Shape.of(500, 3), Shape.of(7, 5_003), Shape.of(0, 4));

  private static double[] labels(Shape logits) {
    return new Random(3).ints(logits.length(0), 0, logits.length(1)).asDoubleStream().toArray();
  }

  @Test
  void crossEntropies() {
    for (Shape logits : LOGITS) {
      Shape rows = Shape.of(logits.length(0));
      for (double smoothing : new double[] {0, 0.1, 1}) {
        new Trial(new CrossEntropy(smoothing))
            .input(logits, -5, 5)
            .labels(labels(logits))
            .agrees(3e-6);
        new Trial(new CrossEntropyGrad(smoothing))
            .input(logits, -5, 5)
            .labels(labels(logits))
            .input(rows, 5, 9)
            .input(rows, -1, 1)
            .agrees(3e-6);
      }
      new Trial(new SoftCrossEntropy()).input(logits, -5, 5).input(logits, 0, 0.5).agrees(3e-5);
      new Trial(new SoftCrossEntropyGrad())
          .input(logits, -5, 5)
          .input(logits, 0, 0.5)
          .input(rows, 5, 9)
          .input(rows, -1, 1)
          .agrees(3e-5);
    }
  }

  @Test
  void largeLogitsKeepTheirDifferences() {
    Trial trial =
        new Trial(new CrossEntropy(0)).values(Shape.of(1, 3), 9_000, 9_001, 8_000).labels(0);
    assertEquals(Math.log(1 + Math.E), trial.f32().get(0)[0], 1e-6);
  }

  /** The tape gives it the logits' own memory where nobody else needs them. */
  @Test
  void gradientInPlaceOfTheLogits() {
    try (OnCpu cpu = new OnCpu(2)) {
      for (DType dtype : new DType[] {DType.F32, DType.F64}) {
        Shape shape = Shape.of(70, 301);
        double[] numbers = new Random(4).doubles(shape.elements(), -5, 5).toArray();
        double[] lse = new Random(5).doubles(70, 5, 9).toArray();
        Operand logits = cpu.tensor(dtype, shape, numbers);
        Operand targets = cpu.tensor(DType.I32, Shape.of(70), labels(shape));
        Operand lses = cpu.tensor(dtype, Shape.of(70), lse);
        Operand dy = cpu.tensor(dtype, Shape.of(70), lse);
        CrossEntropyGrad op = new CrossEntropyGrad(0.1);
        double[] apart = cpu.numbers(op, logits, targets, lses, dy);
        cpu.backend().run(op, List.of(logits, targets, lses, dy), List.of(logits));
        assertArrayEquals(apart, cpu.numbers(logits));
      }
    }
  }

  @Test
  void labelsOutsideTheClasses() {
    Shape logits = Shape.of(5, 10);
    BackendException thrown =
        assertThrows(
            BackendException.class,
            () -> new Trial(new CrossEntropy(0)).input(logits, 0, 1).labels(0, 1, 2, 12, -1).f32());
    assertEquals(
        "cross_entropy: label outside the classes, got 12 at row 3; classes run from 0 to 9",
        thrown.getMessage());
    assertThrows(
        BackendException.class,
        () ->
            new Trial(new CrossEntropyGrad(0))
                .input(logits, 0, 1)
                .labels(0, 1, 2, 3, -1)
                .input(Shape.of(5), 0, 1)
                .input(Shape.of(5), 0, 1)
                .f32());
  }
}
