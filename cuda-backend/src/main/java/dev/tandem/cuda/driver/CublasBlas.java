package dev.tandem.cuda.driver;

import java.util.Objects;
import java.util.function.Consumer;

/** A cuBLAS handle, whichever binding calls it: what must hold before a call, and what its status means. */
final class CublasBlas implements Blas {
  private static final int SUCCESS = 0;

  private final CublasCalls calls;
  private final String name;
  private final Runnable enter;
  private final Consumer<Stream> admit;
  private final int version;
  private Stream stream;
  private boolean closed;

  /**
   * @param library the file it came from, for humans
   * @param enter makes the handle's CUDA context that of the calling thread
   * @param admit refuses a stream that the handle cannot work on
   */
  CublasBlas(CublasCalls calls, String library, Runnable enter, Consumer<Stream> admit) {
    this.calls = calls;
    this.name = calls.binding() + ": " + library;
    this.enter = enter;
    this.admit = admit;
    enter.run();
    check(calls.create(), "cublasCreate");
    int[] answer = new int[1];
    try {
      check(calls.hostScalars(), "cublasSetPointerMode");
      check(calls.version(answer), "cublasGetVersion");
    } catch (DriverException e) {
      calls.destroy();
      throw e;
    }
    version = answer[0];
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public void stream(Stream stream) {
    Objects.requireNonNull(stream, "stream");
    use("cublasSetStream");
    admit.accept(stream);
    check(calls.stream(stream.handle()), "cublasSetStream");
    this.stream = stream;
  }

  @Override
  public void workspace(long address, long bytes) {
    String operation = "cublasSetWorkspace";
    use(operation);
    if (bytes < 0) {
      throw new DriverException(
          operation,
          DriverError.CUBLAS_STATUS_INVALID_VALUE,
          "got " + bytes + " bytes; give 0 for none");
    }
    check(calls.workspace(address, bytes), operation);
  }

  @Override
  public void mathMode(MathMode mode, boolean fullReduction) {
    use("cublasSetMathMode");
    int code = mode.code() | (fullReduction ? MathMode.FULL_REDUCTION : 0);
    check(calls.mathMode(code), "cublasSetMathMode");
  }

  @Override
  public void gemm(Gemm gemm) {
    use("gemm");
    if (stream == null) {
      // cuBLAS would take the legacy stream, which Tandem's streams do not wait for: a race.
      throw new IllegalStateException(
          "gemm: no stream was set, got " + gemm + "; call stream first");
    }
    // Refuses a stream closed since: cuBLAS would follow its number into freed memory.
    stream.handle();
    int status = calls.gemm(gemm);
    if (status != SUCCESS) { // asked here too, so that the text is made only when it is needed
      check(status, gemm.toString());
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      enter.run();
      check(calls.destroy(), "cublasDestroy");
    }
  }

  private void use(String operation) {
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUBLAS_STATUS_NOT_INITIALIZED, "the handle was closed before");
    }
    enter.run();
  }

  private void check(int status, String operation) {
    if (status != SUCCESS) {
      DriverError error = DriverError.ofCublas(status);
      // An unknown status is taken for an internal error; only its number then says more.
      String number = error.code() == status ? "" : ", status " + status;
      throw new DriverException(operation, error, "by " + name + number);
    }
  }
}
