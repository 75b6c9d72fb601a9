package dev.tandem.golden;

import dev.tandem.conformance.Values;
import dev.tandem.golden.GoldenFile.Case;
import dev.tandem.golden.GoldenFile.Entry;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A language model that PyTorch trained for ten steps, from a file that make_models.py wrote; its head tells what is in it.
 * Parameters have Hugging Face's names and layouts.
 *
 * @param start attributes of the model and of its training
 * @param truth the training in F64
 * @param narrow the same in F32, and in plain BF16 with F32 masters: losses, and errors against the truth
 */
public record ModelGolden(Case start, Case truth, Map<DType, Case> narrow) {
  private static final int SAMPLES = 256;

  /** A prime, so that a sample meets all rows and columns. */
  private static final long STRIDE = 7919;

  /** Reads {@code golden/gpt2.txt} or {@code golden/llama.txt}. */
  public static ModelGolden read(String name) {
    GoldenFile file = GoldenFile.read(name);
    return new ModelGolden(
        file.named("start"),
        file.named("f64"),
        Map.of(DType.F32, file.named("f32"), DType.BF16, file.named("bf16")));
  }

  /** A whole number among the attributes: layers, width, heads, key_heads, hidden, vocabulary, padded, positions. */
  public int count(String attribute) {
    return (int) start.attribute(attribute)[0];
  }

  /** The initial weights by name, in the order of the file. BF16 holds them exactly. */
  public Map<String, Values> weights(DType dtype) {
    Lcg random = new Lcg(count("seed"));
    Map<String, Values> weights = new LinkedHashMap<>();
    for (Entry entry : start.entries("in")) {
      int[] lengths = lengths(entry.name());
      boolean scale = lengths.length == 1 && !entry.name().endsWith("bias");
      Values drawn =
          scale
              ? random.tensor(DType.F64, -1 / 32.0, 1 / 32.0, lengths)
              : random.tensor(DType.F64, -1 / 8.0, 1 / 8.0, lengths);
      double[] values =
          scale ? Arrays.stream(drawn.data()).map(x -> 1 + 8 * x).toArray() : drawn.data();
      weights.put(entry.name(), Values.of(dtype, drawn.shape(), values));
    }
    return weights;
  }

  private int[] lengths(String parameter) {
    return Arrays.stream(start.attribute("shape." + parameter)).mapToInt(x -> (int) x).toArray();
  }

  /** What the model reads: I32 (B, T). */
  public Values inputs() {
    return ids(0);
  }

  /** The token after each: I32 (B, T). */
  public Values targets() {
    return ids(1);
  }

  private Values ids(int offset) {
    Values ids = start.entry("int", "ids");
    int batch = ids.shape().length(0);
    int positions = ids.shape().length(1) - 1;
    double[] part = new double[batch * positions];
    for (int i = 0; i < batch; i++) {
      System.arraycopy(ids.data(), i * (positions + 1) + offset, part, i * positions, positions);
    }
    return Values.of(DType.I32, Shape.of(batch, positions), part);
  }

  /** Losses of ten steps in F64. */
  public double[] losses() {
    return truth.entry("out", "losses").data();
  }

  /** The elements of a tensor, in row-major order, of which the file has the values. */
  public static double[] sample(double[] elements) {
    if (elements.length <= SAMPLES) {
      return elements;
    }
    double[] sample = new double[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      sample[i] = elements[(int) (i * STRIDE % elements.length)];
    }
    return sample;
  }

  /**
   * What the file has of all elements: sum, sum of squares, largest absolute value, and the sum of products with a fixed random
   * tensor, which tells a transposed tensor from the right one.
   */
  public static double[] whole(Values values) {
    double[] factors =
        new Lcg(99).tensor(DType.F64, -1, 1, Math.toIntExact(values.shape().elements())).data();
    double[] whole = new double[4];
    for (int i = 0; i < factors.length; i++) {
      double x = values.data()[i];
      whole[0] += x;
      whole[1] += x * x;
      whole[2] = Math.max(whole[2], Math.abs(x));
      whole[3] += x * factors[i];
    }
    return whole;
  }

  /**
   * How far PyTorch's plain run in a narrow type is from the truth: the largest difference among all elements, the root of the mean
   * square, and the largest among those of the sample.
   *
   * @param what {@code logits}, {@code losses}, {@code grad.<parameter>} or {@code last.<parameter>}
   */
  public double[] error(DType dtype, String what) {
    return narrow.get(dtype).attribute("error." + what);
  }
}
