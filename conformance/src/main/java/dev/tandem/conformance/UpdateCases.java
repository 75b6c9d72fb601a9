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
import dev.tandem.op.Update.Lion;
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

/** Samples of every update. */
final class UpdateCases {
  private static final List<DType> EVERY = List.of(DType.values());
  private static final List<Shape> SHAPES =
      List.of(Shape.scalar(), Cases.ONE, Cases.ODD, Cases.LONG, Cases.EMPTY, Cases.LARGE);

  private final List<UpdateCase> cases = new ArrayList<>();

  private UpdateCases() {}

  static List<UpdateCase> all() {
    UpdateCases updates = new UpdateCases();
    updates.pairs();
    updates.counters();
    updates.optimizers();
    return List.copyOf(updates.cases);
  }

  private void add(List<DType> dtypes, Update update, Tolerance tolerance, Source... sources) {
    cases.add(new UpdateCase(update, dtypes, List.of(sources), tolerance));
  }

  private void pairs() {
    for (Shape s : SHAPES) {
      add(EVERY, new Assign(), Tolerance.exact(), uniform(s, -100, 100), uniform(s, -100, 100));
      add(
          OpCase.FLOATING,
          new Accumulate(),
          Tolerance.exact(),
          uniform(s, -2, 2),
          uniform(s, -2, 2));
      // Two roundings of terms up to 4.
      Tolerance average = Tolerance.relative(2).plusAbsolute(4);
      add(OpCase.FLOATING, new RunningAverage(0.1), average, uniform(s, -2, 2), uniform(s, -2, 2));
      add(OpCase.FLOATING, new RunningAverage(1), average, uniform(s, -2, 2), uniform(s, -2, 2));
      add(OpCase.FLOATING, new ClampInPlace(-0.5, 1), Tolerance.exact(), uniform(s, -2, 2));
      add(OpCase.FLOATING, new Scale(), Tolerance.exact(), uniform(s, -2, 2), scalar(-0.375));
      add(
          OpCase.FLOATING,
          new Scale(),
          Tolerance.exact(),
          uniform(s, -2, 2),
          uniform(Shape.scalar(), 0, 1));
    }
    add(
        OpCase.FLOATING,
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

  private void optimizer(Optimizer optimizer) {
    // Each of a few sums and products of numbers up to 2 may lose half a unit.
    Tolerance tolerance = Tolerance.relative(4).plusAbsolute(6);
    for (Shape s : SHAPES) {
      List<Source> sources = new ArrayList<>();
      sources.add(uniform(s, -2, 2));
      for (int state = 1; state <= optimizer.states(); state++) {
        // Means of squares are never negative: they are the last state of all that divide by their
        // root.
        boolean square =
            state == optimizer.states()
                && !(optimizer instanceof Momentum)
                && !(optimizer instanceof Lion);
        sources.add(uniform(s, square ? 0.1 : -1, 1));
      }
      sources.add(uniform(s, -2, 2));
      sources.add(scalar(0.01));
      if (optimizer.counted()) {
        sources.add(fixed(Values.scalar(DType.I32, 3)));
      }
      add(OpCase.FLOATING, optimizer, tolerance, sources.toArray(Source[]::new));
    }
  }
}
