package dev.tandem.cpu;

import dev.tandem.backend.BackendException;
import java.util.Arrays;

/**
 * Images with a margin of zeros, so that a filter may reach beyond their edges and the place of an element is a sum: of
 * where its window starts, and of where in the window it lies. Without a margin the images are read where they are.
 */
record Frame(
    int channels, int height, int width, int top, int left, int framedHeight, int framedWidth) {
  Frame {
    if ((long) framedHeight * framedWidth > Integer.MAX_VALUE / Math.max(1, channels)) {
      throw new BackendException(
          "cpu: image with its padding has more elements than a Java array can hold, got "
              + channels
              + " channels of "
              + framedHeight
              + "x"
              + framedWidth
              + "; use less padding or smaller images");
    }
  }

  /** The frame for filters that reach from the first row and column, which may be negative, to the last, inclusive. */
  static Frame reaching(int channels, int height, int width, int[] rows, int[] columns) {
    int top = Math.max(0, -rows[0]);
    int left = Math.max(0, -columns[0]);
    return new Frame(
        channels,
        height,
        width,
        top,
        left,
        top + Math.max(height, rows[1] + 1),
        left + Math.max(width, columns[1] + 1));
  }

  boolean needed() {
    return framedHeight > height || framedWidth > width;
  }

  /** Elements of a framed channel. */
  int plane() {
    return framedHeight * framedWidth;
  }

  /** Elements of a framed image. */
  int elements() {
    return channels * plane();
  }

  /** Where in a framed channel the image's element of this row and column lies. */
  int at(int row, int column) {
    return (row + top) * framedWidth + column + left;
  }

  /** Copies one image, whose channels lie one after another, into its frame. */
  void copy(float[] images, int from, float[] frames, int to) {
    Arrays.fill(frames, to, to + elements(), 0f);
    for (int c = 0; c < channels; c++) {
      for (int row = 0; row < height; row++) {
        System.arraycopy(
            images,
            from + (c * height + row) * width,
            frames,
            to + c * plane() + at(row, 0),
            width);
      }
    }
  }

  /** Copies a frame's inside to an image. */
  void copyBack(float[] frames, int from, float[] images, int to) {
    for (int c = 0; c < channels; c++) {
      for (int row = 0; row < height; row++) {
        System.arraycopy(
            frames,
            from + c * plane() + at(row, 0),
            images,
            to + (c * height + row) * width,
            width);
      }
    }
  }
}
