package dev.tandem.cuda;

import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.EmulatorOptions.Sanitizer;
import org.junit.jupiter.api.Test;

/**
 * The conformance cases on a backend that keeps memory, as it is used, and counts every element in 64 bits; and that none of the
 * catalogue's kernels is left that nothing has launched and compared.
 */
final class EveryKernelRunsTest {
  /** Races are OpConformanceTest's to find, on the same cases. */
  private static final EmulatorOptions DEVICE =
      EmulatorOptions.standard().withMemory(1L << 30).withSanitizer(Sanitizer.MEMORY);

  @Test
  void everyKernelRuns() {
    try (Emulated gpu = Emulated.open(EveryKernel.OPTIONS, DEVICE)) {
      EveryKernel.run(gpu.backend());
    }
  }
}
