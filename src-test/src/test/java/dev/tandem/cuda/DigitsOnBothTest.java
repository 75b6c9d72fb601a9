package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Digits;
import dev.tandem.data.Splits;
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
import dev.tandem.tensor.Random;
import dev.tandem.train.Descent;
import dev.tandem.train.EpochReport;
import dev.tandem.train.Evaluation;
import dev.tandem.train.Feed;
import dev.tandem.train.Learner;
import dev.tandem.train.Stopping;
import dev.tandem.train.Trainer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The same network, from the same seed, learns the handwritten digits as well on one backend as on the other. */
final class DigitsOnBothTest {
  private record Learned(List<Double> losses, double accuracy) {}

  private static Learned learn(Backend backend) {
    Splits digits = Splits.of(Digits.load(), new Splits.Fractions(0, 0.3), 1);
    Init init = new Init(backend, DType.F32, new Random(1));
    try (Sequential model =
            Sequential.of(
                new Conv2d(init, 1, 12, 3),
                new BatchNorm(init, 12),
                Activation.of("relu"),
                new MaxPool2d(2),
                new Flatten(),
                new Dropout(init, 0.1),
                new Linear(init, 12 * 3 * 3, 10));
        Optimizer adam = new Optimizer(Rule.Adam.standard().update(), model.parameters())) {
      Learner learner = new Learner(model, new LossFunction.CrossEntropy(0));
      Feed feed = Feed.of(BatchLoader.of(digits.training(), 32).shuffled(1));
      try (Trainer trainer =
          new Trainer(learner, Descent.constant(adam, 0.005), feed, Stopping.afterEpochs(3))) {
        List<Double> losses =
            trainer.run().history().epochs().stream().map(EpochReport::trainLoss).toList();
        double accuracy =
            Evaluation.evaluate(learner, BatchLoader.of(digits.test().orElseThrow(), 64))
                .accuracy()
                .orElseThrow();
        return new Learned(losses, accuracy);
      }
    }
  }

  @Test
  void learnsAsWellOnCudaAsOnTheCpu() {
    Learned cpu;
    try (Backend backend = Backends.open("cpu", _ -> {})) {
      cpu = learn(backend);
    }
    try (Emulated gpu = Emulated.open()) {
      Learned cuda = learn(gpu.backend());
      System.out.printf(
          "digits: cpu %.4f %s, cuda-emulated %.4f %s%n",
          cpu.accuracy, cpu.losses, cuda.accuracy, cuda.losses);
      assertTrue(cpu.accuracy > 0.9, "it learns at all");
      // Two of the 539 that were not seen. Rounding moves no loss by a hundredth in 120 steps.
      assertEquals(cpu.accuracy, cuda.accuracy, 2.0 / 539);
      for (int epoch = 0; epoch < cpu.losses.size(); epoch++) {
        assertEquals(cpu.losses.get(epoch), cuda.losses.get(epoch), 0.01 * cpu.losses.get(epoch));
      }
    }
  }
}
