package dev.tandem.nn;

import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Size2d;
import dev.tandem.tensor.Tensor;

/**
 * Two-dimensional convolution with a bias a channel; see {@link dev.tandem.op.Linear.Conv2d} for
 * the formula. x: (N, C, H, W); weight: (O, C / groups, KH, KW); bias: (O); y: (N, O, OH, OW).
 */
public final class Conv2d extends Module implements BeforeRelu {
  private final int in;
  private final int out;
  private final Size2d kernel;
  private final Conv2dGeometry geometry;
  private final Tensor weight;
  private final Tensor bias;

  /**
   * Geometry, and how the parameters start.
   *
   * @param bias whether the layer has a bias, which starts at 0; pointless before a batch norm
   */
  public record Options(Conv2dGeometry geometry, Initializer weight, boolean bias) {
    /** Stride 1, no padding, no dilation, one group; He's uniform weights and a bias. */
    public static Options standard() {
      return new Options(Conv2dGeometry.plain(), new Initializer.HeUniform(), true);
    }

    /** The same with another step between places, in both directions. */
    public Options withStride(int both) {
      return withGeometry(
          new Conv2dGeometry(
              Size2d.of(both), geometry.padding(), geometry.dilation(), geometry.groups()));
    }

    /** The same with so many zeros on each side, in both directions. */
    public Options withPadding(int both) {
      return withGeometry(
          new Conv2dGeometry(
              geometry.stride(), Size2d.of(both), geometry.dilation(), geometry.groups()));
    }

    /** The same with channels in so many groups that do not see each other. */
    public Options withGroups(int groups) {
      return withGeometry(
          new Conv2dGeometry(geometry.stride(), geometry.padding(), geometry.dilation(), groups));
    }

    /** The same with another stride, padding, dilation and groups. */
    public Options withGeometry(Conv2dGeometry other) {
      return new Options(other, weight, bias);
    }

    /** The same with weights drawn in another way. */
    public Options withWeight(Initializer initializer) {
      return new Options(geometry, initializer, bias);
    }

    /** The same without a bias. */
    public Options withoutBias() {
      return new Options(geometry, weight, false);
    }
  }

  /** A square kernel, and the standard options. */
  public Conv2d(Init init, int in, int out, int kernel) {
    this(init, in, out, Size2d.of(kernel), Options.standard());
  }

  /** From so many channels to so many. */
  public Conv2d(Init init, int in, int out, Size2d kernel, Options options) {
    this.in = positive("Conv2d", "the number of input channels", in);
    this.out = positive("Conv2d", "the number of output channels", out);
    this.kernel = kernel;
    this.geometry = options.geometry();
    positive("Conv2d", "the kernel's height", kernel.height());
    positive("Conv2d", "the kernel's width", kernel.width());
    if (in % geometry.groups() != 0 || out % geometry.groups() != 0) {
      throw new IllegalArgumentException(
          "Conv2d: channels are not a multiple of groups, got "
              + in
              + " -> "
              + out
              + ", groups "
              + geometry.groups()
              + "; change either");
    }
    weight =
        parameter(
            "weight",
            init.draw(
                options.weight(), out, in / geometry.groups(), kernel.height(), kernel.width()));
    bias = options.bias() ? parameter("bias", init.draw(new Initializer.Zeros(), out)) : null;
  }

  /** Stride, padding, dilation and groups. */
  public Conv2dGeometry geometry() {
    return geometry;
  }

  @Override
  public Tensor forward(Tensor x) {
    requireLength(x, 1, in, "(N, " + in + ", H, W)");
    return bias == null
        ? x.conv2d(weight, geometry)
        : x.biasedConv2d(weight, bias, geometry, false);
  }

  @Override
  public Tensor forwardRelu(Tensor x) {
    requireLength(x, 1, in, "(N, " + in + ", H, W)");
    return bias == null
        ? x.conv2d(weight, geometry).relu()
        : x.biasedConv2d(weight, bias, geometry, true);
  }

  @Override
  public String describe() {
    return "Conv2d("
        + in
        + " -> "
        + out
        + ", kernel "
        + kernel
        + (geometry.stride().equals(Size2d.of(1)) ? "" : ", stride " + geometry.stride())
        + (geometry.padding().equals(Size2d.of(0)) ? "" : ", padding " + geometry.padding())
        + (geometry.dilation().equals(Size2d.of(1)) ? "" : ", dilation " + geometry.dilation())
        + (geometry.groups() == 1 ? "" : ", groups " + geometry.groups())
        + (bias == null ? ", no bias" : "")
        + ")";
  }
}
