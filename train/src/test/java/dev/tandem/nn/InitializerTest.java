package dev.tandem.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.tensor.Random;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Fans, and what is refused. The distributions are shown in the first of the seven steps of
 * learning.
 */
class InitializerTest {
  private static final List<Initializer> OF_WEIGHTS =
      List.of(
          new Initializer.XavierUniform(1),
          new Initializer.XavierNormal(1),
          new Initializer.HeUniform(),
          new Initializer.HeNormal(),
          new Initializer.Orthogonal(1));

  @Test
  void fansCountWhatAUnitSeesAndReaches() {
    assertEquals(784, Initializer.fanIn(Shape.of(256, 784)));
    assertEquals(256, Initializer.fanOut(Shape.of(256, 784)));
    assertEquals(16 * 15, Initializer.fanIn(Shape.of(32, 16, 3, 5)));
    assertEquals(32 * 15, Initializer.fanOut(Shape.of(32, 16, 3, 5)));
  }

  @Test
  void vectorsHaveNoFans() {
    for (Initializer initializer : OF_WEIGHTS) {
      ShapeException refused =
          assertThrows(
              ShapeException.class,
              () -> initializer.draw(Shape.of(5), new Random(1)),
              initializer.toString());
      assertEquals(
          "initializer: fans need a weight of two axes or more, got (5); use zeros, constant,"
              + " uniform or normal for vectors",
          refused.getMessage());
    }
  }

  @Test
  void aTensorWithoutElementsIsNoTrouble() {
    for (Initializer initializer : OF_WEIGHTS) {
      assertEquals(0, initializer.draw(Shape.of(0, 4), new Random(1)).length);
      assertEquals(0, initializer.draw(Shape.of(4, 0), new Random(1)).length);
    }
  }

  @Test
  void eachDrawOfOneSourceIsAnother() {
    Initializer normal = new Initializer.Normal(0, 1);
    Random random = new Random(3);
    float[] first = normal.draw(Shape.of(4), random);
    float[] second = normal.draw(Shape.of(4), random);
    for (int i = 0; i < 4; i++) {
      assertEquals(-1, List.of(second[0], second[1], second[2], second[3]).indexOf(first[i]));
    }
    assertArrayEquals(first, normal.draw(Shape.of(4), new Random(3)));
  }

  @Test
  void impossibleDistributionsAreRefused() {
    assertRefused(
        "uniform: not an interval, got [1.0, 1.0); low must be below high, both finite",
        () -> new Initializer.Uniform(1, 1));
    assertRefused(
        "uniform: not an interval, got [0.0, NaN); low must be below high, both finite",
        () -> new Initializer.Uniform(0, Double.NaN));
    assertRefused(
        "normal: not a distribution, got mean 0.0, deviation -1.0; both must be finite, the"
            + " deviation not negative",
        () -> new Initializer.Normal(0, -1));
    assertRefused(
        "orthogonal: the gain must be positive and finite, got 0.0; 1 for linear units, 5/3 for"
            + " tanh",
        () -> new Initializer.Orthogonal(0));
    assertRefused(
        "xavier_normal: the gain must be positive and finite, got NaN; 1 for linear units, 5/3 for"
            + " tanh",
        () -> new Initializer.XavierNormal(Double.NaN));
    assertRefused(
        "xavier_uniform: the gain must be positive and finite, got -1.0; 1 for linear units, 5/3"
            + " for tanh",
        () -> new Initializer.XavierUniform(-1));
  }

  private static void assertRefused(String message, Runnable make) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, make::run).getMessage());
  }
}
