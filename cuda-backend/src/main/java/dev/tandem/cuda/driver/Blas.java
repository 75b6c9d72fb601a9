package dev.tandem.cuda.driver;

/**
 * The few routines of cuBLAS that Tandem calls. Matrices are column-major, as cuBLAS has them; scalars come from the host.
 * One handle serves one thread at a time.
 */
public interface Blas extends AutoCloseable {
  /**
   * The binding and the library it found, for a human: {@code "jcublas: libcublas.so.12"}; and why not JCublas where it is
   * another.
   */
  String name();

  /** 10000 * major + 100 * minor + patch, as {@code cublasGetVersion} gives it. */
  int version();

  /**
   * The stream that products run on from now on. Resets the workspace to cuBLAS's own, as cuBLAS does; during a capture that
   * would be memory of the graph's, so set one after the stream.
   */
  void stream(Stream stream);

  /**
   * Memory of the caller's for cuBLAS to work in, which must live as long as products use it, graphs' replays included: with
   * one of its own per stream, results repeat bit by bit. The address is divisible by 256; 0 bytes: none.
   */
  void workspace(long address, long bytes);

  /**
   * What products may trade for speed from now on; at first {@code DEFAULT, false}.
   *
   * @param fullReduction whether partial sums of half-precision products are added up in the compute type, where cuBLAS
   *     else may add them in the result's
   */
  void mathMode(MathMode mode, boolean fullReduction);

  /**
   * C = alpha op(A) op(B) + beta C, or a batch of such products at fixed strides. With beta = 0, C is not read. Refused while
   * no stream is set.
   */
  void gemm(Gemm gemm);

  @Override
  void close();
}
