package dev.tandem.conformance;

import static dev.tandem.conformance.Source.fixed;
import static dev.tandem.conformance.Source.listed;
import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.scalar;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.op.Update.Accumulate;
import dev.tandem.op.Update.Adagrad;
import dev.tandem.op.Update.Adam;
import dev.tandem.op.Update.Assign;
import dev.tandem.op.Update.ClampInPlace;
import dev.tandem.op.Update.Increment;
import dev.tandem.op.Update.IncrementIfFinite;
import dev.tandem.op.Update.Lion;
import dev.tandem.op.Update.LossScale;
import dev.tandem.op.Update.Momentum;
import dev.tandem.op.Update.NextDraw;
import dev.tandem.op.Update.Optimizer;
import dev.tandem.op.Update.RmsProp;
import dev.tandem.op.Update.RunningAverage;
import dev.tandem.op.Update.Scale;
import dev.tandem.op.Update.Sgd;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Samples of every update. */
final class UpdateCases {
  private static final List<DType> EVERY = List.of(DType.values());
  private static final List<Shape> SHAPES =
      List.of(Shape.scalar(), Cases.ONE, Cases.ODD, Cases.LONG, Cases.EMPTY, Cases.LARGE);

  /** Each of a few sums and products of numbers up to 2 may lose half a unit. */
  static final Tolerance OPTIMIZER = Tolerance.relative(4).plusAbsolute(6);

  private final List<UpdateCase> cases = new ArrayList<>();

  private UpdateCases() {}

  static List<UpdateCase> all() {
    UpdateCases updates = new UpdateCases();
    updates.pairs();
    updates.counters();
    updates.optimizers();
    updates.conditions();
    updates.cases.addAll(ManyCases.all());
    return List.copyOf(updates.cases);
  }

  private void add(List<DType> dtypes, Update update, Tolerance tolerance, Source... sources) {
    cases.add(new UpdateCase(update, dtypes, List.of(sources), tolerance));
  }

  private void pairs() {
    for (Shape s : SHAPES) {
      add(EVERY, new Assign(), Tolerance.exact(), uniform(s, -100, 100), uniform(s, -100, 100));
      add(floating(s), new Accumulate(), Tolerance.exact(), uniform(s, -2, 2), uniform(s, -2, 2));
      // Two roundings of terms up to 4.
      Tolerance average = Tolerance.relative(2).plusAbsolute(4);
      add(floating(s), new RunningAverage(0.1), average, uniform(s, -2, 2), uniform(s, -2, 2));
      add(floating(s), new RunningAverage(1), average, uniform(s, -2, 2), uniform(s, -2, 2));
      add(floating(s), new ClampInPlace(-0.5, 1), Tolerance.exact(), uniform(s, -2, 2));
      add(floating(s), new Scale(), Tolerance.exact(), uniform(s, -2, 2), scalar(-0.375));
      add(
          floating(s),
          new Scale(),
          Tolerance.exact(),
          uniform(s, -2, 2),
          uniform(Shape.scalar(), 0, 1));
    }
    add(
        EVERY.stream().filter(DType::floating).toList(),
        new ClampInPlace(-0.5, 1),
        Tolerance.exact(),
        listed(
            "special",
            Double.NaN,
            Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
            -0.0,
            -0.5,
            1));
  }

  private void counters() {
    for (int t : new int[] {0, 1, 41, -7, 1_000_000_000}) {
      add(List.of(DType.I32), new Increment(), Tolerance.exact(), scalar(t));
    }
    // The number is 64 bits wide: the carry must cross the words, and the last wraps around.
    for (int[] words :
        new int[][] {
          {1, 2, 0, 0}, {1, 2, -1, 0}, {-1, -1, -1, -1}, {0, 5, 0x7fffffff, -3}, {9, 9, -2, 8}
        }) {
      add(
          List.of(DType.I32),
          new NextDraw(),
          Tolerance.exact(),
          fixed(
              Values.of(
                  DType.I32, Stochastic.STATE.shape(), words[0], words[1], words[2], words[3])));
    }
  }

