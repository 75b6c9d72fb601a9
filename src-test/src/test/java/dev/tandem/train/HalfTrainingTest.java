package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Digits;
import dev.tandem.data.Splits;
import dev.tandem.data.Values;
import dev.tandem.io.SafeTensors;
import dev.tandem.nn.Activation;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Dropout;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.MaxPool2d;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.GradCheck;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Networks of BF16 and F16 on the CPU: layers, losses, training, files. */
final class HalfTrainingTest {
  private final Backend backend = Backends.open("cpu", _ -> {});

  @AfterEach
  void close() {
    backend.close();
  }

  private static Sequential network(Init init) {
    return Sequential.of(
        new Conv2d(init, 1, 12, 3),
        new BatchNorm(init, 12),
        Activation.of("relu"),
        new MaxPool2d(2),
        new Flatten(),
        new Dropout(init, 0.1),
        new Linear(init, 12 * 3 * 3, 10));
  }

  private double accuracy(DType dtype) {
    Splits digits = Splits.of(Digits.load(), new Splits.Fractions(0, 0.3), 1);
    try (Sequential model = network(new Init(backend, dtype, new Random(1)));
        Optimizer adam = new Optimizer(Rule.Adam.standard().update(), model.parameters())) {
      Learner learner = new Learner(model, new LossFunction.CrossEntropy(0));
      Feed feed = Feed.of(BatchLoader.of(digits.training(), 32).shuffled(1));
      try (Trainer trainer =
          new Trainer(learner, Descent.constant(adam, 0.005), feed, Stopping.afterEpochs(3))) {
        trainer.run();
        Metrics metrics =
            Evaluation.evaluate(learner, BatchLoader.of(digits.test().orElseThrow(), 64));
        assertEquals(
            metrics.accuracy().orElseThrow(), metrics.confusion().orElseThrow().accuracy(), 1e-6);
        return metrics.accuracy().orElseThrow();
      }
    }
  }

  /** One in fifty of the 539 unseen digits: what two F32 runs of other seeds differ by too. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void learnsDigitsAsF32Does(DType dtype) {
    double half = accuracy(dtype);
    assertTrue(half > 0.9, "it learns at all, got " + half);
    assertEquals(accuracy(DType.F32), half, 0.02);
  }

  @Test
  void initialValuesAreThoseOfF32Rounded() {
    try (Sequential wide = network(new Init(backend, DType.F32, new Random(1)));
        Sequential half = network(new Init(backend, DType.BF16, new Random(1)));
        Scope _ = Scope.open()) {
      half.parameters()
          .forEach((name, weight) -> {
            assertEquals(DType.BF16, weight.dtype());
            assertArrayEquals(
                wide.parameters().get(name).cast(DType.BF16).toDoubles(), weight.toDoubles(), name);
          });
      half.buffers().values().forEach(buffer -> assertEquals(DType.F32, buffer.dtype()));
    }
  }

  /** 4096 errors of 1/8 and one of 8: in BF16 the sum would stick long before. */
  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void lossesAreSummedInF32(DType dtype) {
    try (Tape _ = Tape.open();
        Scope _ = Scope.open()) {
      float[] errors = new float[4097];
      java.util.Arrays.fill(errors, 0.125f);
      errors[0] = 8;
      Tensor p = Tensor.of(backend, errors, 1, 4097).cast(dtype).detach().requireGradient();
      Tensor t = Tensor.zeros(backend, p.type());
      Tensor loss = new LossFunction.AbsoluteError().sum(p, t);
      assertEquals(DType.F32, loss.dtype());
      assertEquals(8 + 4096 / 8.0, loss.item());
      loss.backward();
      assertEquals(dtype, p.gradient().orElseThrow().dtype());
      p.close();
    }
    for (LossFunction loss :
        List.of(
            new LossFunction.SignedDifference(),
            new LossFunction.SquaredError(),
            new LossFunction.HuberError(1),
            new LossFunction.BinaryCrossEntropyWithLogits(),
            new LossFunction.CrossEntropy(0.1),
            new LossFunction.KlDivergence(),
            new LossFunction.Hinge())) {
      try (Scope _ = Scope.open()) {
        Tensor p = Tensor.of(backend, new float[] {0.5f, -1, 2, 0.25f}, 2, 2).cast(dtype);
        Tensor t = Tensor.of(backend, new float[] {0.3f, 0.7f, 0.9f, 0.1f}, 2, 2);
        // A target keeps its digits where the loss can use them.
        assertEquals(DType.F32, loss.mean(p, t).dtype(), loss.name());
        assertEquals(
            loss.mean(p.cast(DType.F32), t).item(), loss.mean(p, t).item(), 4e-3, loss.name());
      }
    }
  }

  @Test
  void predictionsComeAsF32() {
    try (Sequential model =
        Sequential.of(new Linear(new Init(backend, DType.BF16, new Random(1)), 2, 3))) {
      Predictor predictor = new Predictor(new Learner(model, new LossFunction.CrossEntropy(0)));
      float[] row =
          predictor.probabilities(new Values.Floats(Shape.of(1, 2), new float[] {1, -1}))[0];
      // BF16 probabilities would miss 1 by thousandths.
      assertEquals(1, row[0] + row[1] + row[2], 1e-6);
    }
  }

  @Test
  void fineTuningThroughFrozenStatistics() {
    try (BatchNorm norm = new BatchNorm(new Init(backend, DType.BF16, new Random(1)), 2);
        Tape _ = Tape.open()) {
      norm.training(false);
      Tensor x = Tensor.of(backend, new float[] {1, 2, 3, 4}, 2, 2).cast(DType.BF16);
      norm.forward(x).sum().backward();
      double[] slopes = norm.parameters().get("weight").gradient().orElseThrow().toDoubles();
      assertArrayEquals(new double[] {4, 6}, slopes, 0.02);
      assertArrayEquals(
          new double[] {2, 2}, norm.parameters().get("bias").gradient().orElseThrow().toDoubles());
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16", "F16"})
  void filesKeepTheBits(DType dtype, @TempDir Path folder) {
    try (Scope _ = Scope.open()) {
      Tensor x = Tensor.of(backend, new float[] {0.1f, -3e-6f, 1e30f, Float.NaN}, 2, 2).cast(dtype);
      Path file = folder.resolve("x.safetensors");
      SafeTensors.write(file, Map.of("x", x), Map.of());
      Tensor back = Tensor.zeros(backend, x.type());
      SafeTensors.load(file, Map.of("x", back));
      assertArrayEquals(x.toDoubles(), back.toDoubles());
    }
  }

  @Test
  void gradientsAreCheckedInF64Only() {
    try (Scope _ = Scope.open()) {
      Tensor w = Tensor.zeros(backend, Tensor.scalar(backend, DType.BF16, 1).type());
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      GradCheck.thorough()
                          .check(() -> w.square().sum(), Map.of("w", w.requireGradient())))
              .getMessage();
      assertTrue(message.contains("got w BF16 ()"), message);
      w.close();
    }
  }
}
