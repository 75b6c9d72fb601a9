package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.DataException;
import dev.tandem.data.Dataset;
import dev.tandem.data.InMemory;
import dev.tandem.data.Values;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnEveryMachine;
import dev.tandem.nn.Dropout;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

/** Metrics are those of the whole data set, however it is cut into batches. */
class EvaluationTest {
  /** A few dozen F32 additions of numbers near 1. */
  private static final double F32 = 2e-6;

  /** Outputs its inputs: predictions can then be written down as data. */
  private static Module identity(Backend backend, int width) {
    Module model = Sequential.of(new Linear(Machines.init(backend, DType.F32, 1), width, width));
    double[] one = new double[width * width];
    for (int i = 0; i < width; i++) {
      one[i * width + i] = 1;
    }
    Machines.set(model.parameters().get("0.weight"), one);
    Machines.set(model.parameters().get("0.bias"), new double[width]);
    return model;
  }

  private static final Dataset SCORES =
      InMemory.classes(
          "scores",
          new float[][] {
            {2, 0, 0}, {0, 1, 0}, {0, 3, 1}, {1, 0, 0}, {0, 0, 5}, {0, 2, 0}, {4, 0, 1}
          },
          new int[] {0, 1, 1, 1, 2, 2, 0},
          List.of("a", "b", "c"));

  @OnEveryMachine
  void classesAreCountedOverAllBatches(Backend backend) {
    double total = 0;
    double[][] scores = {
      {2, 0, 0}, {0, 1, 0}, {0, 3, 1}, {1, 0, 0}, {0, 0, 5}, {0, 2, 0}, {4, 0, 1}
    };
    int[] labels = {0, 1, 1, 1, 2, 2, 0};
    for (int i = 0; i < labels.length; i++) {
      total +=
          Math.log(Math.exp(scores[i][0]) + Math.exp(scores[i][1]) + Math.exp(scores[i][2]))
              - scores[i][labels[i]];
    }
    try (Module model = identity(backend, 3)) {
      for (int batch : new int[] {1, 2, 3, 7}) {
        Metrics metrics =
            Evaluation.evaluate(
                new Learner(model, new LossFunction.CrossEntropy(0)),
                BatchLoader.of(SCORES, batch));
        assertEquals(total / 7, metrics.loss(), F32, "batches of " + batch);
        assertEquals(7, metrics.samples());
        assertEquals(OptionalDouble.of(5.0 / 7), metrics.accuracy());
        Confusion confusion = metrics.confusion().orElseThrow();
        assertArrayEquals(new long[][] {{2, 0, 0}, {1, 2, 0}, {0, 1, 1}}, confusion.counts());
        assertEquals(5.0 / 7, confusion.accuracy());
      }
    }
  }

  @OnEveryMachine
  void numbersAreMeasuredOverAllBatches(Backend backend) {
    float[][] predicted = {{1, 10}, {2, 20}, {4, 30}, {0, 45}, {3, 50}};
    float[][] actual = {{1, 11}, {3, 20}, {4, 28}, {1, 40}, {5, 50}};
    Dataset data = InMemory.numbers("pairs", predicted, actual);
    double squares = 1 + 1 + 4 + 1 + 25 + 4;
    double spread = 0;
    for (int k = 0; k < 2; k++) {
      double mean = 0;
      for (float[] row : actual) {
        mean += row[k] / 5.0;
      }
      for (float[] row : actual) {
        spread += (row[k] - mean) * (row[k] - mean);
      }
    }
    try (Module model = identity(backend, 2)) {
      for (int batch : new int[] {1, 2, 5}) {
        Metrics metrics =
            Evaluation.evaluate(
                new Learner(model, new LossFunction.SquaredError()), BatchLoader.of(data, batch));
        assertEquals(squares / 10, metrics.loss(), F32 * squares);
        RegressionErrors errors = metrics.regression().orElseThrow();
        assertEquals(12 / 10.0, errors.meanAbsolute(), F32);
        assertEquals(Math.sqrt(squares / 10), errors.rootMeanSquare(), F32);
        assertEquals(1 - squares / spread, errors.r2(), F32);
        assertTrue(metrics.accuracy().isEmpty() && metrics.confusion().isEmpty());
      }
    }
  }

  @OnEveryMachine
  void r2IsNoNumberWhereTargetsDoNotVary(Backend backend) {
    Dataset data = InMemory.numbers("still", new float[][] {{1}, {2}}, new float[][] {{7}, {7}});
    try (Module model = identity(backend, 1)) {
      Metrics metrics =
          Evaluation.evaluate(
              new Learner(model, new LossFunction.AbsoluteError()), BatchLoader.full(data));
      assertEquals(5.5, metrics.loss());
      assertTrue(Double.isNaN(metrics.regression().orElseThrow().r2()));
    }
  }

