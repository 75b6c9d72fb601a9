package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Gemm.Matrix;
import java.lang.foreign.Arena;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The binding by foreign functions and the handle around it, on a cuBLAS that multiplies in the host's memory. */
final class CublasBlasTest {
  private final FakeCublas fake = new FakeCublas();

  @AfterEach
  void close() {
    fake.close();
  }

  private int entered;

  private Blas open() {
    return new CublasBlas(new FfmCublas(fake), "libcublas.so.13", () -> entered++, _ -> {});
  }

  /** A stream of which only the number is known. */
  private static Stream stream(long handle) {
    return (Stream)
        Proxy.newProxyInstance(
            Stream.class.getClassLoader(),
            new Class<?>[] {Stream.class},
            (_, method, _) -> {
              assertEquals("handle", method.getName());
              return handle;
            });
  }

  @Test
  void aStreamThatIsRefusedIsNotPassedOn() {
    DriverException refusal =
        new DriverException("cublasSetStream", DriverError.CUDA_ERROR_INVALID_VALUE, "another's");
    Blas blas =
        new CublasBlas(
            new FfmCublas(fake),
            "libcublas.so.13",
            () -> {},
            _ -> {
              throw refusal;
            });
    fake.calls();
    assertEquals(refusal, assertThrows(DriverException.class, () -> blas.stream(stream(1))));
    assertEquals(List.of(), fake.calls());
    blas.close();
  }

