package dev.tandem.cli.report;

import dev.tandem.data.Values;

/**
 * Samples that are pictures, drawn for a page: numbers from 0 to 1 from black to white, others from the least to the greatest.
 *
 * @param rows (N, channels, height, width)
 */
public record Pictures(Values.Floats rows) {
  /** Of larger pictures rows and columns are left out. */
  private static final int MOST_PIXELS = 96;

  /** The picture as a PNG. */
  public String base64(int row) {
    float least = 0;
    float most = 1;
    for (float x : rows.data()) {
      if (Float.isFinite(x)) {
        least = Math.min(least, x);
        most = Math.max(most, x);
      }
    }
    int channels = rows.shape().length(1);
    int height = rows.shape().length(2);
    int width = rows.shape().length(3);
    int step = Math.max(1, Math.ceilDiv(Math.max(height, width), MOST_PIXELS));
    int high = Math.ceilDiv(height, step);
    int wide = Math.ceilDiv(width, step);
    float[] drawn = new float[channels * high * wide];
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < high; y++) {
        for (int x = 0; x < wide; x++) {
          drawn[(c * high + y) * wide + x] =
              rows.data()[((row * channels + c) * height + y * step) * width + x * step];
        }
      }
    }
    return Png.of(drawn, channels, high, wide, least, most).base64();
  }
}
