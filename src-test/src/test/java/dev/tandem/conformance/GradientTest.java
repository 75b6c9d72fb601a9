package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.conformance.GradientCases.Sample;
import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Indexing;
import dev.tandem.op.Loss;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Reduction;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The table of derivatives against central differences of the forward, in F64, on the oracle and on every
 * backend that has F64. The gradient that comes in is random: all ones would hide a row that forgets dy. An op
 * without a derivative must say so by its name.
 */
final class GradientTest {
  private static final double TOLERANCE = 1e-6;

  /** Small, so that no kink lies within three steps of a sample. */
  private static final double STEP = 0x1p-12;

  /**
   * Flat almost everywhere, and integer-valued: the tape does not follow them, and there is nothing to lose.
   */
  private static final Set<Class<?>> FLAT =
      Set.of(
          Elementwise.Equal.class,
          Elementwise.Less.class,
          Elementwise.LessEqual.class,
          Reduction.ArgMax.class,
          Indexing.OneHot.class,
          Creation.Fill.class);

  private static List<Backend> backends() {
    return Stream.concat(Stream.of(new OracleBackend()), TestBackends.available().stream())
        .filter(backend -> backend.supports(DType.F64))
        .toList();
  }

  @TestFactory
  Stream<DynamicTest> equalCentralDifferences() {
    return GradientCases.all().stream()
        .flatMap(sample ->
            backends().stream()
                .flatMap(backend -> {
                  List<Values> inputs =
                      OpCase.inputs(sample.sources(), DType.F64, sample.op().toString());
                  String title =
                      OpCase.label(
                              sample.op().name(),
                              sample.op().toString(),
                              sample.sources(),
                              inputs,
                              DType.F64)
                          + " on "
                          + backend.name();
                  List<Integer> learnable =
                      IntStream.range(0, sample.learned())
                          .filter(i -> inputs.get(i).dtype() == DType.F64)
                          .boxed()
                          .toList();
                  // All at once, and each alone: rows of the table look at which gradients are
                  // needed.
                  Stream<Set<Integer>> choices =
                      Stream.concat(
                          Stream.of(Set.copyOf(learnable)),
                          learnable.size() == 1 ? Stream.of() : learnable.stream().map(Set::of));
                  return choices.flatMap(learned ->
                      used(sample.op())
                          .map(used ->
                              DynamicTest.dynamicTest(
                                  title + ", learned " + learned + ", results " + used,
                                  () -> check(title, sample, inputs, learned, used, backend))));
                }));
  }

  /** Of the results that carry gradients: all, and each alone. */
  private static Stream<Set<Integer>> used(Op op) {
    List<Integer> results = IntStream.range(0, op.differentiable()).boxed().toList();
    return Stream.concat(
        Stream.of(Set.copyOf(results)),
        results.size() == 1 ? Stream.of() : results.stream().map(Set::of));
  }

  private static void check(
      String title,
      Sample sample,
      List<Values> inputs,
      Set<Integer> learned,
      Set<Integer> used,
      Backend backend) {
    List<Values> weights = weights(sample.op(), inputs);
    List<Tensor> tensors = new ArrayList<>();
    for (int i = 0; i < inputs.size(); i++) {
      Tensor tensor = tensor(backend, inputs.get(i));
      tensors.add(learned.contains(i) ? tensor.requireGradient() : tensor);
    }
    try (Tape tape = Tape.open()) {
      List<Tensor> results = Tensor.applyAll(sample.op(), tensors);
      if (results.size() == 1 || sample.op().differentiable() == 1) {
        tape.backward(results.getFirst(), tensor(backend, weights.getFirst()));
      } else {
        used.stream()
            .map(i -> results.get(i).mul(tensor(backend, weights.get(i))).sum())
            .reduce(Tensor::add)
            .orElseThrow()
            .backward();
      }
    }
    for (int i : learned) {
      double[] x = inputs.get(i).data();
      // A result that is not used takes its share away, of gamma and beta all there is.
      double[] backprop =
          tensors.get(i).gradient().map(Tensor::toDoubles).orElse(new double[x.length]);
      for (int k = 0; k < x.length; k++) {
        int input = i;
        int element = k;
        double numeric =
            Slope.at(
                moved -> loss(sample.op(), inputs, input, element, moved, weights, used, backend),
                x[k],
                STEP);
        double error = Math.abs(numeric - backprop[k]) / Math.max(1, Math.abs(numeric));
        assertTrue(
            error <= TOLERANCE,
            () ->
                title
                    + ": gradient of input "
                    + input
                    + " at "
                    + element
                    + ": central difference "
                    + numeric
                    + ", backprop "
                    + backprop[element]
                    + ", error "
                    + error);
      }
    }
    tensors.forEach(Tensor::close);
  }

  /** The weighted sum of the results, with one element of one input moved. */
  private static double loss(
      Op op,
      List<Values> inputs,
      int input,
      int element,
      double moved,
      List<Values> weights,
      Set<Integer> used,
      Backend backend) {
    try (Scope _ = Scope.open()) {
      List<Values> elsewhere = new ArrayList<>(inputs);
      elsewhere.set(input, inputs.get(input).copy());
      elsewhere.get(input).data()[element] = moved;
      List<Tensor> results =
          Tensor.applyAll(op, elsewhere.stream().map(values -> tensor(backend, values)).toList());
      double loss = 0;
      for (int result : used) {
        double[] y = results.get(result).toDoubles();
        for (int i = 0; i < y.length; i++) {
          loss += weights.get(result).data()[i] * y[i];
        }
      }
      return loss;
    }
  }

