package dev.tandem.conformance;

import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Creation.Fill;
import dev.tandem.op.Movement.Concat;
import dev.tandem.op.Movement.Expand;
import dev.tandem.op.Movement.Pad;
import dev.tandem.op.Movement.Permute;
import dev.tandem.op.Movement.Reshape;
import dev.tandem.op.Movement.Slice;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.Arrays;
import java.util.List;

/**
 * Samples of the ops that move elements, of every type, and of those that make them from nothing. All are
 * exact.
 */
final class MovementCases {
  private static final List<DType> EVERY = List.of(DType.values());

  private MovementCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    fill(cases);
    reshape(cases);
    permute(cases);
    expand(cases);
    slice(cases);
    pad(cases);
    concat(cases);
    return cases.list();
  }

  private static void add(Cases cases, Op op, Shape... inputs) {
    cases.add(
        EVERY,
        op,
        Tolerance.exact(),
        Arrays.stream(inputs).map(shape -> uniform(shape, -100, 100)).toArray(Source[]::new));
  }

  private static void fill(Cases cases) {
    for (DType dtype : EVERY) {
      for (double value :
          new double[] {0, 1, -2.75, 300.5, 0.1, Double.NaN, Double.NEGATIVE_INFINITY}) {
        cases.add(
            List.of(dtype), new Fill(new TensorType(dtype, Cases.LONG), value), Tolerance.exact());
      }
      cases.add(
          List.of(dtype), new Fill(new TensorType(dtype, Shape.scalar()), 3), Tolerance.exact());
      cases.add(List.of(dtype), new Fill(new TensorType(dtype, Cases.EMPTY), 3), Tolerance.exact());
    }
  }

  private static void reshape(Cases cases) {
    add(cases, new Reshape(Shape.of(1)), Shape.scalar());
    add(cases, new Reshape(Shape.of(257, 3)), Cases.LONG);
    add(cases, new Reshape(Shape.of(5, 0, 2)), Cases.EMPTY);
  }

  private static void permute(Cases cases) {
    add(cases, new Permute(List.of()), Shape.scalar());
    add(cases, new Permute(List.of(0)), Cases.ODD);
    add(cases, new Permute(List.of(1, 0)), Cases.LONG);
    add(cases, new Permute(List.of(1, 0)), Shape.of(130, 67));
    add(cases, new Permute(List.of(0, 1)), Cases.LONG);
    add(cases, new Permute(List.of(0, 2, 1)), Shape.of(3, 5, 7));
    add(cases, new Permute(List.of(2, 0, 1)), Shape.of(3, 5, 7));
    add(cases, new Permute(List.of(0, 2, 1, 3)), Shape.of(2, 9, 3, 17));
    add(cases, new Permute(List.of(0, 2, 3, 1)), Shape.of(2, 3, 4, 5));
    add(cases, new Permute(List.of(4, 2, 0, 3, 1)), Shape.of(2, 3, 4, 2, 3));
    add(cases, new Permute(List.of(1, 0)), Cases.EMPTY);
  }

  private static void expand(Cases cases) {
    add(cases, new Expand(Shape.scalar()), Shape.scalar());
    add(cases, new Expand(Cases.LONG), Shape.scalar());
    add(cases, new Expand(Cases.LONG), Shape.of(257));
    add(cases, new Expand(Cases.LONG), Shape.of(3, 1));
    add(cases, new Expand(Cases.LONG), Cases.LONG);
    add(cases, new Expand(Shape.of(2, 5, 3, 7)), Shape.of(1, 5, 1, 1));
    add(cases, new Expand(Shape.of(2, 3, 4, 2, 3)), Shape.of(3, 1, 2, 1));
    add(cases, new Expand(Cases.EMPTY), Shape.of(1, 5));
  }

  private static void slice(Cases cases) {
    add(cases, new Slice(List.of(), List.of()), Shape.scalar());
    add(cases, new Slice(List.of(2), List.of(4)), Cases.ODD);
    add(cases, new Slice(List.of(1, 17), List.of(2, 200)), Cases.LONG);
    add(cases, new Slice(List.of(0, 256), List.of(3, 1)), Cases.LONG);
    add(cases, new Slice(List.of(0, 0), List.of(3, 257)), Cases.LONG);
    add(cases, new Slice(List.of(1, 0, 2, 0, 1), List.of(1, 3, 2, 2, 2)), Shape.of(2, 3, 4, 2, 3));
    add(cases, new Slice(List.of(3, 1), List.of(0, 2)), Cases.LONG);
    add(cases, new Slice(List.of(0, 1), List.of(0, 3)), Cases.EMPTY);
  }

  private static void pad(Cases cases) {
    add(cases, new Pad(List.of(), List.of(), 3), Shape.scalar());
    add(cases, new Pad(List.of(2), List.of(3), 0), Cases.ODD);
    add(cases, new Pad(List.of(1, 0), List.of(0, 5), -1.5), Cases.LONG);
    add(cases, new Pad(List.of(0, 0), List.of(0, 0), 1), Cases.LONG);
    add(
        cases,
        new Pad(List.of(0, 0, 1, 2), List.of(0, 0, 3, 1), Double.NEGATIVE_INFINITY),
        Shape.of(2, 3, 4, 5));
    add(cases, new Pad(List.of(1, 0, 2, 0, 1), List.of(1, 2, 0, 0, 1), 7), Shape.of(2, 1, 2, 2, 3));
    add(cases, new Pad(List.of(2, 0), List.of(1, 0), 7), Cases.EMPTY);
    add(cases, new Pad(List.of(0, 2), List.of(0, 1), 7), Cases.EMPTY);
  }

  private static void concat(Cases cases) {
    add(cases, new Concat(0), Cases.ODD);
    add(cases, new Concat(0), Cases.ODD, Cases.ONE, Shape.of(19));
    add(cases, new Concat(1), Cases.LONG, Shape.of(3, 1), Shape.of(3, 0), Shape.of(3, 20));
    add(cases, new Concat(1), Cases.LONG, Shape.of(3, 2));
    add(cases, new Concat(0), Cases.LONG, Shape.of(1, 257));
    add(cases, new Concat(2), Shape.of(2, 3, 4, 5), Shape.of(2, 3, 1, 5), Shape.of(2, 3, 2, 5));
    add(cases, new Concat(2), Shape.of(2, 1, 2, 2, 3), Shape.of(2, 1, 1, 2, 3));
    add(cases, new Concat(0), Cases.EMPTY, Cases.EMPTY);
  }
}
