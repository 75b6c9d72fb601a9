package dev.tandem.cuda.driver;

import dev.tandem.backend.Availability;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.JCudaVersion;
import jcuda.driver.JCudaDriver;

/** The machine's own CUDA driver, called through JCuda. */
public final class JcudaDriver implements Driver {
  private final LibCuda library;
  private final String cublas;
  private final int version;
  private final List<Device> devices;
  private final Set<JcudaContext> contexts = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closed = new AtomicBoolean();

  private JcudaDriver(LibCuda library, String cublas) {
    this.library = library;
    this.cublas = cublas;
    int[] number = new int[1];
    Calls.check(JCudaDriver.cuInit(0), "cuInit");
    Calls.check(JCudaDriver.cuDriverGetVersion(number), "cuDriverGetVersion");
    version = number[0];
    Calls.check(JCudaDriver.cuDeviceGetCount(number), "cuDeviceGetCount");
    List<Device> found = new ArrayList<>();
    for (int i = 0; i < number[0]; i++) {
      found.add(new JcudaDevice(this, i));
    }
    devices = List.copyOf(found);
  }

  /** Whether {@link #open()} is expected to succeed, in the sentence that it says where it does not. */
  public static Availability probe() {
    return CudaProbe.probe();
  }

  /**
   * The driver, with cuBLAS where it is usually found.
   *
   * @throws DriverException in one sentence, when this machine has no usable GPU
   */
  public static JcudaDriver open() {
    return open(null);
  }

  /**
   * The driver.
   *
   * @param cublas the binding, the library or both that {@link Context#blas} takes: {@code "ffm:/opt/cuda"}; null: what
   *     TANDEM_CUBLAS says
   * @throws DriverException in one sentence, when this machine has no usable GPU
   */
  public static JcudaDriver open(String cublas) {
    return new JcudaDriver(new LibCuda(CudaProbe.require()), cublas);
  }

  @Override
  public String name() {
    return "jcuda " + JCudaVersion.get();
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public List<Device> devices() {
    return devices;
  }

  @Override
  public void close() {
    if (!closed.getAndSet(true)) {
      Closing closing = new Closing();
      contexts.forEach(context -> closing.attempt(context::close));
      closing.finish();
    }
  }

  LibCuda library() {
    return library;
  }

  /** What the user said of cuBLAS, or null. */
  String cublas() {
    return cublas;
  }

  JcudaContext retain(JcudaDevice device) {
    if (closed.get()) {
      throw Calls.closed("cuDevicePrimaryCtxRetain", "driver");
    }
    JcudaContext context = new JcudaContext(this, device);
    contexts.add(context);
    return context;
  }

  void forget(JcudaContext context) {
    contexts.remove(context);
  }
}
