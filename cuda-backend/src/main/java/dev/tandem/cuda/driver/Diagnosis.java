package dev.tandem.cuda.driver;

import java.util.Optional;

/**
 * Whether a machine can run CUDA, in one sentence that names what is missing and what to do.
 *
 * @param error what is wrong, or empty where nothing is
 */
record Diagnosis(Optional<DriverError> error, String sentence) {
  /** The oldest driver that runs CUDA 12, for sentences. */
  static final String OLDEST_DRIVER = "NVIDIA driver 525.60.13 or newer";

  private static final int OLDEST_VERSION = 12000;

  /**
   * What a machine shows without its driver being asked.
   *
   * @param platform {@code "linux on amd64"}
   * @param kernelModule the version of the loaded NVIDIA kernel module
   * @param visibleDevices the environment's CUDA_VISIBLE_DEVICES
   */
  record Machine(String platform, Optional<String> kernelModule, Optional<String> visibleDevices) {
    /** Whether JCuda's native libraries exist for it. */
    boolean supported() {
      return platform.equals("linux on amd64");
    }
  }

  /**
   * What libcuda.so.1 answered.
   *
   * @param version of {@code cuDriverGetVersion}, 0 where it failed
   * @param code of {@code cuInit}
   * @param devices of {@code cuDeviceGetCount}, 0 where it failed
   */
  record Answers(int version, int code, int devices) {}

  /**
   * Looks at what was found, the first cause first.
   *
   * @param answers of the driver's library, or empty where there is none
   */
  static Diagnosis of(Machine machine, Optional<Answers> answers) {
    if (!machine.supported()) {
      return no(
          DriverError.NO_BINDING,
          "the CUDA backend runs on Linux on x86-64, and this is "
              + machine.platform()
              + "; use the CPU backend here");
    }
    if (answers.isEmpty()) {
      return no(DriverError.NO_DRIVER, withoutLibrary(machine));
    }
    int version = answers.get().version();
    if (version != 0 && version < OLDEST_VERSION) {
      return no(
          DriverError.DRIVER_TOO_OLD,
          "the driver supports CUDA %s at most, and CUDA 12.0 is needed; install %s"
              .formatted(dotted(version), OLDEST_DRIVER));
    }
    int code = answers.get().code();
    if (code != 0) {
      DriverError error = DriverError.ofCuda(code);
      return no(error, notStarting(error, code, machine));
    }
    int devices = answers.get().devices();
    if (devices == 0) {
      return no(DriverError.CUDA_ERROR_NO_DEVICE, withoutDevice(machine));
    }
    String found = "found %d %s, and a driver for CUDA %s";
    return new Diagnosis(
        Optional.empty(), found.formatted(devices, devices == 1 ? "GPU" : "GPUs", dotted(version)));
  }

  /** A version as CUDA writes it, 12080, as people do: 12.8. */
  static String dotted(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  private static Diagnosis no(DriverError error, String sentence) {
    return new Diagnosis(Optional.of(error), sentence);
  }

  private static String withoutLibrary(Machine machine) {
    return machine
        .kernelModule()
        .map(version ->
            "NVIDIA's kernel module "
                + version
                + " is loaded, but libcuda.so.1 was not found; in a container, start it with --gpus all and the"
                + " NVIDIA Container Toolkit, else install the driver's libraries of that version")
        .orElse(
            "libcuda.so.1 was not found; install " + OLDEST_DRIVER + ", or use the CPU backend");
  }

  private static String notStarting(DriverError error, int code, Machine machine) {
    String module = machine.kernelModule().map(version -> " " + version).orElse("");
    return switch (error) {
      case CUDA_ERROR_NO_DEVICE -> withoutDevice(machine);
      case CUDA_ERROR_STUB_LIBRARY ->
          "the libcuda.so.1 found first is the CUDA toolkit's stub for linkers; take its folder, .../lib64/stubs,"
              + " off LD_LIBRARY_PATH";
      case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ->
          "libcuda.so.1 is of another version than the loaded kernel module"
              + module
              + "; reboot, or in a container take the libcuda of the host";
      case CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE ->
          "libcuda.so.1 is a forward compatibility package, which this GPU does not take; take it off LD_LIBRARY_PATH"
              + " and use the driver's own";
      case CUDA_ERROR_SYSTEM_NOT_READY ->
          "the system is not ready to start CUDA; on machines with NVSwitch, start nvidia-fabricmanager";
      case CUDA_ERROR_OPERATING_SYSTEM ->
          "the driver was refused by the operating system; see that /dev/nvidia* are there and may be read and written";
      case CUDA_ERROR_UNKNOWN ->
          "the driver does not start, CUresult "
              + code
              + "; run nvidia-smi, and reload nvidia_uvm or reboot where that works";
      default ->
          "the driver does not start, since %s (%s); run nvidia-smi"
              .formatted(error.meaning(), error.name());
    };
  }

  private static String withoutDevice(Machine machine) {
    return machine
        .visibleDevices()
        .map(visible ->
            "the driver sees no GPU, since CUDA_VISIBLE_DEVICES is '"
                + visible
                + "'; unset it, or name a GPU that nvidia-smi lists")
        .orElse(
            "the driver sees no GPU; run nvidia-smi, and in a container start it with --gpus all");
  }
}
