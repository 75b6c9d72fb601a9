import java.util.List;
import java.util.Random;

/**
 * A matrix product: (rows, inner) x (inner, columns), where an operand may lie transposed.
 *
 * @param transposedA whether A lies as (inner, rows)
 * @param transposedB whether B lies as (columns, inner)
 */
record Product(int rows, int inner, int columns, boolean transposedA, boolean transposedB) {
  /** @param words rows, inner, columns, transposedA, transposedB */
  static Product of(List<String> words) {
    return new Product(
        Integer.parseInt(words.get(0)), Integer.parseInt(words.get(1)), Integer.parseInt(words.get(2)),
        Boolean.parseBoolean(words.get(3)), Boolean.parseBoolean(words.get(4)));
  }

  float[] a() {
    return drawn(1, rows * inner);
  }

  float[] b() {
    return drawn(2, inner * columns);
  }

  private static float[] drawn(int seed, int length) {
    Random random = new Random(seed);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return values;
  }
}
