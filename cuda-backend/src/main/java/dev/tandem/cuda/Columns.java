package dev.tandem.cuda;

import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Size2d;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Images, their window, and how the columns made of them lie: {@code Geometry} of geometry.cuh.
 *
 * @param image channels, height and width
 * @param output channels, height and width of the result
 * @param sampleStride elements from one image's columns to the next
 * @param rowStride elements from one row of columns to the next
 */
record Columns(
    int samples,
    int[] image,
    Size2d kernel,
    Conv2dGeometry window,
    int[] output,
    long sampleStride,
    long rowStride) {
  private static final int LONGS = 9;

  /** For x: (N, C, H, W), w: (O, C / groups, KH, KW), y: (N, O, OH, OW). */
  static Columns of(Conv2dGeometry window, Shape x, Shape w, Shape y) {
    int[] image = {x.length(1), x.length(2), x.length(3)};
    int[] output = {y.length(1), y.length(2), y.length(3)};
    Size2d kernel = new Size2d(w.length(2), w.length(3));
    return new Columns(x.length(0), image, kernel, window, output, 0, 0);
  }

  /** The outputs as images of their own, whose columns are their pixels: reorders (N, O, P) to (O, N, P). */
  Columns ofOutput() {
    return new Columns(samples, output, Size2d.of(1), Conv2dGeometry.plain(), output, 0, 0);
  }

  /** Each image's columns after those of the image before. */
  Columns sideBySide() {
    return laidOut(rows() * places(), places());
  }

  /** One matrix, in which each row has the places of all images of a chunk. */
  Columns endToEnd(int count) {
    return laidOut(places(), count * places());
  }

  private Columns laidOut(long newSampleStride, long newRowStride) {
    return new Columns(samples, image, kernel, window, output, newSampleStride, newRowStride);
  }

  int groups() {
    return window.groups();
  }

  /** C KH KW: rows of an image's columns, all groups. */
  long rows() {
    return (long) image[0] * kernel.height() * kernel.width();
  }

  /** P: places of the window. */
  long places() {
    return (long) output[1] * output[2];
  }

  /** O: channels of the result, all groups. */
  long outputs() {
    return output[0];
  }

  long imageBytes() {
    return (long) image[0] * image[1] * image[2] * Float.BYTES;
  }

  long outputBytes() {
    return outputs() * places() * Float.BYTES;
  }

  /** What the columns of so many images take. */
  long bytes(long images) {
    return Math.max(1, images * rows() * places() * Float.BYTES);
  }

  /** Whether an image is its own columns. */
  boolean pointwise() {
    return kernel.equals(Size2d.of(1))
        && window.stride().equals(Size2d.of(1))
        && window.padding().equals(Size2d.of(0));
  }

  /** Whether there are groups, and each is one channel. */
  boolean depthwise() {
    return groups() > 1 && groups() == image[0];
  }

  /** The bytes of the kernel's struct, for a launch over so many elements. */
  MemorySegment geometry(long wideFrom, long elements) {
    MemorySegment bytes = MemorySegment.ofArray(new long[LONGS]);
    bytes.setAtIndex(ValueLayout.JAVA_LONG, 0, sampleStride);
    bytes.setAtIndex(ValueLayout.JAVA_LONG, 1, rowStride);
    int[] ints = {
      image[0],
      image[1],
      image[2],
      kernel.height(),
      kernel.width(),
      window.stride().height(),
      window.stride().width(),
      window.padding().height(),
      window.padding().width(),
      window.dilation().height(),
      window.dilation().width(),
      output[1],
      output[2],
      elements >= wideFrom ? 1 : 0
    };
    for (int i = 0; i < ints.length; i++) {
      bytes.setAtIndex(ValueLayout.JAVA_INT, 4L + i, ints[i]);
    }
    return bytes;
  }
}