  /** What each result that carries a gradient is multiplied with. */
  private static List<Values> weights(Op op, List<Values> inputs) {
    List<TensorType> types = op.outputs(inputs.stream().map(Values::type).toList());
    return IntStream.range(0, op.differentiable())
        .mapToObj(
            i -> Source.uniform(types.get(i).shape(), -2, 2).make(DType.F64, 17 + i, List.of()))
        .toList();
  }

  private static Tensor tensor(Backend backend, Values values) {
    return Tensor.of(backend, values.type(), values.bytes());
  }

  @Test
  void everyOpHasAGradientCaseOrRefuses() {
    Set<Class<?>> covered =
        GradientCases.all().stream()
            .map(sample -> sample.op().getClass())
            .collect(Collectors.toSet());
    covered.addAll(FLAT);
    refusals().forEach(sample -> covered.add(sample.op().getClass()));
    Set<Class<?>> missing = new HashSet<>(CoverageTest.records(Op.class));
    missing.removeAll(covered);
    assertEquals(
        Set.of(),
        missing,
        "ops in neither GradientCases, nor among the flat ones, nor among those that refuse");
  }

  /** The backward ops, and the norm for clipping: each takes floating-point inputs, so that someone could ask for its derivative. */
  private static Stream<OpCase> refusals() {
    Predicate<OpCase> backward =
        sample ->
            sample.op().getClass().getSimpleName().contains("Grad")
                || sample.op() instanceof Reduction.GlobalNorm;
    Set<Class<?>> seen = new HashSet<>();
    return OpCases.all().stream()
        .filter(backward)
        .filter(sample -> seen.add(sample.op().getClass()));
  }

  @TestFactory
  Stream<DynamicTest> backwardOpsRefuseByName() {
    return refusals()
        .map(sample ->
            DynamicTest.dynamicTest(
                sample.op().name() + " has no gradient of its own",
                () -> {
                  List<Values> inputs = sample.inputs(DType.F64);
                  for (int i = 0; i < inputs.size(); i++) {
                    if (inputs.get(i).dtype().floating()) {
                      assertRefused(sample.op(), inputs, i);
                    }
                  }
                }));
  }

  @Test
  void givenStatisticsRefuseByName() {
    Op op = new Normalization.BatchNormInference(1e-5);
    OpCase sample = firstCase(op);
    assertRefused(op, sample.inputs(DType.F64), 3);
    assertRefused(op, sample.inputs(DType.F64), 4);
  }

  @Test
  void givenTargetsRefuseByName() {
    Op op = new Loss.SoftCrossEntropy();
    assertRefused(op, firstCase(op).inputs(DType.F64), 1);
  }

  private static OpCase firstCase(Op op) {
    return OpCases.all().stream()
        .filter(sample -> sample.op().equals(op))
        .findFirst()
        .orElseThrow();
  }

  /** Backward through the op, with a gradient wanted for this input alone, must fail, and name the op. */
  private static void assertRefused(Op op, List<Values> inputs, int wanted) {
    Backend backend = new OracleBackend();
    try (Tape tape = Tape.open()) {
      List<Tensor> tensors = new ArrayList<>();
      for (int i = 0; i < inputs.size(); i++) {
        Tensor tensor = tensor(backend, inputs.get(i));
        tensors.add(i == wanted ? tensor.requireGradient() : tensor);
      }
      Tensor y = Tensor.applyAll(op, tensors).getFirst();
      Tensor dy = tensor(backend, weights(op, inputs).getFirst());
      RuntimeException refusal =
          assertThrows(UnsupportedOperationException.class, () -> tape.backward(y, dy));
      assertTrue(refusal.getMessage().startsWith(op.name() + ":"), refusal.getMessage());
    }
  }

  /**
   * A comparison ends the history: backward from it does not run and give zeros, it says that nothing depends
   * on x.
   */
  @Test
  void flatOpsEndTheHistory() {
    Backend backend = new OracleBackend();
    try (Tape tape = Tape.open()) {
      Tensor x = Tensor.of(backend, new double[] {1, 2}, 2).requireGradient();
      Tensor one = Tensor.scalar(backend, DType.F64, 1);
      List<Tensor> flat =
          List.of(
              x.less(one),
              x.argMax(0),
              Tensor.apply(new Elementwise.Equal(), x, one),
              Tensor.apply(new Elementwise.LessEqual(), x, one));
      for (Tensor y : flat) {
        Tensor loss = y.cast(DType.F64).sum();
        IllegalStateException refusal =
            assertThrows(IllegalStateException.class, () -> tape.backward(loss));
        assertTrue(refusal.getMessage().contains("does not depend"), refusal.getMessage());
      }
      x.close();
    }
  }

  /** Where a gradient passes a narrower type, it comes back in the type of its tensor. */
  @Test
  void castReturnsTheTypeOfItsInput() {
    Backend backend = new OracleBackend();
    try (Tape tape = Tape.open()) {
      Tensor x = Tensor.of(backend, new double[] {1, 2, 3}, 3).requireGradient();
      Tensor dy = Tensor.of(backend, new float[] {0.5f, -2, 3}, 3);
      tape.backward(x.cast(DType.F32), dy);
      Tensor dx = x.gradient().orElseThrow();
      assertEquals(x.type(), dx.type());
      assertEquals(List.of(0.5, -2.0, 3.0), Arrays.stream(dx.toDoubles()).boxed().toList());
      x.close();
    }
  }
}
