package dev.tandem.conformance;

import static dev.tandem.conformance.Source.listed;
import static dev.tandem.conformance.Source.repeating;
import static dev.tandem.conformance.Source.ties;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Op;
import dev.tandem.op.Reduction.ArgMax;
import dev.tandem.op.Reduction.GlobalNorm;
import dev.tandem.op.Reduction.Max;
import dev.tandem.op.Reduction.Mean;
import dev.tandem.op.Reduction.Min;
import dev.tandem.op.Reduction.Sum;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.stream.IntStream;

/** Samples of the reductions. */
final class ReductionCases {
  /** A shape and the axes folded: all, inner, outer, middle, several apart, none, axes of length 1. */
  private record Fold(Shape shape, List<Integer> axes) {}

  private static final List<Fold> FOLDS =
      List.of(
          new Fold(Shape.scalar(), List.of()),
          new Fold(Shape.of(1), List.of(0)),
          new Fold(Shape.of(7), List.of(0)),
          new Fold(Shape.of(3, 257), List.of(1)),
          new Fold(Shape.of(3, 257), List.of(0)),
          new Fold(Shape.of(3, 257), List.of(0, 1)),
          new Fold(Shape.of(3, 257), List.of()),
          new Fold(Shape.of(2, 5, 33), List.of(1)),
          new Fold(Shape.of(2, 5, 3, 7), List.of(0, 2, 3)),
          new Fold(Shape.of(2, 5, 3, 7), List.of(1, 3)),
          new Fold(Shape.of(2, 5, 3, 7), List.of(2, 3)),
          new Fold(Shape.of(2, 1, 3, 1, 4), List.of(1, 3)),
          new Fold(Shape.of(2, 3, 2, 3, 2), List.of(0, 2, 4)),
          new Fold(Shape.of(600, 171), List.of(1)),
          new Fold(Shape.of(600, 171), List.of(0)),
          new Fold(Shape.of(100_003), List.of(0)));

  private ReductionCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    for (Fold fold : FOLDS) {
      for (boolean keep : new boolean[] {false, true}) {
        cases.add(new Sum(fold.axes, keep), Tolerance.sums(), uniform(fold.shape, -2, 2));
        cases.add(new Mean(fold.axes, keep), Tolerance.sums(), uniform(fold.shape, -2, 2));
        cases.add(new Max(fold.axes, keep), Tolerance.exact(), uniform(fold.shape, -2, 2));
        cases.add(new Min(fold.axes, keep), Tolerance.exact(), uniform(fold.shape, -2, 2));
      }
    }
    // No cancellation, so the error must stay small beside a large sum.
    cases.add(new Sum(List.of(0), false), Tolerance.sums(), uniform(Shape.of(100_003), 1, 2));
    nothing(cases);
    special(cases);
    argMax(cases);
    globalNorm(cases);
    return cases.list();
  }

  private static void nothing(Cases cases) {
    Source empty = uniform(Shape.of(0, 5), 0, 1);
    for (List<Integer> axes : List.of(List.of(0), List.of(1), List.of(0, 1))) {
      cases.add(new Sum(axes, false), Tolerance.exact(), empty);
      cases.add(new Mean(axes, true), Tolerance.exact(), empty);
    }
    cases.add(new Max(List.of(1), false), Tolerance.exact(), empty);
    cases.add(new Min(List.of(1), true), Tolerance.exact(), empty);
    cases.add(new ArgMax(1, false), Tolerance.exact(), empty);
  }

  private static void special(Cases cases) {
    double infinity = Double.POSITIVE_INFINITY;
    Shape shape = Shape.of(5, 19);
    // Rows of 19 and six numbers: each row and column begins elsewhere in the list.
    List<Source> sources =
        List.of(
            repeating(
                "NaN",
                shape,
                1,
                2,
                3,
                4,
                Double.NaN,
                -1,
                5,
                6,
                7,
                8,
                9,
                10,
                11,
                12,
                13,
                14,
                15,
                16,
                17,
                18,
                19,
                20,
                21),
            repeating("infinite", shape, infinity, -infinity, 1, -2, infinity, 3, 7),
            repeating("lowest", shape, -infinity),
            repeating("negative", shape, -3e38, -1, -2, -1e-40, -7),
            ties(shape, 3));
    for (Source source : sources) {
      for (int axis = 0; axis < 2; axis++) {
        List<Op> ops =
            List.of(
                new Max(List.of(axis), false),
                new Min(List.of(axis), false),
                new ArgMax(axis, false));
        ops.forEach(op -> cases.add(op, Tolerance.exact(), source));
      }
    }
    cases.add(new Sum(List.of(0), false), Tolerance.exact(), listed("infinite", 1, infinity, 2));
    cases.add(new Sum(List.of(0), false), Tolerance.exact(), listed("NaN", 1, infinity, -infinity));
    cases.add(new Mean(List.of(0), false), Tolerance.exact(), listed("NaN", 1, Double.NaN, 2));
  }

  private static void globalNorm(Cases cases) {
    // Squares do not cancel, and the root halves what their sum has lost.
    Tolerance tolerance = Tolerance.relative(6);
    List<List<Shape>> tensors =
        List.of(
            List.of(Cases.ODD),
            List.of(Cases.LONG),
            List.of(Cases.LONG, Shape.scalar(), Cases.EMPTY, Cases.ODD, Shape.of(9, 131)),
            List.of(Cases.EMPTY),
            List.of(Cases.EMPTY, Shape.of(0)),
            List.of(Cases.LARGE, Cases.ODD, Shape.of(70_001)),
            // More than a launch may have parameters for.
            IntStream.range(0, 130).mapToObj(i -> Shape.of(i % 7 * i % 23)).toList());
    for (List<Shape> shapes : tensors) {
      cases.add(
          new GlobalNorm(),
          tolerance,
          shapes.stream().map(shape -> uniform(shape, -2, 2)).toArray(Source[]::new));
    }
    cases.add(new GlobalNorm(), tolerance, repeating("zero", Cases.LONG, 0));
    cases.add(new GlobalNorm(), tolerance, uniform(Cases.LONG, -1e16, 1e16));
    double infinity = Double.POSITIVE_INFINITY;
    for (double number : new double[] {infinity, -infinity, Double.NaN}) {
      // In the last place of another tensor than the first: none may be left out.
      cases.add(
          new GlobalNorm(),
          tolerance,
          listed("special", 1, 2, 3),
          uniform(Cases.LONG, -2, 2),
          listed("special", 1, 1, 1, 1, number));
    }
    cases.add(
        new GlobalNorm(), tolerance, listed("special", infinity, 1), listed("special", Double.NaN));
  }

  private static void argMax(Cases cases) {
    for (Shape shape :
        List.of(
            Shape.of(1), Shape.of(7), Shape.of(3, 257), Shape.of(2, 3, 5, 2), Shape.of(600, 171))) {
      for (int axis = 0; axis < shape.rank(); axis++) {
        cases.add(new ArgMax(axis, axis % 2 == 1), Tolerance.exact(), uniform(shape, -2, 2));
        cases.add(new ArgMax(axis, axis % 2 == 0), Tolerance.exact(), ties(shape, 4));
      }
    }
  }
}
