package dev.tandem.conformance;

import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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
  private final Map<Class<?>, Halves> samples = new HashMap<>();

  /** Which cases of an op are tried in half types: one of special numbers, a small one, and two beyond a vector. */
  private static final class Halves {
    private static final int SMALL = 64;
    private static final int LARGE = 6000;

    private boolean special;
    private boolean small;
    private int wide;

    List<DType> of(OpCase sample) {
      if (!special && sample.sources().getFirst().range().equals("special")) {
        special = true;
        return OpCase.HALVES;
      }
      if (small && wide == 2) {
        return List.of();
      }
      long elements =
          sample.inputs(DType.F32).stream().mapToLong(x -> x.type().elements()).max().orElse(0);
      if (!small && elements > 1 && elements <= SMALL) {
        small = true;
        return List.of(DType.BF16);
      }
      if (wide < 2 && elements > SMALL && elements <= LARGE) {
        return wide++ == 0 ? OpCase.HALVES : List.of(DType.BF16);
      }
      return List.of();
    }
  }

  /**
   * A case in F32 and in F64, and in BF16 and F16 too if it is one of the first of its op: their own rounding is the same whatever
   * the shape, so that a few do.
   */
  void add(Op op, Tolerance tolerance, Source... sources) {
    OpCase sample = new OpCase(op, OpCase.FLOATING, List.of(sources), tolerance);
    List<DType> dtypes = new ArrayList<>(OpCase.FLOATING);
    dtypes.addAll(samples.computeIfAbsent(op.getClass(), _ -> new Halves()).of(sample));
    cases.add(new OpCase(op, List.copyOf(dtypes), sample.sources(), tolerance));
  }

  void add(List<DType> dtypes, Op op, Tolerance tolerance, Source... sources) {
    cases.add(new OpCase(op, dtypes, List.of(sources), tolerance));
  }

  List<OpCase> list() {
    return Collections.unmodifiableList(cases);
  }
}
