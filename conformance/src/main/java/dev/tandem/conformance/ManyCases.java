package dev.tandem.conformance;

import static dev.tandem.conformance.Source.fixed;
import static dev.tandem.conformance.Source.scalar;
import static dev.tandem.conformance.Source.statistics;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Stochastic;
import dev.tandem.op.Update.Adagrad;
import dev.tandem.op.Update.Adam;
import dev.tandem.op.Update.Lion;
import dev.tandem.op.Update.Many;
import dev.tandem.op.Update.Masters;
import dev.tandem.op.Update.Momentum;
import dev.tandem.op.Update.Optimizer;
import dev.tandem.op.Update.RmsProp;
import dev.tandem.op.Update.Sgd;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Samples of steps over many weights. */
final class ManyCases {
  /** Different sizes, one of them nothing, and none a multiple of a vector. */
  private static final List<Shape> FIVE =
      List.of(Shape.scalar(), Cases.ODD, Cases.LONG, Cases.EMPTY, Shape.of(33));

  private static final List<Shape> ONE = List.of(Cases.LONG);

  /** Above 2^31 and beyond a word: unsigned, and with a carry in it. */
  private static final Values STATE =
      Values.of(DType.I32, Stochastic.STATE.shape(), -77, 12345, -2, 3);

  private final List<UpdateCase> cases = new ArrayList<>();

  private ManyCases() {}

  static List<UpdateCase> all() {
    ManyCases many = new ManyCases();
    many.rules();
    many.factors();
    many.sizes();
    many.rounding();
    return Collections.unmodifiableList(many.cases);
  }

  private void rules() {
    for (double decay : new double[] {0, 0.1}) {
      List<Optimizer> rules =
          List.of(
              new Sgd(decay),
              new Momentum(0.9, false, decay),
              new Momentum(0.9, true, decay),
              new Adagrad(1e-10, decay),
              new RmsProp(0.99, 1e-8, decay),
              new Adam(0.9, 0.999, 1e-8, decay, false),
              new Adam(0.9, 0.999, 1e-8, decay, true),
              new Lion(0.9, 0.99, decay));
      for (Optimizer rule : rules) {
        add(rule, Masters.NONE, OpCase.FLOATING, FIVE, 0.3);
        add(
            rule,
            Masters.ROUNDED_TO_NEAREST,
            decay == 0 ? List.of(DType.BF16) : OpCase.HALVES,
            decay == 0 ? ONE : FIVE,
            0.3);
        add(rule, Masters.ROUNDED_STOCHASTICALLY, List.of(DType.BF16), FIVE, 1);
      }
    }
  }

  /** One that changes nothing, and those that let nothing change. */
  private void factors() {
    List<Optimizer> rules = List.of(new Sgd(0.1), new Adam(0.9, 0.999, 1e-8, 0.1, true));
    for (Optimizer rule : rules) {
      for (double factor :
          new double[] {1, 0, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
        add(rule, Masters.NONE, OpCase.FLOATING, FIVE, factor);
        add(rule, Masters.ROUNDED_TO_NEAREST, OpCase.HALVES, ONE, factor);
        add(rule, Masters.ROUNDED_STOCHASTICALLY, OpCase.HALVES, ONE, factor);
      }
    }
  }

  /** Beyond one thread block, and more weights than a launch may have parameters for. */
  private void sizes() {
    Adam adam = new Adam(0.9, 0.95, 1e-8, 0.1, true);
    List<Shape> large = List.of(Cases.ODD, Cases.LARGE, Shape.of(31, 129));
    List<Shape> crowd = IntStream.range(0, 130).mapToObj(i -> Shape.of(i % 7 * i % 23)).toList();
    for (List<Shape> shapes : List.of(large, crowd)) {
      add(adam, Masters.NONE, OpCase.FLOATING, shapes, 0.5);
      add(adam, Masters.ROUNDED_STOCHASTICALLY, List.of(DType.BF16), shapes, 0.5);
    }
  }

  /** Numbers around the smallest normal one of F16, where it keeps fewer digits. */
  private void rounding() {
    for (Masters masters : List.of(Masters.ROUNDED_TO_NEAREST, Masters.ROUNDED_STOCHASTICALLY)) {
      List<Source> sources = new ArrayList<>();
      sources.add(uniform(Cases.LONG, -1e-4, 1e-4));
      sources.add(statistics(uniform(Cases.LONG, -1e-4, 1e-4)));
      sources.add(uniform(Cases.LONG, -1e-4, 1e-4));
      finish(sources, new Sgd(0), masters, 1);
      cases.add(
          new UpdateCase(
              new Many(new Sgd(0), 1, masters), OpCase.HALVES, sources, Tolerance.relative(4)));
    }
  }

  private void add(
      Optimizer rule, Masters masters, List<DType> dtypes, List<Shape> shapes, double factor) {
    List<Source> sources = new ArrayList<>();
    for (Shape s : shapes) {
      sources.add(uniform(s, -2, 2));
      for (int state = 1; state <= rule.states(); state++) {
        sources.add(statistics(UpdateCases.state(rule, state, s)));
      }
      if (masters != Masters.NONE) {
        sources.add(statistics(uniform(s, -2, 2)));
      }
    }
    shapes.forEach(s -> sources.add(uniform(s, -2, 2)));
    finish(sources, rule, masters, factor);
    // As of one weight; the product with the factor is rounded too.
    Tolerance tolerance = UpdateCases.OPTIMIZER.plusAbsolute(2);
    cases.add(new UpdateCase(new Many(rule, shapes.size(), masters), dtypes, sources, tolerance));
  }

  private static void finish(List<Source> sources, Optimizer rule, Masters masters, double factor) {
    sources.add(statistics(scalar(0.01)));
    sources.add(statistics(Source.repeating("factor " + factor, Shape.scalar(), factor)));
    if (rule.counted()) {
      sources.add(fixed(Values.scalar(DType.I32, 3)));
    }
    if (masters == Masters.ROUNDED_STOCHASTICALLY) {
      sources.add(fixed(STATE));
    }
  }
}
