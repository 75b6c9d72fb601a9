package dev.tandem.learning;

import static dev.tandem.learning.Machines.assertNear;
import static dev.tandem.learning.Machines.tensor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.LossFunction.AbsoluteError;
import dev.tandem.nn.LossFunction.BinaryCrossEntropyWithLogits;
import dev.tandem.nn.LossFunction.CrossEntropy;
import dev.tandem.nn.LossFunction.Hinge;
import dev.tandem.nn.LossFunction.HuberError;
import dev.tandem.nn.LossFunction.KlDivergence;
import dev.tandem.nn.LossFunction.SignedDifference;
import dev.tandem.nn.LossFunction.SquaredError;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Step 3: a loss says how wrong a prediction is, a sample, a batch or a whole data set at a time.
 */
class Step3LossTest {
  /** A handful of F32 operations: about 16 units in the last place. */
  private static final double F32 = 2e-6;

  /** A handful of F64 operations, and what 17 printed digits lose. */
  private static final double F64 = 1e-13;

  private Scope scope;

  @BeforeEach
  void open() {
    scope = Scope.open();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** Of two samples with two outputs each: per sample, and the mean's denominator. */
  private static void assertLoss(
      LossFunction loss, Tensor prediction, Tensor target, long terms, double... samples) {
    Tensor perSample = loss.perSample(prediction, target);
    assertEquals(Shape.of(samples.length), perSample.shape(), loss.name());
    assertNear(samples, perSample, F32, loss.name() + " per sample");
    double total = Arrays.stream(samples).sum();
    assertNear(new double[] {total}, loss.sum(prediction, target), F32, loss.name() + " sum");
    assertEquals(terms, loss.terms(prediction, target), loss.name() + " terms");
    assertNear(
        new double[] {total / terms}, loss.mean(prediction, target), F32, loss.name() + " mean");
    assertEquals(Shape.scalar(), loss.mean(prediction, target).shape());
  }

  @OnEveryMachine
  void lossesOfDifferences(Backend backend) {
    Tensor prediction = Tensor.of(backend, new float[] {1, 5, -2, 0.5f}, 2, 2);
    Tensor target = Tensor.of(backend, new float[] {3, 4, -2, 0}, 2, 2);
    assertLoss(new SignedDifference(), prediction, target, 4, -1, 0.5);
    assertLoss(new AbsoluteError(), prediction, target, 4, 3, 0.5);
    assertLoss(new SquaredError(), prediction, target, 4, 5, 0.25);
    // Beyond 1: 1 * (2 - 0.5); at 1: 0.5; within: 0.5 * 0.25.
    assertLoss(new HuberError(1), prediction, target, 4, 2, 0.125);
    assertLoss(new HuberError(0.5), prediction, target, 4, 0.5 * 1.75 + 0.5 * 0.75, 0.125);
  }

  @OnEveryMachine
  void lossesOfOneNumberASample(Backend backend) {
    Tensor prediction = Tensor.of(backend, new float[] {1, 5}, 2);
    assertLoss(new SquaredError(), prediction, Tensor.of(backend, new float[] {3, 4}, 2), 2, 4, 1);
  }

  @OnEveryMachine
  void crossEntropyIsTheLogOfTheTrueClassesShare(Backend backend) {
    // Shares 1/4, 3/4 and 1/2, 1/2.
    Tensor logits = Tensor.of(backend, Machines.floats(0, Math.log(3), 7, 7), 2, 2);
    Tensor classes = Tensor.of(backend, new int[] {0, 1}, 2);
    assertLoss(new CrossEntropy(0), logits, classes, 2, Math.log(4), Math.log(2));
    // Smoothed by 0.2, the true class counts for 0.9 and the other for 0.1.
    assertLoss(
        new CrossEntropy(0.2),
        logits,
        classes,
        2,
        0.9 * Math.log(4) + 0.1 * Math.log(4.0 / 3),
        Math.log(2));
    Tensor soft = Tensor.of(backend, new float[] {0.5f, 0.5f, 1, 0}, 2, 2);
    assertLoss(
        new CrossEntropy(0),
        logits,
        soft,
        2,
        0.5 * Math.log(4) + 0.5 * Math.log(4.0 / 3),
        Math.log(2));
    assertLoss(
        new KlDivergence(),
        logits,
        soft,
        2,
        0.5 * Math.log(4.0 / 2) + 0.5 * Math.log(4.0 / 6),
        Math.log(2));
  }

  @OnEveryMachine
  void crossEntropyOfSequencesCountsTokens(Backend backend) {
    Tensor logits =
        Tensor.of(backend, Machines.floats(0, Math.log(3), 7, 7, Math.log(3), 0, 1, 1), 2, 2, 2);
    Tensor tokens = Tensor.of(backend, new int[] {0, 1, 0, 0}, 2, 2);
    assertLoss(
        new CrossEntropy(0),
        logits,
        tokens,
        4,
        Math.log(4) + Math.log(2),
        Math.log(4.0 / 3) + Math.log(2));
  }

  @OnEveryMachine
  void binaryCrossEntropyIsTheLogOfTheTrueSidesShare(Backend backend) {
    Tensor logits = Tensor.of(backend, Machines.floats(0, Math.log(3)), 2, 1);
    assertLoss(
        new BinaryCrossEntropyWithLogits(),
        logits,
        Tensor.of(backend, new float[] {1, 0}, 2, 1),
        2,
        Math.log(2),
        Math.log(4));
  }

  @OnEveryMachine
  void hingeWantsAMarginOf1(Backend backend) {
    Tensor scores = Tensor.of(backend, new float[] {2, 0.25f, -3, -0.5f}, 2, 2);
    assertLoss(
        new Hinge(), scores, Tensor.of(backend, new float[] {1, 1, -1, 1}, 2, 2), 4, 0.75, 1.5);
    // Class 0: 1 - 2 + 0.25 is no loss. Class 0 again: 1 + 3 - 0.5.
    assertLoss(new Hinge(), scores, Tensor.of(backend, new int[] {0, 0}, 2), 2, 0, 3.5);
  }

  /** Logits as large as F32 may hold lose nothing and become nothing but numbers. */
  @OnEveryMachine
  void extremeLogitsStayFinite(Backend backend) {
    Tensor logits = Tensor.of(backend, new float[] {-1e30f, 1e30f, -1e30f, 1e30f, -20, 20}, 6);
    Tensor targets = Tensor.of(backend, new float[] {0, 1, 1, 0, 0, 1}, 6);
    double tail = Math.log1p(Math.exp(-20)); // 2e-9: neither 0 nor lost in the last place of 20
    double[] losses = new BinaryCrossEntropyWithLogits().perSample(logits, targets).toDoubles();
    assertNear(new double[] {0, 0, 1e30, 1e30}, Arrays.copyOf(losses, 4), F32, "far out");
    assertEquals(tail, losses[4], tail * 1e-5);
    assertEquals(tail, losses[5], tail * 1e-5);
    Tensor rows = Tensor.of(backend, new float[] {1e30f, -1e30f, 1e30f, -1e30f}, 2, 2);
    Tensor classes = Tensor.of(backend, new int[] {0, 1}, 2);
    assertNear(
        new double[] {0, 2e30}, new CrossEntropy(0).perSample(rows, classes), F32, "cross-entropy");
  }

  private static List<LossFunction> all() {
    return List.of(
        new SignedDifference(),
        new AbsoluteError(),
        new SquaredError(),
        new HuberError(1),
        new BinaryCrossEntropyWithLogits(),
        new CrossEntropy(0.1),
        new KlDivergence(),
        new Hinge());
  }

  /** A data set in batches of 4, 4 and 2 has the total and the mean of the same in one batch. */
  @OnEveryMachine
  void totalsOverADataSetDoNotDependOnItsBatches(Backend backend) {
    Tensor predictions = Tensor.of(backend, new Random(1).normal(30, 0, 2), 10, 3);
    Tensor targets = Tensor.of(backend, new Random(2).normal(30, 0, 2), 10, 3).softmax(1);
    for (LossFunction loss : all()) {
      double sum = 0;
      long terms = 0;
      List<Double> samples = new ArrayList<>();
      for (int[] part : new int[][] {{0, 4}, {4, 4}, {8, 2}}) {
        Tensor p = predictions.slice(0, part[0], part[1]);
        Tensor t = targets.slice(0, part[0], part[1]);
        sum += loss.sum(p, t).item();
        terms += loss.terms(p, t);
        Arrays.stream(loss.perSample(p, t).toDoubles()).forEach(samples::add);
      }
      double whole = loss.sum(predictions, targets).item();
      assertEquals(whole, sum, F32 * Math.max(1, Math.abs(whole)), loss.name() + " total");
      assertEquals(loss.mean(predictions, targets).item(), sum / terms, F32, loss.name() + " mean");
      assertNear(
          loss.perSample(predictions, targets).toDoubles(),
          samples.stream().mapToDouble(x -> x).toArray(),
          F32,
          loss.name() + " samples");
    }
  }

  /**
   * Why the signed difference is wrong: one weight, whose target is 3, is trained on it and on
   * the absolute error. The former rewards every undershoot, so the weight falls for ever; the
   * latter settles at 3.
   */
  @OnEveryMachine
  void signedDifferenceRewardsUndershoot(Backend backend) {
    List<Double> signed = training(backend, new SignedDifference());
    for (int step = 1; step < signed.size(); step++) {
      // d(w - 3)/dw is 1 wherever w is: a step of lr, always the same, always down.
      assertEquals(signed.get(step - 1) - 0.1, signed.get(step), 1e-4, "step " + step);
    }
    assertTrue(signed.getLast() < -16, "it ran off: " + signed.getLast());
    List<Double> absolute = training(backend, new AbsoluteError());
    assertEquals(3, absolute.getLast(), 0.1 + 1e-4, "within one step of the target");
  }

  /** The weight after each of 200 steps from 3.5 with a learning rate of 0.1. */
  private static List<Double> training(Backend backend, LossFunction loss) {
    List<Double> weights = new ArrayList<>();
    try (Linear model =
            new Linear(
                Machines.init(backend, DType.F32, 1),
                1,
                1,
                Linear.Options.standard().withoutBias());
        Optimizer optimizer = new Optimizer(Rule.Sgd.standard().update(), model.parameters())) {
      optimizer.learningRate(0.1);
      Machines.set(model.parameters().get("weight"), 3.5);
      for (int step = 0; step < 200; step++) {
        try (Tape _ = Tape.open()) {
          Tensor one = Tensor.of(backend, new float[] {1}, 1, 1);
          loss.mean(model.forward(one), Tensor.of(backend, new float[] {3}, 1, 1)).backward();
          optimizer.step();
          optimizer.clearGradients();
        }
        weights.add(model.parameters().get("weight").item());
      }
    }
    return weights;
  }

  @OnEveryMachine
  void aTargetOfAnotherShapeIsRefused(Backend backend) {
    Tensor prediction = Tensor.zeros(backend, TensorType.f32(4, 1));
    Tensor flat = Tensor.zeros(backend, TensorType.f32(4));
    for (LossFunction loss : all()) {
      ShapeException refused =
          assertThrows(ShapeException.class, () -> loss.perSample(prediction, flat), loss.name());
      assertEquals(
          loss.name()
              + ": the target does not fit the prediction, got F32 (4) for F32 (4, 1); give both"
              + " one element type and one shape",
          refused.getMessage());
    }
    Tensor classes = Tensor.of(backend, new int[] {0, 0, 0, 0}, 4, 1);
    for (LossFunction loss : List.of(new CrossEntropy(0), new Hinge())) {
      ShapeException refused =
          assertThrows(ShapeException.class, () -> loss.perSample(prediction, classes));
      assertEquals(
          loss.name()
              + ": the targets do not fit the prediction, got I32 (4, 1) for F32 (4, 1); give class"
              + " numbers I32 (4), or numbers of the prediction's own type",
          refused.getMessage());
    }
    assertThrows(ShapeException.class, () -> new CrossEntropy(0).perSample(flat, flat));
  }

  /** Values and gradients that PyTorch gives, in F64. */
  @TestFactory
  Stream<DynamicTest> pytorchAgrees() {
    GoldenNumbers golden = new GoldenNumbers("losses.txt");
    return Machines.doubles()
        .flatMap(machine ->
            Stream.of(
                    new Case("absolute", new AbsoluteError(), 4, 3),
                    new Case("squared", new SquaredError(), 4, 3),
                    new Case("huber1.0", new HuberError(1), 4, 3),
                    new Case("huber0.3", new HuberError(0.3), 4, 3),
                    new Case("bce", new BinaryCrossEntropyWithLogits(), 4, 3),
                    new Case("bce_extreme0.0", new BinaryCrossEntropyWithLogits(), 9, 1),
                    new Case("bce_extreme1.0", new BinaryCrossEntropyWithLogits(), 9, 1),
                    new Case("bce_extreme0.25", new BinaryCrossEntropyWithLogits(), 9, 1),
                    new Case("cross_entropy0.0", new CrossEntropy(0), 5, 4),
                    new Case("cross_entropy0.1", new CrossEntropy(0.1), 5, 4),
                    new Case("cross_entropy_soft0.0", new CrossEntropy(0), 5, 4),
                    new Case("cross_entropy_soft0.1", new CrossEntropy(0.1), 5, 4),
                    new Case("cross_entropy_tokens0.0", new CrossEntropy(0), 2, 3, 4),
                    new Case("cross_entropy_tokens0.1", new CrossEntropy(0.1), 2, 3, 4),
                    new Case("kl", new KlDivergence(), 5, 4),
                    new Case("hinge", new Hinge(), 4, 3),
                    new Case("hinge_classes", new Hinge(), 5, 4))
                .map(example ->
                    DynamicTest.dynamicTest(
                        example.name() + " on " + machine.getName(),
                        () -> example.check(machine.getPayload(), golden))));
  }

  private record Case(String name, LossFunction loss, int... shape) {
    void check(Backend backend, GoldenNumbers golden) {
      double[] targets = golden.get(name + ".target");
      double[] predictions = golden.get(name + ".prediction");
      try (Tape tape = Tape.open()) {
        Tensor p = tensor(backend, DType.F64, predictions, shape).requireGradient();
        Tensor t =
            targets.length == predictions.length
                ? tensor(backend, DType.F64, targets, shape)
                : Tensor.of(
                    backend,
                    Arrays.stream(targets).mapToInt(x -> (int) x).toArray(),
                    Arrays.copyOf(shape, shape.length - 1));
        assertNear(golden.get(name + ".samples"), loss.perSample(p, t), F64, "samples");
        assertNear(golden.get(name + ".sum"), loss.sum(p, t), F64, "sum");
        Tensor mean = loss.mean(p, t);
        assertNear(golden.get(name + ".mean"), mean, F64, "mean");
        tape.backward(mean);
        assertNear(golden.get(name + ".gradient"), p.gradient().orElseThrow(), F64, "gradient");
        p.close();
      }
    }
  }
}
