package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Availability;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the binding says of this machine, whatever that is. */
final class CudaProbeTest {
  @Test
  void openingSaysWhatTheProbeSays() {
    Availability availability = JcudaDriver.probe();
    assertFalse(availability.reason().isBlank());
    assertFalse(availability.reason().contains("\n"), availability.reason());
    if (availability.usable()) {
      try (JcudaDriver driver = JcudaDriver.open()) {
        assertFalse(driver.devices().isEmpty());
      }
    } else {
      for (int time = 0; time < 2; time++) {
        DriverException refusal = assertThrows(DriverException.class, JcudaDriver::open);
        assertTrue(
            refusal.getMessage().endsWith(availability.reason()),
            refusal.getMessage() + " is not " + availability.reason());
      }
    }
    assertEquals(availability, JcudaDriver.probe(), "a second time");
  }

  /** Asks, opens where that works, and says nothing else. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      if (JcudaDriver.probe().usable()) {
        JcudaDriver.open().close();
      }
    }
  }

  @Test
  void theTemporaryFolderStaysEmptyAndTheJdkDoesNotWarn(@TempDir Path folder) throws Exception {
    Path temporary = Files.createDirectory(folder.resolve("temporary"));
    ChildJvm child =
        new ChildJvm(
            Map.of("XDG_CACHE_HOME", folder.resolve("cache").toString()),
            "-Djava.io.tmpdir=" + temporary,
            Program.class.getName());
    assertEquals("", child.output());
    try (Stream<Path> left = Files.list(temporary)) {
      assertEquals(List.of(), left.filter(path -> path.toString().contains("JCu")).toList());
    }
  }
}
