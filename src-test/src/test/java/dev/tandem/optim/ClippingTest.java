package dev.tandem.optim;

import static dev.tandem.learning.Machines.assertNear;
import static dev.tandem.learning.Machines.tensor;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.learning.GoldenNumbers;
import dev.tandem.learning.OnDoubles;
import dev.tandem.learning.OnEveryMachine;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Clipped gradients are those of torch.nn.utils. */
class ClippingTest {
  private final GoldenNumbers golden = new GoldenNumbers("clipping.txt");

  /** A parameter that has gathered this gradient. */
  private static Tensor parameter(Backend backend, double[] gradient, int... lengths) {
    Tensor parameter =
        tensor(backend, DType.F64, new double[gradient.length], lengths).requireGradient();
    give(parameter, gradient);
    return parameter;
  }

  private static void give(Tensor parameter, double... gradient) {
    try (Tape _ = Tape.open()) {
      int[] lengths = parameter.shape().lengths();
      parameter
          .mul(tensor(parameter.backend(), parameter.dtype(), gradient, lengths))
          .sum()
          .backward();
    }
  }

  private static double[] gradient(Tensor parameter) {
    return parameter.gradient().orElseThrow().toDoubles();
  }

  @OnDoubles
  void byGlobalNormIsPyTorchs(Backend backend) {
    for (double limit : new double[] {0.5, 3, 1000}) {
      String name = "norm" + limit;
      try (Tensor matrix = parameter(backend, golden.get(name + ".before0"), 4, 3);
          Tensor vector = parameter(backend, golden.get(name + ".before1"), 5);
          Tensor norm = Clipping.globalNorm(List.of(matrix, vector))) {
        // Sums of 17 squares in F64.
        assertNear(golden.get(name + ".norm"), norm, 1e-14, "norm");
        assertEquals(Shape.scalar(), norm.shape());
        new Clipping.ByGlobalNorm(limit).apply(List.of(matrix, vector));
        assertNear(golden.get(name + ".after0"), gradient(matrix), 1e-14, name + " matrix");
        assertNear(golden.get(name + ".after1"), gradient(vector), 1e-14, name + " vector");
      }
    }
  }

  @OnDoubles
  void theFactorOfAStepIsWhatGradientsWouldBeMultipliedBy(Backend backend) {
    try (Tensor clipped = parameter(backend, new double[] {3, 4}, 2);
        Tensor left = parameter(backend, new double[] {3, 4}, 2);
        Scope _ = Scope.open()) {
      Clipping.ByGlobalNorm clipping = new Clipping.ByGlobalNorm(1);
      clipping.apply(List.of(clipped));
      Tensor norm = Clipping.globalNorm(List.of(left));
      double factor = clipping.factor(norm).item();
      assertArrayEquals(gradient(clipped), new double[] {3 * factor, 4 * factor});
      assertEquals(5, norm.item(), "the norm is that before clipping");
      for (double bad : new double[] {Double.POSITIVE_INFINITY, Double.NaN}) {
        assertTrue(
            Double.isNaN(clipping.factor(Tensor.scalar(backend, norm.dtype(), bad)).item()),
            "a step whose norm is " + bad + " is left out");
      }
    }
  }

  @OnDoubles
  void byValueIsPyTorchs(Backend backend) {
    try (Tensor parameter = parameter(backend, golden.get("value.before"), 12)) {
      new Clipping.ByValue(0.7).apply(List.of(parameter));
      assertArrayEquals(golden.get("value.after"), gradient(parameter));
    }
  }

  @OnDoubles
  void noneLeavesGradientsAlone(Backend backend) {
    try (Tensor parameter = parameter(backend, new double[] {1e9}, 1)) {
      new Clipping.None().apply(List.of(parameter));
      assertArrayEquals(new double[] {1e9}, gradient(parameter));
    }
  }

  @OnEveryMachine
  void notANumberSpreadsAndIsSeen(Backend backend) {
    try (Tensor sound = Tensor.of(backend, new float[] {1}, 1).requireGradient();
        Tensor broken = Tensor.of(backend, new float[] {1}, 1).requireGradient()) {
      give(sound, 2);
      give(broken, Double.NaN);
      new Clipping.ByGlobalNorm(1).apply(List.of(sound, broken));
      assertTrue(Double.isNaN(gradient(sound)[0]));
      new Clipping.ByValue(1).apply(List.of(broken));
      assertTrue(Double.isNaN(gradient(broken)[0]));
    }
  }

  @OnEveryMachine
  void parametersWithoutGradientsArePassedOver(Backend backend) {
    try (Tensor with = Tensor.of(backend, new float[] {1}, 1).requireGradient();
        Tensor without = Tensor.of(backend, new float[] {1}, 1).requireGradient()) {
      for (Clipping clipping :
          List.of(new Clipping.None(), new Clipping.ByValue(1), new Clipping.ByGlobalNorm(1))) {
        clipping.apply(List.of(without));
        assertTrue(without.gradient().isEmpty());
      }
      IllegalStateException refused =
          assertThrows(IllegalStateException.class, () -> Clipping.globalNorm(List.of(without)));
      assertEquals(
          "global_norm: no parameter has a gradient, got 1 parameters; run backward first",
          refused.getMessage());
      give(with, 6);
      new Clipping.ByGlobalNorm(3).apply(Arrays.asList(without, with));
      // The formula's 1e-6 takes 2e-7 of it.
      assertEquals(3, gradient(with)[0], 1e-6);
    }
  }

  @OnEveryMachine
  void nothingIsLeftBehind(Backend backend) {
    try (Tensor parameter = Tensor.of(backend, new float[] {1, 2}, 2).requireGradient()) {
      give(parameter, 3, 4);
      long before = backend.memory().buffers();
      try (Scope _ = Scope.open()) {
        Clipping.globalNorm(List.of(parameter));
      }
      new Clipping.ByGlobalNorm(3).apply(List.of(parameter));
      new Clipping.ByValue(3).apply(List.of(parameter));
      assertEquals(before, backend.memory().buffers());
    }
  }
}