  /** One output tells two classes apart: at 0 for logits and margins, half way for a number that learns 0 and 1. */
  @OnEveryMachine
  void oneOutputTellsTwoClassesApart(Backend backend) {
    Dataset data =
        InMemory.classes(
            "two",
            new float[][] {{-2}, {0.25f}, {3}, {0.75f}},
            new int[] {0, 0, 1, 1},
            List.of("no", "yes"));
    try (Module model = identity(backend, 1)) {
      double cross = 0;
      double hinge = 0;
      double squared = 0;
      double[] x = {-2, 0.25, 3, 0.75};
      for (int i = 0; i < 4; i++) {
        double sign = i < 2 ? -1 : 1;
        cross += Math.log1p(Math.exp(-sign * x[i]));
        hinge += Math.max(0, 1 - sign * x[i]);
        squared += (x[i] - (i < 2 ? 0 : 1)) * (x[i] - (i < 2 ? 0 : 1));
      }
      check(model, new LossFunction.BinaryCrossEntropyWithLogits(), data, cross / 4, 0.75);
      check(model, new LossFunction.Hinge(), data, hinge / 4, 0.75);
      check(model, new LossFunction.SquaredError(), data, squared / 4, 1);
    }
  }

  /** Losses over numbers take class numbers as one-hot rows. */
  @OnEveryMachine
  void classesBecomeRowsWhereTheLossWantsNumbers(Backend backend) {
    Dataset data =
        InMemory.classes(
            "rows", new float[][] {{1, 0, 0}, {0, 2, 0}}, new int[] {0, 2}, List.of("a", "b", "c"));
    try (Module model = identity(backend, 3)) {
      check(model, new LossFunction.SquaredError(), data, 5 / 6.0, 0.5);
    }
  }

  private static void check(
      Module model, LossFunction loss, Dataset data, double expected, double accuracy) {
    Metrics metrics = Evaluation.evaluate(new Learner(model, loss), BatchLoader.of(data, 1));
    assertEquals(expected, metrics.loss(), F32, loss.name());
    assertEquals(accuracy, metrics.accuracy().orElseThrow(), loss.name());
  }

  @OnEveryMachine
  void evaluationLeavesTheModelAsItWas(Backend backend) {
    Init init = Machines.init(backend, DType.F32, 6);
    try (Module model = Sequential.of(new Linear(init, 3, 3), new Dropout(init, 0.9))) {
      Learner learner = new Learner(model, new LossFunction.CrossEntropy(0));
      long buffers = backend.memory().buffers();
      double first = Evaluation.evaluate(learner, BatchLoader.of(SCORES, 3)).loss();
      assertEquals(
          first, Evaluation.evaluate(learner, BatchLoader.of(SCORES, 3)).loss(), "dropout is off");
      assertTrue(model.training());
      assertEquals(buffers, backend.memory().buffers());
      model.training(false);
      Evaluation.evaluate(learner, BatchLoader.of(SCORES, 3));
      assertTrue(!model.training());
    }
  }

  @OnEveryMachine
  void moreOutputsThanClassesAreRefusedOnceOneIsChosen(Backend backend) {
    Dataset data =
        InMemory.classes("short", new float[][] {{0, 0, 9}}, new int[] {1}, List.of("a", "b"));
    try (Module model = identity(backend, 3)) {
      DataException refused =
          assertThrows(
              DataException.class,
              () ->
                  Evaluation.evaluate(
                      new Learner(model, new LossFunction.CrossEntropy(0)),
                      BatchLoader.full(data)));
      assertEquals(
          "evaluation: the model has more outputs than the data has classes, got output 2 for the 2 classes of"
              + " short; evaluate on the data it was made for",
          refused.getMessage());
    }
  }

  @Test
  void samplesAreNotLeftOut() {
    BatchLoader loader = BatchLoader.of(SCORES, 2).droppingLast();
    DataException refused =
        assertThrows(DataException.class, () -> Feed.of(BatchLoader.full(SCORES), loader));
    assertEquals(
        "evaluation: the loader leaves samples out, got 6 of the 7 of scores; use one that keeps the last batch",
        refused.getMessage());
  }

  @OnEveryMachine
  void predictionsComeAsRows(Backend backend) {
    Values inputs =
        new Values.Floats(Shape.of(2, 3), new float[] {0, 2, 0, (float) Math.log(2), 0, 0});
    try (Module model = identity(backend, 3)) {
      Predictor predictor = new Predictor(new Learner(model, new LossFunction.CrossEntropy(0)));
      assertArrayEquals(new int[] {1, 0}, predictor.classes(inputs));
      assertArrayEquals(new float[] {0, 2, 0}, predictor.outputs(inputs)[0]);
      assertArrayEquals(
          new float[] {0.5f, 0.25f, 0.25f}, predictor.probabilities(inputs)[1], 1e-6f);
    }
    try (Module model = identity(backend, 1)) {
      Predictor predictor =
          new Predictor(new Learner(model, new LossFunction.BinaryCrossEntropyWithLogits()));
      Values two = new Values.Floats(Shape.of(2, 1), new float[] {0, -3});
      assertArrayEquals(
          new float[][] {{0.5f}, {(float) (1 / (1 + Math.exp(3)))}}[1],
          predictor.probabilities(two)[1],
          1e-6f);
      assertEquals(0.5f, predictor.probabilities(two)[0][0]);
      assertArrayEquals(new int[] {0, 0}, predictor.classes(two));
    }
  }
}
