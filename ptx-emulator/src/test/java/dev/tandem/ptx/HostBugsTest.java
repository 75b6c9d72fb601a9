package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.Finding;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Hosts that free memory too early, twice, or never, while the kernel is right. */
final class HostBugsTest {
  /** What is tested here, each at least twice. */
  static final Set<Finding.Kind> KINDS =
      Set.of(Finding.Kind.USE_AFTER_FREE, Finding.Kind.DOUBLE_FREE, Finding.Kind.LEAK);

  private static final int WORDS = 64;

  private static EmulatedDriver open() {
    return EmulatedDriver.open(EmulatorOptions.standard().collecting());
  }

  private static Module load(Gpu gpu) {
    return gpu.load("host.ptx", TestKernels.ptx("bugs/host.ptx"));
  }

  private static void copy(Gpu gpu, Module module, DeviceMemory from, DeviceMemory to) {
    Arguments arguments =
        new Arguments().address(from.address()).address(to.address()).int32(WORDS);
    gpu.stream().launch(module.function("copy_words"), LaunchShape.of(2, 32), arguments);
  }

  private static void synchronize(Gpu gpu) {
    try {
      gpu.stream().synchronize();
    } catch (DriverException lost) {
      gpu.lost();
    }
  }

  /** The first finding, which must be of this kind and tell where the kernel went. */
  private static void assertFound(EmulatedDriver driver, Finding.Kind kind, long address) {
    assertTrue(!driver.findings().isEmpty(), "not found");
    Finding finding = driver.findings().getFirst();
    assertEquals(kind, finding.kind(), finding.toString());
    assertEquals("copy_words", finding.kernel());
    assertTrue(finding.source().startsWith("host.cu:"), finding.toString());
    assertEquals(address, finding.address(), finding.toString());
  }

  @Test
  void readOfFreedMemory() {
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver)) {
      Module module = load(gpu);
      DeviceMemory from = gpu.zeros(WORDS * 4), to = gpu.allocate(WORDS * 4);
      gpu.stream().synchronize();
      from.close();
      copy(gpu, module, from, to);
      synchronize(gpu);
      assertFound(driver, Finding.Kind.USE_AFTER_FREE, from.address());
    }
  }

  @Test
  void writeOfFreedMemory() {
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver)) {
      Module module = load(gpu);
      DeviceMemory from = gpu.zeros(WORDS * 4), to = gpu.allocate(WORDS * 4);
      gpu.stream().synchronize();
      to.close();
      copy(gpu, module, from, to);
      synchronize(gpu);
      assertFound(driver, Finding.Kind.USE_AFTER_FREE, to.address());
    }
  }

  /** The same order as on the stream: what comes before the free is right, what comes after is not. */
  @Test
  void useAfterStreamOrderedFree() {
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver)) {
      Module module = load(gpu);
      DeviceMemory from = gpu.zeros(WORDS * 4), to = gpu.stream().allocate(WORDS * 4);
      copy(gpu, module, from, to);
      gpu.stream().free(to);
      gpu.stream().synchronize();
      assertEquals(List.of(), driver.findings(), "used, then freed");
      copy(gpu, module, from, to);
      synchronize(gpu);
      assertFound(driver, Finding.Kind.USE_AFTER_FREE, to.address());
    }
  }

  /** Another stream frees what this one still uses, and nothing orders the two. */
  @Test
  void freeInAnotherStreamsOrder() {
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver);
        Stream other = gpu.context().stream()) {
      Module module = load(gpu);
      DeviceMemory from = gpu.zeros(WORDS * 4), to = gpu.stream().allocate(WORDS * 4);
      gpu.stream().synchronize();
      copy(gpu, module, from, to);
      other.free(to);
      other.synchronize();
      synchronize(gpu);
      assertFound(driver, Finding.Kind.USE_AFTER_FREE, to.address());
    }
  }

  /** Closing twice is allowed; handing closed memory to a stream to be freed is not. */
  @Test
  void freedByTheStreamAfterClosing() {
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver)) {
      DeviceMemory memory = gpu.stream().allocate(WORDS * 4);
      memory.close();
      memory.close();
      gpu.stream().synchronize();
      assertEquals(List.of(), driver.findings(), "closed twice");
      assertThrows(DriverException.class, () -> gpu.stream().free(memory));
      Finding finding = driver.findings().getFirst();
      assertEquals(Finding.Kind.DOUBLE_FREE, finding.kind(), finding.toString());
      assertEquals(memory.address(), finding.address(), finding.toString());
    }
  }

  @Test
  void freedByTwoStreams() {
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver);
        Stream other = gpu.context().stream()) {
      DeviceMemory memory = gpu.stream().allocate(WORDS * 4);
      gpu.stream().free(memory);
      gpu.stream().synchronize();
      assertThrows(DriverException.class, () -> other.free(memory));
      Finding finding = driver.findings().getFirst();
      assertEquals(Finding.Kind.DOUBLE_FREE, finding.kind(), finding.toString());
      assertEquals(memory.address(), finding.address(), finding.toString());
    }
  }

  /** A variable of a module, and memory of another driver, are not a stream's to free. */
  @Test
  void freeOfAForeignAddress() {
    try (EmulatedDriver driver = open();
        Gpu gpu = new Gpu(driver);
        EmulatedDriver second = open();
        Gpu elsewhere = new Gpu(second)) {
      DeviceMemory variable = load(gpu).global("ownVariable");
      assertThrows(DriverException.class, () -> gpu.stream().free(variable));
      DeviceMemory foreign = elsewhere.stream().allocate(WORDS * 4);
      assertThrows(DriverException.class, () -> gpu.stream().free(foreign));
      foreign.close();
    }
  }

  @Test
  void leaks() {
    for (boolean ordered : new boolean[] {false, true}) {
      try (EmulatedDriver driver = open()) {
        Context context = driver.devices().getFirst().open();
        Stream stream = context.stream();
        DeviceMemory memory = ordered ? stream.allocate(1000) : context.allocate(1000);
        stream.close();
        context.close();
        assertEquals(1, driver.findings().size(), "one piece was not freed");
        Finding finding = driver.findings().getFirst();
        assertEquals(Finding.Kind.LEAK, finding.kind());
        assertEquals(memory.address(), finding.address());
        assertTrue(finding.message().contains("1000"), "tells how much: " + finding);
      }
    }
  }

  @Test
  void nothingIsFoundWhereAllIsFreed() {
    try (EmulatedDriver driver = open()) {
      try (Gpu gpu = new Gpu(driver)) {
        Module module = load(gpu);
        DeviceMemory from = gpu.upload(new int[WORDS]), to = gpu.stream().allocate(WORDS * 4);
        copy(gpu, module, from, to);
        assertArrayEquals(new int[WORDS], gpu.ints(to));
        gpu.stream().free(to);
      }
      assertEquals(List.of(), driver.findings());
    }
  }
}
