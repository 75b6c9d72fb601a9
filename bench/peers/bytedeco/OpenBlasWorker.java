import static org.bytedeco.openblas.global.openblas.blas_set_num_threads;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;

/** OpenBLAS. */
final class OpenBlasWorker {
  private OpenBlasWorker() {}

  public static void main(String[] arguments) throws java.io.IOException {
    blas_set_num_threads(Integer.parseInt(arguments[0]));
    Worker.serve(
        new Blas(
            (order, ta, tb, m, n, k, a, lda, b, ldb, c) -> cblas_sgemm(order, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, n),
            () -> "OpenBLAS " + org.bytedeco.openblas.global.openblas.class.getPackage().getImplementationVersion()));
  }
}
