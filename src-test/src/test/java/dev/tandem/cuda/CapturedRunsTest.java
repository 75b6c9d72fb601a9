package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.ReduceOnPlateau;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.Descent;
import dev.tandem.train.Evaluation;
import dev.tandem.train.Lesson;
import dev.tandem.train.Outcome;
import dev.tandem.train.StepReport;
import dev.tandem.train.Stopping;
import dev.tandem.train.Trainer;
import dev.tandem.train.TrainingListener;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run whose steps are captured goes as a plain one goes, whatever happens between the steps. */
final class CapturedRunsTest {
  private static final Stopping SIX_EPOCHS = Stopping.afterEpochs(6);

  @TempDir Path folder;

  /** Trains in some way. @return what must be the same, captured or not */
  private interface Course {
    Object run(Backend backend, boolean captured);
  }

  private static void sameBothWays(Course course) {
    List<Object> results = new ArrayList<>();
    List<Long> graphs = new ArrayList<>();
    for (boolean captured : new boolean[] {false, true}) {
      try (Emulated gpu = Emulated.open()) {
        long[] replays = new long[1];
        results.add(course.run(Replays.counting(gpu.backend(), replays), captured));
        graphs.add(replays[0]);
      }
    }
    assertEquals(results.get(0), results.get(1));
    assertEquals(0, graphs.get(0));
    assertTrue(graphs.get(1) > 4, () -> "replayed " + graphs.get(1) + " steps");
  }

  private static Object trained(Lesson lesson, boolean captured) {
    Outcome outcome = lesson.trainer.capture(captured).run();
    return state(lesson) + " " + outcome.reason() + " " + outcome.restored();
  }

  private static Object state(Lesson lesson) {
    return lesson.weights() + " " + Lesson.untimed(lesson.trainer.history());
  }

  @Test
  void brokenOffInAnEpochAndResumedElsewhere() {
    sameBothWays((backend, captured) -> {
      Path file = folder.resolve(captured + ".safetensors");
      try (Lesson first = Lesson.clouds(backend, SIX_EPOCHS)) {
        first.trainer.listen(Replays.at(21, first.trainer::requestStop)).capture(captured).run();
        first.trainer.save(file);
      }
      try (Lesson second = Lesson.clouds(backend, SIX_EPOCHS)) {
        second.trainer.resume(file);
        return trained(second, captured);
      }
    });
  }

  /** The steps captured before go on after a resume that writes over everything. */
  @Test
  void resumedInTheSameTrainer() {
    sameBothWays((backend, captured) -> {
      Path file = folder.resolve("same-" + captured + ".safetensors");
      try (Lesson lesson = Lesson.clouds(backend, SIX_EPOCHS)) {
        lesson.trainer.listen(Replays.at(9, () -> lesson.trainer.save(file)));
        Object once = trained(lesson, captured);
        lesson.trainer.resume(file);
        assertEquals(once, trained(lesson, captured));
        return once;
      }
    });
  }

  /** Too large a rate: the plateau schedule lowers it, and early stopping goes back to the best weights. */
  @Test
  void plateauAndEarlyStopping() {
    sameBothWays((backend, captured) -> {
      try (Lesson lesson =
          Lesson.of(
              new Linear(new Init(backend, DType.F32, new Random(1)), 2, 3),
              new LossFunction.CrossEntropy(0),
              optimizer ->
                  new Descent(
                      optimizer,
                      30,
                      new ReduceOnPlateau(new ReduceOnPlateau.Options(0.5, 1, 0, 0, 0)),
                      new Clipping.None()),
              Lesson.cloudFeed(),
              Stopping.afterEpochs(30).withPatience(3, 0))) {
        Object end = trained(lesson, captured);
        assertTrue(end.toString().contains("NO_IMPROVEMENT"), end::toString);
        return end;
      }
    });
  }

  /** The step is named exactly, though the look is every twenty. */
  @Test
  void aBreakdownIsNamedAtItsStep() {
    sameBothWays((backend, captured) -> {
      try (Lesson lesson = Lesson.clouds(backend, SIX_EPOCHS)) {
        Tensor weight = lesson.model.parameters().get("4.weight");
        float[] bad = new float[(int) weight.shape().elements()];
        Arrays.fill(bad, Float.NaN);
        lesson.trainer.listen(Replays.at(15, () -> weight.write(MemorySegment.ofArray(bad))));
        Outcome outcome = lesson.trainer.capture(captured).run();
        assertEquals(Outcome.Reason.DIVERGED, outcome.reason());
        assertTrue(outcome.message().contains("epoch 3, step 16"), outcome::message);
        return outcome.message();
      }
    });
  }

