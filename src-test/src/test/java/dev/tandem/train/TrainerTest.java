package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.DataException;
import dev.tandem.data.Dataset;
import dev.tandem.data.InMemory;
import dev.tandem.data.Text;
import dev.tandem.data.TokenWindows;
import dev.tandem.data.Tokenizer;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnEveryMachine;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.nn.Activation;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Dropout;
import dev.tandem.nn.Embedding;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.optim.Schedule;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** The loop around the seven steps: what it reports, what it keeps to itself, and what it leaves behind. */
class TrainerTest {
  /** What is summed in two ways, a handful of F32 additions apart. */
  private static final double F32 = 2e-6;

  private static Lesson line(
      Backend backend, BatchLoader loader, double learningRate, Stopping stopping) {
    return Lesson.of(
        Lesson.straight(backend),
        new LossFunction.SquaredError(),
        optimizer -> Descent.constant(optimizer, learningRate),
        Feed.of(loader),
        stopping);
  }

  // ---- reports

  @OnEveryMachine
  void anEpochsLossIsTheMeanOverItsSamples(Backend backend) {
    // 32 samples in batches of 5: the last batch has 2, and counts 2.
    try (Lesson lesson =
        line(backend, BatchLoader.of(Lesson.line(32), 5), 0.05, Stopping.afterEpochs(2))) {
      List<StepReport> steps = new ArrayList<>();
      double[] total = new double[2];
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              steps.add(report);
              total[report.epoch() - 1] += report.loss() * report.samples();
            }
          });
      Outcome outcome = lesson.trainer.run();
      for (EpochReport epoch : outcome.history().epochs()) {
        assertEquals(total[epoch.epoch() - 1] / 32, epoch.trainLoss(), F32 * total[0] / 32);
        assertEquals(7L * epoch.epoch(), epoch.steps());
        assertEquals(0.05, epoch.learningRate());
        assertTrue(epoch.timing().seconds() > 0 && epoch.timing().samplesPerSecond() > 0);
        assertTrue(epoch.validation().isEmpty() && epoch.trainAccuracy().isEmpty());
      }
      StepReport last = steps.getLast();
      assertEquals(
          "2 7 7 14 2",
          last.epoch()
              + " "
              + last.batch()
              + " "
              + last.batches()
              + " "
              + last.step()
              + " "
              + last.samples());
    }
  }

  @OnEveryMachine
  void validationAndAccuracyAreReported(Backend backend) {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(10))) {
      Outcome outcome = lesson.trainer.run();
      EpochReport last = outcome.history().last().orElseThrow();
      Metrics again =
          Evaluation.evaluate(lesson.learner, Lesson.cloudFeed().validation().orElseThrow());
      Metrics reported = last.validation().orElseThrow();
      assertEquals(again.loss(), reported.loss());
      assertEquals(again.accuracy(), reported.accuracy());
      assertTrue(reported.accuracy().orElseThrow() > 0.85, reported::toString);
      assertTrue(last.trainAccuracy().orElseThrow() > 0.8, last::toString);
      assertFalse(lesson.model.training(), "ready to be used");
    }
  }

  /** The sum over a batch of 16 is 16 times its mean, and so is the step. Powers of two: not a bit differs. */
  @OnEveryMachine
  void theSumStepsAsManyTimesAsFarAsTheBatchHasTerms(Backend backend) {
    List<Object> ends = new ArrayList<>();
    for (Learner.Reduction reduction : Learner.Reduction.values()) {
      double rate = reduction == Learner.Reduction.SUM ? 0.5 / 16 : 0.5;
      try (Module model = Lesson.straight(backend);
          Optimizer optimizer = new Optimizer(new Rule.Sgd(0).update(), model.parameters());
          Trainer trainer =
              new Trainer(
                  new Learner(model, new LossFunction.SquaredError(), reduction),
                  Descent.constant(optimizer, rate),
                  Feed.of(BatchLoader.full(Lesson.line(16))),
                  Stopping.afterEpochs(3))) {
        double loss = trainer.run().history().last().orElseThrow().trainLoss();
        ends.add(List.of(loss, Lesson.numbers(model.parameters().get("0.weight"))));
      }
    }
    assertEquals(ends.get(0), ends.get(1));
  }

  @OnEveryMachine
  void aValidationLossThatIsNotFiniteIsNamed(Backend backend) {
    Dataset huge = InMemory.numbers("far away", new float[][] {{3e38f}}, new float[][] {{-3e38f}});
    try (Lesson lesson =
        Lesson.of(
            Lesson.straight(backend),
            new LossFunction.SquaredError(),
            optimizer -> Descent.constant(optimizer, 0.1),
            Feed.of(BatchLoader.full(Lesson.line(16)), BatchLoader.full(huge)),
            Stopping.afterEpochs(3))) {
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.DIVERGED, outcome.reason());
      assertEquals(
          "training: diverged at epoch 1, step 1, got a validation loss of Infinity on far away, the training loss"
              + " being finite; look there for numbers that are not, or lower the learning rate",
          outcome.message());
      assertEquals(1, outcome.history().epochs().size());
    }
  }

  /** The rate of the report is that of the schedule, and the norm that before clipping. */
  @OnEveryMachine
  void schedulesAndClippingAct(Backend backend) {
    Module model = Lesson.straight(backend);
    List<Double> rates = new ArrayList<>();
    try (Lesson lesson =
        Lesson.of(
            model,
            new LossFunction.SquaredError(),
            optimizer ->
                new Descent(
                    optimizer,
                    0.8,
                    new Schedule.StepDecay(2, 0.5),
                    new Clipping.ByGlobalNorm(0.25)),
            Feed.of(BatchLoader.full(Lesson.line(16))),
            Stopping.afterEpochs(5))) {
      double[] start = weights(model);
      double[] first = new double[1];
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              rates.add(report.learningRate());
              if (report.step() == 1) {
                double[] now = weights(model);
                first[0] = Math.hypot(now[0] - start[0], now[1] - start[1]);
              }
            }
          });
      Outcome outcome = lesson.trainer.run();
      assertEquals(List.of(0.8, 0.8, 0.4, 0.4, 0.2), rates);
      // 1e-6 is what the clipping formula adds to the norm.
      assertEquals(0.8 * 0.25, first[0], 1e-5);
      assertTrue(
          outcome.history().epochs().getFirst().gradientNorm() > 1, outcome.history()::toString);
    }
  }

  private static double[] weights(Module straight) {
    return new double[] {
      straight.parameters().get("0.weight").item(), straight.parameters().get("0.bias").item()
    };
  }

  // ---- looking less often

  @OnRealMachines
  void aBreakdownIsDatedExactlyHoweverSeldomOneLooks(Backend backend) {
    long exact = 0;
    for (int every : new int[] {1, 7, 1000}) {
      // Each update multiplies the error by about -100: F32 ends at 3e38, so after some ten.
      try (Lesson lesson =
          line(backend, BatchLoader.of(Lesson.line(60), 1), 100, Stopping.afterEpochs(3))) {
        Outcome outcome = lesson.trainer.checkEvery(every).run();
        Divergence divergence = outcome.divergence().orElseThrow();
        exact = every == 1 ? divergence.step() : exact;
        long seen = every == 1 ? exact : every == 7 ? Math.ceilDiv(exact, 7) * 7 : 60;
        assertEquals(exact, divergence.step(), "looking every " + every);
        assertEquals(
            seen > divergence.step(),
            divergence.message().contains("looked for at step "),
            divergence.message());
        assertEquals(1, divergence.epoch());
      }
    }
    assertTrue(exact > 3 && exact < 60, "step " + exact);
    assertThrows(
        IllegalArgumentException.class,
        () -> {
          try (Lesson lesson =
              line(backend, BatchLoader.of(Lesson.line(60), 1), 1, Stopping.afterEpochs(3))) {
            lesson.trainer.checkEvery(0);
          }
        });
  }

  @OnRealMachines
  void lookingChangesNothing(Backend backend) {
    List<List<String>> histories = new ArrayList<>();
    for (int every : new int[] {1, 5}) {
      try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(2))) {
        histories.add(Lesson.untimed(lesson.trainer.checkEvery(every).run().history()));
      }
    }
    assertEquals(histories.getFirst(), histories.getLast());
  }

  // ---- memory

  /** What a run takes it has taken after three steps; what it took it gives back. */
  @OnRealMachines
  void memoryIsFlatAfterTheThirdStep(Backend backend) {
    MemoryStatistics before = backend.memory();
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(60).withPatience(50, 0))) {
      Map<Long, MemoryStatistics> at = new LinkedHashMap<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              at.put(report.step(), backend.memory());
            }
          });
      lesson.trainer.run();
      // Batches 3 and 303 of 6 an epoch are of one size.
      MemoryStatistics third = at.get(3L);
      MemoryStatistics late = at.get(303L);
      assertEquals(third.used(), late.used());
      assertEquals(third.buffers(), late.buffers());
      assertEquals(third.peak(), at.get(5L).peak());
      // The small last batch and validation need sizes of their own once; from then on nothing is
      // added.
      assertEquals(at.get(9L).reserved(), late.reserved());
      assertEquals(at.get(9L).peak(), late.peak());
    }
    assertEquals(before.used(), backend.memory().used());
    assertEquals(before.buffers(), backend.memory().buffers());
  }

  /** Whichever call of a run fails, in setting up, a step or validation: nothing of the run is left behind. */
  @OnRealMachines
  void aFailureAtAnyCallLeavesNothingBehind(Backend backend) {
    FailingBackend failing = new FailingBackend(backend);
    Init init = new Init(failing.backend(), DType.F32, new Random(3));
    Feed feed =
        Feed.of(BatchLoader.of(Lesson.clouds(24, 1), 16), BatchLoader.of(Lesson.clouds(9, 2), 9));
    try (Module model =
        Sequential.of(
            new Linear(init, 2, 8),
            new BatchNorm(init, 8),
            Activation.of("gelu"),
            new Dropout(init, 0.2),
            new Linear(init, 8, 3))) {
      long before = backend.memory().buffers();
      int call = 0;
      do {
        failing.failAt(++call);
        try (Optimizer optimizer =
                new Optimizer(Rule.AdamW.standard().update(), model.parameters());
            Trainer trainer =
                new Trainer(
                    new Learner(model, new LossFunction.CrossEntropy(0.1)),
                    new Descent(
                        optimizer, 0.01, new Schedule.Constant(), new Clipping.ByGlobalNorm(1)),
                    feed,
                    Stopping.afterEpochs(1).withPatience(1, 0))) {
          trainer.run();
          assertFalse(failing.failed());
        } catch (BackendException e) {
          assertTrue(e.getMessage().startsWith("failing:"), e.getMessage());
        }
        assertEquals(before, backend.memory().buffers(), "after a failure at call " + call);
      } while (failing.failed());
      assertTrue(call > 100, "calls " + call);
    }
  }

  // ---- parts of a model, kinds of data

  @OnEveryMachine
  void oneOutputCannotTellThreeClasses(Backend backend) {
    for (LossFunction loss :
        List.of(new LossFunction.BinaryCrossEntropyWithLogits(), new LossFunction.Hinge())) {
      Module model = Sequential.of(new Linear(new Init(backend, DType.F32, new Random(3)), 2, 1));
      try (Lesson lesson =
          Lesson.of(
              model,
              loss,
              optimizer -> Descent.constant(optimizer, 0.1),
              Lesson.cloudFeed(),
              Stopping.afterEpochs(1))) {
        DataException e = assertThrows(DataException.class, lesson.trainer::run);
        assertEquals(
            loss.name()
                + ": one output tells two classes apart, got 3 classes of clouds for a prediction F32 (16, 1); give"
                + " the model an output a class",
            e.getMessage());
      }
    }
  }

  @OnEveryMachine
  void whatTheOptimizerIsNotGivenStaysAsItIs(Backend backend) {
    Init init = Machines.init(backend, DType.F32, 5);
    Module model =
        Sequential.of(new Linear(init, 2, 8), Activation.of("tanh"), new Linear(init, 8, 3));
    Map<String, Tensor> head = new LinkedHashMap<>(model.parameters());
    head.keySet().removeIf(name -> name.startsWith("0."));
    try (model;
        Optimizer optimizer = new Optimizer(Rule.Adam.standard().update(), head);
        Trainer trainer =
            new Trainer(
                new Learner(model, new LossFunction.CrossEntropy(0)),
                Descent.constant(optimizer, 0.01),
                Lesson.cloudFeed(),
                Stopping.afterEpochs(2))) {
      List<Double> frozen = Lesson.numbers(model.parameters().get("0.weight"));
      List<Double> free = Lesson.numbers(model.parameters().get("2.weight"));
      trainer.run();
      assertEquals(frozen, Lesson.numbers(model.parameters().get("0.weight")));
      assertNotEquals(free, Lesson.numbers(model.parameters().get("2.weight")));
      assertTrue(
          model.parameters().get("0.weight").gradient().isEmpty(), "its gradient does not pile up");
    }
  }

  @OnEveryMachine
  void tokensAreLearned(Backend backend) {
    String letters = "abcabd".repeat(8) + "a";
    TokenWindows text = Text.of("a line", letters, Tokenizer.characters(letters)).windows(4);
    int vocabulary = text.target().vocabulary();
    Init init = Machines.init(backend, DType.F32, 5);
    Module model =
        Sequential.of(new Embedding(init, vocabulary, 8), new Linear(init, 8, vocabulary));
    try (Lesson lesson =
        Lesson.of(
            model,
            new LossFunction.CrossEntropy(0),
            optimizer -> Descent.constant(optimizer, 1),
            Feed.of(BatchLoader.of(text, 4)),
            Stopping.afterEpochs(40))) {
      EpochReport last = lesson.trainer.run().history().last().orElseThrow();
      // After a comes b, after c and d comes a. After b, a third of the letters, c or d: seen
      // alone, one is as likely.
      assertEquals(Math.log(2) / 3, last.trainLoss(), 0.03);
      assertTrue(last.trainAccuracy().isEmpty(), "not worth a pass over the logits");
      assertEquals(
          5.0 / 6,
          Evaluation.evaluate(lesson.learner, BatchLoader.of(text, 4)).accuracy().orElseThrow(),
          0.1);
    }
  }

  @OnEveryMachine
  void f64ModelsTakeF32Data(Backend backend) {
    if (!backend.supports(DType.F64)) {
      return;
    }
    Module model =
        Sequential.of(new Flatten(), new Linear(Machines.init(backend, DType.F64, 5), 1, 1));
    try (Lesson lesson =
        Lesson.of(
            model,
            new LossFunction.SquaredError(),
            optimizer -> Descent.constant(optimizer, 0.3),
            Feed.of(BatchLoader.full(Lesson.line(40))),
            Stopping.afterEpochs(2000).withTargetLoss(1e-12))) {
      assertEquals(Outcome.Reason.TARGET_LOSS, lesson.trainer.run().reason());
      // The data are F32, so the line is exact to about 1e-7.
      assertEquals(3, model.parameters().get("1.weight").item(), 1e-5);
    }
  }

  // ---- interruption

  @OnEveryMachine
  void anotherThreadMayAskToStop(Backend backend) throws InterruptedException {
    try (Lesson lesson =
        line(
            backend,
            BatchLoader.of(Lesson.line(32), 8).prefetching(2),
            0.01,
            Stopping.afterEpochs(1_000_000))) {
      CountDownLatch begun = new CountDownLatch(1);
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              begun.countDown();
            }
          });
      Thread asking =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  begun.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                lesson.trainer.requestStop();
              });
      Outcome outcome = lesson.trainer.run();
      asking.join();
      assertEquals(Outcome.Reason.INTERRUPTED, outcome.reason());
      assertTrue(lesson.trainer.steps() >= 1);
      // And on it goes.
      long steps = lesson.trainer.steps();
      lesson.trainer.listen(new CheckpointTest.StopAfter(lesson.trainer, steps + 3));
      assertEquals(Outcome.Reason.INTERRUPTED, lesson.trainer.run().reason());
      assertEquals(steps + 3, lesson.trainer.steps());
    }
  }

  @OnEveryMachine
  void aListenerThatFailsEndsTheRunCleanly(Backend backend) {
    long buffers = backend.memory().buffers();
    IllegalStateException mine = new IllegalStateException("disk full");
    try (Lesson lesson =
        line(
            backend,
            BatchLoader.of(Lesson.line(32), 8).prefetching(2),
            0.01,
            Stopping.afterEpochs(9))) {
      long own = backend.memory().buffers();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              if (report.step() == 5) {
                throw mine;
              }
            }
          });
      assertSame(mine, assertThrows(IllegalStateException.class, lesson.trainer::run));
      assertEquals(own, backend.memory().buffers(), "nothing of the step is left");
      assertEquals(
          Outcome.Reason.MAX_EPOCHS, lesson.trainer.run().reason(), "and the run can go on");
      assertEquals(36, lesson.trainer.steps());
    }
    assertEquals(buffers, backend.memory().buffers());
  }

  @OnEveryMachine
  void listenersHearEverythingInOrder(Backend backend) {
    try (Lesson lesson =
        line(backend, BatchLoader.of(Lesson.line(16), 8), 0.01, Stopping.afterEpochs(2))) {
      List<String> heard = new ArrayList<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void started(int epoch, int batches) {
              heard.add("started " + epoch + " of " + batches);
            }

            @Override
            public void step(StepReport report) {
              boolean gradients =
                  lesson.model.parameters().values().stream()
                      .allMatch(p -> p.gradient().isPresent());
              heard.add("step " + report.step() + (gradients ? " with gradients" : ""));
            }

            @Override
            public void epoch(EpochReport report) {
              heard.add("epoch " + report.epoch());
            }

            @Override
            public void stopped(Outcome outcome) {
              heard.add("stopped " + outcome.reason());
            }
          });
      lesson.trainer.run();
      assertEquals(
          List.of(
              "started 1 of 2",
              "step 1 with gradients",
              "step 2 with gradients",
              "epoch 1",
              "started 2 of 2",
              "step 3 with gradients",
              "step 4 with gradients",
              "epoch 2",
              "stopped MAX_EPOCHS"),
          heard);
      assertEquals(Optional.empty(), lesson.trainer.history().last().orElseThrow().validation());
    }
  }
}
