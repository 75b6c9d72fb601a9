package dev.tandem.learning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.data.Batch;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Dataset;
import dev.tandem.data.Transform;
import dev.tandem.data.Values;
import dev.tandem.nn.Activation;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.LossFunction.CrossEntropy;
import dev.tandem.nn.LossFunction.SquaredError;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.BatchMode;
import dev.tandem.train.Descent;
import dev.tandem.train.Divergence;
import dev.tandem.train.EpochReport;
import dev.tandem.train.Feed;
import dev.tandem.train.Lesson;
import dev.tandem.train.Outcome;
import dev.tandem.train.StepReport;
import dev.tandem.train.Stopping;
import dev.tandem.train.TrainingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Step 7: repeat until converged, and know when that is. */
class Step7ConvergenceTest {
  private static Lesson line(
      Backend backend, BatchLoader loader, double learningRate, Stopping stopping) {
    return Lesson.of(
        Lesson.straight(backend),
        new SquaredError(),
        optimizer -> Descent.constant(optimizer, learningRate),
        Feed.of(loader),
        stopping);
  }

  private static List<Double> losses(Outcome outcome) {
    return outcome.history().epochs().stream().map(EpochReport::trainLoss).toList();
  }

  // ---- the rules

  @OnEveryMachine
  void stopsAfterAsManyEpochsAsAskedFor(Backend backend) {
    try (Lesson lesson =
        line(
            backend,
            BatchLoader.of(Lesson.line(32), 8).shuffled(1),
            0.1,
            Stopping.afterEpochs(7))) {
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.MAX_EPOCHS, outcome.reason());
      assertEquals(7, outcome.history().epochs().size());
      assertEquals(7 * 4, lesson.trainer.steps());
      assertEquals(Optional.empty(), outcome.restored());
      List<Double> losses = losses(outcome);
      for (int i = 1; i < losses.size(); i++) {
        assertTrue(losses.get(i) < losses.get(i - 1), () -> "every epoch came nearer: " + losses);
      }
      assertEquals("trained for all 7 epochs", outcome.message());
    }
  }

  @OnEveryMachine
  void stopsAtTheFirstEpochThatReachesTheTarget(Backend backend) {
    try (Lesson lesson =
        line(
            backend,
            BatchLoader.of(Lesson.line(32), 8),
            0.1,
            Stopping.afterEpochs(1000).withTargetLoss(0.01))) {
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.TARGET_LOSS, outcome.reason());
      List<Double> losses = losses(outcome);
      assertTrue(losses.getLast() <= 0.01, losses::toString);
      assertTrue(
          losses.stream().limit(losses.size() - 1).allMatch(loss -> loss > 0.01), losses::toString);
    }
  }

  @OnEveryMachine
  void stopsWhereTheGradientVanishes(Backend backend) {
    try (Lesson lesson =
        line(
            backend,
            BatchMode.FULL_BATCH.loader(Lesson.line(32), 0),
            0.2,
            Stopping.afterEpochs(10_000).withGradientNormBelow(1e-3))) {
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.GRADIENT_NORM, outcome.reason());
      List<Double> norms =
          outcome.history().epochs().stream().map(EpochReport::gradientNorm).toList();
      assertTrue(norms.getLast() < 1e-3, norms::toString);
      assertTrue(
          norms.stream().limit(norms.size() - 1).allMatch(norm -> norm >= 1e-3), norms::toString);
      // The curvature is at least the mean of x^2, 1/3 here, twice: so near is the minimum.
      assertEquals(3, lesson.model.parameters().get("0.weight").item(), 5e-3);
      assertEquals(-2, lesson.model.parameters().get("0.bias").item(), 5e-3);
    }
  }

  /** Few samples, many weights: learning them by heart soon makes the model worse on others. */
  @OnEveryMachine
  void stopsWhenValidationNoLongerImprovesAndGoesBackToTheBest(Backend backend) {
    Module model =
        Sequential.of(
            new Linear(Machines.init(backend, DType.F32, 8), 2, 24),
            Activation.of("tanh"),
            new Linear(Machines.init(backend, DType.F32, 9), 24, 3));
    Feed feed =
        Feed.of(
            BatchLoader.of(Lesson.clouds(24, 3), 4).shuffled(2),
            BatchLoader.of(Lesson.clouds(60, 4), 32));
    try (Lesson lesson =
        Lesson.of(
            model,
            new CrossEntropy(0),
            optimizer -> Descent.constant(optimizer, 1.0),
            feed,
            Stopping.afterEpochs(200).withPatience(6, 0))) {
      List<Map<String, List<Double>>> after = new ArrayList<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void epoch(EpochReport report) {
              after.add(lesson.weights());
            }
          });
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.NO_IMPROVEMENT, outcome.reason());
      EpochReport best = outcome.history().best().orElseThrow();
      assertEquals(best.epoch() + 6, outcome.history().epochs().size());
      assertEquals(Optional.of(best.epoch()), outcome.restored());
      assertEquals(
          after.get(best.epoch() - 1),
          lesson.weights(),
          "the weights of the best epoch, to the bit");
      assertNotEquals(after.getLast(), lesson.weights());
      assertTrue(best.best());
      assertTrue(
          outcome.history().epochs().stream().skip(best.epoch()).noneMatch(EpochReport::best));
      assertTrue(
          outcome.message().endsWith("; kept the weights of epoch " + best.epoch() + ", the best"),
          outcome.message());
    }
  }

  @OnEveryMachine
  void anImprovementBelowMinDeltaIsNone(Backend backend) {
    try (Lesson lesson =
        line(
            backend,
            BatchLoader.of(Lesson.line(32), 8),
            0.1,
            Stopping.afterEpochs(100).withPatience(2, 1000))) {
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.NO_IMPROVEMENT, outcome.reason());
      assertEquals(
          3,
          outcome.history().epochs().size(),
          "the first beats nothing seen yet, two do not beat it enough");
      assertEquals(Optional.of(1), outcome.restored());
    }
  }

  // ---- the three modes

  @OnEveryMachine
  void theModesDifferInUpdatesAnEpoch(Backend backend) {
    Map<BatchMode, Integer> updates =
        Map.of(BatchMode.ONLINE, 30, BatchMode.MINI_BATCH, 4, BatchMode.FULL_BATCH, 1);
    updates.forEach((mode, expected) -> {
      try (Lesson lesson =
          line(
              backend,
              mode.loader(Lesson.line(30), 8).shuffled(1),
              0.1,
              Stopping.afterEpochs(20))) {
        Outcome outcome = lesson.trainer.run();
        assertEquals(20L * expected, lesson.trainer.steps(), mode.toString());
        assertTrue(
            losses(outcome).getLast() < losses(outcome).getFirst() / 2,
            mode + " learns: " + losses(outcome));
      }
    });
  }

  /** One batch of all is the mean of the gradients of all: online with the rate held still gives the same direction. */
  @OnEveryMachine
  void aFullBatchFollowsTheMeanGradient(Backend backend) {
    double[] weight = new double[2];
    try (Lesson lesson =
        line(
            backend,
            BatchMode.FULL_BATCH.loader(Lesson.line(30), 0),
            0.25,
            Stopping.afterEpochs(1))) {
      weight[0] = lesson.model.parameters().get("0.weight").item();
      double bias = lesson.model.parameters().get("0.bias").item();
      lesson.trainer.run();
      weight[1] = lesson.model.parameters().get("0.weight").item();
      Dataset line = Lesson.line(30);
      Batch all = line.read(BatchLoader.full(line).order(0), 0, 30);
      double slope = 0;
      for (int i = 0; i < 30; i++) {
        double x = ((Values.Floats) all.inputs()).data()[i];
        double t = ((Values.Floats) all.targets()).data()[i];
        slope += 2 * (weight[0] * x + bias - t) * x / 30;
      }
      // Some thirty F32 operations.
      assertEquals(weight[0] - 0.25 * slope, weight[1], 1e-5);
    }
  }

  // ---- breakdown

  @OnEveryMachine
  void aRateThatIsTooHighIsNamedWithStepAndParameter(Backend backend) {
    // Each update multiplies the error by about -1e6: F32 ends at 3e38.
    try (Lesson lesson =
        line(backend, BatchLoader.of(Lesson.line(32), 8), 1e6, Stopping.afterEpochs(50))) {
      List<StepReport> steps = new ArrayList<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              steps.add(report);
            }
          });
      Outcome outcome = lesson.trainer.checkEvery(1).run();
      assertEquals(Outcome.Reason.DIVERGED, outcome.reason());
      Divergence divergence = outcome.divergence().orElseThrow();
      assertEquals(steps.size() + 1, divergence.step(), "the step after the last good one");
      assertEquals((steps.size()) / 4 + 1, divergence.epoch());
      assertTrue(
          divergence.name().equals("0.weight") || divergence.name().equals("squared_error"),
          divergence::toString);
      assertTrue(
          divergence
              .message()
              .startsWith(
                  "training: diverged at epoch "
                      + divergence.epoch()
                      + ", step "
                      + divergence.step()
                      + ", got "),
          divergence.message());
      assertTrue(divergence.message().contains("learning rate 1000000.0"), divergence.message());
      assertEquals(divergence.message(), outcome.message());
    }
  }

  @OnEveryMachine
  void aWeightThatIsNoNumberIsNamed(Backend backend) {
    try (Lesson lesson =
        line(backend, BatchLoader.of(Lesson.line(32), 8), 0.1, Stopping.afterEpochs(50))) {
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              if (report.step() == 6) {
                Machines.set(lesson.model.parameters().get("0.bias"), Double.POSITIVE_INFINITY);
              }
            }
          });
      Divergence divergence = lesson.trainer.checkEvery(1).run().divergence().orElseThrow();
      assertEquals(
          new Divergence(2, 7, Divergence.What.PARAMETER, "0.bias", divergence.message()),
          divergence);
      assertEquals(
          "training: diverged at epoch 2, step 7, got Infinity in parameter '0.bias' from the update before, at"
              + " learning rate 0.1; lower the learning rate, or clip gradients",
          divergence.message());
    }
  }

  /** A loss that is finite with a slope that is not: sqrt at 0. */
  @OnEveryMachine
  void aGradientThatIsNoNumberIsNamedBeforeItReachesTheWeights(Backend backend) {
    Module model =
        new Module() {
          private final Tensor weight =
              parameter("weight", Tensor.zeros(backend, TensorType.f32(1)).release());

          @Override
          public Tensor forward(Tensor x) {
            return x.mul(weight).abs().sqrt();
          }
        };
    try (Lesson lesson =
        Lesson.of(
            model,
            new SquaredError(),
            optimizer -> Descent.constant(optimizer, 0.1),
            Feed.of(BatchLoader.of(Lesson.line(8), 4)),
            Stopping.afterEpochs(3))) {
      Divergence divergence = lesson.trainer.checkEvery(1).run().divergence().orElseThrow();
      assertEquals(1, divergence.step());
      assertEquals(Divergence.What.GRADIENT, divergence.what());
      assertEquals("weight", divergence.name());
      assertEquals(0, model.parameters().get("weight").item(), "the update was not made");
    }
  }

  @OnEveryMachine
  void dataThatAreNoNumbersAreNamed(Backend backend) {
    for (boolean target : new boolean[] {false, true}) {
      BatchLoader loader = BatchLoader.of(Lesson.line(32), 8).with(new Gap(13, target));
      try (Lesson lesson = line(backend, loader, 0.1, Stopping.afterEpochs(50))) {
        Divergence divergence = lesson.trainer.checkEvery(1).run().divergence().orElseThrow();
        assertEquals(2, divergence.step(), "samples 8 to 15 are the second batch");
        assertEquals(target ? Divergence.What.TARGETS : Divergence.What.INPUTS, divergence.what());
        assertEquals(
            "training: diverged at epoch 1, step 2, got NaN in the "
                + (target ? "targets" : "inputs")
                + " of sample 13 of line; remove such samples or fill their gaps, and look at the transforms",
            divergence.message());
        lesson
            .weights()
            .forEach((name, numbers) ->
                assertTrue(
                    numbers.stream().allMatch(Double::isFinite),
                    name + " is still good: " + numbers));
      }
    }
  }

  /** Makes a NaN of one sample. */
  private record Gap(int sample, boolean target) implements Transform {
    @Override
    public void check(Dataset dataset) {}

    @Override
    public void apply(Batch batch, int epoch) {
      for (int i = 0; i < batch.size(); i++) {
        if (batch.indices()[i] == sample) {
          ((Values.Floats) (target ? batch.targets() : batch.inputs())).data()[i] = Float.NaN;
        }
      }
    }
  }

  @OnEveryMachine
  void aParameterWithoutGradientIsReportedBeforeTheFirstUpdate(Backend backend) {
    Module model =
        new Module() {
          private final Linear used =
              child("used", new Linear(Machines.init(backend, DType.F32, 1), 1, 1));
          private final Linear forgotten =
              child("forgotten", new Linear(Machines.init(backend, DType.F32, 2), 1, 1));

          @Override
          public Tensor forward(Tensor x) {
            return used.forward(x);
          }

          @Override
          public String describe() {
            return "Module with " + forgotten.describe();
          }
        };
    LossFunction loss = new SquaredError();
    try (Lesson lesson =
        Lesson.of(
            model,
            loss,
            optimizer -> Descent.constant(optimizer, 0.1),
            Feed.of(BatchLoader.of(Lesson.line(8), 4)),
            Stopping.afterEpochs(3))) {
      Map<String, List<Double>> before = lesson.weights();
      IllegalStateException refused =
          assertThrows(IllegalStateException.class, lesson.trainer::run);
      assertTrue(
          refused.getMessage().contains("[forgotten.weight, forgotten.bias]"),
          refused.getMessage());
      assertEquals(before, lesson.weights());
      assertEquals(0, lesson.trainer.steps());
      assertFalse(
          model.parameters().values().stream().anyMatch(p -> p.gradient().isPresent()),
          "no gradient is left");
    }
  }
}
