package dev.tandem.cuda.driver;

import static dev.tandem.cuda.driver.CublasCalls.operation;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.tandem.cuda.driver.Gemm.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.NoSuchElementException;

/**
 * A handle of a cuBLAS library of version 12 or 13, called through the JDK's foreign functions. Pointers are passed as
 * numbers, which the C calling conventions of x86-64 and AArch64 do not tell apart; so a product allocates nothing.
 */
final class FfmCublas implements CublasCalls {
  private static final int POINTER_MODE_HOST = 0;

  private static final MethodHandle OF_POINTER = link(JAVA_LONG);
  private static final MethodHandle OF_TWO_POINTERS = link(JAVA_LONG, JAVA_LONG);
  private static final MethodHandle OF_POINTER_AND_INT = link(JAVA_LONG, JAVA_INT);
  private static final MethodHandle OF_INT_AND_POINTER = link(JAVA_INT, JAVA_LONG);
  private static final MethodHandle OF_TWO_POINTERS_AND_SIZE =
      link(JAVA_LONG, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle GEMM = gemm(JAVA_INT, false);
  private static final MethodHandle GEMM_64 = gemm(JAVA_LONG, false);
  private static final MethodHandle BATCHED = gemm(JAVA_INT, true);
  private static final MethodHandle BATCHED_64 = gemm(JAVA_LONG, true);

  private final MemorySegment create;
  private final MemorySegment destroy;
  private final MemorySegment property;
  private final MemorySegment version;
  private final MemorySegment setStream;
  private final MemorySegment setWorkspace;
  private final MemorySegment setMathMode;
  private final MemorySegment setPointerMode;
  private final MemorySegment gemm;
  private final MemorySegment gemm64;
  private final MemorySegment batched;
  private final MemorySegment batched64;
  private final CublasScalars scalars = new CublasScalars();
  private long handle;

  /**
   * @throws NoSuchElementException naming the first function that the library lacks
   */
  FfmCublas(SymbolLookup library) {
    create = find(library, "cublasCreate_v2");
    destroy = find(library, "cublasDestroy_v2");
    property = find(library, "cublasGetProperty");
    version = find(library, "cublasGetVersion_v2");
    setStream = find(library, "cublasSetStream_v2");
    setWorkspace = find(library, "cublasSetWorkspace_v2");
    setMathMode = find(library, "cublasSetMathMode");
    setPointerMode = find(library, "cublasSetPointerMode_v2");
    gemm = find(library, "cublasGemmEx");
    gemm64 = find(library, "cublasGemmEx_64");
    batched = find(library, "cublasGemmStridedBatchedEx");
    batched64 = find(library, "cublasGemmStridedBatchedEx_64");
  }

  private static MemorySegment find(SymbolLookup library, String name) {
    return library
        .find(name)
        .orElseThrow(() -> new NoSuchElementException("it has no function " + name));
  }

  @Override
  public String binding() {
    return "ffm";
  }

  @Override
  public int create() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment created = arena.allocate(JAVA_LONG);
      int status = status(() -> (int) OF_POINTER.invokeExact(create, created.address()));
      handle = created.get(JAVA_LONG, 0);
      return status;
    }
  }

  @Override
  public int destroy() {
    return status(() -> (int) OF_POINTER.invokeExact(destroy, handle));
  }

  /** The library's version as {@link Blas#version} has it, without a handle or a device; 0 if it does not say. */
  int libraryVersion() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      int number = 0;
      // libraryPropertyType: major, minor, patch.
      for (int type = 0; type < 3; type++) {
        int asked = type;
        value.set(JAVA_INT, 0, 0);
        status(() -> (int) OF_INT_AND_POINTER.invokeExact(property, asked, value.address()));
        number = number * 100 + value.get(JAVA_INT, 0);
      }
      return number;
    }
  }

  @Override
  public int version(int[] result) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      int status =
          status(() -> (int) OF_TWO_POINTERS.invokeExact(version, handle, value.address()));
      result[0] = value.get(JAVA_INT, 0);
      return status;
    }
  }

  @Override
  public int stream(long stream) {
    return status(() -> (int) OF_TWO_POINTERS.invokeExact(setStream, handle, stream));
  }

  @Override
  public int workspace(long address, long bytes) {
    return status(
        () -> (int) OF_TWO_POINTERS_AND_SIZE.invokeExact(setWorkspace, handle, address, bytes));
  }

  @Override
  public int mathMode(int mode) {
    return status(() -> (int) OF_POINTER_AND_INT.invokeExact(setMathMode, handle, mode));
  }

  @Override
  public int hostScalars() {
    return status(
        () -> (int) OF_POINTER_AND_INT.invokeExact(setPointerMode, handle, POINTER_MODE_HOST));
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
    try {
      return (int)
          GEMM.invokeExact(
              gemm,
              handle,
              operation(g.transposeA()),
              operation(g.transposeB()),
              (int) g.m(),
              (int) g.n(),
              (int) g.k(),
              scalars.alpha(),
              a.address(),
              a.type().code(),
              (int) a.leadingDimension(),
              b.address(),
              b.type().code(),
              (int) b.leadingDimension(),
              scalars.beta(),
              c.address(),
              c.type().code(),
              (int) c.leadingDimension(),
              g.compute().code(),
              ALGORITHM);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private int gemm64(Gemm g) {
    Matrix a = g.a();
    Matrix b = g.b();
    Matrix c = g.c();
    try {
      return (int)
          GEMM_64.invokeExact(
              gemm64,
              handle,
              operation(g.transposeA()),
              operation(g.transposeB()),
              g.m(),
              g.n(),
              g.k(),
              scalars.alpha(),
              a.address(),
              a.type().code(),
              a.leadingDimension(),
              b.address(),
              b.type().code(),
              b.leadingDimension(),
              scalars.beta(),
              c.address(),
              c.type().code(),
              c.leadingDimension(),
              g.compute().code(),
              ALGORITHM);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private int batched32(Gemm g) {
    Matrix a = g.a();
    Matrix b = g.b();
    Matrix c = g.c();
    try {
      return (int)
          BATCHED.invokeExact(
              batched,
              handle,
              operation(g.transposeA()),
              operation(g.transposeB()),
              (int) g.m(),
              (int) g.n(),
              (int) g.k(),
              scalars.alpha(),
              a.address(),
              a.type().code(),
              (int) a.leadingDimension(),
              a.stride(),
              b.address(),
              b.type().code(),
              (int) b.leadingDimension(),
              b.stride(),
              scalars.beta(),
              c.address(),
              c.type().code(),
              (int) c.leadingDimension(),
              c.stride(),
              g.batch(),
              g.compute().code(),
              ALGORITHM);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private int batched64(Gemm g) {
    Matrix a = g.a();
    Matrix b = g.b();
    Matrix c = g.c();
    try {
      return (int)
          BATCHED_64.invokeExact(
              batched64,
              handle,
              operation(g.transposeA()),
              operation(g.transposeB()),
              g.m(),
              g.n(),
              g.k(),
              scalars.alpha(),
              a.address(),
              a.type().code(),
              a.leadingDimension(),
              a.stride(),
              b.address(),
              b.type().code(),
              b.leadingDimension(),
              b.stride(),
              scalars.beta(),
              c.address(),
              c.type().code(),
              c.leadingDimension(),
              c.stride(),
              (long) g.batch(),
              g.compute().code(),
              ALGORITHM);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private interface Call {
    int run() throws Throwable;
  }

  private static int status(Call call) {
    try {
      return call.run();
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /** A downcall throws only where its arguments do not fit its description. */
  private static IllegalStateException unexpected(Throwable e) {
    return new IllegalStateException("cuBLAS: a call does not fit its description", e);
  }

  /** cublasGemmEx or cublasGemmStridedBatchedEx; {@code size} is the type of sizes, leading dimensions and the batch. */
  private static MethodHandle gemm(MemoryLayout size, boolean batched) {
    return batched
        ? link(
            JAVA_LONG, JAVA_INT, JAVA_INT, size, size, size, JAVA_LONG, JAVA_LONG, JAVA_INT, size,
            JAVA_LONG, JAVA_LONG, JAVA_INT, size, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, size,
            JAVA_LONG, size, JAVA_INT, JAVA_INT)
        : link(
            JAVA_LONG, JAVA_INT, JAVA_INT, size, size, size, JAVA_LONG, JAVA_LONG, JAVA_INT, size,
            JAVA_LONG, JAVA_INT, size, JAVA_LONG, JAVA_LONG, JAVA_INT, size, JAVA_INT, JAVA_INT);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle link(MemoryLayout... parameters) {
    return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_INT, parameters));
  }
}
