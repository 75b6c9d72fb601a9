package dev.tandem.ptx;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The test kernels: their sources in src/test/cuda, and the PTX that compile.sh there makes of them. */
final class TestKernels {
  /** How each unseen kernel is compiled: optimised or not, for two architectures. */
  static final List<String> VARIANTS = List.of("o3.sm80", "o0.sm80", "o3.sm90", "o0.sm90");

  private static final Path SOURCES = Path.of("src", "test", "cuda");

  private TestKernels() {}

  /** PTX by its path below the package, {@code "unseen/saxpy.o3.sm80.ptx"}. */
  static String ptx(String path) {
    try (InputStream in = TestKernels.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException(
            "test kernels: there is no " + path + "; run src/test/cuda/compile.sh");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A source's bytes, {@code "unseen/saxpy.cu"}. */
  static byte[] source(String path) {
    try {
      return Files.readAllBytes(SOURCES.resolve(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Names of the sources of a folder, without ending, in order. */
  static List<String> names(String folder) {
    try (Stream<Path> files = Files.list(SOURCES.resolve(folder))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(".cu"))
          .map(file -> file.substring(0, file.length() - 3))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
