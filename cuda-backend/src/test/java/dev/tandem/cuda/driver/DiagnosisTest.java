package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Diagnosis.Answers;
import dev.tandem.cuda.driver.Diagnosis.Machine;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** For each thing that can be missing, the error and the words by which a user finds out what to do. */
final class DiagnosisTest {
  private static final Optional<String> NONE = Optional.empty();
  private static final Machine PLAIN = new Machine("linux on amd64", NONE, NONE);
  private static final Machine LOADED =
      new Machine("linux on amd64", Optional.of("550.54.15"), NONE);

  private static void assertDiagnosis(DriverError error, Diagnosis diagnosis, String... words) {
    assertEquals(Optional.ofNullable(error), diagnosis.error(), diagnosis.sentence());
    for (String word : words) {
      assertTrue(diagnosis.sentence().contains(word), diagnosis.sentence());
    }
    assertFalse(diagnosis.sentence().contains("\n"), diagnosis.sentence());
    assertFalse(diagnosis.sentence().contains("null"), diagnosis.sentence());
  }

  private static Diagnosis of(Machine machine, int version, int code, int devices) {
    return Diagnosis.of(machine, Optional.of(new Answers(version, code, devices)));
  }

  @Test
  void usable() {
    assertDiagnosis(null, of(LOADED, 12080, 0, 1), "found 1 GPU, and a driver for CUDA 12.8");
    assertDiagnosis(null, of(LOADED, 13020, 0, 8), "found 8 GPUs, and a driver for CUDA 13.2");
    assertDiagnosis(null, of(LOADED, 12000, 0, 1), "12.0");
  }

  @Test
  void platform() {
    Machine mac = new Machine("mac os x on aarch64", NONE, NONE);
    assertDiagnosis(
        DriverError.NO_BINDING, Diagnosis.of(mac, Optional.empty()), "mac os x on aarch64", "CPU");
    Machine arm = new Machine("linux on aarch64", Optional.of("550.54.15"), NONE);
    assertDiagnosis(DriverError.NO_BINDING, of(arm, 12080, 0, 1), "linux on aarch64");
  }

  @Test
  void library() {
    assertDiagnosis(
        DriverError.NO_DRIVER,
        Diagnosis.of(PLAIN, Optional.empty()),
        "libcuda.so.1 was not found",
        "install NVIDIA driver 525.60.13 or newer");
    assertDiagnosis(
        DriverError.NO_DRIVER,
        Diagnosis.of(LOADED, Optional.empty()),
        "kernel module 550.54.15",
        "--gpus all",
        "NVIDIA Container Toolkit");
  }

  @Test
  void version() {
    assertDiagnosis(
        DriverError.DRIVER_TOO_OLD, of(LOADED, 11080, 0, 1), "CUDA 11.8", "525.60.13 or newer");
    // However it starts: an old driver is the first cause.
    assertDiagnosis(DriverError.DRIVER_TOO_OLD, of(LOADED, 11080, 999, 0), "CUDA 11.8");
  }

  @Test
  void start() {
    assertDiagnosis(
        DriverError.CUDA_ERROR_STUB_LIBRARY, of(PLAIN, 0, 34, 0), "stub", "LD_LIBRARY_PATH");
    assertDiagnosis(
        DriverError.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,
        of(LOADED, 12080, 803, 0),
        "550.54.15",
        "reboot");
    assertDiagnosis(
        DriverError.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE,
        of(LOADED, 12080, 804, 0),
        "forward compatibility");
    assertDiagnosis(
        DriverError.CUDA_ERROR_SYSTEM_NOT_READY, of(LOADED, 12080, 802, 0), "nvidia-fabricmanager");
    assertDiagnosis(
        DriverError.CUDA_ERROR_OPERATING_SYSTEM, of(LOADED, 12080, 304, 0), "/dev/nvidia*");
    assertDiagnosis(DriverError.CUDA_ERROR_UNKNOWN, of(LOADED, 12080, 999, 0), "999", "nvidia_uvm");
    assertDiagnosis(
        DriverError.CUDA_ERROR_OUT_OF_MEMORY,
        of(LOADED, 12080, 2, 0),
        "CUDA_ERROR_OUT_OF_MEMORY",
        "nvidia-smi");
  }

  @Test
  void devices() {
    assertDiagnosis(DriverError.CUDA_ERROR_NO_DEVICE, of(LOADED, 12080, 100, 0), "nvidia-smi");
    assertDiagnosis(DriverError.CUDA_ERROR_NO_DEVICE, of(LOADED, 12080, 0, 0), "nvidia-smi");
    Machine hidden = new Machine("linux on amd64", NONE, Optional.of("-1"));
    assertDiagnosis(
        DriverError.CUDA_ERROR_NO_DEVICE,
        of(hidden, 12080, 100, 0),
        "CUDA_VISIBLE_DEVICES is '-1'",
        "unset");
  }

  @Test
  void kernelModule() {
    assertEquals(
        Optional.of("550.54.15"),
        CudaProbe.moduleVersion(
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version:  gcc 12.2.0\n"));
    assertEquals(
        Optional.of("570.86.15"),
        CudaProbe.moduleVersion(
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@host)\n"));
    assertEquals(Optional.empty(), CudaProbe.moduleVersion(""));
  }
}
