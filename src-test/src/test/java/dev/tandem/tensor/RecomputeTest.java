package dev.tandem.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.op.Normalization;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A block that is run again in backward gives the gradients that it would have given at once, to the bit. */
final class RecomputeTest {
  private final Backend backend = Backends.open("cpu", line -> {});
  private final Tensor x = numbers(6, 5, 4).requireGradient();
  private final Tensor w = numbers(7, 4, 4).requireGradient();
  private final Tensor v = numbers(8, 4, 4).requireGradient();
  private final Tensor state = new Random(3).state(backend);

  @AfterEach
  void close() {
    List.of(x, w, v, state).forEach(Tensor::close);
    assertEquals(0, backend.memory().buffers(), "all memory came back");
    backend.close();
  }

  private Tensor numbers(int seed, int... lengths) {
    double[] numbers = new double[Arrays.stream(lengths).reduce(1, (a, b) -> a * b)];
    Arrays.setAll(numbers, i -> Math.sin(seed + i * 1.7));
    return Tensor.of(backend, numbers, lengths);
  }

  /** How a stretch of a network is run: at once, or to be run again. */
  private interface Mode {
    Tensor run(Function<Tensor, Tensor> block, Tensor x);
  }

  private static final Mode AT_ONCE = Function::apply;

  private final Mode again =
      (block, input) ->
          Tape.recompute(in -> List.of(block.apply(in.getFirst())), List.of(state), List.of(input))
              .getFirst();

  private Tensor layer(Tensor input, Tensor weight) {
    return input.matmul(weight).tanh().dropout(0.4, state).add(input);
  }

  /** Gradients of x, w and v, and the generator's state after. */
  private double[] step(Function<Mode, Tensor> forward, Mode mode) {
    List.of(x, w, v).forEach(Tensor::clearGradient);
    state.write(MemorySegment.ofArray(new int[] {3, 0, 5, 0}));
    try (Tape _ = Tape.open()) {
      forward.apply(mode).backward();
    }
    return DoubleStream.concat(
            List.of(x, w, v).stream()
                .flatMapToDouble(leaf ->
                    Arrays.stream(
                        leaf.gradient().map(Tensor::toDoubles).orElse(new double[] {Double.NaN}))),
            Arrays.stream(state.toDoubles()))
        .toArray();
  }

  private void same(Function<Mode, Tensor> forward) {
    assertArrayEquals(step(forward, AT_ONCE), step(forward, again));
  }

  @Test
  void gradientsAndMasksAreTheSame() {
    same(mode -> mode.run(in -> layer(in, w), x).square().sum());
  }

  @Test
  void soTheyAreOfOneBlockAfterAnother() {
    same(mode -> {
      Tensor h = mode.run(in -> layer(in, w), x).dropout(0.3, state);
      return mode.run(in -> layer(layer(in, v), w), h).square().sum();
    });
  }

  @Test
  void soTheyAreOfABlockWithin() {
    same(mode -> mode.run(in -> mode.run(deep -> layer(deep, v), layer(in, w)), x).square().sum());
  }

  @Test
  void soTheyAreWhereOnlySomeWeightsLearn() {
    Tensor constant = x.detach();
    same(mode -> mode.run(in -> layer(in, w), constant).square().sum());
    constant.close();
  }

  @Test
  void severalInputsAndResults() {
    Function<List<Tensor>, List<Tensor>> block =
        in -> {
          Tensor product = in.get(0).matmul(in.get(1));
          return List.of(product.tanh(), product.exp(), product.square());
        };
    Function<Function<List<Tensor>, List<Tensor>>, double[]> run =
        how ->
            step(
                _ -> {
                  List<Tensor> results = how.apply(List.of(x, w));
                  return results.get(0).matmul(v).sum().add(results.get(2).sum()); // one unused
                },
                AT_ONCE);
    assertArrayEquals(run.apply(block), run.apply(in -> Tape.recompute(block, List.of(), in)));
  }

  @Test
  void anInputUsedOutsideTooGathersBoth() {
    same(mode -> mode.run(in -> in.matmul(w).tanh(), x.mul(2)).add(x.exp()).matmul(v).sum());
  }

  @Test
  void whatIsNotAskedForIsNotRunAgain() {
    int[] runs = new int[1];
    step(
        mode -> {
          mode.run(
              in -> {
                runs[0]++;
                return in.matmul(w);
              },
              x);
          return x.matmul(v).sum().add(w.sum());
        },
        again);
    assertEquals(1, runs[0]);
  }

