package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.Finding;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Kernels with one bug each, and the same kernels without it. Every bug is found and named: what, which kernel, which lines,
 * who, where; and nothing is found in any of the right ones, which give the right result besides.
 */
final class PlantedBugsTest {
  /** A launch that would never end is given up after so many warp instructions; the longest right one takes thousands. */
  private static final long STEP_LIMIT = 300_000;

  private static final Pattern ENTRY = Pattern.compile("\\.entry (\\w+)_bug\\(");

  private static List<PlantedBug> bugs() {
    return Stream.concat(MemoryBugs.all().stream(), OrderBugs.all().stream()).toList();
  }

  private static EmulatedDriver open() {
    return EmulatedDriver.open(EmulatorOptions.standard().collecting().withStepLimit(STEP_LIMIT));
  }

  @TestFactory
  Stream<DynamicTest> finds() {
    return bugs().stream().map(bug -> DynamicTest.dynamicTest(bug.toString(), () -> find(bug)));
  }

  private static void find(PlantedBug bug) {
    String ptx = TestKernels.ptx("bugs/" + bug.file + ".ptx");
    long address;
    List<Finding> findings;
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver)) {
      Module module = gpu.load(bug.file + ".ptx", ptx);
      PlantedBug.Memory memory = bug.allocate(gpu);
      address = bug.address(memory);
      try {
        bug.launch(gpu, module.function(bug.name + "_bug"), memory);
      } catch (DriverException lost) {
        // As on a device: what it cannot do ends the launch. What was found before that is there to
        // be read.
        gpu.lost();
      }
      findings = List.copyOf(driver.findings());
    }
    assertFalse(findings.isEmpty(), "not found");
    for (Finding finding : findings) {
      assertTrue(
          finding.kind() == bug.kind
              || bug.alsoUninitialised && finding.kind() == Finding.Kind.UNINITIALISED,
          "another kind: " + finding);
      assertEquals(bug.name + "_bug", finding.kernel(), "kernel: " + finding);
      assertTrue(lines(ptx, bug).contains(finding.ptxLine()), "PTX line: " + finding);
      assertTrue(
          sources(bug).contains(finding.source()),
          "expected one of " + sources(bug) + ": " + finding);
      assertTrue(inside(bug, finding), "block or thread not of the launch: " + finding);
      assertFalse(finding.message().isBlank(), "no message: " + finding);
    }
    assertTrue(
        findings.stream().anyMatch(finding -> matches(bug, finding, address)),
        "expected block "
            + bug.block
            + ", thread "
            + bug.thread
            + ", address 0x"
            + Long.toHexString(address)
            + ", got "
            + findings);
  }

  private static boolean inside(PlantedBug bug, Finding finding) {
    return finding.block().x() >= 0
        && finding.block().x() < bug.shape.gridX()
        && finding.thread().x() >= 0
        && finding.thread().x() < bug.shape.blockX();
  }

  private static boolean matches(PlantedBug bug, Finding finding, long address) {
    return bug.kind == finding.kind()
        && (bug.block < 0 || bug.block == finding.block().x())
        && (bug.thread < 0 || bug.thread == finding.thread().x())
        && (bug.from == PlantedBug.From.ANYWHERE || address == finding.address());
  }

  /** Lines of the PTX that belong to the kernel, or to a function that it may have called. */
  private static Set<Integer> lines(String ptx, PlantedBug bug) {
    String[] lines = ptx.split("\n", -1);
    Set<Integer> own = new TreeSet<>();
    boolean inside = false;
    for (int i = 0; i < lines.length; i++) {
      if (lines[i].contains(".entry ") || lines[i].startsWith(".func")) {
        inside = lines[i].contains(".entry " + bug.name + "_bug(") || lines[i].startsWith(".func");
      }
      if (inside) {
        own.add(i + 1);
      }
    }
    return own;
  }

  /** Lines of the source that are marked as the bug's, as findings name them; an empty name without line info. */
  private static Set<String> sources(PlantedBug bug) {
    String[] lines =
        new String(TestKernels.source("bugs/" + bug.file + ".cu"), StandardCharsets.UTF_8)
            .split("\n", -1);
    Set<String> marked =
        IntStream.range(0, lines.length)
            .filter(i -> lines[i].endsWith("// BUG " + bug.name))
            .mapToObj(i -> bug.file + ".cu:" + (i + 1))
            .collect(Collectors.toCollection(TreeSet::new));
    return marked.isEmpty() ? Set.of("") : marked;
  }

  @TestFactory
  Stream<DynamicTest> findsNothingInTheTwins() {
    return bugs().stream().map(bug -> DynamicTest.dynamicTest(bug.name + "_ok", () -> pass(bug)));
  }

  private static void pass(PlantedBug bug) {
    try (EmulatedDriver driver = open()) {
      try (Gpu gpu = new Gpu(driver)) {
        Module module = gpu.load(bug.file + ".ptx", TestKernels.ptx("bugs/" + bug.file + ".ptx"));
        PlantedBug.Memory memory = bug.allocate(gpu);
        bug.launch(gpu, module.function(bug.name + "_ok"), memory);
        assertArrayEquals(bug.expected, Arrays.copyOf(gpu.ints(memory.out()), bug.expected.length));
      }
      assertEquals(List.of(), driver.findings(), "a right kernel, and yet findings");
    }
  }

  @Test
  void everyPairIsTested() {
    Set<String> planted = new TreeSet<>();
    for (String file : TestKernels.names("bugs")) {
      Matcher entry = ENTRY.matcher(TestKernels.ptx("bugs/" + file + ".ptx"));
      while (entry.find()) {
        planted.add(entry.group(1));
      }
    }
    assertEquals(
        planted,
        bugs().stream().map(bug -> bug.name).collect(Collectors.toCollection(TreeSet::new)));
    for (PlantedBug bug : bugs()) {
      assertEquals(
          bug.file.equals("no_lines"), sources(bug).contains(""), "marked line of " + bug.name);
    }
  }

  /** Those of the host alone are in {@link HostBugsTest}. */
  @Test
  void everyKindIsThereTwice() {
    Map<Finding.Kind, Integer> counts = new EnumMap<>(Finding.Kind.class);
    bugs().forEach(bug -> counts.merge(bug.kind, 1, Integer::sum));
    HostBugsTest.KINDS.forEach(kind -> counts.merge(kind, 2, Integer::sum));
    for (Finding.Kind kind : Finding.Kind.values()) {
      assertTrue(counts.getOrDefault(kind, 0) >= 2, kind + ": " + counts.get(kind));
    }
  }
}
