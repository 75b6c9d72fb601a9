package dev.tandem.cuda.driver;

/**
 * The functions of cuBLAS on one handle, through one binding. Each returns its {@code cublasStatus_t}, 0 for success, and
 * wants the handle's CUDA context to be the thread's.
 */
interface CublasCalls {
  /** The number by which cuBLAS knows plain and transposed operands. */
  static int operation(boolean transpose) {
    return transpose ? 1 : 0;
  }

  /** CUBLAS_GEMM_DEFAULT: cuBLAS chooses how. */
  int ALGORITHM = -1;

  /** Whether a size or a leading dimension is more than an {@code int} holds. */
  static boolean beyondInt(Gemm g) {
    long sizes = Math.max(g.m(), Math.max(g.n(), g.k()));
    long leading = Math.max(g.a().leadingDimension(), g.b().leadingDimension());
    return Math.max(sizes, Math.max(leading, g.c().leadingDimension())) > Integer.MAX_VALUE;
  }

  /** How a user names the binding: {@code "jcublas"}. */
  String binding();

  /** Makes the handle; comes first, and once. */
  int create();

  /** Ends the handle; comes last. */
  int destroy();

  /** Writes what {@link Blas#version} says to the first element. */
  int version(int[] result);

  /** Sets the stream of a {@code CUstream}'s number. */
  int stream(long stream);

  int workspace(long address, long bytes);

  /** Sets a {@code cublasMath_t}, flags included. */
  int mathMode(int mode);

  /** Says that alpha and beta lie in the host's memory. */
  int hostScalars();

  int gemm(Gemm gemm);
}
