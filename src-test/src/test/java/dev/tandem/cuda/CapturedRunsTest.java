package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.ReduceOnPlateau;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
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
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BinaryOperator;
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
        results.add(course.run(counting(gpu.backend(), replays), captured));
        graphs.add(replays[0]);
      }
    }
    assertEquals(results.get(0), results.get(1));
    assertEquals(0, graphs.get(0));
    assertTrue(graphs.get(1) > 4, () -> "replayed " + graphs.get(1) + " steps");
  }

  /** Counts the replays of captured steps. */
  private static Backend counting(Backend backend, long[] replays) {
    return proxy(
        Backend.class,
        backend,
        (method, answer) ->
            method.equals("capture")
                ? proxy(
                    CapturedStep.class,
                    (CapturedStep) answer,
                    (call, nothing) -> {
                      replays[0] += call.equals("replay") ? 1 : 0;
                      return nothing;
                    })
                : answer);
  }

  private static <T> T proxy(Class<T> type, T object, BinaryOperator<Object> after) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              try {
                return after.apply(method.getName(), method.invoke(object, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static Object trained(Lesson lesson, boolean captured) {
    Outcome outcome = lesson.trainer.capture(captured).run();
    return state(lesson) + " " + outcome.reason() + " " + outcome.restored();
  }

  private static Object state(Lesson lesson) {
    return lesson.weights() + " " + Lesson.untimed(lesson.trainer.history());
  }

  private static TrainingListener at(long step, Runnable action) {
    return new TrainingListener() {
      @Override
      public void step(StepReport report) {
        if (report.step() == step) {
          action.run();
        }
      }
    };
  }

  @Test
  void brokenOffInAnEpochAndResumedElsewhere() {
    sameBothWays((backend, captured) -> {
      Path file = folder.resolve(captured + ".safetensors");
      try (Lesson first = Lesson.clouds(backend, SIX_EPOCHS)) {
        first.trainer.listen(at(21, first.trainer::requestStop)).capture(captured).run();
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
        lesson.trainer.listen(at(9, () -> lesson.trainer.save(file)));
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
        lesson.trainer.listen(at(15, () -> weight.write(MemorySegment.ofArray(bad))));
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
                at(
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
        lesson.trainer.listen(at(15, () -> weight.write(MemorySegment.ofArray(halves))));
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
          other.capture(captured).listen(at(9, other::requestStop)).run();
          lesson.trainer.capture(captured).listen(at(15, lesson.trainer::requestStop)).run();
          other.run();
        }
        lesson.trainer.run();
        return state(lesson);
      }
    });
  }

  /** What a listener makes is freed with the step, whether it was captured or not. */
  @Test
  void whatListenersMakeIsFreed() {
    try (Emulated gpu = Emulated.open();
        Lesson lesson = Lesson.clouds(gpu.backend(), SIX_EPOCHS)) {
      List<Long> open = new ArrayList<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              open.add(gpu.backend().memory().buffers());
              Tensor.zeros(gpu.backend(), TensorType.f32(3));
            }
          });
      lesson.trainer.run();
      assertEquals(open.get(20), open.getLast(), open::toString);
    }
  }

  @Test
  void aModelClosedBeforeItsTrainer() {
    try (Emulated gpu = Emulated.open()) {
      long before = gpu.backend().memory().buffers();
      Lesson lesson = Lesson.clouds(gpu.backend(), SIX_EPOCHS);
      lesson.trainer.run();
      lesson.model.close();
      lesson.optimizer.close();
      lesson.trainer.close();
      lesson.trainer.close();
      assertEquals(before, gpu.backend().memory().buffers());
    }
  }

  /** A layer that goes by a count of its own, which no replay would know of. */
  private static final class Counting extends Module {
    private final Linear linear;
    private int calls;

    Counting(Init init) {
      linear = child("linear", new Linear(init, 2, 3));
    }

    @Override
    public Tensor forward(Tensor x) {
      Tensor y = linear.forward(x);
      return training() ? y.mul(1.0 / ++calls) : y;
    }
  }

  @Test
  void stepsThatGoByANumberOnTheHostAreNotCaptured() {
    long[] replays = new long[1];
    try (Emulated gpu = Emulated.open()) {
      Backend backend = counting(gpu.backend(), replays);
      Counting model = new Counting(new Init(backend, DType.F32, new Random(1)));
      try (Lesson lesson =
          Lesson.of(
              model,
              new LossFunction.CrossEntropy(0),
              optimizer -> Descent.constant(optimizer, 0.1),
              Lesson.cloudFeed(),
              SIX_EPOCHS)) {
        lesson.trainer.run();
        assertEquals(0, replays[0]);
        assertEquals(6 * 6 + 1, model.calls, "each step, and one try to record");
      }
    }
  }

  /** Settings count from the next step on, also where steps have been captured already. */
  @Test
  void settingsMayChangeBetweenRuns() {
    for (boolean looking : new boolean[] {false, true}) {
      long[] replays = new long[1];
      try (Emulated gpu = Emulated.open();
          Lesson lesson = Lesson.clouds(counting(gpu.backend(), replays), SIX_EPOCHS)) {
        lesson.trainer.listen(at(15, lesson.trainer::requestStop)).run();
        long first = replays[0];
        assertTrue(first > 4, () -> "replayed " + first + " steps");
        if (looking) {
          lesson.trainer.checkEvery(1); // a look before the update needs a step in two parts
        } else {
          lesson.trainer.capture(false);
        }
        lesson.trainer.run();
        assertEquals(first, replays[0]);
      }
    }
  }

  /** Where a graph's memory is what others lack, the graph goes, and training goes on. */
  @Test
  void whereMemoryIsShortStepsAreNoLongerCaptured() {
    List<Object> results = new ArrayList<>();
    for (boolean captured : new boolean[] {false, true}) {
      CudaOptions options =
          CudaOptions.standard("cuda-emulated").withMemory(OptionalLong.of(2 << 20));
      long[] replays = new long[1];
      long[] until = new long[1];
      try (Emulated gpu = Emulated.open(options, 1L << 28);
          Lesson lesson = Lesson.clouds(counting(gpu.backend(), replays), SIX_EPOCHS)) {
        lesson.trainer.listen(
            at(
                20,
                () -> {
                  takeAllThereIs(gpu.backend());
                  until[0] = replays[0];
                }));
        results.add(trained(lesson, captured));
        assertEquals(captured, until[0] > 0);
        assertEquals(until[0], replays[0]);
      }
    }
    assertEquals(results.get(0), results.get(1));
  }

  private static void takeAllThereIs(CudaBackend backend) {
    List<Buffer> all = new ArrayList<>();
    assertThrows(
        OutOfMemoryException.class,
        () -> {
          while (true) {
            all.add(backend.allocate(TensorType.f32(1024)));
          }
        });
    all.forEach(Buffer::close);
  }
}
