package dev.tandem.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;

/** A device's primary context, and all that was made in it here. */
final class JcudaContext implements Context {
  private static final int JIT_LOG_BYTES = 16 << 10;

  /** {@code CU_MEMPOOL_ATTR_RELEASE_THRESHOLD} of cuda.h. */
  private static final int RELEASE_THRESHOLD = 4;

  private final JcudaDriver driver;
  private final JcudaDevice device;
  private final Handles.ContextHandle handle = new Handles.ContextHandle();
  private final Set<JcudaResource> resources = ConcurrentHashMap.newKeySet();
  private final Queue<Blas> blas = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  JcudaContext(JcudaDriver driver, JcudaDevice device) {
    this.driver = driver;
    this.device = device;
    Calls.check(
        JCudaDriver.cuDevicePrimaryCtxRetain(handle, device.handle()),
        () -> "cuDevicePrimaryCtxRetain of " + device);
  }

  /**
   * Makes this the calling thread's context. The driver is asked each time which one that is: a note of our own would be
   * wrong as soon as another library of the process switched, and asking reads no more than a thread-local of the driver's.
   * What was current before is not restored, as with the CUDA runtime, which shares this context.
   */
  void enter() {
    if (closed.get()) {
      throw Calls.closed("cuCtxSetCurrent", "context");
    }
    makeCurrent();
  }

  private void makeCurrent() {
    Handles.ContextHandle current = new Handles.ContextHandle();
    Calls.check(JCudaDriver.cuCtxGetCurrent(current), "cuCtxGetCurrent");
    if (current.raw() != handle.raw()) {
      Calls.check(JCudaDriver.cuCtxSetCurrent(handle), "cuCtxSetCurrent");
    }
  }

  /** Whether both are the primary context of one device. */
  boolean same(JcudaContext other) {
    return handle.raw() == other.handle.raw();
  }

  LibCuda library() {
    return driver.library();
  }

  void forget(JcudaResource resource) {
    resources.remove(resource);
  }

  /** Takes what was made elsewhere to be closed with the context. */
  <T extends JcudaResource> T adopt(T made) {
    resources.add(made);
    return made;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public Module load(String name, String ptx) {
    enter();
    CUmodule module = new CUmodule();
    JITOptions options = new JITOptions();
    options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, JIT_LOG_BYTES);
    options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[JIT_LOG_BYTES]);
    int code;
    // Native memory: JCuda would pin a Java array for as long as the compiler runs, and with it the
    // garbage collector.
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(ptx, StandardCharsets.UTF_8);
      code =
          JCudaDriver.cuModuleLoadDataJIT(module, new Handles.HostAddress(text.address()), options);
    }
    if (code != 0) {
      DriverException failure = Calls.failure(code, "cuModuleLoadDataEx of " + name);
      String log = options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER).strip();
      throw log.isEmpty()
          ? failure
          : new DriverException(failure.operation(), failure.error(), "the compiler says:\n" + log);
    }
    return adopt(new JcudaModule(this, name, module));
  }

  @Override
  public Stream stream() {
    enter();
    Handles.StreamHandle stream = new Handles.StreamHandle();
    Calls.check(
        JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "cuStreamCreate");
    return adopt(new JcudaStream(this, stream));
  }

  @Override
  public Event event(boolean timing) {
    enter();
    return adopt(JcudaEvent.create(this, timing));
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    enter();
    String operation = "cuMemAlloc of " + bytes + " bytes";
    requireBytes(operation, bytes);
    Handles.DeviceAddress address = new Handles.DeviceAddress();
    Calls.check(JCudaDriver.cuMemAlloc(address, bytes), operation);
    return adopt(new JcudaMemory(this, address.raw(), bytes));
  }

  /** Memory in the order of a stream, whose context is entered. */
  DeviceMemory allocate(JcudaStream stream, long bytes) {
    String operation = "cuMemAllocAsync of " + bytes + " bytes";
    requireBytes(operation, bytes);
    Handles.DeviceAddress address = new Handles.DeviceAddress();
    Calls.check(JCudaDriver.cuMemAllocAsync(address, bytes, stream.raw()), operation);
    return adopt(new JcudaOrderedMemory(stream, address.raw(), bytes));
  }

  @Override
  public PinnedMemory pin(long bytes) {
    enter();
    requireBytes("cuMemHostAlloc of " + bytes + " bytes", bytes);
    return adopt(new JcudaPinned(this, library().allocateHost(bytes, 0), bytes));
  }

  @Override
  public MemoryInfo memory() {
    enter();
    long[] free = new long[1];
    long[] total = new long[1];
    Calls.check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
    return new MemoryInfo(free[0], total[0]);
  }

  @Override
  public void keepFreed(long bytes) {
    enter();
    requireNotNegative("cuMemPoolSetAttribute", bytes);
    long pool = library().pool(device.ordinal());
    library().setPoolAttribute(pool, RELEASE_THRESHOLD, bytes);
  }

  @Override
  public void trim(long bytesKept) {
    enter();
    requireNotNegative("cuMemPoolTrimTo", bytesKept);
    library().trimPool(library().pool(device.ordinal()), bytesKept);
  }

  @Override
  public void synchronize() {
    enter();
    Calls.check(JCudaDriver.cuCtxSynchronize(), "cuCtxSynchronize");
  }

  @Override
  public Blas blas() {
    enter();
    Blas opened = Cublas.open(this::enter, this::admit, driver.version(), driver.cublas());
    blas.add(opened);
    return opened;
  }

  /** Keeps cuBLAS from a stream of another driver, whose number it would follow, or of another device. */
  private void admit(Stream stream) {
    if (!(stream instanceof JcudaStream own) || !own.context().same(this)) {
      throw Calls.invalid(
          "cublasSetStream", "the stream is of another driver or device; use one of " + device);
    }
  }

  @Override
  public void close() {
    if (closed.get()) {
      return;
    }
    Closing closing = new Closing();
    closing.attempt(this::enter);
    // Captures first: while one is on, this thread may not wait, and what is freed would be
    // recorded.
    resources.forEach(resource -> {
      if (resource instanceof JcudaStream stream) {
        closing.attempt(stream::abandonCapture);
      }
    });
    closing.attempt(this::synchronize);
    blas.forEach(handle -> closing.attempt(handle::close));
    List<JcudaResource> left = new ArrayList<>(resources);
    left.sort(Comparator.comparing(JcudaResource::turn));
    left.forEach(resource -> closing.attempt(resource::close));
    if (!closed.getAndSet(true)) {
      driver.forget(this);
      closing.attempt(() ->
          Calls.check(
              JCudaDriver.cuDevicePrimaryCtxRelease(device.handle()), "cuDevicePrimaryCtxRelease"));
    }
    closing.finish();
  }

  private static void requireBytes(String operation, long bytes) {
    if (bytes <= 0) {
      throw Calls.invalid(operation, "ask for at least 1 byte");
    }
  }

  private static void requireNotNegative(String operation, long bytes) {
    if (bytes < 0) {
      throw Calls.invalid(operation, "got " + bytes + " bytes; pass at least 0");
    }
  }
}