  private void optimizers() {
    for (double decay : new double[] {0, 0.1}) {
      optimizer(new Sgd(decay));
      optimizer(new Momentum(0.9, false, decay));
      optimizer(new Momentum(0.9, true, decay));
      optimizer(new Adagrad(1e-10, decay));
      optimizer(new RmsProp(0.99, 1e-8, decay));
      optimizer(new Adam(0.9, 0.999, 1e-8, decay, false));
      optimizer(new Adam(0.9, 0.999, 1e-8, decay, true));
      optimizer(new Lion(0.9, 0.99, decay));
    }
    // A weight of 0 shows the step alone, without a sum to round it away: 1 - beta^t must not be
    // computed in F32.
    for (int t : new int[] {1, 2, 10, 1000, 100_000}) {
      add(
          OpCase.FLOATING,
          new Adam(0.9, 0.999, 1e-8, 0.1, true),
          Tolerance.relative(16),
          repeating("zero", Cases.ODD, 0),
          uniform(Cases.ODD, -1, 1),
          uniform(Cases.ODD, 0, 1),
          uniform(Cases.ODD, -2, 2),
          scalar(0.01),
          fixed(Values.scalar(DType.I32, t)));
    }
    // The first step of Adam is the sign of dw, however small dw is; no gradient, no step.
    add(
        OpCase.FLOATING,
        new Adam(0.9, 0.999, 1e-8, 0, false),
        Tolerance.relative(16),
        repeating("zero", Cases.ODD, 0),
        repeating("zero", Cases.ODD, 0),
        repeating("zero", Cases.ODD, 0),
        listed("tiny", 1, -1, 1e-3, -1e-5, 0, 100, -1e4),
        scalar(0.01),
        fixed(Values.scalar(DType.I32, 1)));
    add(
        OpCase.FLOATING,
        new Lion(0.9, 0.99, 0),
        Tolerance.relative(2),
        repeating("zero", Cases.ODD, 0),
        listed("signs", 0, 1, -1, 0, 0, 1e-20, -1e-20),
        listed("signs", 0, 0, 0, 1e-20, -1e-20, 1, -1),
        scalar(0.01));
  }

  /** A state of a weight, of which the first is number 1. */
  static Source state(Optimizer optimizer, int number, Shape shape) {
    // Means of squares are never negative: they are the last state of all that divide by their
    // root.
    boolean square =
        number == optimizer.states()
            && !(optimizer instanceof Momentum)
            && !(optimizer instanceof Lion);
    return uniform(shape, square ? 0.1 : -1, 1);
  }

  /** Half types get two shapes, as in {@link Cases}. */
  private static List<DType> floating(Shape shape) {
    List<DType> halves =
        shape.equals(Cases.LONG)
            ? OpCase.HALVES
            : shape.equals(Cases.ODD) ? List.of(DType.BF16) : List.of();
    return Stream.concat(OpCase.FLOATING.stream(), halves.stream()).toList();
  }

  private void conditions() {
    double infinity = Double.POSITIVE_INFINITY;
    for (double factor : new double[] {1, -0.5, 0, 3e38, Double.NaN, infinity, -infinity}) {
      add(
          OpCase.FLOATING,
          new IncrementIfFinite(),
          Tolerance.exact(),
          fixed(Values.scalar(DType.I32, 41)),
          scalar(factor));
    }
    LossScale usual = new LossScale(2, 0.5, 3);
    // Another good step, the one that makes it grow, and bad ones.
    for (int streak : new int[] {0, 1, 2}) {
      for (double norm : new double[] {0, 1.5, 3e38, infinity, -infinity, Double.NaN}) {
        lossScale(usual, 65_536, streak, norm);
      }
    }
    lossScale(new LossScale(2, 0.5, 1), 8, 0, 1);
    lossScale(new LossScale(1.7, 0.3, 2), 100, 1, 1);
    lossScale(new LossScale(1.7, 0.3, 2), 100, 1, Double.NaN);
    // Not below 1, and not beyond the largest number; the streak begins anew all the same.
    lossScale(usual, 1.5, 2, infinity);
    lossScale(usual, 1, 0, Double.NaN);
    lossScale(usual, 3e38, 2, 1);
    lossScale(usual, 0x1p126, 2, 1);
  }

  private void lossScale(LossScale op, double scale, int streak, double norm) {
    // Factors that F32 cannot hold are rounded, and so is the product.
    add(
        List.of(DType.F32),
        op,
        Tolerance.relative(1),
        scalar(scale),
        fixed(Values.scalar(DType.I32, streak)),
        scalar(norm));
  }

  private void optimizer(Optimizer optimizer) {
    for (Shape s : SHAPES) {
      List<Source> sources = new ArrayList<>();
      sources.add(uniform(s, -2, 2));
      for (int state = 1; state <= optimizer.states(); state++) {
        sources.add(state(optimizer, state, s));
      }
      sources.add(uniform(s, -2, 2));
      sources.add(scalar(0.01));
      if (optimizer.counted()) {
        sources.add(fixed(Values.scalar(DType.I32, 3)));
      }
      add(floating(s), optimizer, OPTIMIZER, sources.toArray(Source[]::new));
    }
  }
}
