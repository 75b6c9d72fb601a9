package dev.tandem.nn;

import dev.tandem.shape.ShapeException;
import dev.tandem.tensor.Tensor;

/**
 * y = x + branch(x), or y = shortcut(x) + branch(x) where the branch changes the shape: gradients
 * reach earlier layers undimmed. He, Zhang, Ren and Sun 2015, arXiv:1512.03385.
 */
public final class Residual extends Module {
  private final Module branch;
  private final Module shortcut;

  /** x + branch(x); the shapes must agree. */
  public Residual(Module branch) {
    this.branch = child("branch", branch);
    this.shortcut = null;
  }

  /** shortcut(x) + branch(x); the shapes must agree. */
  public Residual(Module branch, Module shortcut) {
    this.branch = child("branch", branch);
    this.shortcut = child("shortcut", shortcut);
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor straight = shortcut == null ? x : shortcut.forward(x);
    Tensor bent = branch.forward(x);
    // Adding would broadcast (N, 1) to (N, C) without a word.
    if (!straight.shape().equals(bent.shape())) {
      throw new ShapeException(
          "Residual: branch and shortcut give different shapes, got "
              + bent.shape()
              + " and "
              + straight.shape()
              + "; make the branch keep its shape, or give a shortcut that changes it alike");
    }
    return straight.add(bent);
  }

  @Override
  public String describe() {
    return "Residual("
        + branch.describe()
        + (shortcut == null ? "" : ", shortcut " + shortcut.describe())
        + ")";
  }
}
