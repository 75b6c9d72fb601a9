package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.data.BatchLoader;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is seen of a run on the way: true, and without a bit of the run being another for it. */
class RunSamplerTest {
  @TempDir Path folder;

  /** Remembers what it is given. */
  private static final class Memory implements RunSampler.Sink {
    private final List<RunSampler.Point> points = new ArrayList<>();
    private final List<RunSampler.Distributions> distributions = new ArrayList<>();

    @Override
    public void point(RunSampler.Point point) {
      points.add(point);
    }

    @Override
    public void distributions(RunSampler.Distributions seen) {
      distributions.add(seen);
    }
  }

  @Test
  void binsHoldWhatWasCountedByHand() {
    double[] values = {0, 1, 1, 2, 39.5, 40, Double.NaN, Double.POSITIVE_INFINITY};
    Distribution d = Distribution.of(Shape.of(8), values);
    long[] counts = new long[Distribution.BINS];
    counts[0] = 1; // each bin is 1 wide, and has its lower border
    counts[1] = 2;
    counts[2] = 1;
    counts[39] = 2; // the last has the upper one too
    assertArrayEquals(counts, d.counts());
    assertEquals(2, d.broken());
    assertEquals(83.5 / 6, d.mean(), 1e-12);
    assertEquals(
        Math.sqrt((1 + 1 + 4 + 39.5 * 39.5 + 1600) / 6 - d.mean() * d.mean()), d.deviation(), 1e-9);
    assertEquals(3, d.upper(2));
    assertEquals(40, d.upper(39));
    assertArrayEquals(
        new long[] {3}, Distribution.of(Shape.of(3), new double[] {7, 7, 7}).counts());
    assertArrayEquals(
        new long[0], Distribution.of(Shape.of(1), new double[] {Double.NaN}).counts());
  }

  @OnRealMachines
  void ofALargeTensorAnEvenShareIsCounted(Backend backend) {
    int size = 300_000;
    float[] values = new Random(2).normal(size, 1, 2);
    try (Scope _ = Scope.open()) {
      Distribution d = Distribution.of(Tensor.of(backend, values, 3, size / 3), 0.5);
      assertEquals(Distribution.MOST_VALUES, Arrays.stream(d.counts()).sum());
      assertEquals(Shape.of(3, size / 3), d.shape());
      // Divided by one half: mean 2, deviation 4; five standard errors.
      assertEquals(2, d.mean(), 5 * 4 / 256.0);
      assertEquals(4, d.deviation(), 5 * 4 / 256.0 / Math.sqrt(2));
    }
  }

  @OnRealMachines
  void looksChangeNoBitOfARun(Backend backend) {
    Map<String, List<Double>> alone;
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(4))) {
      lesson.trainer.run();
      alone = lesson.weights();
    }
    Memory memory = new Memory();
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(4))) {
      lesson.trainer.listen(new RunSampler(lesson.trainer, List.of(memory)));
      lesson.trainer.run();
      assertEquals(alone, lesson.weights());
      RunSampler.Distributions last = memory.distributions.getLast();
      assertEquals(4, last.epoch());
      assertEquals(24, last.step());
      lesson
          .model
          .parameters()
          .forEach((name, tensor) ->
              assertEquals(Distribution.of(tensor, 1), last.weights().get(name), name));
    }
    assertEquals(4, memory.distributions.size());
    assertTrue(memory.points.size() >= 2 && memory.points.getFirst().step() == 1);
  }

  /** On the line y = 3 x - 2 by one weight and one bias: gradients of the squared error that can be worked out. */
  @OnRealMachines
  void gradientsAreThoseOfTheEpochsLastStep(Backend backend) {
    Memory memory = new Memory();
    Map<String, Double> expected = new TreeMap<>();
    try (Module model = Lesson.straight(backend);
        Lesson lesson =
            Lesson.of(
                model,
                new LossFunction.SquaredError(),
                optimizer -> Descent.constant(optimizer, 0.1),
                Feed.of(BatchLoader.of(Lesson.line(8), 8)),
                Stopping.afterEpochs(1))) {
      double weight = model.parameters().get("0.weight").toDoubles()[0];
      double bias = model.parameters().get("0.bias").toDoubles()[0];
      float[] x = new Random(5).uniform(8, -1, 1);
      double dWeight = 0;
      double dBias = 0;
      for (float each : x) {
        double error = weight * each + bias - (3 * each - 2);
        dWeight += 2 * error * each / 8;
        dBias += 2 * error / 8;
      }
      expected.put("0.weight", dWeight);
      expected.put("0.bias", dBias);
      lesson.trainer.listen(new RunSampler(lesson.trainer, List.of(memory)));
      lesson.trainer.run();
    }
    Map<String, Distribution> seen = memory.distributions.getFirst().gradients();
    assertEquals(expected.keySet(), seen.keySet());
    expected.forEach((name, value) -> assertEquals(value, seen.get(name).mean(), 1e-5, name));
  }

  @Test
  void aLongRunIsSeenSeldom() {
    Memory memory = new Memory();
    try (Backend backend = Backends.open("cpu", _ -> {});
        Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(500))) {
      lesson.trainer.listen(new RunSampler(lesson.trainer, List.of(memory)));
      lesson.trainer.run();
    }
    // 3,000 steps and 500 epochs; 500 (1 + ln 6) and 50 (1 + ln 10) by the rule, a little more by
    // whole numbers.
    assertTrue(
        memory.points.size() > 1000 && memory.points.size() < 2000,
        memory.points.size() + " points");
    assertTrue(
        memory.distributions.size() > 150 && memory.distributions.size() < 250,
        memory.distributions.size() + " distributions");
  }

  @OnRealMachines
  void aRunThatGoesOnTakesBackWhatItWillDoAgain(Backend backend) throws IOException {
    RunFolder run = RunFolder.create(folder, "run");
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(3))) {
      lesson
          .trainer
          .listen(new RunRecorder(lesson.trainer, run, Map.of(), 2))
          .listen(new RunSampler(lesson.trainer, List.of(new CurveFiles(run))));
      lesson.trainer.run();
    }
    List<String> steps = Files.readAllLines(run.steps());
    List<String> distributions = Files.readAllLines(run.distributions());
    assertEquals(3, distributions.size());
    // The checkpoint is of epoch 2; a killed process has left half a line.
    Files.writeString(run.steps(), Files.readString(run.steps()) + "{\"step\":19,\"epo");
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(3))) {
      lesson.trainer.resume(run.checkpoint());
      lesson.trainer.listen(new RunSampler(lesson.trainer, List.of(new CurveFiles(run))));
      lesson.trainer.run();
    }
    assertEquals(steps.getLast(), Files.readAllLines(run.steps()).getLast());
    assertEquals(distributions, Files.readAllLines(run.distributions()));
    assertEquals(
        Files.readAllLines(run.steps()).size(),
        Files.readAllLines(run.steps()).stream().distinct().count());
  }
}