  static List<GemmTrial.Case> products() {
    return GemmTrial.cases();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("products")
  void productsArriveAsTheyWereMeant(GemmTrial.Case trial) {
    try (Arena arena = Arena.ofConfined();
        Blas blas = open()) {
      blas.stream(stream(1));
      fake.calls();
      assertEquals("", new GemmTrial(trial, arena).difference(blas));
      String name = trial.batch() == 1 ? "cublasGemmEx" : "cublasGemmStridedBatchedEx";
      String suffix = trial.leading() > Integer.MAX_VALUE ? "_64" : "";
      assertEquals(List.of(name + suffix), fake.calls());
      assertEquals(-1, fake.algorithm);
    }
  }

  /** Numbers from cublas_api.h. */
  @ParameterizedTest
  @CsvSource({
    "F16, 64",
    "F32, 68",
    "F32_PEDANTIC, 69",
    "F64, 70",
    "F32_FAST_BF16, 75",
    "F32_FAST_TF32, 77"
  })
  void computeTypesHaveCublassNumbers(ComputeType compute, int number) {
    try (Arena arena = Arena.ofConfined();
        Blas blas = open()) {
      blas.stream(stream(1));
      GemmTrial.Case trial =
          GemmTrial.cases().stream().filter(t -> t.compute() == compute).findFirst().orElseThrow();
      new GemmTrial(trial, arena).difference(blas);
      assertEquals(number, fake.compute);
    }
  }

  @Test
  void handleLivesAndIsSetUp() {
    String handle = " " + FakeCublas.HANDLE;
    Blas blas = open();
    assertEquals("ffm: libcublas.so.13", blas.name());
    assertEquals(FakeCublas.VERSION, blas.version());
    assertEquals(
        List.of(
            "cublasCreate_v2",
            "cublasSetPointerMode_v2" + handle + " 0",
            "cublasGetVersion_v2" + handle),
        fake.calls());
    blas.stream(stream(0x7F00_1234_5678L));
    blas.workspace(0x7F00_0000_0100L, 5L << 30);
    blas.mathMode(MathMode.TF32, true);
    assertEquals(
        List.of(
            "cublasSetStream_v2" + handle + " " + 0x7F00_1234_5678L,
            "cublasSetWorkspace_v2" + handle + " " + 0x7F00_0000_0100L + " " + (5L << 30),
            "cublasSetMathMode" + handle + " 19"),
        fake.calls());
    assertEquals(4, entered, "each call wants the context to be the thread's");
    blas.close();
    blas.close();
    assertEquals(List.of("cublasDestroy_v2" + handle), fake.calls());
  }

  @Test
  void libraryTellsItsVersionWithoutHandle() {
    assertEquals(130102, new FfmCublas(fake).libraryVersion());
    assertEquals(List.of(), fake.calls());
  }

  private static Gemm gemm(long address) {
    Matrix matrix = new Matrix(address, DataType.F32, 1);
    return new Gemm(
        false, false, 1, 1, 1, 1, matrix, matrix, 0, matrix, ComputeType.F32_FAST_TF32, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "1, CUBLAS_STATUS_NOT_INITIALIZED", "3, CUBLAS_STATUS_ALLOC_FAILED",
    "7, CUBLAS_STATUS_INVALID_VALUE", "8, CUBLAS_STATUS_ARCH_MISMATCH",
    "11, CUBLAS_STATUS_MAPPING_ERROR", "13, CUBLAS_STATUS_EXECUTION_FAILED",
    "14, CUBLAS_STATUS_INTERNAL_ERROR", "15, CUBLAS_STATUS_NOT_SUPPORTED",
    "16, CUBLAS_STATUS_LICENSE_ERROR"
  })
  void statusesBecomeErrors(int status, DriverError error) {
    fake.statuses.put("cublasGemmEx", status);
    try (Blas blas = open()) {
      blas.stream(stream(1));
      DriverException e = assertThrows(DriverException.class, () -> blas.gemm(gemm(256)));
      assertEquals(error, e.error());
      assertEquals(
          "gemm (1, 1) x (1, 1), F32 to F32 computed in F32_FAST_TF32: "
              + error.meaning()
              + " ("
              + error.name()
              + "); by ffm: libcublas.so.13",
          e.getMessage());
    }
  }

  @Test
  void unknownStatusIsToldByItsNumber() {
    fake.statuses.put("cublasSetMathMode", 99);
    try (Blas blas = open()) {
      DriverException e =
          assertThrows(DriverException.class, () -> blas.mathMode(MathMode.DEFAULT, false));
      assertTrue(e.getMessage().endsWith("by ffm: libcublas.so.13, status 99"), e.getMessage());
    }
  }

  @Test
  void failedStartLeavesNoHandle() {
    fake.statuses.put("cublasGetVersion_v2", 14);
    DriverException e = assertThrows(DriverException.class, this::open);
    assertEquals("cublasGetVersion", e.operation());
    assertEquals("cublasDestroy_v2 " + FakeCublas.HANDLE, fake.calls().getLast());
    fake.statuses.put("cublasCreate_v2", 1);
    e = assertThrows(DriverException.class, this::open);
    assertEquals(DriverError.CUBLAS_STATUS_NOT_INITIALIZED, e.error());
    assertEquals(List.of("cublasCreate_v2"), fake.calls());
  }

  @Test
  void refusesUseWithoutStreamAndAfterClosing() {
    Blas blas = open();
    IllegalStateException unset =
        assertThrows(IllegalStateException.class, () -> blas.gemm(gemm(256)));
    assertTrue(unset.getMessage().endsWith("call stream first"), unset.getMessage());
    DriverException workspace = assertThrows(DriverException.class, () -> blas.workspace(256, -1));
    assertEquals(DriverError.CUBLAS_STATUS_INVALID_VALUE, workspace.error());
    blas.close();
    fake.calls();
    DriverException e = assertThrows(DriverException.class, () -> blas.gemm(gemm(256)));
    assertEquals(DriverError.CUBLAS_STATUS_NOT_INITIALIZED, e.error());
    assertThrows(DriverException.class, () -> blas.stream(stream(1)));
    assertEquals(List.of(), fake.calls());
  }

  @Test
  void refusesStreamThatWasClosedSince() {
    long[] number = {1};
    Stream stream =
        (Stream)
            Proxy.newProxyInstance(
                Stream.class.getClassLoader(),
                new Class<?>[] {Stream.class},
                (_, _, _) -> {
                  if (number[0] == 0) {
                    throw Calls.closed("handle of a stream", "stream");
                  }
                  return number[0];
                });
    try (Blas blas = open()) {
      blas.stream(stream);
      number[0] = 0;
      fake.calls();
      DriverException e = assertThrows(DriverException.class, () -> blas.gemm(gemm(256)));
      assertEquals(DriverError.CUDA_ERROR_INVALID_HANDLE, e.error());
      assertEquals(List.of(), fake.calls());
    }
  }

  @Test
  void missingFunctionIsNamed() {
    fake.remove("cublasGemmEx_64");
    NoSuchElementException e =
        assertThrows(NoSuchElementException.class, () -> new FfmCublas(fake));
    assertEquals("it has no function cublasGemmEx_64", e.getMessage());
  }
}
