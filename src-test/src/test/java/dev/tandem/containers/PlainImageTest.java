package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.containers.CleanContainer.Said;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The bundle on a Debian that has neither Java nor anything of NVIDIA's. */
@ExtendWith(ContainerReport.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class PlainImageTest {
  static final String NO_DRIVER =
      "libcuda.so.1 was not found; install NVIDIA driver 525.60.13 or newer, or use the CPU backend";
  static final String PASSED_OVER = "backend: auto passes over cuda: " + NO_DRIVER;
  private static final Pattern ACCURACY = Pattern.compile("test accuracy ([0-9.]+) % .*");

  private static CleanContainer debian;

  @BeforeAll
  static void start() {
    debian = CleanContainer.of(Engine.plain()).started();
  }

  @AfterAll
  static void stop() {
    if (debian != null) {
      debian.close();
    }
  }

  @Test
  void theImageHasNeitherJavaNorAnythingOfNvidia() throws IOException, InterruptedException {
    // One by one: given several words, dash looks for the first alone. The shell itself shows that
    // what is there is found.
    Said found = debian.shell("for name in sh java javac nvidia-smi; do command -v $name; done");
    assertEquals(1, found.out().size(), found::toString);
    assertTrue(found.out().getFirst().endsWith("/sh"), found::toString);
    Said files =
        debian.shell(
            "find / -xdev -name 'libcuda*' -o -xdev -name 'libcublas*' -o -xdev -name libjvm.so");
    assertEquals(
        1,
        files.out().size(),
        () -> "one libjvm.so, the bundle's own, and no library of NVIDIA's: " + files);
    assertTrue(files.out().getFirst().startsWith(Engine.HOME), files::toString);
  }

  @Test
  void digitsTrainOnAutoWithOneWarning() throws IOException, InterruptedException {
    Said said =
        debian.shell(
            "mkdir /digits && cd /digits && tandem train $TANDEM_HOME/examples/digits.yaml");
    assertEquals(0, said.code(), said::toString);
    assertEquals(List.of(PASSED_OVER), said.err(), said::toString);
    assertAccurate(said);
    Said files = debian.shell("ls /digits/runs/digits-1");
    assertTrue(
        files
            .out()
            .containsAll(List.of("config.yaml", "metrics.jsonl", "model.safetensors", "run.json")),
        files::toString);
  }

  /** On 359 digits that it never saw; seeds reach 97.8 to 99.2 %. */
  static void assertAccurate(Said said) {
    Matcher accuracy = ACCURACY.matcher(said.out().getLast());
    assertTrue(accuracy.matches(), said::toString);
    assertTrue(Double.parseDouble(accuracy.group(1)) >= 97, said::toString);
  }

  @Test
  void cudaIsRefusedWithTheReason() throws IOException, InterruptedException {
    Said said =
        debian.shell("cd /tmp && tandem train $TANDEM_HOME/examples/digits.yaml --backend cuda");
    assertEquals(2, said.code(), said::toString);
    assertEquals(List.of("backend: cuda cannot be used here: " + NO_DRIVER), said.err());
    assertEquals(List.of(), said.out());
    assertEquals(List.of(), debian.shell("ls -d /tmp/runs 2>/dev/null").out(), "no run was begun");
  }

  @Test
  void devicesTellsWhatIsMissing() throws IOException, InterruptedException {
    Said said = debian.shell("tandem devices");
    assertEquals(0, said.code(), said::toString);
    assertEquals(List.of("cuda: cannot be used", "  " + NO_DRIVER), said.out().subList(0, 2));
    assertEquals("backend: auto takes cpu", said.out().getLast());
  }

  @Test
  void theLauncherIsFoundThroughLinksAndInFoldersWithSpaces()
      throws IOException, InterruptedException {
    Said said =
        debian.shell(
            """
            mkdir '/a b' && cp -r "$TANDEM_HOME" '/a b/tandem' && ln -s '/a b/tandem/bin/tandem' /usr/bin/first
            cd /usr/bin && ln -s first second && cd / && second --version && cd '/a b/tandem/bin' && ./tandem --version \
            && sh tandem --version\
            """);
    assertEquals(0, said.code(), said::toString);
    assertEquals(6, said.out().size(), said::toString);
    assertTrue(said.out().getFirst().startsWith("tandem "), said::toString);
  }

  @Test
  void aConfigWithAMistakeIsRefusedAsEverywhere() throws IOException, InterruptedException {
    Said said =
        debian.shell("tandem train $TANDEM_HOME/examples/digits.yaml --set optimizer.rate=1");
    assertEquals(2, said.code(), said::toString);
    assertTrue(said.err().getFirst().contains("unknown key"), said::toString);
  }
}
