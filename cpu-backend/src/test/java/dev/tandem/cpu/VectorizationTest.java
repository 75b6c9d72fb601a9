package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What vectors a JVM gets, by the options it is started with; each is a JVM of its own. */
class VectorizationTest {
  /** Prints what is used, and the sum of 1 to 100 by it. */
  static final class Probe {
    private Probe() {}

    public static void main(String[] args) {
      float[] x = new float[100];
      for (int i = 0; i < x.length; i++) {
        x[i] = i + 1;
      }
      System.out.println(Vectorization.reason() + ": " + Kernels.best().sum(x, 0, x.length));
    }
  }

  @Test
  void vectorsNarrowerThanKernelsFoldAreNotUsed() throws Exception {
    String said = started("-XX:+IgnoreUnrecognizedVMOptions", "-XX:MaxVectorSize=8");
    assertTrue(said.endsWith(": 5050.0"), said);
  }

  @Test
  void withoutC2VectorsAreNotUsed() throws Exception {
    String reason =
        "scalar (this JVM runs without C2; leave out -Xint and -XX:TieredStopAtLevel for the fast"
            + " path): 5050.0";
    assertEquals(reason, started("-Xint"));
    assertEquals(reason, started("-XX:TieredStopAtLevel=1"));
  }

  @Test
  void aWidthThatWasAskedForIsUsedAnywhere() throws Exception {
    assertEquals(
        "Vector API 128 bit: 5050.0",
        started("-XX:TieredStopAtLevel=1", "-Dtandem.vector.bits=128"));
  }

  @Test
  void theWidthIsOneThatKernelsKnow() {
    assumeTrue(Vectorization.available(), Vectorization.reason());
    assertTrue(List.of(128, 256, 512).contains(Vectorization.bits()), Vectorization.reason());
  }

  private static String started(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
    ProcessBuilder builder = new ProcessBuilder(command);
    // A width set for the tests is not one set for these.
    builder.environment().remove("TANDEM_VECTOR_BITS");
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said.strip();
  }
}
