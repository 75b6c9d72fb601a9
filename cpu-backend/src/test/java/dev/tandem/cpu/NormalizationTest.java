package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.op.Normalization.BatchNorm;
import dev.tandem.op.Normalization.BatchNormGrad;
import dev.tandem.op.Normalization.BatchNormInference;
import dev.tandem.op.Normalization.LayerNorm;
import dev.tandem.op.Normalization.LayerNormGrad;
import dev.tandem.op.Normalization.LogSoftmax;
import dev.tandem.op.Normalization.LogSoftmaxGrad;
import dev.tandem.op.Normalization.RmsNorm;
import dev.tandem.op.Normalization.RmsNormGrad;
import dev.tandem.op.Normalization.Softmax;
import dev.tandem.op.Normalization.SoftmaxGrad;
import dev.tandem.shape.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class NormalizationTest {
  private static final double EPSILON = 1e-5;
  private static final List<Shape> ROWS =
      List.of(
          Shape.of(1),
          Shape.of(10),
          Shape.of(3, 1),
          Shape.of(7, 5, 33),
          Shape.of(300, 257),
          Shape.of(2, 20_000),
          Shape.of(0, 5),
          Shape.of(5_000, 3));

  private static Shape statistics(Shape x) {
    return x.without(-1);
  }

  private static Shape channels(Shape x) {
    return Shape.of(x.length(-1));
  }

  @Test
  void softmaxes() {
    for (Shape shape : ROWS) {
      new Trial(new Softmax()).input(shape, -4, 4).agrees(2e-6);
      new Trial(new Softmax()).input(shape, 9_000, 9_004).agrees(2e-6);
      new Trial(new LogSoftmax()).input(shape, -4, 4).agrees(2e-6);
      new Trial(new SoftmaxGrad()).input(shape, 0, 0.1).input(shape, -1, 1).agrees(2e-5);
      new Trial(new LogSoftmaxGrad()).input(shape, -9, -1).input(shape, -1, 1).agrees(2e-5);
    }
  }

  @Test
  void softmaxOfInfinities() {
    double infinity = Double.POSITIVE_INFINITY;
    assertArrayEquals(
        new double[] {0, 0.5, 0.5},
        new Trial(new Softmax()).values(Shape.of(3), -infinity, 2, 2).f32().getFirst());
    assertArrayEquals(
        new double[] {Double.NaN, Double.NaN},
        new Trial(new Softmax()).values(Shape.of(2), -infinity, -infinity).f32().getFirst());
  }

  @Test
  void layerNorms() {
    for (Shape shape : ROWS) {
      Shape channels = channels(shape);
      new Trial(new LayerNorm(EPSILON))
          .input(shape, -2, 3)
          .input(channels, 0.5, 2)
          .input(channels, -1, 1)
          .agrees(3e-6);
      new Trial(new LayerNormGrad())
          .input(shape, -2, 3)
          .input(channels, 0.5, 2)
          .input(statistics(shape), 0, 1)
          .input(statistics(shape), 0.5, 1)
          .input(shape, -1, 1)
          .agrees(2e-5);
      new Trial(new RmsNorm(EPSILON)).input(shape, -2, 3).input(channels, 0.5, 2).agrees(3e-6);
      new Trial(new RmsNormGrad())
          .input(shape, -2, 3)
          .input(channels, 0.5, 2)
          .input(statistics(shape), 0.5, 1)
          .input(shape, -1, 1)
          .agrees(2e-5);
    }
  }

  @Test
  void layerNormFarFromZero() {
    // The inputs are whole ulps of 1e4, so nothing but the computation can lose bits.
    Trial trial =
        new Trial(new LayerNorm(EPSILON))
            .input(Shape.of(20, 768), 9_999, 10_001)
            .input(Shape.of(768), 0.5, 2)
            .input(Shape.of(768), -1, 1);
    Trial.assertClose("y", trial.f64().get(0), trial.f32().get(0), 5e-6);
    Trial.assertClose("rstd", trial.f64().get(2), trial.f32().get(2), 5e-6);
  }

  @Test
  void batchNorms() {
    for (Shape shape :
        List.of(
            Shape.of(1, 1),
            Shape.of(50, 3),
            Shape.of(40, 130),
            Shape.of(3, 5, 7),
            Shape.of(4, 3, 9, 8),
            Shape.of(2, 2, 70, 40))) {
      Shape channels = Shape.of(shape.length(1));
      new Trial(new BatchNorm(EPSILON))
          .input(shape, -2, 3)
          .input(channels, 0.5, 2)
          .input(channels, -1, 1)
          .agrees(3e-6);
      new Trial(new BatchNormInference(EPSILON))
          .input(shape, -2, 3)
          .input(channels, 0.5, 2)
          .input(channels, -1, 1)
          .input(channels, -1, 1)
          .input(channels, 0.5, 2)
          .agrees(3e-6);
      new Trial(new BatchNormGrad(EPSILON))
          .input(shape, -2, 3)
          .input(channels, 0.5, 2)
          .input(channels, 0, 1)
          .input(channels, 0.5, 2)
          .input(shape, -1, 1)
          .agrees(2e-5);
    }
  }

  @Test
  void batchNormFarFromZero() {
    for (Shape shape : List.of(Shape.of(500, 3), Shape.of(8, 3, 20, 20))) {
      Trial trial =
          new Trial(new BatchNorm(EPSILON))
              .input(shape, 9_999, 10_001)
              .input(Shape.of(3), 0.5, 2)
              .input(Shape.of(3), -1, 1);
      Trial.assertClose("y", trial.f64().get(0), trial.f32().get(0), 5e-6);
      Trial.assertClose("variance", trial.f64().get(2), trial.f32().get(2), 5e-6);
    }
  }

  @Test
  void constantRowsHaveNoVariance() {
    List<double[]> out =
        new Trial(new LayerNorm(EPSILON))
            .values(Shape.of(1, 3), 1e4, 1e4, 1e4)
            .values(Shape.of(3), 1, 1, 1)
            .values(Shape.of(3), 0, 0, 0)
            .f32();
    assertArrayEquals(new double[3], out.get(0));
    assertEquals(1 / Math.sqrt(EPSILON), out.get(2)[0], 1e-3);
  }
}
