package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The committed PTX was made from the sources that are there now. */
final class StaleKernelsTest {
  private static final Pattern SOURCE =
      Pattern.compile("\\A// source: (\\w+)\\.cu and \\*\\.cuh, sha256: (\\p{XDigit}{64})\n");
  private static final Pattern COMPILER =
      Pattern.compile("^// made by: nvcc ([\\d.]+) ", Pattern.MULTILINE);
  private static final String REMEDY = "; run kernels/build.sh and commit what it makes";

  @Test
  void hashesAreThoseOfTheSources() throws IOException, NoSuchAlgorithmException {
    for (String name : KernelFolder.names()) {
      Matcher source = SOURCE.matcher(KernelFolder.ptx(name));
      assertTrue(source.find(), name + ".ptx names no source" + REMEDY);
      assertEquals(name, source.group(1));
      assertEquals(hash(name), source.group(2), name + ".ptx is stale" + REMEDY);
    }
  }

  @Test
  void everyPtxHasASource() {
    assertEquals(
        KernelFolder.names(),
        KernelFolder.files(".ptx").stream()
            .map(file -> file.getFileName().toString().replace(".ptx", ""))
            .toList());
  }

  /** As build.sh does: all headers by name, then the file. */
  private static String hash(String name) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (Path header : KernelFolder.files(".cuh")) {
      digest.update(Files.readAllBytes(header));
    }
    digest.update(Files.readAllBytes(KernelFolder.PATH.resolve(name + ".cu")));
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Where the compiler is there that made them, they come out the same as went through ptxas then. Elsewhere the hashes have to
   * do, and this says so: another version of nvcc makes other code.
   */
  @Test
  void compilingAgainGivesTheSame() throws IOException, InterruptedException {
    Matcher made = COMPILER.matcher(KernelFolder.ptx(KernelFolder.names().getFirst()));
    assertTrue(made.find(), "no compiler is named" + REMEDY);
    Optional<String> here = nvcc();
    if (here.equals(Optional.of(made.group(1)))) {
      Result check = run(List.of(KernelFolder.PATH.resolve("build.sh").toString(), "--check"));
      assertEquals(0, check.exit(), check.output());
      System.out.println("kernels: compiled again by nvcc " + here.get() + ", the same");
    } else {
      System.out.println(
          "kernels: checked by hash alone, since nvcc "
              + made.group(1)
              + " is not here ("
              + here.map(version -> "found " + version).orElse("found none")
              + ")");
    }
  }

  private static Optional<String> nvcc() throws IOException, InterruptedException {
    try {
      Matcher version =
          Pattern.compile(", V([\\d.]+)").matcher(run(List.of("nvcc", "--version")).output());
      return version.find() ? Optional.of(version.group(1)) : Optional.empty();
    } catch (IOException _) { // not on the PATH
      return Optional.empty();
    }
  }

  private record Result(int exit, String output) {}

  private static Result run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(20, TimeUnit.MINUTES), () -> command + " does not end");
    return new Result(process.exitValue(), output);
  }
}
