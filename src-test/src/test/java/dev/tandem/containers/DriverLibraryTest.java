package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.containers.CleanContainer.Said;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Images with a driver library that cannot serve: each has its own reason, in a sentence. */
@ExtendWith(ContainerReport.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class DriverLibraryTest {
  private static final String FOLDER = "/usr/lib/nvidia";
  private static final String INSTALL = "install NVIDIA driver 525.60.13 or newer";

  static Stream<Arguments> libraries() {
    return Stream.of(
        Arguments.of(
            "too old",
            StubDriver.ofVersion(11080),
            "the driver supports CUDA 11.8 at most, and CUDA 12.0 is needed; " + INSTALL),
        Arguments.of(
            "the toolkit's stub",
            StubDriver.ofToolkit(),
            "the libcuda.so.1 found first is the CUDA toolkit's stub for linkers; take its folder, .../lib64/stubs, off"
                + " LD_LIBRARY_PATH"),
        Arguments.of(
            "without its functions",
            StubDriver.empty(),
            "cuInit: the NVIDIA driver is older than CUDA 12 (DRIVER_TOO_OLD); libcuda.so.1 has no such function; "
                + INSTALL),
        Arguments.of(
            "with some of its functions, after JCuda's natives were loaded",
            StubDriver.ofVersion(12060),
            "found 1 GPU, and a driver for CUDA 12.6, but cuDeviceGetName: the NVIDIA driver is older than CUDA 12"
                + " (DRIVER_TOO_OLD); libcuda.so.1 has no such function; "
                + INSTALL),
        Arguments.of("of zero bytes", new byte[0], PlainImageTest.NO_DRIVER));
  }

  private static CleanContainer with(byte[] library) {
    return CleanContainer.of(Engine.plain())
        .withFile(library, FOLDER + "/libcuda.so.1")
        .withVariable("LD_LIBRARY_PATH", FOLDER);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("libraries")
  void hasItsOwnReason(String name, byte[] library, String reason)
      throws IOException, InterruptedException {
    try (CleanContainer container = with(library).started()) {
      Said refused =
          container.shell("tandem train $TANDEM_HOME/examples/digits.yaml --backend cuda");
      assertEquals(2, refused.code(), refused::toString);
      assertEquals(List.of("backend: cuda cannot be used here: " + reason), refused.err());

      Said passedOver =
          container.shell(
              "cd $TANDEM_HOME && tandem train examples/csv.yaml --set training.epochs=1");
      assertEquals(0, passedOver.code(), passedOver::toString);
      assertEquals(List.of("backend: auto passes over cuda: " + reason), passedOver.err());
    }
  }

  /** Started at once, they unpack JCuda's natives at once, and each must load them whole. */
  @Test
  void fourProcessesUnpackJcudasNativesAtOnce() throws IOException, InterruptedException {
    try (CleanContainer container = with(StubDriver.ofVersion(12060)).started()) {
      for (int round = 0; round < 2; round++) {
        Said said =
            container.shell(
                """
                rm -rf ~/.cache
                for i in 1 2 3 4; do tandem devices >/tmp/$i.txt 2>&1 & done
                wait
                cat /tmp/[1-4].txt\
                """);
        // Only with its binding loaded does the backend get as far as a function that the driver
        // lacks.
        long loaded = said.out().stream().filter(line -> line.contains("cuDeviceGetName")).count();
        assertEquals(4, loaded, said::toString);
        assertFalse(said.out().stream().anyMatch(line -> line.contains("NO_BINDING")));
      }
      Said files = container.shell("cd ~/.cache/tandem/natives && sha256sum */*");
      assertEquals(1, files.out().size(), () -> "one library, and no leftovers: " + files);
      String hash = files.out().getFirst().split(" ")[0];
      assertTrue(files.out().getFirst().contains("-" + hash + "/libJCudaDriver-"), files::toString);
    }
  }

  /** A library of text is no library: its reason is the dynamic linker's business, and no stack trace. */
  @Test
  void aFileThatIsNoLibraryIsPassedOver() throws IOException, InterruptedException {
    byte[] text = "no library\n".getBytes(StandardCharsets.US_ASCII);
    try (CleanContainer container = with(text).started()) {
      Said said = container.shell("tandem devices");
      assertEquals(0, said.code(), said::toString);
      assertEquals("  " + PlainImageTest.NO_DRIVER, said.out().get(1));
      assertEquals(List.of(), said.err());
    }
  }
}
