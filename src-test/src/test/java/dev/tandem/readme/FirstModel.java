package dev.tandem.readme;

// README begin
import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Digits;
import dev.tandem.data.Splits;
import dev.tandem.nn.Activation;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Random;
import dev.tandem.train.Descent;
import dev.tandem.train.Evaluation;
import dev.tandem.train.Feed;
import dev.tandem.train.Learner;
import dev.tandem.train.Stopping;
import dev.tandem.train.Trainer;

class FirstModel {
  static void main() {
    System.out.println("test accuracy " + testAccuracy("auto"));
  }

  static double testAccuracy(String device) {
    Splits digits = Splits.of(Digits.load(), new Splits.Fractions(0.1, 0.2), 1);
    try (Backend backend = Backends.open(device, System.err::println)) { // "auto", "cpu", "cuda"
      Init init = new Init(backend, DType.F32, new Random(1));
      Module model =
          Sequential.of(
              new Flatten(),
              new Linear(init, 64, 128),
              Activation.of("relu"),
              new Linear(init, 128, 10));
      Learner learner = new Learner(model, new LossFunction.CrossEntropy(0));
      Optimizer adam = new Optimizer(Rule.Adam.standard().update(), model.parameters());
      Feed feed =
          Feed.of(
              BatchLoader.of(digits.training(), 32).shuffled(1),
              BatchLoader.of(digits.validation().orElseThrow(), 32));
      try (Trainer trainer =
          new Trainer(learner, Descent.constant(adam, 0.002), feed, Stopping.afterEpochs(30))) {
        trainer.run();
      }
      return Evaluation.evaluate(learner, BatchLoader.of(digits.test().orElseThrow(), 32))
          .accuracy()
          .orElseThrow();
    }
  }
}
// README end
