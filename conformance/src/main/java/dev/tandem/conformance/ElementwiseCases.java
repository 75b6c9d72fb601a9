package dev.tandem.conformance;

import static dev.tandem.conformance.Cases.EMPTY;
import static dev.tandem.conformance.Cases.LARGE;
import static dev.tandem.conformance.Cases.LONG;
import static dev.tandem.conformance.Cases.ODD;
import static dev.tandem.conformance.Cases.ONE;
import static dev.tandem.conformance.Cases.SHAPES;
import static dev.tandem.conformance.Source.listed;
import static dev.tandem.conformance.Source.mask;
import static dev.tandem.conformance.Source.result;
import static dev.tandem.conformance.Source.ties;
import static dev.tandem.conformance.Source.uniform;
import static dev.tandem.conformance.Tolerance.exact;
import static dev.tandem.conformance.Tolerance.relative;

import dev.tandem.op.Elementwise;
import dev.tandem.op.Elementwise.*;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;

/** Samples of the elementwise ops. */
final class ElementwiseCases {
  private static final double INFINITY = Double.POSITIVE_INFINITY;
  private static final double NAN = Double.NaN;
  private static final List<DType> ANY = List.of(DType.F32, DType.F64, DType.I32, DType.U8);

  /**
   * What every unary function must get right: both zeros, subnormal, the ends, NaN; in the middle of a vector.
   */
  private static final double[] SPECIAL = {
    1, 0.0, -0.0, 1e-40, -1e-40, 1e-7, -1e-7, 0.5, NAN, -0.5, 88, 89, -87, -104, 709, 711, -708,
    -746, 3e38, -3e38, 1, 2, 3
  };

  private static final double[] WITH_INFINITIES =
      DoubleStream.concat(Arrays.stream(SPECIAL), DoubleStream.of(INFINITY, -INFINITY, 4))
          .toArray();

  /** Pairs of shapes: equal, scalar, row, column, channel, both sides stretching, rank 5, nothing. */
  private static final List<List<Shape>> PAIRS =
      List.of(
          List.of(ONE, ONE),
          List.of(ODD, ODD),
          List.of(LONG, LONG),
          List.of(Shape.scalar(), Shape.scalar()),
          List.of(Shape.scalar(), LONG),
          List.of(LONG, Shape.scalar()),
          List.of(LONG, Shape.of(257)),
          List.of(Shape.of(257), LONG),
          List.of(LONG, Shape.of(3, 1)),
          List.of(Shape.of(3, 1), LONG),
          List.of(Shape.of(2, 5, 3, 7), Shape.of(1, 5, 1, 1)),
          List.of(Shape.of(5, 1, 1), Shape.of(2, 5, 3, 7)),
          List.of(Shape.of(4, 1), Shape.of(1, 67)),
          List.of(Shape.of(4, 1, 3), Shape.of(5, 1)),
          List.of(Shape.of(2, 1, 3, 1, 2), Shape.of(1, 4, 3, 5, 1)),
          List.of(Shape.of(2, 1, 1, 3, 19), Shape.of(1, 2, 1, 1, 19)),
          List.of(EMPTY, Shape.of(5)),
          List.of(Shape.of(0), ONE),
          List.of(Shape.of(2, 1, 3), Shape.of(2, 0, 3)));

