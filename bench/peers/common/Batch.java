import java.util.Random;

/**
 * The batch that every side trains on, number for number what {@code bench/Workload.java} draws.
 *
 * @param shape of the input
 * @param images the input, or null where it is tokens
 * @param tokens the input, or null where it is images
 */
record Batch(long[] shape, float[] images, int[] tokens, int[] labels) {
  static final int VOCABULARY = 96;
  static final int CONTEXT = 128;
  static final int CLASSES = 10;

  static Batch of(String name, int batch) {
    Random random = new Random(1);
    if (name.equals("gpt")) {
      int[] tokens = random.ints((long) batch * CONTEXT, 0, VOCABULARY).toArray();
      int[] next = random.ints((long) batch * CONTEXT, 0, VOCABULARY).toArray();
      return new Batch(new long[] {batch, CONTEXT}, null, tokens, next);
    }
    long[] shape =
        switch (name) {
          case "mlp" -> new long[] {batch, 784};
          case "cnn" -> new long[] {batch, 1, 28, 28};
          default -> new long[] {batch, 3, 32, 32};
        };
    long elements = 1;
    for (long length : shape) {
      elements *= length;
    }
    float[] images = new float[Math.toIntExact(elements)];
    for (int i = 0; i < images.length; i++) {
      images[i] = random.nextFloat();
    }
    return new Batch(shape, images, null, random.ints(batch, 0, CLASSES).toArray());
  }

  static long[] widened(int[] values) {
    return java.util.Arrays.stream(values).asLongStream().toArray();
  }
}
