package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Cublas.Report;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * JCublas's own native library, and the whole way to it, on a libcublas.so.12 in a folder as a Python wheel has it. Its
 * functions are those of {@link FakeCublas}. It stays loaded, so that later tests of this process get no other.
 */
@EnabledOnOs(
    value = OS.LINUX,
    architectures = "amd64",
    disabledReason = "JCuda has no natives here")
final class JcublasLoopbackTest {
  private static final List<String> FUNCTIONS =
      List.of(
          "cublasCreate_v2",
          "cublasDestroy_v2",
          "cublasGetVersion_v2",
          "cublasGetProperty",
          "cublasSetStream_v2",
          "cublasSetWorkspace_v2",
          "cublasSetMathMode",
          "cublasSetPointerMode_v2",
          "cublasGemmEx",
          "cublasGemmEx_64",
          "cublasGemmStridedBatchedEx",
          "cublasGemmStridedBatchedEx_64");
  private static final int DRIVER = 13000;
  private static final long STREAM = 0x7F00_1234_5678L;
  private static final FakeCublas FAKE = new FakeCublas();

  @TempDir private static Path folder;

  private static Path wheel;

  @BeforeAll
  static void load() throws IOException {
    wheel = library("site-packages/nvidia/cublas/lib");
  }

  /** A wheel's libraries, of which cuBLAS asks for the other, that no search of the linker's would find. */
  private static Path library(String path) throws IOException {
    Path file = Files.createDirectories(folder.resolve(path)).resolve("libcublas.so.12");
    Path light = file.resolveSibling("libcublasLt.so.12");
    String needed = light.getFileName().toString();
    new VersionedLibrary(needed, needed, Optional.empty()).write(light, List.of("cublasLtCreate"));
    String soname = file.getFileName().toString();
    new VersionedLibrary(soname, soname, Optional.of(needed)).write(file, FUNCTIONS);
    FfmLibrary.open(light.toString());
    VersionedLibrary.connect(FfmLibrary.open(file.toString()), FUNCTIONS, FAKE);
    return file;
  }

  /** Nothing but the folder tells where a wheel's other half lies. */
  @Test
  void otherHalfIsLoadedFromTheSameFolder() throws IOException {
    Path file = Files.createDirectory(folder.resolve("new")).resolve("libcublas.so.13");
    String needed = "libcublasLt.so.13";
    new VersionedLibrary("libcublas.so.13", "libcublas.so.13", Optional.of(needed))
        .write(file, List.of());
    assertTrue(refusal(file).contains(needed + ": cannot open shared object file"), refusal(file));
    new VersionedLibrary(needed, needed, Optional.empty())
        .write(file.resolveSibling(needed), List.of());
    assertTrue(refusal(file).contains("it has no function cublasCreate_v2"), refusal(file));
  }

  private static String refusal(Path file) {
    return assertThrows(DriverException.class, () -> Cublas.report(DRIVER, file.toString()))
        .getMessage();
  }

  @BeforeEach
  void forget() {
    FAKE.calls();
    FAKE.statuses.clear();
  }

  private static Blas open() {
    return Cublas.open(() -> {}, _ -> {}, DRIVER, "jcublas:" + folder.resolve("site-packages"));
  }

  private static Stream stream() {
    return (Stream)
        Proxy.newProxyInstance(
            Stream.class.getClassLoader(), new Class<?>[] {Stream.class}, (_, _, _) -> STREAM);
  }

  static List<GemmTrial.Case> products() {
    return GemmTrial.cases();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("products")
  void productsArriveAsTheyWereMeant(GemmTrial.Case trial) {
    try (Arena arena = Arena.ofConfined();
        Blas blas = open()) {
      blas.stream(stream());
      FAKE.calls();
      assertEquals("", new GemmTrial(trial, arena).difference(blas));
      String name = trial.batch() == 1 ? "cublasGemmEx" : "cublasGemmStridedBatchedEx";
      String suffix = trial.leading() > Integer.MAX_VALUE ? "_64" : "";
      assertEquals(List.of(name + suffix), FAKE.calls());
      assertEquals(trial.compute().code(), FAKE.compute);
      assertEquals(-1, FAKE.algorithm);
    }
  }

  @Test
  void handleLivesAndIsSetUp() {
    String handle = " " + FakeCublas.HANDLE;
    Blas blas = open();
    assertEquals("jcublas: " + wheel, blas.name());
    assertEquals(FakeCublas.VERSION, blas.version());
    blas.stream(stream());
    blas.workspace(0x7F00_0000_0100L, 5L << 30);
    blas.mathMode(MathMode.TF32, false);
    blas.close();
    assertEquals(
        List.of(
            "cublasCreate_v2",
            "cublasSetPointerMode_v2" + handle + " 0",
            "cublasGetVersion_v2" + handle,
            "cublasSetStream_v2" + handle + " " + STREAM,
            "cublasSetWorkspace_v2" + handle + " " + 0x7F00_0000_0100L + " " + (5L << 30),
            "cublasSetMathMode" + handle + " 3",
            "cublasDestroy_v2" + handle),
        FAKE.calls());
  }

  @Test
  void statusIsNotLost() {
    try (Blas blas = open()) {
      FAKE.statuses.put("cublasSetMathMode", 3);
      DriverException e =
          assertThrows(DriverException.class, () -> blas.mathMode(MathMode.DEFAULT, false));
      assertEquals(DriverError.CUBLAS_STATUS_ALLOC_FAILED, e.error());
    }
  }

  @Test
  void reportTellsFileAndVersion() {
    assertEquals(
        new Report("jcublas", wheel.toString(), 130102, ""),
        Cublas.report(DRIVER, wheel.getParent().toString()));
  }

  @Test
  void anotherLibraryOfTheSameNameIsCalledDirectly() throws IOException {
    open().close();
    Path other = library("other");
    Report report = Cublas.report(DRIVER, other.toString());
    assertEquals("ffm", report.binding());
    assertEquals(other.toString(), report.library());
    assertTrue(
        report.notJcublas().endsWith("this process has bound it to " + wheel), report.notJcublas());
    try (Blas blas = Cublas.open(() -> {}, _ -> {}, DRIVER, other.toString())) {
      assertEquals("ffm: " + other + "; not jcublas, since " + report.notJcublas(), blas.name());
    }
    DriverException e =
        assertThrows(DriverException.class, () -> Cublas.report(DRIVER, "jcublas:" + other));
    assertEquals(DriverError.NO_CUBLAS, e.error());
  }
}
