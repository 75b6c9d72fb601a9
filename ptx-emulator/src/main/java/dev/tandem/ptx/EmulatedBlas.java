package dev.tandem.ptx;

import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.MathMode;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * cuBLAS of the software GPU: products of one plain definition, {@link EmulatedGemm}, run in their stream's order.
 *
 * <p>What cuBLAS refuses is refused with its status; what it leaves undefined, a C over an operand or over another C of the
 * batch, is found.
 */
final class EmulatedBlas implements Blas {
  /** The interface followed is that of cuBLAS 12.0. */
  private static final int VERSION = 120000;

  private static final int WORKSPACE_ALIGNMENT = 256;

  /** The device's memory, as products reach it. Each access is checked, for a piece without gaps. */
  interface Memory {
    /**
     * @throws dev.tandem.cuda.driver.DriverException where not all of it lies in one allocation
     */
    MemorySegment read(long address, long bytes);

    /** The same, for bytes that will all be written: from here on they are initialised. */
    MemorySegment write(long address, long bytes);

    /** The first address of a stretch that nobody has written; -1 where there is none or nobody keeps account. */
    default long firstUnwritten(long address, long bytes) {
      return -1;
    }

    /** Takes note that a product reads what nobody has written. */
    default void readUnwritten(String what, long address) {}
  }

  /** The way into a stream: runs the work at its turn, or records it where the stream is being captured. */
  @FunctionalInterface
  interface Queue {
    /**
     * @param what the work, for errors
     * @param work may run more than once, for a graph may be launched again
     */
    void enqueue(Stream stream, String what, Runnable work);
  }

  private final Memory memory;
  private final Queue queue;
  private Stream stream;
  private MathMode mode = MathMode.DEFAULT;
  private long workspace;
  private long workspaceBytes;
  private boolean closed;

  EmulatedBlas(Memory memory, Queue queue) {
    this.memory = memory;
    this.queue = queue;
  }

  @Override
  public String name() {
    return "software GPU";
  }

  @Override
  public int version() {
    return VERSION;
  }

  @Override
  public void stream(Stream stream) {
    use("cublasSetStream");
    this.stream = Objects.requireNonNull(stream, "stream");
    workspaceBytes = 0;
  }

  /** Checked as cuBLAS does, and not needed; but each product sees to it that it is still there. */
  @Override
  public void workspace(long address, long bytes) {
    use("cublasSetWorkspace");
    if (address % WORKSPACE_ALIGNMENT != 0 || bytes < 0) {
      throw new DriverException(
          "cublasSetWorkspace",
          DriverError.CUBLAS_STATUS_INVALID_VALUE,
          "got "
              + bytes
              + " bytes at 0x"
              + Long.toHexString(address)
              + "; give an address divisible by "
              + WORKSPACE_ALIGNMENT
              + ", and 0 bytes for none");
    }
    workspace = address;
    workspaceBytes = bytes;
  }

  @Override
  public void mathMode(MathMode mode, boolean fullReduction) {
    use("cublasSetMathMode");
    this.mode = Objects.requireNonNull(mode, "mode");
  }

  @Override
  public void gemm(Gemm gemm) {
    use("gemm");
    if (stream == null) {
      throw new IllegalStateException(
          "gemm: no stream was set, got " + gemm + "; call stream first");
    }
    EmulatedGemm product = new EmulatedGemm(gemm, computed(gemm, mode), memory);
    long at = workspace;
    long bytes = workspaceBytes;
    queue.enqueue(
        stream,
        gemm.toString(),
        () -> {
          if (bytes > 0) {
            EmulatedGemm.reach(gemm, "the workspace", () -> memory.read(at, bytes));
          }
          product.run();
        });
  }

  /** A mode changes products computed in plain F32, and no others. */
  private static ComputeType computed(Gemm gemm, MathMode mode) {
    if (gemm.compute() != ComputeType.F32) {
      return gemm.compute();
    }
    return switch (mode) {
      // Sums are never kept in less here, so that the other flag of a mode changes nothing.
      case DEFAULT -> ComputeType.F32;
      case PEDANTIC -> ComputeType.F32_PEDANTIC;
      case TF32 ->
          ComputeType.F32_FAST_TF32.takes(gemm.a().type(), gemm.c().type())
              ? ComputeType.F32_FAST_TF32
              : ComputeType.F32;
    };
  }

  private void use(String operation) {
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUBLAS_STATUS_NOT_INITIALIZED, "the handle was closed before");
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
