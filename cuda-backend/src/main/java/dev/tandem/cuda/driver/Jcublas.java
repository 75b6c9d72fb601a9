package dev.tandem.cuda.driver;

import static dev.tandem.cuda.driver.CublasCalls.operation;

import dev.tandem.cuda.driver.Gemm.Matrix;
import dev.tandem.cuda.driver.Handles.DeviceAddress;
import dev.tandem.cuda.driver.Handles.HostAddress;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import jcuda.Pointer;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasPointerMode;
import jcuda.runtime.cudaStream_t;

/**
 * A handle of cuBLAS 12 through JCublas. Its functions called {@code _new} are those of cublas_v2.h with
 * {@code cublasComputeType_t}; those without take {@code cudaDataType} there, which cuBLAS 12 still accepts but which has no
 * number for TF32.
 */
final class Jcublas implements CublasCalls {
  private static final MethodHandle STREAM = streamConstructor();

  private final cublasHandle handle = new cublasHandle();
  private final CublasScalars scalars = new CublasScalars();
  private final Pointer alpha = new HostAddress(scalars.alpha());
  private final Pointer beta = new HostAddress(scalars.beta());

  /**
   * Loads JCublas's native library, once for the process. It needs libcublas.so.12, found by the dynamic linker or loaded
   * before.
   *
   * @throws DriverException NO_BINDING, with the loader's reason
   */
  static void load() {
    // A status says more than JCuda's exception made of it.
    Natives.load(Natives.Library.CUBLAS, () -> JCublas2.setExceptionsEnabled(false));
  }

  @Override
  public String binding() {
    return "jcublas";
  }

  @Override
  public int create() {
    return JCublas2.cublasCreate(handle);
  }

  @Override
  public int destroy() {
    return JCublas2.cublasDestroy(handle);
  }

  @Override
  public int version(int[] result) {
    return JCublas2.cublasGetVersion(handle, result);
  }

  @Override
  public int stream(long stream) {
    try {
      return JCublas2.cublasSetStream(handle, (cudaStream_t) STREAM.invokeExact(stream));
    } catch (Throwable e) {
      throw new IllegalStateException("cublasSetStream: JCuda took no stream", e);
    }
  }

  @Override
  public int workspace(long address, long bytes) {
    return JCublas2.cublasSetWorkspace(handle, new DeviceAddress(address), bytes);
  }

  @Override
  public int mathMode(int mode) {
    return JCublas2.cublasSetMathMode(handle, mode);
  }

  @Override
  public int hostScalars() {
    return JCublas2.cublasSetPointerMode(handle, cublasPointerMode.CUBLAS_POINTER_MODE_HOST);
  }

  @Override
  public int gemm(Gemm g) {
    boolean large = CublasCalls.beyondInt(g);
    scalars.set(g);
    try {
      if (g.batch() == 1) {
        return large ? gemm64(g) : gemm32(g);
      }
      return large ? batched64(g) : batched32(g);
    } finally {
      Reference.reachabilityFence(scalars);
    }
  }

  private int gemm32(Gemm g) {
    Matrix a = g.a();
    Matrix b = g.b();
    Matrix c = g.c();
    return JCublas2.cublasGemmEx_new(
        handle,
        operation(g.transposeA()),
        operation(g.transposeB()),
        (int) g.m(),
        (int) g.n(),
        (int) g.k(),
        alpha,
        pointer(a),
        a.type().code(),
        (int) a.leadingDimension(),
        pointer(b),
        b.type().code(),
        (int) b.leadingDimension(),
        beta,
        pointer(c),
        c.type().code(),
        (int) c.leadingDimension(),
        g.compute().code(),
        ALGORITHM);
  }

  private int gemm64(Gemm g) {
    Matrix a = g.a();
    Matrix b = g.b();
    Matrix c = g.c();
    return JCublas2.cublasGemmEx_64_new(
        handle,
        operation(g.transposeA()),
        operation(g.transposeB()),
        g.m(),
        g.n(),
        g.k(),
        alpha,
        pointer(a),
        a.type().code(),
        a.leadingDimension(),
        pointer(b),
        b.type().code(),
        b.leadingDimension(),
        beta,
        pointer(c),
        c.type().code(),
        c.leadingDimension(),
        g.compute().code(),
        ALGORITHM);
  }

  private int batched32(Gemm g) {
    Matrix a = g.a();
    Matrix b = g.b();
    Matrix c = g.c();
    return JCublas2.cublasGemmStridedBatchedEx_new(
        handle,
        operation(g.transposeA()),
        operation(g.transposeB()),
        (int) g.m(),
        (int) g.n(),
        (int) g.k(),
        alpha,
        pointer(a),
        a.type().code(),
        (int) a.leadingDimension(),
        a.stride(),
        pointer(b),
        b.type().code(),
        (int) b.leadingDimension(),
        b.stride(),
        beta,
        pointer(c),
        c.type().code(),
        (int) c.leadingDimension(),
        c.stride(),
        g.batch(),
        g.compute().code(),
        ALGORITHM);
  }

  private int batched64(Gemm g) {
    Matrix a = g.a();
    Matrix b = g.b();
    Matrix c = g.c();
    return JCublas2.cublasGemmStridedBatchedEx_64_new(
        handle,
        operation(g.transposeA()),
        operation(g.transposeB()),
        g.m(),
        g.n(),
        g.k(),
        alpha,
        pointer(a),
        a.type().code(),
        a.leadingDimension(),
        a.stride(),
        pointer(b),
        b.type().code(),
        b.leadingDimension(),
        b.stride(),
        beta,
        pointer(c),
        c.type().code(),
        c.leadingDimension(),
        c.stride(),
        g.batch(),
        g.compute().code(),
        ALGORITHM);
  }

  private static Pointer pointer(Matrix matrix) {
    return new DeviceAddress(matrix.address());
  }

  /** JCuda makes a stream of the runtime API from a number, but keeps that to its own package. */
  private static MethodHandle streamConstructor() {
    try {
      return MethodHandles.privateLookupIn(cudaStream_t.class, MethodHandles.lookup())
          .findConstructor(cudaStream_t.class, MethodType.methodType(void.class, long.class));
    } catch (ReflectiveOperationException e) {
      throw new DriverException(
          "cublasSetStream",
          DriverError.NO_BINDING,
          "JCuda has no stream of a number; use version 12.6.0",
          e);
    }
  }
}
