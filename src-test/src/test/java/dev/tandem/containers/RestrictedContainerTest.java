package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.containers.CleanContainer.Said;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** As services are run: a root that cannot be written, a user without name or home, 512 MiB, no network. */
@ExtendWith(ContainerReport.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class RestrictedContainerTest {
  private static final long MEMORY = 512L << 20;
  private static final String USER = "4711:4711";

  private static CleanContainer container() {
    return CleanContainer.of(Engine.plain()).restricted(USER, "/work", MEMORY);
  }

  @Test
  void digitsTrain() throws IOException, InterruptedException {
    try (CleanContainer container = container().started()) {
      Said limits =
          container.shell(
              """
              id -u; whoami; touch /tmp/file || touch $HOME/file; cat /sys/class/net/*/operstate
              cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes\
              """);
      assertEquals("4711", limits.out().getFirst());
      assertTrue(
          String.join(" ", limits.err()).contains("Read-only file system"), limits::toString);
      assertTrue(limits.out().contains(Long.toString(MEMORY)), limits::toString);
      Said network = container.shell("ls /sys/class/net");
      assertEquals(List.of("lo"), network.out());

      Said said = container.shell("cd /work && tandem train $TANDEM_HOME/examples/digits.yaml");
      assertEquals(0, said.code(), said::toString);
      assertEquals(List.of(PlainImageTest.PASSED_OVER), said.err(), said::toString);
      PlainImageTest.assertAccurate(said);
    }
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() throws IOException, InterruptedException {
    try (CleanContainer container = container().started()) {
      Said said =
          container.shell("cd / && tandem train $TANDEM_HOME/examples/digits.yaml --backend cpu");
      assertNotEquals(0, said.code(), said::toString);
      assertEquals(1, said.err().size(), said::toString);
      assertTrue(said.err().getFirst().contains("runs"), said::toString);
      assertTrue(said.err().getFirst().contains("Read-only file system"), said::toString);
    }
  }

  /** JCuda's natives must be unpacked where they may be executed; where that is nowhere, a sentence says what to do. */
  @Test
  void nativesThatCanBeUnpackedNowhereAreASentence() throws IOException, InterruptedException {
    try (CleanContainer container =
        CleanContainer.of(Engine.plain())
            .withFile(StubDriver.ofVersion(12060), "/usr/lib/nvidia/libcuda.so.1")
            .withVariable("LD_LIBRARY_PATH", "/usr/lib/nvidia")
            .started()) {
      Said said =
          container.shell("rm -rf /tmp ~/.cache; HOME=/none XDG_CACHE_HOME=/proc tandem devices");
      assertEquals(0, said.code(), said::toString);
      assertEquals(List.of(), said.err());
      assertTrue(said.out().get(1).contains("NO_BINDING"), said::toString);
      assertTrue(said.out().get(1).contains("XDG_CACHE_HOME"), said::toString);
    }
  }
}
