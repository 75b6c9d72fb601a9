package dev.tandem.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScopeTest {
  private final Backend backend = Backends.open("cpu", line -> {});

  @AfterEach
  void close() {
    backend.close();
  }

  @Test
  void tensorsAreFreedAtTheEndOfTheirScope() {
    Tensor inside;
    try (Scope _ = Scope.open()) {
      inside = Tensor.of(backend, new float[] {1, 2}, 2);
    }
    assertTrue(inside.closed());
    assertEquals(0, backend.memory().buffers());
  }

  @Test
  void aKeptTensorMovesOneScopeOut() {
    Tensor outside;
    try (Scope outer = Scope.open()) {
      Tensor middle;
      try (Scope inner = Scope.open()) {
        middle = inner.keep(Tensor.of(backend, new float[] {1, 2}, 2));
        outside = outer.keep(inner.keep(Tensor.of(backend, new float[] {3}, 1)));
      }
      assertArrayEquals(new float[] {1, 2}, middle.toFloats());
    }
    assertEquals(1, backend.memory().buffers());
    assertArrayEquals(new float[] {3}, outside.toFloats());
    outside.close();
  }

  @Test
  void viewsShareMemoryUntilTheLastIsClosed() {
    Tensor x = Tensor.of(backend, new float[] {1, 2, 3, 4}, 4);
    Tensor square = x.reshape(2, -1);
    assertEquals(1, backend.memory().buffers());
    x.close();
    assertArrayEquals(new float[] {1, 2, 3, 4}, square.toFloats());
    square.close();
    square.close();
    assertEquals(0, backend.memory().buffers());
  }

  @Test
  void aLeafLeavesItsScope() {
    Tensor weight;
    try (Scope _ = Scope.open()) {
      weight = Tensor.of(backend, new float[] {1}, 1).requireGradient();
    }
    assertFalse(weight.closed());
    weight.close();
  }

  @Test
  void scopesCloseInsideOut() {
    Scope outer = Scope.open();
    Scope inner = Scope.open();
    assertThrows(IllegalStateException.class, outer::close);
    inner.close();
    outer.close();
  }

  @Test
  void anOpThatFailsLeavesNothingBehind() {
    try (Scope _ = Scope.open()) {
      Tensor logits = Tensor.of(backend, new float[] {1, 2}, 1, 2);
      Tensor label = Tensor.of(backend, new int[] {5}, 1);
      assertThrows(RuntimeException.class, () -> logits.crossEntropy(label, 0));
      assertEquals(2, backend.memory().buffers());
    }
  }
}
