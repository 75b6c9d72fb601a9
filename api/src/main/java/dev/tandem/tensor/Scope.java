package dev.tandem.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * A stretch of code whose tensors are freed at its end, unless kept. Scopes nest, and belong to the thread that opened
 * them. Where none is open a tensor lives until it is closed.
 *
 * <pre>{@code
 * try (Scope scope = Scope.open()) {
 *   return scope.keep(x.matmul(w).add(b).relu());
 * }
 * }</pre>
 */
public final class Scope implements AutoCloseable {
  private static final ThreadLocal<Scope> CURRENT = new ThreadLocal<>();

  private final Scope outer;
  private final List<Tensor> tensors = new ArrayList<>();

  private Scope(Scope outer) {
    this.outer = outer;
  }

  /** Opens a scope inside the current one. */
  public static Scope open() {
    Scope scope = new Scope(CURRENT.get());
    CURRENT.set(scope);
    return scope;
  }

  /** Makes a new tensor belong to the current scope, if one is open. */
  static void add(Tensor tensor) {
    Scope scope = CURRENT.get();
    if (scope != null) {
      tensor.scope = scope;
      scope.tensors.add(tensor);
    }
  }

  /** Moves a tensor of this scope to the one around it, so that it outlives this one. Returns the tensor. */
  public Tensor keep(Tensor tensor) {
    if (tensor.scope == this) {
      tensor.scope = outer;
      if (outer != null) {
        outer.tensors.add(tensor);
      }
    }
    return tensor;
  }

  /** Frees the tensors made in this scope and not kept. */
  @Override
  public void close() {
    if (CURRENT.get() != this) {
      throw new IllegalStateException(
          "scope: closed out of order, got a scope that is not the innermost; close scopes inside out, on their thread");
    }
    for (Tensor tensor : tensors) {
      if (tensor.scope == this) {
        tensor.close();
      }
    }
    if (outer == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(outer);
    }
  }
}
