package dev.tandem.nn;

import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.tensor.Tensor;

/** The mean of each window; padding counts as zeros. x: (N, C, H, W); y: (N, C, OH, OW). */
public final class AvgPool2d extends Module {
  private final Window window;

  /** Square windows that touch and do not overlap. */
  public AvgPool2d(int kernel) {
    this(Window.of(kernel));
  }

  /** The mean under each place of the window. */
  public AvgPool2d(Window window) {
    this.window = window;
  }

  /** Which pixels a place of the result looks at. */
  public Window window() {
    return window;
  }

  @Override
  public Tensor forward(Tensor x) {
    return x.avgPool2d(window);
  }

  @Override
  public String describe() {
    return "AvgPool2d(" + describe(window) + ")";
  }

  static String describe(Window window) {
    return window.kernel()
        + (window.stride().equals(window.kernel()) ? "" : ", stride " + window.stride())
        + (window.padding().equals(Size2d.of(0)) ? "" : ", padding " + window.padding());
  }
}
