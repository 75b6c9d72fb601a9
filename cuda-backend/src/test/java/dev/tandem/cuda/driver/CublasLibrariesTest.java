package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.CublasLibraries.Library;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The search for cuBLAS, in folders made up to look like machines. */
final class CublasLibrariesTest {
  private static final int CUDA_12 = 12080;
  private static final int CUDA_13 = 13000;

  @TempDir private Path root;

  private void file(String path) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.createFile(file);
  }

  private void link(String path, String target) throws IOException {
    Path link = root.resolve(path);
    Files.createDirectories(link.getParent());
    Files.createSymbolicLink(link, Path.of(target));
  }

  private CublasLibraries.Result search(
      Map<String, String> environment, String configured, int driver) {
    return new CublasLibraries(root, environment, "amd64")
        .search(Optional.ofNullable(configured), driver);
  }

  /** The files found, as paths inside the root; sonames as they are. */
  private List<String> found(CublasLibraries.Result result) {
    return result.found().stream()
        .map(l -> l.bySoname() ? l.name() : root.relativize(Path.of(l.name())).toString())
        .toList();
  }

  private List<String> configured(String path, int driver) {
    return found(search(Map.of(), path, driver));
  }

  @Test
  void machineWithoutCublasLeavesItToTheLinker() {
    CublasLibraries.Result result = search(Map.of(), null, CUDA_13);
    assertEquals(List.of("libcublas.so.13", "libcublas.so.12"), found(result));
    assertEquals(List.of("the system's folders", "the dynamic linker's cache"), result.searched());
    assertEquals(List.of("libcublas.so.12"), found(search(Map.of(), null, CUDA_12)));
  }

  @Test
  void placesComeInTheOrderTold() throws IOException {
    file("libs/libcublas.so.12");
    file("home/lib64/libcublas.so.12");
    file("path/lib/libcublas.so.12");
    file("usr/local/cuda/lib64/libcublas.so.12");
    file("opt/cuda/lib64/libcublas.so.12");
    file("usr/lib/x86_64-linux-gnu/libcublas.so.12");
    file("usr/lib64/libcublas.so.12");
    Map<String, String> environment =
        Map.of("LD_LIBRARY_PATH", "/none::/libs", "CUDA_PATH", "/path", "CUDA_HOME", "/home");
    CublasLibraries.Result result = search(environment, null, CUDA_12);
    assertEquals(
        List.of(
            "libs/libcublas.so.12",
            "home/lib64/libcublas.so.12",
            "path/lib/libcublas.so.12",
            "usr/local/cuda/lib64/libcublas.so.12",
            "opt/cuda/lib64/libcublas.so.12",
            "usr/lib/x86_64-linux-gnu/libcublas.so.12",
            "usr/lib64/libcublas.so.12",
            "libcublas.so.12"),
        found(result));
    assertEquals(
        List.of(
            "LD_LIBRARY_PATH's /none",
            "LD_LIBRARY_PATH's /libs",
            "CUDA_HOME's /home",
            "CUDA_PATH's /path",
            "the system's folders",
            "the dynamic linker's cache"),
        result.searched());
  }

  @Test
  void activePythonEnvironmentsAreSearchedBeforeTheSystem() throws IOException {
    file("venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12");
    file("venv/lib/python3.12/site-packages/nvidia/cu13/lib/libcublas.so.13");
    file("conda/lib/libcublas.so.12");
    file("usr/local/cuda/lib64/libcublas.so.12");
    CublasLibraries.Result result =
        search(Map.of("VIRTUAL_ENV", "/venv", "CONDA_PREFIX", "/conda"), null, CUDA_12);
    assertEquals(
        List.of(
            "venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12",
            "conda/lib/libcublas.so.12",
            "usr/local/cuda/lib64/libcublas.so.12",
            "libcublas.so.12"),
        found(result));
    assertEquals(
        List.of("VIRTUAL_ENV's /venv", "CONDA_PREFIX's /conda"), result.searched().subList(0, 2));
  }

  @Test
  void aNameThatNoFileCanHaveIsToldAndPassedOver() throws IOException {
    file("libs/libcublas.so.12");
    CublasLibraries.Result result =
        search(Map.of("LD_LIBRARY_PATH", "/a\0b:/libs", "CUDA_HOME", "\0"), null, CUDA_12);
    assertEquals("libs/libcublas.so.12", found(result).getFirst());
    assertEquals(2, result.unfit().size(), result.unfit().toString());
    assertTrue(result.unfit().getFirst().contains("no file can have this name here"));
    assertEquals(List.of(), found(search(Map.of(), "/a\0b", CUDA_12)));
  }

  @Test
  void newerMajorComesFirstWithinAPlaceOnly() throws IOException {
    file("home/lib64/libcublas.so.12");
    file("usr/local/cuda-12.10/lib64/libcublas.so.12");
    file("usr/local/cuda-12.9/lib64/libcublas.so.12");
    file("usr/local/cuda-13.0/lib64/libcublas.so.13");
    Map<String, String> environment = Map.of("CUDA_HOME", "/home");
    assertEquals(
        List.of(
            "home/lib64/libcublas.so.12",
            "usr/local/cuda-13.0/lib64/libcublas.so.13",
            "usr/local/cuda-12.10/lib64/libcublas.so.12",
            "usr/local/cuda-12.9/lib64/libcublas.so.12",
            "libcublas.so.13",
            "libcublas.so.12"),
        found(search(environment, null, CUDA_13)));
  }

  @Test
  void driverOfCuda12TakesNoCublas13() throws IOException {
    file("usr/local/cuda-13.0/lib64/libcublas.so.13");
    CublasLibraries.Result result = search(Map.of(), null, CUDA_12);
    assertEquals(List.of("libcublas.so.12"), found(result));
    assertEquals(1, result.unfit().size());
    assertTrue(
        result.unfit().getFirst().endsWith("libcublas.so.13: the driver runs CUDA 12 at most"),
        result.unfit().getFirst());
  }

  @Test
  void otherMajorsAreUnfit() throws IOException {
    file("libs/libcublas.so.11");
    file("libs/libcublas.so.14");
    CublasLibraries.Result result = search(Map.of(), "/libs", 14000);
    assertEquals(List.of(), result.found());
    assertEquals(2, result.unfit().size());
    assertTrue(result.unfit().getFirst().endsWith("cuBLAS 12 or 13 is needed"));
  }

  @Test
  void configuredFolderMayBeAWheelAToolkitOrWhatIsAroundThem() throws IOException {
    String wheel = "venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12";
    file(wheel);
    for (String folder :
        List.of(
            "/venv",
            "/venv/lib/python3.12/site-packages",
            "/venv/lib/python3.12/site-packages/nvidia",
            "/venv/lib/python3.12/site-packages/nvidia/cublas",
            "/venv/lib/python3.12/site-packages/nvidia/cublas/lib")) {
      assertEquals(List.of(wheel), configured(folder, CUDA_13), folder);
    }
    String newWheel = "site/nvidia/cu13/lib/libcublas.so.13";
    file(newWheel);
    for (String folder :
        List.of("/site", "/site/nvidia", "/site/nvidia/cu13", "/site/nvidia/cu13/lib")) {
      assertEquals(List.of(newWheel), configured(folder, CUDA_13), folder);
    }
    String toolkit = "cuda/targets/x86_64-linux/lib/libcublas.so.12";
    file(toolkit);
    assertEquals(List.of(toolkit), configured("/cuda", CUDA_13));
  }

  @Test
  void configuredPathIsTheOnlyOne() throws IOException {
    file("usr/local/cuda/lib64/libcublas.so.12");
    Files.createDirectory(root.resolve("empty"));
    CublasLibraries.Result result =
        search(Map.of("CUDA_HOME", "/usr/local/cuda"), "/empty", CUDA_13);
    assertEquals(List.of(), result.found());
    assertEquals(List.of("/empty"), result.searched());
  }

  @Test
  void configuredFileIsTakenByItsNameOrThatOfWhatItLeadsTo() throws IOException {
    file("libs/libcublas.so.12.6.4.1");
    link("libs/libcublas.so", "libcublas.so.12.6.4.1");
    file("libs/other.so");
    assertEquals(
        List.of("libs/libcublas.so.12.6.4.1"), configured("/libs/libcublas.so.12.6.4.1", CUDA_13));
    Library library = search(Map.of(), "/libs/libcublas.so", CUDA_13).found().getFirst();
    assertEquals(12, library.major());
    assertEquals("libcublasLt.so.12", library.companion());
    CublasLibraries.Result other = search(Map.of(), "/libs/other.so", CUDA_13);
    assertEquals(
        List.of(root + "/libs/other.so: not of the name libcublas.so.12 or .13"), other.unfit());
    CublasLibraries.Result none = search(Map.of(), "/nowhere", CUDA_13);
    assertEquals(List.of(root + "/nowhere: there is no such file or folder"), none.unfit());
    assertEquals(List.of(), none.found());
  }

  @Test
  void sameFileUnderManyNamesCountsOnce() throws IOException {
    file("usr/local/cuda-12.6/targets/x86_64-linux/lib/libcublas.so.12.6.4.1");
    link("usr/local/cuda-12.6/targets/x86_64-linux/lib/libcublas.so.12", "libcublas.so.12.6.4.1");
    link("usr/local/cuda-12.6/lib64", "targets/x86_64-linux/lib");
    link("usr/local/cuda", "cuda-12.6");
    assertEquals(
        List.of("usr/local/cuda/lib64/libcublas.so.12", "libcublas.so.12"),
        found(search(Map.of(), null, CUDA_12)));
  }

  @Test
  void brokenLinksAndFoldersOfTheNameArePassedOver() throws IOException {
    link("libs/libcublas.so.12", "gone");
    Files.createDirectories(root.resolve("libs/libcublas.so.13"));
    file("libs/libcublas.so.12.stub");
    file("libs/libcublasLt.so.12");
    assertEquals(
        List.of("libcublas.so.12"),
        found(search(Map.of("LD_LIBRARY_PATH", "/libs"), null, CUDA_12)));
    CublasLibraries.Result broken = search(Map.of(), "/libs/libcublas.so.12", CUDA_12);
    assertTrue(broken.unfit().getFirst().endsWith("there is no such file or folder"));
  }

  @Test
  void armHasFoldersOfItsOwn() throws IOException {
    file("usr/local/cuda/targets/sbsa-linux/lib/libcublas.so.12");
    file("usr/lib/aarch64-linux-gnu/libcublas.so.12");
    file("usr/lib/x86_64-linux-gnu/libcublas.so.12");
    CublasLibraries arm = new CublasLibraries(root, Map.of(), "aarch64");
    assertEquals(
        List.of(
            "usr/local/cuda/targets/sbsa-linux/lib/libcublas.so.12",
            "usr/lib/aarch64-linux-gnu/libcublas.so.12",
            "libcublas.so.12"),
        found(arm.search(Optional.empty(), CUDA_12)));
  }
}
