package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Dataset;
import dev.tandem.data.InMemory;
import dev.tandem.nn.Activation;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Dropout;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * A small thing to learn, with everything in it that a run has to carry: dropout, running statistics, moments, a schedule
 * and a shuffled order. Every lesson of one seed is the same.
 */
public final class Lesson implements AutoCloseable {
  public final Module model;
  public final Optimizer optimizer;
  public final Trainer trainer;
  public final Learner learner;

  private Lesson(Learner learner, Descent descent, Feed feed, Stopping stopping) {
    this.learner = learner;
    model = learner.model();
    optimizer = descent.optimizer();
    trainer = new Trainer(learner, descent, feed, stopping);
  }

  /** A lesson of one's own making. */
  public static Lesson of(
      Module model,
      LossFunction loss,
      Function<Optimizer, Descent> descent,
      Feed feed,
      Stopping stopping) {
    return new Lesson(
        new Learner(model, loss),
        descent.apply(new Optimizer(new Rule.Sgd(0).update(), model.parameters())),
        feed,
        stopping);
  }

  /** A lesson with a descent of one's own. */
  public static Lesson of(
      Module model, LossFunction loss, Descent descent, Feed feed, Stopping stopping) {
    return new Lesson(new Learner(model, loss), descent, feed, stopping);
  }

  /** Three clouds of points, told apart by a network with dropout and batch norm, under AdamW, warm-up and clipping. */
  public static Lesson clouds(Backend backend, Stopping stopping) {
    Init init = new Init(backend, DType.F32, new Random(3));
    Module model =
        Sequential.of(
            new Linear(init, 2, 16),
            new BatchNorm(init, 16),
            Activation.of("tanh"),
            new Dropout(init, 0.2),
            new Linear(init, 16, 3));
    Descent descent =
        new Descent(
            new Optimizer(Rule.AdamW.standard().update(), model.parameters()),
            0.01,
            new Schedule.LinearWarmup(5, 0.1, new Schedule.Cosine(60, 0)),
            new Clipping.ByGlobalNorm(1));
    return new Lesson(
        new Learner(model, new LossFunction.CrossEntropy(0)), descent, cloudFeed(), stopping);
  }

  /** 90 points in batches of 16, so that the last is smaller; 30 to validate on. */
  public static Feed cloudFeed() {
    return Feed.of(
        BatchLoader.of(clouds(90, 1), 16).shuffled(7).prefetching(2),
        BatchLoader.of(clouds(30, 2), 8));
  }

  /** Points around the corners of a triangle, so far apart that most can be told. */
  public static Dataset clouds(int count, long seed) {
    Random random = new Random(seed);
    float[] x = random.normal(count, 0, 0.6);
    float[] y = random.normal(count, 0, 0.6);
    float[][] points = new float[count][];
    int[] labels = new int[count];
    for (int i = 0; i < count; i++) {
      labels[i] = i % 3;
      points[i] = new float[] {x[i] + (i % 3 == 1 ? 2 : 0), y[i] + (i % 3 == 2 ? 2 : 0)};
    }
    return InMemory.classes("clouds", points, labels, List.of("origin", "right", "top"));
  }

  /** Numbers on the line y = 3 x - 2. */
  public static Dataset line(int count) {
    float[] x = new Random(5).uniform(count, -1, 1);
    float[][] inputs = new float[count][];
    float[][] targets = new float[count][];
    for (int i = 0; i < count; i++) {
      inputs[i] = new float[] {x[i]};
      targets[i] = new float[] {3 * x[i] - 2};
    }
    return InMemory.numbers("line", inputs, targets);
  }

  /** One weight and one bias. */
  public static Module straight(Backend backend) {
    return Sequential.of(new Linear(new Init(backend, DType.F32, new Random(4)), 1, 1));
  }

  /** The numbers of all parameters and buffers, by name. */
  public Map<String, List<Double>> weights() {
    Map<String, List<Double>> numbers = new TreeMap<>();
    Learner.weights(model).forEach((name, tensor) -> numbers.put(name, numbers(tensor)));
    return numbers;
  }

  public static List<Double> numbers(Tensor tensor) {
    return Arrays.stream(tensor.toDoubles()).boxed().toList();
  }

  /** What an epoch came to, without how long it took. */
  public static List<String> untimed(History history) {
    return history.epochs().stream()
        .map(epoch -> epoch.toString().replaceAll("Timing\\[.*?]", ""))
        .toList();
  }

  @Override
  public void close() {
    trainer.close();
    optimizer.close();
    model.close();
  }
}
