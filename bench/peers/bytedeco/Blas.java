import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.FloatPointer;

/** Products by a library's cblas_sgemm, on memory outside Java's heap. */
final class Blas implements Worker {
  private static final int ROW_MAJOR = 101;
  private static final int PLAIN = 111;
  private static final int TRANSPOSED = 112;
  private static final int LINE_FLOATS = 16; // 64 bytes

  private final Sgemm library;
  private final Supplier<String> version;

  /** The arguments of cblas_sgemm, less those that are always the same. */
  interface Sgemm {
    void run(int order, int ta, int tb, int m, int n, int k, FloatPointer a, int lda, FloatPointer b, int ldb, FloatPointer c);
  }

  Blas(Sgemm library, Supplier<String> version) {
    this.library = library;
    this.version = version;
  }

  @Override
  public String version() {
    return version.get();
  }

  @Override
  public Case open(List<String> words) {
    Product product = Product.of(words.subList(1, words.size()));
    int m = product.rows();
    int k = product.inner();
    int n = product.columns();
    FloatPointer a = aligned(product.a());
    FloatPointer b = aligned(product.b());
    FloatPointer c = aligned(new float[m * n]);
    int ta = product.transposedA() ? TRANSPOSED : PLAIN;
    int tb = product.transposedB() ? TRANSPOSED : PLAIN;
    int lda = product.transposedA() ? m : k;
    int ldb = product.transposedB() ? k : n;
    return new Case(
        0,
        () -> {
          library.run(ROW_MAJOR, ta, tb, m, n, k, a, lda, b, ldb, c);
          return 0;
        },
        () -> {});
  }

  /** At the start of a cache line, as libraries' own allocators would have it. */
  private static FloatPointer aligned(float[] values) {
    FloatPointer whole = new FloatPointer(values.length + LINE_FLOATS);
    long misplaced = whole.address() / Float.BYTES % LINE_FLOATS;
    FloatPointer pointer = whole.getPointer(FloatPointer.class, (LINE_FLOATS - misplaced) % LINE_FLOATS);
    pointer.put(values, 0, values.length);
    return pointer;
  }
}
