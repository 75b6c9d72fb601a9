package dev.tandem.cuda.driver;

import dev.tandem.backend.Availability;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.JCudaDriver;

/**
 * What this machine has of CUDA, found out without JCuda, whose classes answer a missing driver with an
 * {@code UnsatisfiedLinkError} and can then not be tried again.
 */
public final class CudaProbe {
  private static final Path KERNEL_MODULE = Path.of("/proc/driver/nvidia/version");
  private static final Pattern MODULE_VERSION =
      Pattern.compile("Kernel Module.*?\\s(\\d+\\.[\\d.]+)");

  private CudaProbe() {}

  /** Whether {@link JcudaDriver#open()} will succeed, in the sentence that it says where it does not. */
  public static Availability probe() {
    try {
      Diagnosis diagnosis = diagnose();
      if (diagnosis.error().isPresent()) {
        return Availability.no(diagnosis.sentence());
      }
      loadBinding();
      return Availability.yes(diagnosis.sentence());
    } catch (DriverException e) {
      return Availability.no(e.getMessage());
    }
  }

  /** The newest CUDA version that the driver supports, as {@link Driver#version}; 0 where there is no driver. */
  public static int driverVersion() {
    return LibCuda.find().map(library -> read(library, "cuDriverGetVersion")).orElse(0);
  }

  /**
   * Sees to it that JCuda can be called.
   *
   * @return the driver's library
   * @throws DriverException saying what is missing
   */
  static SymbolLookup require() {
    Diagnosis diagnosis = diagnose();
    if (diagnosis.error().isPresent()) {
      throw new DriverException("cuInit", diagnosis.error().get(), diagnosis.sentence());
    }
    loadBinding();
    return LibCuda.find().orElseThrow();
  }

  private static void loadBinding() {
    // Codes are checked by Calls, which says more than JCuda's exceptions; cuModuleLoadDataJIT
    // throws none at all.
    Natives.load(Natives.Library.DRIVER, () -> JCudaDriver.setExceptionsEnabled(false));
  }

  private static Diagnosis diagnose() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String platform = system + " on " + System.getProperty("os.arch");
    Optional<String> module = kernelModule();
    Optional<String> visible = Optional.ofNullable(System.getenv("CUDA_VISIBLE_DEVICES"));
    Diagnosis.Machine machine = new Diagnosis.Machine(platform, module, visible);
    if (!machine.supported()) {
      return Diagnosis.of(machine, Optional.empty());
    }
    return Diagnosis.of(machine, LibCuda.find().map(CudaProbe::ask));
  }

  private static Diagnosis.Answers ask(SymbolLookup library) {
    MethodHandle init = LibCuda.bind(library, "cuInit", ValueLayout.JAVA_INT);
    int version = read(library, "cuDriverGetVersion"); // needs no cuInit
    int code = LibCuda.call(() -> (int) init.invokeExact(0));
    int devices = code == 0 ? read(library, "cuDeviceGetCount") : 0;
    return new Diagnosis.Answers(version, code, devices);
  }

  /** The int that a function writes; 0 where it fails. */
  private static int read(SymbolLookup library, String name) {
    MethodHandle function = LibCuda.bind(library, name, ValueLayout.ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = arena.allocate(ValueLayout.JAVA_INT);
      int code = LibCuda.call(() -> (int) function.invokeExact(answer));
      return code == 0 ? answer.get(ValueLayout.JAVA_INT, 0) : 0;
    }
  }

  /** The version of the loaded NVIDIA kernel module. */
  private static Optional<String> kernelModule() {
    try {
      return moduleVersion(Files.readString(KERNEL_MODULE));
    } catch (IOException _) { // not loaded, or not shown in this container
      return Optional.empty();
    }
  }

  /** The version in the text of /proc/driver/nvidia/version. */
  static Optional<String> moduleVersion(String text) {
    Matcher matcher = MODULE_VERSION.matcher(text);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }
}
