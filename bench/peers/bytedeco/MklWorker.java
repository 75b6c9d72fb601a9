import static org.bytedeco.mkl.global.mkl_rt.MKL_Set_Dynamic;
import static org.bytedeco.mkl.global.mkl_rt.MKL_Set_Num_Threads;
import static org.bytedeco.mkl.global.mkl_rt.cblas_sgemm;

/** Intel's MKL. */
final class MklWorker {
  private MklWorker() {}

  public static void main(String[] arguments) throws java.io.IOException {
    MKL_Set_Num_Threads(Integer.parseInt(arguments[0]));
    MKL_Set_Dynamic(0); // else it may take fewer threads
    Worker.serve(
        new Blas(
            (order, ta, tb, m, n, k, a, lda, b, ldb, c) -> cblas_sgemm(order, ta, tb, m, n, k, 1, a, lda, b, ldb, 0, c, n),
            () -> "MKL " + org.bytedeco.mkl.global.mkl_rt.class.getPackage().getImplementationVersion()));
  }
}
