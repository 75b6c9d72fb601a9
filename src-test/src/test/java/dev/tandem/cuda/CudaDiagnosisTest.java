package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Availability;
import dev.tandem.backend.BackendException;
import dev.tandem.cuda.driver.Device;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What {@code tandem devices} says of CUDA. */
final class CudaDiagnosisTest {
  private static List<String> lines(EmulatorOptions gpu) {
    try (EmulatedDriver driver = EmulatedDriver.open(gpu)) {
      return CudaDiagnosis.of(driver, "cuBLAS of the test", n -> CudaOptions.standard("cuda:" + n));
    }
  }

  private static void assertLine(String pattern, String line) {
    assertTrue(line.matches(pattern), () -> line + " is not " + pattern);
  }

  @Test
  void aDeviceIsDescribedLoadedAndTried() {
    List<String> lines = lines(EmulatorOptions.standard().withMemory(1L << 30));
    assertEquals(5, lines.size(), lines::toString);
    assertEquals("driver: CUDA 13.0, by software GPU", lines.get(0));
    assertEquals("cuBLAS of the test", lines.get(1));
    assertLine("cuda:0: .*, compute capability 8\\.0, 1\\.0 GiB", lines.get(2));
    assertLine(
        "cuda:0: \\d\\.\\d GiB free; PTX of " + Kernel.values().length + " kernels loads, in .* s",
        lines.get(3));
    assertLine(
        "cuda:0: self-test: 5 ops agree with plain loops to \\d\\.\\de-0[678], in .* s",
        lines.get(4));
  }

  @Test
  void aDeviceThatTheKernelsDoNotFitIsNamed() {
    EmulatorOptions turing = EmulatorOptions.standard().withComputeCapability(75);
    String reason =
        "the kernels need compute capability 8.0, Ampere or newer, got Tandem software GPU, compute capability 7.5,"
            + " 4.0 GiB; use another GPU, or the CPU backend";
    assertEquals("cuda:0: cannot be used: " + reason, lines(turing).getLast());
    try (EmulatedDriver old = EmulatedDriver.open(turing);
        EmulatedDriver fit = EmulatedDriver.open()) {
      BackendException refusal =
          assertThrows(
              BackendException.class,
              () -> CudaBackend.open(old, 0, CudaOptions.standard("cuda:0")));
      assertEquals("backend: cuda:0 cannot be used: " + reason, refusal.getMessage());
      Device first = old.devices().getFirst();
      assertEquals(Optional.of(reason), CudaBackendProvider.unfit(List.of(first, first)));
      assertEquals(
          Optional.empty(),
          CudaBackendProvider.unfit(List.of(first, fit.devices().getFirst())),
          "one that will do is enough");
    }
  }

  @Test
  void aDeviceWithoutRoomIsNamed() {
    List<String> lines = lines(EmulatorOptions.standard().withMemory(4L << 20));
    assertLine("cuda:0: cannot be used: .*CUDA_ERROR_OUT_OF_MEMORY.*", lines.getLast());
  }

  @Test
  void aSwitchThatCannotBeReadIsALineToo() {
    try (EmulatedDriver driver = EmulatedDriver.open(EmulatorOptions.standard())) {
      List<String> lines =
          CudaDiagnosis.of(
              driver,
              "cuBLAS of the test",
              _ -> {
                throw new IllegalArgumentException("TANDEM_CUDA_MEMORY: not a size, got 'x'");
              });
      assertEquals(
          "cuda:0: cannot be used: TANDEM_CUDA_MEMORY: not a size, got 'x'", lines.getLast());
    }
  }

  /** Where there is no GPU, the provider's own words; where there is one, its lines. */
  @Test
  void theProviderSaysWhatItFound() {
    CudaBackendProvider provider = new CudaBackendProvider();
    Availability availability = provider.probe();
    List<String> lines = provider.diagnosis();
    if (availability.usable()) {
      assertLine("driver: CUDA .*", lines.getFirst());
      assertTrue(lines.size() >= 5, lines::toString);
    } else {
      assertEquals(availability.reason(), lines.getFirst());
    }
  }
}
