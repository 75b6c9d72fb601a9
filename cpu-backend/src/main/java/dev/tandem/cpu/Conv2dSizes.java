package dev.tandem.cpu;

import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.shape.Shape;

/**
 * All lengths of a convolution. x: (images, channels, height, width); w: (outputs, groupChannels, kernelHeight,
 * kernelWidth); y: (images, outputs, rows, columns).
 */
record Conv2dSizes(Conv2dGeometry geometry, Shape x, Shape w, Shape y) {
  int images() {
    return x.length(0);
  }

  int channels() {
    return x.length(1);
  }

  int height() {
    return x.length(2);
  }

  int width() {
    return x.length(3);
  }

  int outputs() {
    return w.length(0);
  }

  int groups() {
    return geometry.groups();
  }

  int groupChannels() {
    return w.length(1);
  }

  int groupOutputs() {
    return outputs() / groups();
  }

  int kernelHeight() {
    return w.length(2);
  }

  int kernelWidth() {
    return w.length(3);
  }

  /** Elements of a filter in one channel. */
  int kernel() {
    return kernelHeight() * kernelWidth();
  }

  int rows() {
    return y.length(2);
  }

  int columns() {
    return y.length(3);
  }

  /** Elements of a channel of x. */
  int plane() {
    return height() * width();
  }

  /** Elements of a channel of y. */
  int pixels() {
    return rows() * columns();
  }

  /** The row of x that the filter's row p meets at the output's row i; may lie outside. */
  int row(int i, int p) {
    return i * geometry.stride().height()
        - geometry.padding().height()
        + p * geometry.dilation().height();
  }

  /** The column of x that the filter's column q meets at the output's column j; may lie outside. */
  int column(int j, int q) {
    return j * geometry.stride().width()
        - geometry.padding().width()
        + q * geometry.dilation().width();
  }

  /** The first output column at which the filter's column q lies inside x, or columns(). */
  int firstColumn(int q) {
    int stride = geometry.stride().width();
    return Math.min(columns(), Math.max(0, Math.ceilDiv(-column(0, q), stride)));
  }

  /** One past the last output column at which the filter's column q lies inside x; at least firstColumn(q). */
  int endColumn(int q) {
    int stride = geometry.stride().width();
    return Math.max(
        firstColumn(q), Math.min(columns(), Math.floorDiv(width() - 1 - column(0, q), stride) + 1));
  }

  /** The frame in which every window lies inside, for so many channels of x. */
  Frame frame(int channels) {
    return Frame.reaching(
        channels,
        height(),
        width(),
        new int[] {row(0, 0), row(rows() - 1, kernelHeight() - 1)},
        new int[] {column(0, 0), column(columns() - 1, kernelWidth() - 1)});
  }

  /** x as images with the padding before them. */
  WinogradTiles.Images inputs(float[] data) {
    return new WinogradTiles.Images(
        data,
        channels(),
        height(),
        width(),
        geometry.padding().height(),
        geometry.padding().width());
  }
}
