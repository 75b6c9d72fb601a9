package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The kernel test that the README of this module shows is this one, and passes. */
final class ReadmeExampleTest {
  private static final String README = "README.md";

  @Test
  void saxpy() {
    String ptx = TestKernels.ptx("unseen/saxpy.o3.sm80.ptx");
    // README begin
    int n = 1000;
    long bytes = n * 4L;
    try (Driver driver = EmulatedDriver.open(EmulatorOptions.standard());
        Context context = driver.devices().getFirst().open();
        Stream stream = context.stream();
        Module module = context.load("saxpy.ptx", ptx);
        DeviceMemory x = stream.allocate(bytes);
        DeviceMemory y = stream.allocate(bytes);
        PinnedMemory host = context.pin(bytes)) {
      for (int i = 0; i < n; i++) {
        host.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
      }
      stream.upload(x.address(), host, 0, bytes);
      stream.fill(y.address(), Float.floatToRawIntBits(0.5f), 4, n);
      stream.launch(
          module.function("saxpy_f32"),
          LaunchShape.of((n + 255) / 256, 256),
          new Arguments()
              .float32(2)
              .read(x.address(), bytes)
              .readWrite(y.address(), bytes)
              .int64(n));
      stream.download(host, 0, y.address(), bytes);
      stream.synchronize(); // does the work, and throws what the sanitizer found
      for (int i = 0; i < n; i++) {
        assertEquals(2 * i + 0.5f, host.segment().getAtIndex(ValueLayout.JAVA_FLOAT, i));
      }
    }
    // README end
  }

  @Test
  void theReadmeShowsThisTest() throws IOException {
    String source =
        Files.readString(
            Path.of("src/test/java/dev/tandem/ptx/" + getClass().getSimpleName() + ".java"));
    String shown = between(source, "    // README begin\n", "    // README end").indent(-4);
    assertEquals(shown, between(Files.readString(Path.of(README)), "```java\n", "```"));
    assertTrue(shown.contains("stream.launch"), "something is shown");
  }

  private static String between(String text, String begin, String end) {
    int from = text.indexOf(begin) + begin.length();
    return text.substring(from, text.indexOf(end, from));
  }
}
