package dev.tandem.driver;

import static dev.tandem.driver.LoopbackFunctions.at;
import static dev.tandem.driver.LoopbackFunctions.write;

import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Gemm.Matrix;
import dev.tandem.cuda.driver.MathMode;
import dev.tandem.cuda.driver.Stream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;

/** A libcublas.so.12 whose products are those of the software GPU, on the streams of {@link SoftwareCuda}. */
final class SoftwareCublas {
  private static final int INVALID_VALUE = 7;
  private static final int EXECUTION_FAILED = 13;
  private static final int INTERNAL_ERROR = 14;
  private static final int BLAS_CODES = 1000;
  private static final int DEFAULT_ALGORITHM = -1;

  /** A flag of a math mode: no sums in less than the compute type. */
  private static final int FULL_REDUCTION = 16;

  private final SoftwareCuda cuda;
  private final LoopbackFunctions functions;

  private SoftwareCublas(SoftwareCuda cuda) {
    this.cuda = cuda;
    functions = new LoopbackFunctions(cuda, this::code);
    handles();
    settings();
    products();
  }

  /** Writes and loads it; the file's name is its soname. */
  static SoftwareCublas load(SoftwareCuda cuda, Path file) throws IOException {
    SoftwareCublas cublas = new SoftwareCublas(cuda);
    LoopbackLibrary.loadVersioned(file, cublas.functions.stubs());
    return cublas;
  }

  long calls(String function) {
    return functions.calls(function);
  }

  /** The {@code cublasStatus_t} of what was thrown. */
  private int code(String function, Throwable thrown) {
    cuda.refuse(function, thrown);
    return switch (thrown) {
      case DriverException e when e.error().name().startsWith("CUBLAS") -> e.error().code();
      case DriverException _ -> EXECUTION_FAILED;
      case IllegalArgumentException _ -> INVALID_VALUE;
      default -> INTERNAL_ERROR;
    };
  }

  private Blas blas(String operation, long handle) {
    cuda.context(operation);
    return cuda.handles().get(operation, Blas.class, handle);
  }

  private void handles() {
    functions.on(
        "cublasCreate_v2",
        "p",
        a -> write(a[0], cuda.handles().add(cuda.context("cublasCreate").blas())));
    functions.on(
        "cublasDestroy_v2",
        "p",
        a -> {
          blas("cublasDestroy", a[0]).close();
          cuda.handles().remove("cublasDestroy", Blas.class, a[0]);
          return 0;
        });
    functions.on(
        "cublasGetVersion_v2", "pp", a -> write(a[1], blas("cublasGetVersion", a[0]).version()));
    // Asked without a handle: major, minor, patch.
    functions.on("cublasGetProperty", "ip", a -> write(a[1], a[0] == 0 ? 12 : 0));
  }

  private void settings() {
    functions.on(
        "cublasSetStream_v2",
        "pp",
        a -> {
          blas("cublasSetStream", a[0]).stream(
              cuda.handles().get("cublasSetStream", Stream.class, a[1]));
          return 0;
        });
    functions.on(
        "cublasSetWorkspace_v2",
        "ppp",
        a -> {
          blas("cublasSetWorkspace", a[0]).workspace(a[1], a[2]);
          return 0;
        });
    functions.on(
        "cublasSetMathMode",
        "pi",
        a -> {
          MathMode mode =
              Arrays.stream(MathMode.values())
                  .filter(candidate -> candidate.code() == (a[1] & ~FULL_REDUCTION))
                  .findFirst()
                  .orElseThrow(() -> new IllegalArgumentException("cublasMath_t " + a[1]));
          blas("cublasSetMathMode", a[0]).mathMode(mode, (a[1] & FULL_REDUCTION) != 0);
          return 0;
        });
    // Scalars come from the host, which is 0.
    functions.on("cublasSetPointerMode_v2", "pi", a -> a[1] == 0 ? 0 : INVALID_VALUE);
  }

  private void products() {
    for (char size : new char[] {'i', 'p'}) {
      String suffix = size == 'i' ? "" : "_64";
      String shape = "piiNNNppiNpiNppiNii".replace('N', size);
      functions.on(
          "cublasGemmEx" + suffix,
          shape,
          a -> {
            Matrix x = new Matrix(a[7], type(a[8]), a[9]);
            Matrix y = new Matrix(a[10], type(a[11]), a[12]);
            Matrix z = new Matrix(a[14], type(a[15]), a[16]);
            return multiply(a, x, y, a[13], z, 1, a[17], a[18]);
          });
      String batched = "piiNNNppiNppiNpppiNpNii".replace('N', size);
      functions.on(
          "cublasGemmStridedBatchedEx" + suffix,
          batched,
          a -> {
            Matrix x = new Matrix(a[7], type(a[8]), a[9], a[10]);
            Matrix y = new Matrix(a[11], type(a[12]), a[13], a[14]);
            Matrix z = new Matrix(a[16], type(a[17]), a[18], a[19]);
            return multiply(a, x, y, a[15], z, a[20], a[21], a[22]);
          });
    }
  }

  private int multiply(
      long[] arguments,
      Matrix a,
      Matrix b,
      long beta,
      Matrix c,
      long batch,
      long computeCode,
      long algorithm) {
    if (algorithm != DEFAULT_ALGORITHM) {
      throw new IllegalArgumentException("cublasGemmAlgo_t " + algorithm);
    }
    ComputeType compute =
        Arrays.stream(ComputeType.values())
            .filter(candidate -> candidate.code() == computeCode)
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("cublasComputeType_t " + computeCode));
    blas("cublasGemm", arguments[0])
        .gemm(
            new Gemm(
                transposed(arguments[1]),
                transposed(arguments[2]),
                arguments[3],
                arguments[4],
                arguments[5],
                scalar(compute, arguments[6]),
                a,
                b,
                scalar(compute, beta),
                c,
                compute,
                Math.toIntExact(batch)));
    return 0;
  }

  private static boolean transposed(long operation) {
    if (operation != 0 && operation != 1) {
      throw new IllegalArgumentException("cublasOperation_t " + operation);
    }
    return operation == 1;
  }

  private static DataType type(long code) {
    return Arrays.stream(DataType.values())
        .filter(type -> type.code() == code)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("cudaDataType " + code));
  }

  private static double scalar(ComputeType compute, long address) {
    DataType type = compute.scalars();
    MemorySegment value = at(address, type.bytes());
    return switch (type) {
      case F64 -> value.get(ValueLayout.JAVA_DOUBLE, 0);
      case F32 -> value.get(ValueLayout.JAVA_FLOAT, 0);
      case F16 -> Float.float16ToFloat(value.get(ValueLayout.JAVA_SHORT, 0));
      case BF16 -> throw new IllegalArgumentException("scalars in BF16");
    };
  }
}
