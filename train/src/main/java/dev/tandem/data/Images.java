package dev.tandem.data;

import dev.tandem.shape.TensorType;

/**
 * Pictures kept as unsigned bytes, a quarter of their size as F32, and scaled to [0, 1] when read.
 *
 * @param input F32 (C, H, W)
 * @param pixels (size, C, H, W), each 0 to white
 * @param white the pixel value that becomes 1
 * @param labels a class number a picture
 */
record Images(
    String name, TensorType input, Target.Classes target, byte[] pixels, int white, byte[] labels)
    implements Dataset {

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public void readInputs(int[] indices, int from, int count, Values rows) {
    int width = (int) input.elements();
    float[] into = ((Values.Floats) rows).data();
    // A table: one division a grey level, not one a pixel.
    float[] levels = new float[256];
    for (int level = 0; level < levels.length; level++) {
      levels[level] = (float) level / white;
    }
    for (int i = 0; i < count; i++) {
      int source = indices[from + i] * width;
      for (int j = 0; j < width; j++) {
        into[i * width + j] = levels[pixels[source + j] & 0xFF];
      }
    }
  }

  @Override
  public void readTargets(int[] indices, int from, int count, Values rows) {
    int[] into = ((Values.Ints) rows).data();
    for (int i = 0; i < count; i++) {
      into[i] = labels[indices[from + i]] & 0xFF;
    }
  }
}