  @Test
  void aListenerThatThrowsAndARunThatGoesOn() {
    sameBothWays((backend, captured) -> {
      try (Lesson lesson = Lesson.clouds(backend, SIX_EPOCHS)) {
        lesson
            .trainer
            .capture(captured)
            .listen(
                Replays.at(
                    15,
                    () -> {
                      throw new IllegalStateException("enough");
                    }));
        assertThrows(IllegalStateException.class, lesson.trainer::run);
        return trained(lesson, captured);
      }
    });
  }

  @Test
  void aListenerThatChangesWeightsAndOneThatEvaluates() {
    sameBothWays((backend, captured) -> {
      try (Lesson lesson = Lesson.clouds(backend, SIX_EPOCHS)) {
        Tensor weight = lesson.model.parameters().get("4.weight");
        float[] halves = new float[(int) weight.shape().elements()];
        Arrays.fill(halves, 0.5f);
        List<Double> losses = new ArrayList<>();
        lesson.trainer.listen(Replays.at(15, () -> weight.write(MemorySegment.ofArray(halves))));
        lesson.trainer.listen(
            new TrainingListener() {
              @Override
              public void step(StepReport report) {
                losses.add(report.loss());
              }
            });
        return trained(lesson, captured) + " " + losses;
      }
    });
  }

  @Test
  void evaluationWithinAnEpoch() {
    sameBothWays((backend, captured) -> {
      try (Lesson lesson = Lesson.clouds(backend, SIX_EPOCHS)) {
        List<Object> metrics = new ArrayList<>();
        lesson.trainer.listen(
            new TrainingListener() {
              @Override
              public void step(StepReport report) {
                try (var _ = Tape.noGrad()) {
                  metrics.add(
                      Evaluation.evaluate(
                              lesson.learner, Lesson.cloudFeed().validation().orElseThrow())
                          .loss());
                }
              }
            });
        return trained(lesson, captured) + " " + metrics;
      }
    });
  }

  @Test
  void everyRule() {
    for (Rule rule :
        List.of(
            new Rule.Sgd(0.01),
            Rule.Momentum.standard(),
            Rule.Nesterov.standard(),
            Rule.Adagrad.standard(),
            Rule.RmsProp.standard(),
            Rule.Adam.standard(),
            Rule.Lion.standard())) {
      sameBothWays((backend, captured) -> withRule(backend, rule, Integer.MAX_VALUE, captured));
    }
  }

  /** The optimizer has the first layer's weight alone. */
  @Test
  void frozenParameters() {
    sameBothWays((backend, captured) -> withRule(backend, Rule.Adam.standard(), 1, captured));
  }

  private static Object withRule(Backend backend, Rule rule, int trained, boolean captured) {
    try (Lesson lesson = Lesson.clouds(backend, SIX_EPOCHS)) {
      Map<String, Tensor> some = new LinkedHashMap<>();
      lesson.model.parameters().entrySet().stream()
          .limit(trained)
          .forEach(entry -> some.put(entry.getKey(), entry.getValue()));
      try (Optimizer optimizer = new Optimizer(rule.update(), some);
          Trainer trainer =
              new Trainer(
                  lesson.learner,
                  Descent.constant(optimizer, 0.01),
                  Lesson.cloudFeed(),
                  SIX_EPOCHS)) {
        trainer.capture(captured).run();
        return lesson.weights() + " " + Lesson.untimed(trainer.history());
      }
    }
  }

  /** Two trainers on one model take turns, and the first is closed while the other goes on. */
  @Test
  void twoTrainersOfOneModel() {
    sameBothWays((backend, captured) -> {
      try (Lesson lesson = Lesson.clouds(backend, SIX_EPOCHS)) {
        try (Optimizer optimizer =
                new Optimizer(Rule.Lion.standard().update(), lesson.model.parameters());
            Trainer other =
                new Trainer(
                    lesson.learner,
                    Descent.constant(optimizer, 0.001),
                    Lesson.cloudFeed(),
                    SIX_EPOCHS)) {
          other.capture(captured).listen(Replays.at(9, other::requestStop)).run();
          lesson
              .trainer
              .capture(captured)
              .listen(Replays.at(15, lesson.trainer::requestStop))
              .run();
          other.run();
        }
        lesson.trainer.run();
        return state(lesson);
      }
    });
  }
}