  private ElementwiseCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    arithmetic(cases);
    comparisons(cases);
    select(cases);
    casts(cases);
    unary(cases);
    activations(cases);
    chains(cases);
    large(cases);
    return cases.list();
  }

  private static void arithmetic(Cases cases) {
    // IEEE asks for the nearest number of each of these.
    for (Elementwise op :
        List.of(new Add(), new Sub(), new Mul(), new Div(), new Maximum(), new Minimum())) {
      PAIRS.forEach(
          pair -> cases.add(op, exact(), uniform(pair.get(0), -2, 2), uniform(pair.get(1), -3, 3)));
      cases.add(
          op,
          exact(),
          listed(
              "special", 1, 0, -1, 0, NAN, 2, INFINITY, INFINITY, -INFINITY, 1e30, -1e30, 0, -3,
              NAN, 5, 1e-30, 7),
          listed(
              "special", 0, 0, 0, 5, 1, NAN, INFINITY, -INFINITY, 2, 1e30, 1e30, -0.0, INFINITY,
              NAN, 5, 1e-30, -7));
    }
  }

  private static void comparisons(Cases cases) {
    for (Elementwise op : List.of(new Equal(), new Less(), new LessEqual())) {
      PAIRS.forEach(
          pair -> cases.add(ANY, op, exact(), ties(pair.get(0), 3), ties(pair.get(1), 3)));
      cases.add(OpCase.HALVES, op, exact(), ties(LONG, 3), ties(LONG, 3));
      cases.add(OpCase.HALVES, op, exact(), ties(LONG, 3), ties(Shape.of(3, 1), 3));
      cases.add(
          op,
          exact(),
          listed("special", 1, NAN, 1, NAN, INFINITY, -INFINITY, 0.0, -INFINITY, 1e-40),
          listed("special", 1, 1, NAN, NAN, INFINITY, -INFINITY, -0.0, 3, 0));
      cases.add(
          List.of(DType.I32),
          op,
          exact(),
          listed("ends", Integer.MIN_VALUE, Integer.MAX_VALUE, -1, Integer.MAX_VALUE, 16_777_217),
          listed("ends", Integer.MAX_VALUE, Integer.MIN_VALUE, -1, Integer.MAX_VALUE, 16_777_216));
      cases.add(
          List.of(DType.U8),
          op,
          exact(),
          listed("ends", 0, 255, 128, 127),
          listed("ends", 255, 0, 127, 128));
    }
  }

  private static void select(Cases cases) {
    Select op = new Select();
    for (List<Shape> pair : PAIRS) {
      cases.add(
          ANY,
          op,
          exact(),
          mask(pair.get(0)),
          uniform(pair.get(1), -9, 9),
          uniform(pair.get(1), -9, 9));
      cases.add(
          ANY,
          op,
          exact(),
          mask(pair.get(1)),
          uniform(pair.get(0), -9, 9),
          uniform(pair.get(1), -9, 9));
    }
    cases.add(OpCase.HALVES, op, exact(), mask(LONG), uniform(LONG, -9, 9), uniform(LONG, -9, 9));
    cases.add(ANY, op, exact(), mask(ODD), uniform(ODD, -9, 9), uniform(Shape.scalar(), -9, 9));
    cases.add(
        op,
        exact(),
        Source.fixed(Values.of(DType.U8, Shape.of(5), 0, 1, 2, 255, 0)),
        listed("special", NAN, 1, 2, 3, INFINITY),
        listed("special", 1, NAN, NAN, NAN, 4));
  }

  private static void casts(Cases cases) {
    double[] numbers = {
      0,
      -0.0,
      0.5,
      -0.5,
      1.5,
      2.5,
      2.9,
      -2.9,
      127.5,
      255.4,
      255.9,
      256,
      300,
      -1,
      65504,
      65520,
      1e9,
      2147483520.0,
      2147483648.0,
      -2147483648.0,
      -3e9,
      1e30,
      -1e30,
      1e-8,
      6e-8,
      1e-40,
      3.4e38,
      INFINITY,
      -INFINITY,
      NAN
    };
    for (DType to : DType.values()) {
      Cast op = new Cast(to);
      cases.add(OpCase.FLOATING, op, exact(), listed("special", numbers));
      SHAPES.forEach(shape -> cases.add(OpCase.FLOATING, op, exact(), uniform(shape, -300, 300)));
      cases.add(
          List.of(DType.I32),
          op,
          exact(),
          listed(
              "ends",
              0,
              1,
              -1,
              127,
              128,
              255,
              256,
              -128,
              16_777_217,
              -16_777_219,
              Integer.MAX_VALUE,
              Integer.MIN_VALUE));
      cases.add(List.of(DType.I32), op, exact(), uniform(LONG, -70_000, 70_000));
      cases.add(List.of(DType.U8), op, exact(), uniform(LONG, 0, 256));
      cases.add(List.of(DType.U8), op, exact(), uniform(EMPTY, 0, 256));
      cases.add(OpCase.HALVES, op, exact(), uniform(LONG, -300, 300));
      cases.add(OpCase.HALVES, op, exact(), Source.everyHalf());
    }
    // Halfway between two bfloat16 and two binary16 numbers, even below and odd below; and just
    // beside.
    double[] halfway = {
      1 + 0x1p-8,
      1 + 3 * 0x1p-8,
      1 + 0x1p-8 + 0x1p-20,
      1 + 0x1p-11,
      1 + 3 * 0x1p-11,
      1 + 0x1p-11 - 0x1p-20,
      0x1p-25,
      3 * 0x1p-25,
      0x1p-24
    };
    for (DType to : List.of(DType.BF16, DType.F16)) {
      cases.add(OpCase.FLOATING, new Cast(to), exact(), listed("halfway", halfway));
      cases.add(OpCase.FLOATING, new Cast(to), exact(), Source.betweenHalves(to));
    }
  }

  private static void unary(Cases cases) {
    // Two roundings, or one where fused; shift may cancel scale * x, hence absolute, for products
    // up to 7.5 * 2.
    unary(cases, new Affine(2.5, -7.25), relative(2).plusAbsolute(16), WITH_INFINITIES, -3, 3);
    unary(cases, new Affine(-1, 0), exact(), WITH_INFINITIES, -3, 3);
    unary(cases, new Affine(0, 4), exact(), SPECIAL, -3, 3);

    // A polynomial after an exact range reduction: 2 units where it is good, 1 more for the
    // device's own.
    unary(cases, new Exp(), relative(4), WITH_INFINITIES, -6, 6, -300, 300, -87, 88);
    unary(cases, new Log(), relative(4), WITH_INFINITIES, 0, 6, 0.9, 1.1, 1e-6, 3e5, -2, 0);
    unary(cases, new Sqrt(), exact(), WITH_INFINITIES, 0, 6, 0, 1e30, -2, 0);
    // Two roundings, of the root and of the quotient.
    unary(cases, new Rsqrt(), relative(3), WITH_INFINITIES, 0.01, 6, 1e-30, 1e-20, -2, 0);
    for (double exponent : new double[] {2, 3, -1, -2, 0.5, -0.5, 1.7, 0, 1}) {
      // e^(p ln x): the error of ln x counts p ln x times; up to 3 ln 300 here, hence more than exp
      // alone.
      unary(cases, new Pow(exponent), relative(24), WITH_INFINITIES, 0.01, 6, 0, 300, -6, 6);
    }
    unary(cases, new Abs(), exact(), WITH_INFINITIES, -6, 6, -1e-40, 1e-40);
    unary(cases, new Sign(), exact(), WITH_INFINITIES, -6, 6, -1e-40, 1e-40);
    unary(cases, new Clamp(-0.5, 2), exact(), WITH_INFINITIES, -3, 3, -0.5, 2);
    unary(cases, new Clamp(-INFINITY, 0), exact(), WITH_INFINITIES, -3, 3);
    unary(cases, new Clamp(1, 1), exact(), WITH_INFINITIES, -3, 3);
  }

  private static void activations(Cases cases) {
    unary(cases, new Relu(), exact(), WITH_INFINITIES, -6, 6, -300, 300);
    // The slope itself is rounded to the type, then the product.
    unary(cases, new LeakyRelu(0.01), relative(2), WITH_INFINITIES, -6, 6, -300, 300);
    unary(cases, new LeakyRelu(-0.5), relative(2), WITH_INFINITIES, -6, 6);
    // exp, a sum and a quotient.
    unary(cases, new Sigmoid(), relative(8), WITH_INFINITIES, -6, 6, -300, 300, -90, -80);
    unary(cases, new Tanh(), relative(8), WITH_INFINITIES, -6, 6, -300, 300, -0.01, 0.01);
    unary(cases, new Silu(), relative(8), SPECIAL, -6, 6, -300, 300);
    unary(cases, new Softplus(), relative(8), WITH_INFINITIES, -6, 6, -300, 300, -30, -15);
    // 1 + tanh and 1 + erf cancel for x < -2: a relative error means nothing there. Half of |x| <=
    // 6 times some units.
    unary(
        cases, new GeluTanh(), relative(8).plusAbsolute(16), SPECIAL, -6, 6, 300, 400, -400, -300);
    unary(cases, new GeluErf(), relative(8).plusAbsolute(16), SPECIAL, -6, 6, 300, 400, -400, -300);
  }

  /**
   * All shapes on the first range, one on the others, and the special values. Ranges come as low, high, low,
   * high.
   */
  private static void unary(
      Cases cases, Op op, Tolerance tolerance, double[] special, double... ranges) {
    SHAPES.forEach(shape -> cases.add(op, tolerance, uniform(shape, ranges[0], ranges[1])));
    for (int i = 2; i < ranges.length; i += 2) {
      cases.add(op, tolerance, uniform(LONG, ranges[i], ranges[i + 1]));
    }
    cases.add(op, tolerance, listed("special", special));
  }

  private static void chains(Cases cases) {
    Source kink = listed("kink", 0.0, -0.0, 1e-30, -1e-30, 1, -1, 1e-40);
    chain(cases, new ReluGrad(), exact(), kink, -6, 6);
    chain(cases, new LeakyReluGrad(0.01), relative(2), kink, -6, 6);
    chain(cases, new LeakyReluGrad(-0.5), relative(2), kink, -6, 6);
    // These take y. Saturated ones are exactly 0, 1 or -1; of what lies near, 1 - y keeps all
    // digits.
    chain(
        cases,
        new SigmoidGrad(),
        relative(4).ofSlope(),
        listed("ends", 0, 1, 0.5, 1e-30, 1 - 0x1p-20, 0.25, 0.75),
        0,
        1);
    chain(
        cases,
        new TanhGrad(),
        relative(4).plusAbsolute(2).ofSlope(),
        listed("ends", -1, 1, 0, 1e-30, 1 - 0x1p-20, 0.5, -0.5),
        -1,
        1);
    // As the forward, once more for the product of 1 - tanh^2 with its cubic argument; dy up to 2.
    Tolerance gelu = relative(8).plusAbsolute(40).ofSlope();
    for (Elementwise op : List.of(new GeluTanhGrad(), new GeluErfGrad(), new SiluGrad())) {
      chain(
          cases,
          op,
          gelu,
          listed("special", 0, -0.0, 1e-30, NAN, -0.75, 1e-7, 20),
          -6,
          6,
          300,
          400,
          -400,
          -300);
    }
    for (int shape = 0; shape < SHAPES.size(); shape++) {
      Shape s = SHAPES.get(shape);
      cases.add(
          new SigmoidGrad(),
          relative(4).ofSlope(),
          saturating(new Sigmoid(), s, 300),
          uniform(s, -2, 2));
      cases.add(
          new TanhGrad(),
          relative(4).plusAbsolute(2).ofSlope(),
          saturating(new Tanh(), s, 9),
          uniform(s, -2, 2));
    }
  }

  private static void chain(
      Cases cases, Op op, Tolerance tolerance, Source special, double... ranges) {
    SHAPES.forEach(
        s -> cases.add(op, tolerance, uniform(s, ranges[0], ranges[1]), uniform(s, -2, 2)));
    for (int i = 2; i < ranges.length; i += 2) {
      cases.add(op, tolerance, uniform(LONG, ranges[i], ranges[i + 1]), uniform(LONG, -2, 2));
    }
    cases.add(op, tolerance, special, uniform(ODD, -2, 2));
  }

  /** What the forward gives for x in [-bound, bound]. */
  private static Source saturating(Op forward, Shape shape, double bound) {
    Source x = uniform(shape, -bound, bound);
    return new Source(
        "of " + x.range(),
        (dtype, key, before) ->
            result(forward, 0, 0).make(dtype, key, List.of(x.make(dtype, key, before))));
  }

  private static void large(Cases cases) {
    cases.add(new Add(), exact(), uniform(LARGE, -2, 2), uniform(LARGE, -3, 3));
    cases.add(
        new Mul(), exact(), uniform(Shape.of(310, 331), -2, 2), uniform(Shape.of(331), -3, 3));
    cases.add(
        new Div(), exact(), uniform(Shape.of(310, 331), -2, 2), uniform(Shape.of(310, 1), 1, 3));
    // Rows longer than a block that loops go by; the second ends one element after a block.
    for (int row : new int[] {2500, 4095}) {
      cases.add(
          new Sub(), exact(), uniform(Shape.of(9, row), -2, 2), uniform(Shape.of(row), -3, 3));
      cases.add(new LessEqual(), exact(), ties(Shape.of(9, 1, row), 3), ties(Shape.of(2, row), 3));
    }
    cases.add(new Less(), exact(), uniform(LARGE, -2, 2), uniform(LARGE, -3, 3));
    cases.add(new Select(), exact(), mask(LARGE), uniform(LARGE, -3, 3), uniform(LARGE, -3, 3));
    cases.add(new Cast(DType.I32), exact(), uniform(LARGE, -300, 300));
    cases.add(new Exp(), relative(4), uniform(LARGE, -87, 88));
    cases.add(new Tanh(), relative(8), uniform(LARGE, -10, 10));
    cases.add(new GeluTanh(), relative(8).plusAbsolute(16), uniform(LARGE, -6, 6));
    cases.add(new GeluErf(), relative(8).plusAbsolute(16), uniform(LARGE, -6, 6));
    cases.add(new ReluGrad(), exact(), uniform(LARGE, -6, 6), uniform(LARGE, -2, 2));
  }
}
