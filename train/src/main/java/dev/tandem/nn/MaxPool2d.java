package dev.tandem.nn;

import dev.tandem.op.Pooling.Window;
import dev.tandem.tensor.Tensor;

/** The largest of each window. x: (N, C, H, W); y: (N, C, OH, OW). */
public final class MaxPool2d extends Module {
  private final Window window;

  /** Square windows that touch and do not overlap. */
  public MaxPool2d(int kernel) {
    this(Window.of(kernel));
  }

  /** The largest element under each place of the window. */
  public MaxPool2d(Window window) {
    this.window = window;
  }

  /** Which pixels a place of the result looks at. */
  public Window window() {
    return window;
  }

  @Override
  public Tensor forward(Tensor x) {
    return x.maxPool2d(window);
  }

  @Override
  public String describe() {
    return "MaxPool2d(" + AvgPool2d.describe(window) + ")";
  }
}
