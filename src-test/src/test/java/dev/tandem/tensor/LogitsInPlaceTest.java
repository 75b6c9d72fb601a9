package dev.tandem.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Operand;
import dev.tandem.op.Loss;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The gradient of logits takes their memory where nobody can look at them again, and nowhere else. */
final class LogitsInPlaceTest {
  private final Backend cpu = Backends.open("cpu", line -> {});

  /** Whether each gradient of a cross-entropy was written over its logits, in their order. */
  private final List<Boolean> inPlace = new ArrayList<>();

  private final Backend backend = watched();

  private final Tensor h = Tensor.of(backend, new double[] {0.5, -1, 2, 1, 0.25, -2}, 3, 2);
  private final Tensor w =
      Tensor.of(backend, new double[] {1, 2, -1, 0.5, 0.75, -0.3, 0.2, 1.5}, 2, 4)
          .requireGradient();
  private final Tensor b =
      Tensor.of(backend, new double[] {0.1, 0, -0.2, 0.3}, 4).requireGradient();
  private final Tensor labels = Tensor.of(backend, new int[] {3, 0, 1}, 3);

  private Backend watched() {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (_, method, arguments) -> {
              if (method.getName().equals("run") && arguments[0] instanceof Loss.CrossEntropyGrad) {
                inPlace.add(first(arguments[1]).buffer() == first(arguments[2]).buffer());
              }
              try {
                return method.invoke(cpu, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static Operand first(Object operands) {
    return (Operand) ((List<?>) operands).getFirst();
  }

  @AfterEach
  void close() {
    List.of(h, w, b, labels).forEach(Tensor::close);
    assertEquals(0, cpu.memory().buffers(), "all memory came back");
    cpu.close();
  }

  private Tensor logits() {
    return h.matmul(w).add(b);
  }

  private Tensor loss(Tensor logits) {
    return logits.crossEntropy(labels, 0.1).sum();
  }

  /** The gradients of w and b together. */
  private double[] gradients(Function<Tape, Tensor> forward) {
    w.clearGradient();
    b.clearGradient();
    try (Tape tape = Tape.open()) {
      forward.apply(tape).backward();
    }
    double[] dw = w.gradient().orElseThrow().toDoubles();
    double[] db = b.gradient().map(Tensor::toDoubles).orElse(new double[4]);
    double[] both = Arrays.copyOf(dw, dw.length + db.length);
    System.arraycopy(db, 0, both, dw.length, db.length);
    return both;
  }

  /** What comes of logits that are kept, which nothing may be written over. */
  private double[] plain() {
    double[] gradients =
        gradients(tape -> {
          Tensor logits = tape.keep(logits());
          double[] before = logits.toDoubles();
          kept = logits;
          keptBefore = before;
          return loss(logits);
        });
    assertArrayEquals(keptBefore, kept.toDoubles());
    kept.close();
    return gradients;
  }

  private Tensor kept;
  private double[] keptBefore;

  @Test
  void aKeptTensorIsNotWrittenOver() {
    plain();
    assertEquals(List.of(false), inPlace);
  }

  @Test
  void whatNobodyNeedsIs() {
    double[] expected = plain();
    assertArrayEquals(expected, gradients(_ -> loss(logits())));
    assertArrayEquals(
        expected, gradients(_ -> loss(logits().reshape(1, 3, 4).reshape(3, 4))), "views of them");
    assertArrayEquals(
        expected,
        gradients(_ -> {
          Tensor logits;
          try (Scope scope = Scope.open()) {
            logits = scope.keep(logits());
            return scope.keep(loss(logits));
          }
        }),
        "made in a scope within");
    assertEquals(List.of(false, true, true, true), inPlace);
  }

  @Test
  void aProductAloneIsToo() {
    gradients(_ -> loss(h.matmul(w)));
    assertEquals(List.of(true), inPlace);
  }

  @Test
  void aDetachedHandleStaysWhatItWas() {
    double[] expected = plain();
    double[] actual =
        gradients(tape -> {
          Tensor logits = logits();
          kept = tape.keep(logits.detach());
          keptBefore = kept.toDoubles();
          return loss(logits);
        });
    assertArrayEquals(expected, actual);
    assertArrayEquals(keptBefore, kept.toDoubles());
    kept.close();
    assertEquals(List.of(false, false), inPlace);
  }

  @Test
  void aReleasedHandleStaysWhatItWas() {
    gradients(_ -> {
      kept = logits().release();
      keptBefore = kept.toDoubles();
      return loss(kept);
    });
    assertArrayEquals(keptBefore, kept.toDoubles());
    kept.close();
    assertEquals(List.of(false), inPlace);
  }

  @Test
  void aViewThatNoTapeKnowsStaysWhatItWas() {
    gradients(tape -> {
      Tensor logits = logits();
      try (Tape.Pause _ = Tape.noGrad()) {
        kept = tape.keep(logits.reshape(12));
      }
      keptBefore = kept.toDoubles();
      return loss(logits);
    });
    assertArrayEquals(keptBefore, kept.toDoubles());
    kept.close();
    assertEquals(List.of(false), inPlace);
  }

  @Test
  void usedTwiceTheLastToBeAskedMayTakeThem() {
    double[] expected =
        gradients(tape -> {
          Tensor logits = tape.keep(logits());
          kept = logits;
          return logits.square().sum().add(loss(logits)).add(loss(logits));
        });
    kept.close();
    assertArrayEquals(
        expected,
        gradients(_ -> {
          Tensor logits = logits();
          return logits.square().sum().add(loss(logits)).add(loss(logits));
        }),
        "the square needs them after");
    assertArrayEquals(
        expected,
        gradients(_ -> {
          Tensor logits = logits();
          Tensor first = loss(logits);
          return logits.square().sum().add(first).add(loss(logits));
        }),
        1e-12,
        "the first loss needs them last");
    assertEquals(List.of(false, false, false, false, false, true), inPlace);
  }

  @Test
  void anOpThatNeedsWhatItGaveKeepsIt() {
    gradients(_ -> loss(h.matmul(w).tanh()));
    gradients(_ -> loss(h.matmul(w).exp()));
    assertEquals(List.of(false, false), inPlace);
  }

  @Test
  void aLeafAndAViewOfOneAreNot() {
    Tensor leaf = Tensor.of(backend, new double[12], 3, 4).requireGradient();
    try (Tape _ = Tape.open()) {
      loss(leaf).backward();
    }
    try (Tape _ = Tape.open()) {
      loss(leaf.reshape(12).reshape(3, 4)).backward();
    }
    assertEquals(List.of(false, false), inPlace);
    assertArrayEquals(new double[12], leaf.toDoubles());
    leaf.close();
  }

  @Test
  void aBlockToBeRunAgainMayLookAtThem() {
    Function<Tensor, Tensor> square =
        logits ->
            Tape.recompute(_ -> List.of(logits.square().sum()), List.of(), List.of(h)).getFirst();
    double[] expected =
        gradients(_ -> {
          Tensor logits = logits();
          return logits.square().sum().add(loss(logits));
        });
    inPlace.clear();
    assertArrayEquals(
        expected,
        gradients(_ -> {
          Tensor logits = logits();
          return square.apply(logits).add(loss(logits));
        }));
    assertEquals(List.of(false), inPlace);
  }

  @Test
  void blocksBeforeThemAreNoHindrance() {
    double[] expected = plain();
    inPlace.clear();
    Function<List<Tensor>, List<Tensor>> block = x -> List.of(x.getFirst().matmul(w).mul(1));
    assertArrayEquals(
        expected,
        gradients(_ -> {
          Tensor hidden = Tape.recompute(block, List.of(), List.of(h)).getFirst();
          return loss(hidden.add(b));
        }));
    assertEquals(List.of(true), inPlace);
  }

  @Test
  void aLossInABlockIsRightToo() {
    double[] expected = plain();
    assertArrayEquals(
        expected,
        gradients(_ ->
            Tape.recompute(x -> List.of(loss(x.getFirst().matmul(w).add(b))), List.of(), List.of(h))
                .getFirst()));
    assertEquals(List.of(false, true), inPlace);
  }
}
