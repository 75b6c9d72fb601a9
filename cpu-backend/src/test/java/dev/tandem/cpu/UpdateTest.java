package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UpdateTest {
  private static final DType[] FLOATING = {DType.F32, DType.F64};
  private static final double LR = 0.25;

  private static final List<Update.Optimizer> RULES =
      List.of(
          new Update.Sgd(0),
          new Update.Sgd(0.1),
          new Update.Momentum(0.9, true, 0.1),
          new Update.Adagrad(0.01, 0.1),
          new Update.RmsProp(0.8, 0.01, 0.1),
          new Update.Adam(0.9, 0.99, 0.01, 0.1, true),
          new Update.Lion(0.9, 0.99, 0.1));

  private final OnCpu cpu = new OnCpu(2);

  @AfterEach
  void close() {
    cpu.close();
  }

  /** Subnormal numbers would make every later step many times slower. */
  @Test
  void averagesOfZeroGradientsStayNormal() {
    for (Update.Optimizer rule :
        List.of(
            new Update.Momentum(0.9, false, 0),
            new Update.Momentum(0.9, true, 0),
            new Update.Adam(0.9, 0.999, 1e-8, 0, false),
            new Update.Lion(0.9, 0.99, 0))) {
      float[] w = {1, 1}, first = {1e-24f, -1e-33f}, second = {1, 1};
      OptimizerStep step = OptimizerStep.of(rule, LR, 1, 1);
      for (int t = 0; t < 4000; t++) {
        FloatUpdates.step(step, new FloatWeight(w, first, second, new float[2]), 0, 2);
      }
      for (float average : first) {
        assertTrue(average == 0 || Math.abs(average) > 1e-33, rule + ": " + average);
      }
    }
  }

  @Test
  void pairs() {
    for (DType dtype : FLOATING) {
      Operand w = cpu.tensor(dtype, Shape.of(2), 1, 2);
      Operand other = cpu.tensor(dtype, Shape.of(2), 3, 6);
      cpu.update(new Update.Accumulate(), w, other);
      holds(w, 4, 8);
      cpu.update(new Update.RunningAverage(0.25), w, other);
      holds(w, 3.75, 7.5);
      cpu.update(new Update.Assign(), w, other);
      holds(w, 3, 6);
      cpu.update(new Update.Scale(), w, cpu.tensor(dtype, Shape.scalar(), 0.5));
      holds(w, 1.5, 3);
      cpu.update(new Update.ClampInPlace(-1, 2), w);
      holds(w, 1.5, 2);
    }
    for (DType dtype : new DType[] {DType.I32, DType.U8}) {
      Operand w = cpu.tensor(dtype, Shape.of(2), 1, 2);
      cpu.update(new Update.Assign(), w, cpu.tensor(dtype, Shape.of(2), 3, 6));
      holds(w, 3, 6);
    }
    Operand t = cpu.tensor(DType.I32, Shape.scalar(), 41);
    cpu.update(new Update.Increment(), t);
    holds(t, 42);
  }

  @Test
  void sgdIsOneProductAndOneDifference() {
    float w = 1.0000001f;
    float dw = 0.30000001f;
    float lr = 0.1f;
    Operand weight = cpu.tensor(DType.F32, Shape.scalar(), w);
    cpu.update(
        new Update.Sgd(0),
        weight,
        cpu.tensor(DType.F32, Shape.scalar(), dw),
        cpu.tensor(DType.F32, Shape.scalar(), lr));
    float product = lr * dw;
    holds(weight, w - product);
  }

  /** Two steps each from w = 1, dw = 0.5 then -0.25, by the documented formulas written out. */
  @Test
  void optimizers() {
    double decay = 0.1;
    double g1 = 0.5 + decay;
    double w1 = 1 - LR * g1;
    double g2 = -0.25 + decay * w1;
    steps(new Update.Sgd(decay), w1 - LR * g2);

    double v = 0.9 * g1 + (-0.25 + decay * w1);
    steps(new Update.Momentum(0.9, false, decay), w1 - LR * v);
    double n1 = 1 - LR * (g1 + 0.9 * g1);
    double n2 = -0.25 + decay * n1;
    steps(new Update.Momentum(0.9, true, decay), n1 - LR * (n2 + 0.9 * (0.9 * g1 + n2)));

    double a1 = 1 - LR * g1 / (g1 + 0.01);
    double a2 = -0.25 + decay * a1;
    steps(new Update.Adagrad(0.01, decay), a1 - LR * a2 / (Math.sqrt(g1 * g1 + a2 * a2) + 0.01));

    double s1 = 0.2 * g1 * g1;
    double r1 = 1 - LR * g1 / (Math.sqrt(s1) + 0.01);
    double r2 = -0.25 + decay * r1;
    steps(
        new Update.RmsProp(0.8, 0.01, decay),
        r1 - LR * r2 / (Math.sqrt(0.8 * s1 + 0.2 * r2 * r2) + 0.01));

    steps(new Update.Adam(0.9, 0.99, 0.01, decay, false), adam(decay, 0));
    steps(new Update.Adam(0.9, 0.99, 0.01, decay, true), adam(0, decay));

    double l1 = (1 - LR * decay) - LR;
    double m = 0.9 * (0.01 * 0.5) + 0.1 * -0.25;
    steps(new Update.Lion(0.9, 0.99, decay), l1 * (1 - LR * decay) - LR * Math.signum(m));
  }

  private static double adam(double decay, double decoupled) {
    double w = 1;
    double m = 0;
    double v = 0;
    double[] dw = {0.5, -0.25};
    for (int t = 1; t <= 2; t++) {
      double g = dw[t - 1] + decay * w;
      m = 0.9 * m + 0.1 * g;
      v = 0.99 * v + 0.01 * g * g;
      w =
          w * (1 - LR * decoupled)
              - LR * (m / (1 - Math.pow(0.9, t))) / (Math.sqrt(v / (1 - Math.pow(0.99, t))) + 0.01);
    }
    return w;
  }

  /** Long enough for vectors, a rest and two threads; every weight takes the same steps. */
  private void steps(Update.Optimizer op, double expected) {
    Shape shape = Shape.of(20_003);
    for (DType dtype : FLOATING) {
      Operand w = filled(dtype, shape, 1);
      Operand[] states = new Operand[op.states()];
      for (int i = 0; i < states.length; i++) {
        states[i] = filled(dtype, shape, 0);
      }
      Operand t = cpu.tensor(DType.I32, Shape.scalar(), 0);
      for (double slope : new double[] {0.5, -0.25}) {
        cpu.update(new Update.Increment(), t);
        Operand[] operands = new Operand[states.length + (op.counted() ? 4 : 3)];
        operands[0] = w;
        System.arraycopy(states, 0, operands, 1, states.length);
        operands[states.length + 1] = filled(dtype, shape, slope);
        operands[states.length + 2] = cpu.tensor(dtype, Shape.scalar(), LR);
        if (op.counted()) {
          operands[states.length + 3] = t;
        }
        cpu.update(op, operands);
      }
      double[] weights = cpu.numbers(w);
      for (double weight : weights) {
        assertEquals(weights[0], weight);
      }
      assertEquals(expected, weights[0], dtype == DType.F32 ? 1e-6 : 1e-14, op + " " + dtype);
    }
  }

  /** Many weights at once, against each by itself with gradients multiplied before: the same bits. */
  @Test
  void manyIsOneByOne() {
    for (Update.Optimizer rule : RULES) {
      for (DType dtype : FLOATING) {
        for (double factor : new double[] {1, 0.37, Double.NaN, Double.POSITIVE_INFINITY}) {
          many(rule, dtype, dtype == DType.F32 ? (float) factor : factor);
        }
      }
    }
  }

  private void many(Update.Optimizer rule, DType dtype, double factor) {
    int[] lengths = {40_001, 1, 0, 7, 16_384, 3};
    Operand lr = cpu.tensor(dtype, Shape.scalar(), LR);
    Operand t = cpu.tensor(DType.I32, Shape.scalar(), 3);
    List<Operand> written = new ArrayList<>();
    List<Operand> gradients = new ArrayList<>();
    List<double[]> expected = new ArrayList<>();
    for (int n = 0; n < lengths.length; n++) {
      Random random = new Random(n);
      List<Operand> group = new ArrayList<>();
      List<Operand> alone = new ArrayList<>();
      for (int i = 0; i <= rule.states(); i++) {
        double[] numbers = random.doubles(lengths[n]).toArray();
        group.add(cpu.tensor(dtype, Shape.of(lengths[n]), numbers));
        alone.add(cpu.tensor(dtype, Shape.of(lengths[n]), numbers));
      }
      written.addAll(group);
      Operand dw =
          cpu.tensor(dtype, Shape.of(lengths[n]), random.doubles(lengths[n], -1, 1).toArray());
      gradients.add(dw);
      if (Double.isFinite(factor)) {
        double[] scaled = cpu.numbers(dw);
        for (int i = 0; i < scaled.length; i++) {
          scaled[i] = dtype == DType.F32 ? (float) scaled[i] * (float) factor : scaled[i] * factor;
        }
        List<Operand> operands = new ArrayList<>(alone);
        operands.add(cpu.tensor(dtype, Shape.of(lengths[n]), scaled));
        operands.add(lr);
        if (rule.counted()) {
          operands.add(t);
        }
        cpu.update(rule, operands.toArray(Operand[]::new));
      }
      alone.forEach(operand -> expected.add(cpu.numbers(operand)));
    }
    List<Operand> operands = new ArrayList<>(written);
    operands.addAll(gradients);
    operands.add(lr);
    operands.add(cpu.tensor(dtype, Shape.scalar(), factor));
    if (rule.counted()) {
      operands.add(t);
    }
    cpu.update(
        new Update.Many(rule, lengths.length, Update.Masters.NONE),
        operands.toArray(Operand[]::new));
    for (int i = 0; i < written.size(); i++) {
      assertArrayEquals(
          expected.get(i), cpu.numbers(written.get(i)), rule + " " + dtype + " " + factor);
    }
  }

  @Test
  void stepsCountIfTheyWereDone() {
    Operand t = cpu.tensor(DType.I32, Shape.scalar(), 41);
    for (DType dtype : FLOATING) {
      for (double factor : new double[] {Double.NaN, Double.NEGATIVE_INFINITY, 0.5}) {
        cpu.update(new Update.IncrementIfFinite(), t, cpu.tensor(dtype, Shape.scalar(), factor));
      }
    }
    holds(t, 43);
  }

  @Test
  void lossScale() {
    Update op = new Update.LossScale(2, 0.5, 2);
    Operand scale = cpu.tensor(DType.F32, Shape.scalar(), 4);
    Operand streak = cpu.tensor(DType.I32, Shape.scalar(), 0);
    Operand good = cpu.tensor(DType.F32, Shape.scalar(), 1);
    Operand bad = cpu.tensor(DType.F32, Shape.scalar(), Double.POSITIVE_INFINITY);
    cpu.update(op, scale, streak, good);
    holds(scale, 4);
    holds(streak, 1);
    cpu.update(op, scale, streak, good);
    holds(scale, 8);
    holds(streak, 0);
    cpu.update(op, scale, streak, good);
    cpu.update(op, scale, streak, bad);
    holds(scale, 4);
    holds(streak, 0);
    for (int i = 0; i < 3; i++) {
      cpu.update(op, scale, streak, cpu.tensor(DType.F32, Shape.scalar(), Double.NaN));
    }
    holds(scale, 1);
    Operand largest = cpu.tensor(DType.F32, Shape.scalar(), 0x1p127);
    cpu.update(op, largest, streak, good);
    cpu.update(op, largest, streak, good);
    holds(largest, 0x1p127);
    holds(streak, 0);
  }

  private Operand filled(DType dtype, Shape shape, double value) {
    double[] numbers = new double[(int) shape.elements()];
    java.util.Arrays.fill(numbers, value);
    return cpu.tensor(dtype, shape, numbers);
  }

  private void holds(Operand operand, double... expected) {
    assertArrayEquals(expected, cpu.numbers(operand));
  }
}
