package dev.tandem.ptx;

import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.Finding;
import java.util.List;
import java.util.Map;

/**
 * A driver whose one device is software: it executes the PTX that is loaded into it, and checks what a GPU does not.
 *
 * <p>Work given to a stream is done when somebody waits for it, not before, and no further than that waiting needs. So a
 * host that does not wait where it must reads old values here every time, not once in a thousand runs; and a stream that
 * forgot to await another's event finds its work undone.
 */
public final class EmulatedDriver implements Driver {
  /** The CUDA version it claims: that of the newest PTX it reads, ISA 9.0. */
  public static final int VERSION = 13000;

  private final EmulatedGpu gpu;
  private final EmulatedDevice device;

  private EmulatedDriver(EmulatorOptions options) {
    gpu = new EmulatedGpu(options);
    device = new EmulatedDevice(gpu);
  }

  /** A device as {@link EmulatorOptions#standard} describes it. */
  public static EmulatedDriver open() {
    return open(EmulatorOptions.standard());
  }

  public static EmulatedDriver open(EmulatorOptions options) {
    return new EmulatedDriver(options);
  }

  @Override
  public String name() {
    return "software GPU";
  }

  @Override
  public int version() {
    return VERSION;
  }

  @Override
  public List<Device> devices() {
    return List.of(device);
  }

  /** All that the sanitizer has found so far, in order. */
  public List<Finding> findings() {
    return gpu.sanitizer().findings();
  }

  /** PTX instructions executed so far, counted once for each thread. */
  public long instructions() {
    return gpu.instructions().values().stream().mapToLong(Long::longValue).sum();
  }

  /** The same for each kernel, by name. */
  public Map<String, Long> instructionsByKernel() {
    return gpu.instructions();
  }

  /** How often each kernel has been launched so far, replays of graphs included. */
  public Map<String, Long> launches() {
    return gpu.launches();
  }

  /** What kernels have printed so far. */
  public String printed() {
    return gpu.printed();
  }

  @Override
  public void close() {
    gpu.close();
  }
}
