package dev.tandem.cuda.driver;

/**
 * The few routines of cuBLAS that Tandem calls. Matrices are column-major, as cuBLAS has them; scalars come from the host.
 * One handle serves one thread at a time.
 */
public interface Blas extends AutoCloseable {
  /** The binding and the library it found, for a human: {@code "jcublas: libcublas.so.12"}. */
  String name();

  /** 10000 * major + 100 * minor + patch, as {@code cublasGetVersion} gives it. */
  int version();

  /** The stream that products run on from now on. Resets the workspace to cuBLAS's own, as cuBLAS does. */
  void stream(Stream stream);

  /** Memory of the caller's for cuBLAS to work in: with one of its own per stream, results repeat bit by bit. 0 bytes: none. */
  void workspace(long address, long bytes);

  void mathMode(MathMode mode);

  /**
   * C = alpha op(A) op(B) + beta C, or a batch of such products at fixed strides. With beta = 0, C is not read. Refused while
   * no stream is set.
   */
  void gemm(Gemm gemm);

  @Override
  void close();
}
