package dev.tandem.nn;

import dev.tandem.tensor.Tensor;

/**
 * The mean of each channel's whole image. x: (N, C, H, W); y: (N, C). Lin, Chen and Yan 2013,
 * arXiv:1312.4400.
 */
public final class GlobalAvgPool2d extends Module {
  @Override
  public Tensor forward(Tensor x) {
    return x.globalAvgPool2d();
  }
}
