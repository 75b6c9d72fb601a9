package dev.tandem.conformance;

import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A list of cases that a family fills, and the shapes that all families use. */
final class Cases {
  /** One element; fewer than a vector has lanes; rows beyond a vector, and no multiple of one. */
  static final Shape ONE = Shape.of(1);

  static final Shape ODD = Shape.of(7);
  static final Shape LONG = Shape.of(3, 257);
  static final Shape EMPTY = Shape.of(0, 5);

  /** Enough to be split among threads, unevenly. */
  static final Shape LARGE = Shape.of(100_003);

  static final List<Shape> SHAPES =
      List.of(Shape.scalar(), ONE, ODD, LONG, Shape.of(2, 3, 1, 5, 2), EMPTY);

  private final List<OpCase> cases = new ArrayList<>();

  /** A case in F32 and in F64. */
  void add(Op op, Tolerance tolerance, Source... sources) {
    add(OpCase.FLOATING, op, tolerance, sources);
  }

  void add(List<DType> dtypes, Op op, Tolerance tolerance, Source... sources) {
    cases.add(new OpCase(op, dtypes, List.of(sources), tolerance));
  }

  List<OpCase> list() {
    return Collections.unmodifiableList(cases);
  }
}
