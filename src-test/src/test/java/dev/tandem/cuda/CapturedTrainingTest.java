package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.Descent;
import dev.tandem.train.EpochReport;
import dev.tandem.train.Lesson;
import dev.tandem.train.StepReport;
import dev.tandem.train.Stopping;
import dev.tandem.train.TrainingListener;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The trainer captures steps: they do what plain ones do, to the bit, and nearly nothing is left to do for the host. */
final class CapturedTrainingTest {
  private static final int EPOCHS = 6;

  /** A run's weights and losses, and what it took. */
  private record Run(Map<String, float[]> weights, List<Double> losses, long calls, long adams) {}

  /** Counts the ops that the host queues one by one. */
  private static Backend counting(Backend backend, long[] calls) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (_, method, arguments) -> {
              if (method.getName().equals("run")) {
                calls[0]++;
              }
              try {
                return method.invoke(backend, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static Run clouds(boolean captured) {
    long[] calls = new long[1];
    try (Emulated gpu = Emulated.open();
        Lesson lesson =
            Lesson.clouds(counting(gpu.backend(), calls), Stopping.afterEpochs(EPOCHS))) {
      lesson.trainer.capture(captured).run();
      Map<String, float[]> weights = new TreeMap<>();
      lesson.trainer.weights().forEach((name, tensor) -> weights.put(name, floats(tensor)));
      return new Run(
          weights,
          lesson.trainer.history().epochs().stream().map(EpochReport::trainLoss).toList(),
          calls[0],
          gpu.backend().launches().get(Kernel.MANY_ADAM_F32));
    }
  }

  private static float[] floats(Tensor tensor) {
    double[] numbers = tensor.toDoubles();
    float[] floats = new float[numbers.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) numbers[i];
    }
    return floats;
  }

  /** Dropout draws, running statistics, moments, a schedule, clipping, and a last batch that is smaller than the others. */
  @Test
  void capturedStepsDoWhatPlainOnesDo() {
    Run plain = clouds(false);
    Run captured = clouds(true);
    assertEquals(plain.losses, captured.losses);
    assertEquals(plain.weights.keySet(), captured.weights.keySet());
    plain.weights.forEach(
        (name, weights) -> assertArrayEquals(weights, captured.weights.get(name), name));
    // 6 steps an epoch: all six tensors were updated at once in each, by whichever way.
    assertEquals(EPOCHS * 6, plain.adams);
    assertEquals(plain.adams, captured.adams);
    assertTrue(
        captured.calls * 2 < plain.calls,
        () ->
            captured.calls + " ops queued one by one when captured, " + plain.calls + " when not");
  }

  /** The software GPU works only while somebody waits for it: as long as it has not, nobody did. */
  @Test
  void nothingWaitsInAStep() {
    for (boolean captured : new boolean[] {false, true}) {
      try (Emulated gpu = Emulated.open();
          Lesson lesson = Lesson.clouds(gpu.backend(), Stopping.afterEpochs(4))) {
        List<Long> done = new ArrayList<>();
        lesson
            .trainer
            .capture(captured)
            .checkEvery(1000)
            .listen(
                new TrainingListener() {
                  @Override
                  public void step(StepReport report) {
                    done.add(gpu.driver().instructions());
                  }
                })
            .run();
        for (int i = 0; i < done.size(); i++) {
          boolean capturing = captured && (i == 2 || i == 5 + 6 + 6); // the third step of a shape
          if (i % 6 != 0 && !capturing) { // an epoch begins with what its last measured
            assertEquals(done.get(i - 1), done.get(i), "something waited in step " + i);
          }
        }
        assertTrue(done.getLast() > done.getFirst(), "nothing was done at all");
      }
    }
  }

  /** From the third step of the last shape on, a captured run takes no memory, on the device or in open tensors. */
  @Test
  void memoryIsFlatOnceStepsAreCaptured() {
    try (Emulated gpu = Emulated.open();
        Lesson lesson = Lesson.clouds(gpu.backend(), Stopping.afterEpochs(12))) {
      List<MemoryStatistics> seen = new ArrayList<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              seen.add(gpu.backend().memory());
            }
          });
      lesson.trainer.run();
      // Step 18 ends the third epoch, whose last batch is the third of its shape.
      MemoryStatistics settled = seen.get(18);
      for (int step = 19; step < seen.size(); step++) {
        assertEquals(settled, seen.get(step), "step " + (step + 1));
      }
    }
  }

  /** A layer that looks at a number on the host in each forward. */
  private static final class Curious extends Module {
    private final Linear linear;
    private int looks;

    Curious(Init init) {
      linear = child("linear", new Linear(init, 2, 3));
    }

    @Override
    public Tensor forward(Tensor x) {
      Tensor y = linear.forward(x);
      y.sum().item();
      looks++;
      return y;
    }
  }

  @Test
  void stepsThatCannotBeCapturedGoOnAsTheyAre() {
    double[][] losses = new double[2][];
    for (int i = 0; i < 2; i++) {
      try (Emulated gpu = Emulated.open()) {
        Curious model = new Curious(new Init(gpu.backend(), DType.F32, new Random(1)));
        try (Lesson lesson =
            Lesson.of(
                model,
                new LossFunction.CrossEntropy(0),
                optimizer -> Descent.constant(optimizer, 0.1),
                Lesson.cloudFeed(),
                Stopping.afterEpochs(3))) {
          lesson.trainer.capture(i == 1).run();
          losses[i] =
              lesson.trainer.history().epochs().stream()
                  .mapToDouble(EpochReport::trainLoss)
                  .toArray();
          assertTrue(model.looks >= 3 * 6, "every step looked");
        }
      }
    }
    assertArrayEquals(losses[0], losses[1]);
  }
}