  @Test
  void itIsOneCallAndHoldsLess() {
    Function<Tensor, Tensor> deep =
        in -> in.matmul(w).tanh().matmul(v).tanh().matmul(w).tanh().matmul(v);
    long atOnce;
    try (Tape tape = Tape.open()) {
      Tensor y = AT_ONCE.run(deep, x);
      atOnce = backend.memory().used();
      assertEquals(7, tape.size());
      y.sum().backward();
    }
    List.of(x, w, v).forEach(Tensor::clearGradient);
    try (Tape tape = Tape.open()) {
      long before = backend.memory().used();
      Tensor y = again.run(deep, x);
      long held = backend.memory().used() - before;
      assertEquals(1, tape.size());
      assertEquals(y.type().bytes() + state.type().bytes(), held, "the result and the state");
      assertTrue(backend.memory().used() < atOnce);
      y.sum().backward();
      assertEquals(0, tape.size());
    }
  }

  @Test
  void withoutATapeItIsJustRun() {
    Tensor y = again.run(in -> in.matmul(w), x);
    assertFalse(y.requiresGradient());
    y.close();
    try (Tape tape = Tape.open();
        Tape.Pause _ = Tape.noGrad()) {
      again.run(in -> in.matmul(w), x);
      assertEquals(0, tape.size());
    }
  }

  @Test
  void aBlockThatFailsLeavesNothingBehind() {
    for (int run = 1; run <= 2; run++) {
      int failing = run;
      int[] runs = new int[1];
      try (Tape _ = Tape.open()) {
        assertThrows(
            ArithmeticException.class,
            () ->
                again
                    .run(
                        in -> {
                          Tensor product = layer(in, w);
                          if (++runs[0] == failing) {
                            throw new ArithmeticException("on purpose");
                          }
                          return product.tanh();
                        },
                        x.mul(2))
                    .sum()
                    .backward());
        assertTrue(Tape.recording());
      }
      List.of(x, w, v).forEach(Tensor::clearGradient);
      assertEquals(4, backend.memory().buffers());
    }
  }

  @Test
  void aResultMustBeNew() {
    try (Tape _ = Tape.open()) {
      Tensor before = x.mul(2);
      Tensor constant = x.detach();
      for (Tensor old : List.of(x, w, before, constant)) {
        assertRefused(_ -> old);
      }
      assertRefused(in -> in);
      assertRefused(in -> in.argMax(0));
      // Nothing of these has lost its place.
      before.add(w.sum()).sum().backward();
    }
    assertArrayEquals(new double[] {2, 2}, Arrays.copyOf(gradient(x), 2));
    assertEquals(20, gradient(w)[0]);
  }

  private void assertRefused(Function<Tensor, Tensor> block) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> again.run(block, x));
    assertTrue(e.getMessage().startsWith("recompute: each result must be"), e.getMessage());
  }

  @Test
  void aStatisticAsAResultSaysThatItHasNoGradient() {
    Tensor one = Tensor.full(backend, v.type().withShape(Shape.of(4)), 1);
    try (Tape _ = Tape.open()) {
      Tensor mean =
          again.run(
              in ->
                  Tensor.applyAll(new Normalization.LayerNorm(1e-5), List.of(in, one, one)).get(1),
              x);
      UnsupportedOperationException e =
          assertThrows(UnsupportedOperationException.class, () -> mean.sum().backward());
      assertTrue(e.getMessage().startsWith("layer_norm: only its first result"), e.getMessage());
    }
    one.close();
  }

  @Test
  void anInputChangedInPlaceIsRefused() {
    try (Tape _ = Tape.open()) {
      Tensor loss = again.run(in -> in.matmul(w), x).sum();
      Tensor.update(new Update.ClampInPlace(-0.1, 0.1), x);
      IllegalStateException e = assertThrows(IllegalStateException.class, loss::backward);
      assertTrue(e.getMessage().startsWith("backward: recompute needs a tensor"), e.getMessage());
    }
  }

  @Test
  void aBlockThatChangesItsMindIsRefused() {
    int[] runs = new int[1];
    try (Tape _ = Tape.open()) {
      Tensor loss =
          again.run(in -> runs[0]++ == 0 ? in.matmul(w) : in.matmul(w).cast(DType.F32), x).sum();
      IllegalStateException e = assertThrows(IllegalStateException.class, loss::backward);
      assertTrue(e.getMessage().startsWith("recompute: the block's second run"), e.getMessage());
    }
  }

  private static double[] gradient(Tensor leaf) {
    return leaf.gradient().orElseThrow().toDoubles();
  }
}
