package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Cublas.Loaded;
import dev.tandem.cuda.driver.Cublas.Report;
import dev.tandem.cuda.driver.CublasChoice.Binding;
import dev.tandem.cuda.driver.CublasLibraries.Library;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which binding and which library are taken, and the sentence where none is. */
final class CublasTest {
  private static final Library TWELVE = new Library("/a/libcublas.so.12", 12, "CUDA_HOME");
  private static final Library THIRTEEN = new Library("/b/libcublas.so.13", 13, "CUDA_PATH");

  /** Loads what is not refused, and tells what was tried. */
  private static final class Trial implements Cublas.Loader {
    final List<String> refused;
    final List<String> tried = new ArrayList<>();

    Trial(String... refused) {
      this.refused = List.of(refused);
    }

    @Override
    public Loaded jcublas(Library library) throws IOException {
      return load("jcublas", library, "");
    }

    @Override
    public Loaded ffm(Library library, String notJcublas) throws IOException {
      return load("ffm", library, notJcublas);
    }

    private Loaded load(String binding, Library library, String notJcublas) throws IOException {
      String attempt = binding + " " + library.major();
      tried.add(attempt);
      if (refused.contains(attempt)) {
        throw new IOException("wrong ELF class");
      }
      return new Loaded(new Report(binding, library.name(), 120604, notJcublas), () -> null);
    }
  }

  private static Report choose(String choice, Trial trial, Library... found) {
    CublasLibraries.Result result =
        new CublasLibraries.Result(List.of(found), List.of("CUDA_HOME's /a"), List.of());
    return Cublas.choose(CublasChoice.parse(choice), result, trial).report();
  }

  @Test
  void jcublasIsTakenWhereItLoads() {
    Trial trial = new Trial();
    Report report = choose("", trial, THIRTEEN, TWELVE);
    assertEquals("cuBLAS 12.6.4 by jcublas: /a/libcublas.so.12", report.toString());
    assertEquals(List.of("jcublas 12"), trial.tried);
  }

  @Test
  void firstLibraryIsCalledDirectlyWhereItDoesNot() {
    Trial trial = new Trial("jcublas 12");
    Report report = choose("", trial, THIRTEEN, TWELVE);
    assertEquals(
        "cuBLAS 12.6.4 by ffm: /b/libcublas.so.13; not jcublas, since"
            + " jcublas with /a/libcublas.so.12: wrong ELF class",
        report.toString());
    assertEquals(List.of("jcublas 12", "ffm 13"), trial.tried);
    assertEquals("there is no libcublas.so.12", choose("", new Trial(), THIRTEEN).notJcublas());
  }

  @Test
  void nextLibraryIsTriedAfterOneThatFails() {
    Trial trial = new Trial("ffm 13");
    assertEquals("/a/libcublas.so.12", choose("ffm", trial, THIRTEEN, TWELVE).library());
    assertEquals(List.of("ffm 13", "ffm 12"), trial.tried);
  }

  @Test
  void forcedBindingIsNotReplaced() {
    assertEquals("ffm was asked for", choose("ffm", new Trial(), TWELVE).notJcublas());
    Trial trial = new Trial("jcublas 12");
    DriverException e =
        assertThrows(DriverException.class, () -> choose("jcublas", trial, THIRTEEN, TWELVE));
    assertEquals(DriverError.NO_CUBLAS, e.error());
    assertEquals(List.of("jcublas 12"), trial.tried);
    assertTrue(
        e.getMessage()
            .contains(
                "searched CUDA_HOME's /a for jcublas alone, as asked"
                    + " (/b/libcublas.so.13: jcublas takes a libcublas.so.12 alone;"
                    + " jcublas with /a/libcublas.so.12: wrong ELF class); install cuBLAS"),
        e.getMessage());
  }

  @Test
  void nothingFoundIsOneSentence() {
    DriverException e = assertThrows(DriverException.class, () -> choose("", new Trial()));
    assertEquals(DriverError.NO_CUBLAS, e.error());
    assertEquals(
        "load cuBLAS: cuBLAS was not found (NO_CUBLAS); searched CUDA_HOME's /a; install cuBLAS of"
            + " CUDA 12, with the toolkit or as the Python package nvidia-cublas-cu12, and set"
            + " TANDEM_CUBLAS to its file or folder where it is not found",
        e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        "'', -, -",
        "jcublas, JCUBLAS, -",
        "ffm, FFM, -",
        "ffm:/opt/cuda, FFM, /opt/cuda",
        "jcublas: /opt/cuda , JCUBLAS, /opt/cuda",
        "ffm:, FFM, -",
        "/opt/cuda, -, /opt/cuda",
        "./ffm, -, ./ffm",
        "ffmpeg/lib, -, ffmpeg/lib"
      })
  void choiceIsRead(String text, Binding binding, String path) {
    assertEquals(
        new CublasChoice(Optional.ofNullable(binding), Optional.ofNullable(path)),
        CublasChoice.parse(text));
  }

  @Test
  void configuredChoiceGoesBeforeTheFlag() {
    String before = System.getProperty("tandem.cublas");
    System.setProperty("tandem.cublas", "ffm:/flag");
    try {
      assertEquals(Optional.of("/flag"), CublasChoice.of(null).path());
      assertEquals(Optional.of("/config"), CublasChoice.of("/config").path());
    } finally {
      if (before == null) {
        System.clearProperty("tandem.cublas");
      } else {
        System.setProperty("tandem.cublas", before);
      }
    }
  }

  /** For real: a file of the right name that is no library, through both bindings. */
  @Test
  void fileThatIsNoLibraryIsRefusedInTheLinkersWords(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("libcublas.so.12"), "not a library");
    DriverException e =
        assertThrows(DriverException.class, () -> Cublas.report(12080, file.toString()));
    assertEquals(DriverError.NO_CUBLAS, e.error());
    assertTrue(e.getMessage().contains("jcublas with " + file), e.getMessage());
    assertTrue(e.getMessage().contains("ffm with " + file), e.getMessage());
    assertTrue(e.getMessage().contains("file too short"), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }

  @Test
  void missingFileIsRefused() {
    DriverException e =
        assertThrows(DriverException.class, () -> Cublas.report(12080, "/nowhere/at/all"));
    assertTrue(
        e.getMessage()
            .contains(
                "searched /nowhere/at/all (/nowhere/at/all: there is no such file or folder)"),
        e.getMessage());
  }

  /** A library of the machine's that certainly is not cuBLAS. */
  @Test
  void libraryWithoutTheFunctionsIsRefused() throws IOException {
    FfmLibrary libc = FfmLibrary.open("libc.so.6");
    assertTrue(libc.find("strlen").isPresent());
    assertTrue(libc.find("cublasCreate_v2").isEmpty());
    String file = libc.file("strlen").orElseThrow();
    assertTrue(Files.isRegularFile(Path.of(file)), file);
    assertTrue(libc.file("cublasCreate_v2").isEmpty());
    IOException e = assertThrows(IOException.class, () -> FfmLibrary.open("libno-such.so.1"));
    assertTrue(e.getMessage().startsWith("libno-such.so.1: cannot open"), e.getMessage());
  }
}
