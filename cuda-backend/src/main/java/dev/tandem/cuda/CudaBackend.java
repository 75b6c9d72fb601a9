package dev.tandem.cuda;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.CapturedStep;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Cublas;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Queues ops on one stream of a device and returns; {@link #read} and {@link #finish} wait. Errors of a kernel show where the host
 * waits, and are told with the ops that were queued since it last did.
 */
public final class CudaBackend implements Backend {
  /** What the PTX is compiled for, see kernels/build.sh. */
  private static final int OLDEST_CAPABILITY = 80;

  private final CudaOptions options;
  private final Driver driver;
  private final boolean ownsDriver;
  private final Context context;
  private final Stream stream;
  private final Allocator allocator;
  private final Faults faults;
  private final Staging staging;
  private final Queue queue;
  private final Recent recent = new Recent();
  private final CudaOps ops;
  private Capture capture;
  private boolean closed;

  /** Whether the driver has failed, and that was told. */
  private boolean failed;

  private CudaBackend(Driver driver, Context context, CudaOptions options, boolean ownsDriver) {
    this.driver = driver;
    this.context = context;
    this.options = options;
    this.ownsDriver = ownsDriver;
    stream = context.stream();
    allocator = new Allocator(options.name(), context, stream, options.caching(), options.memory());
    faults = new Faults(options.name(), context, stream);
    staging = new Staging(context, stream);
    queue = new Queue(context, stream, allocator, faults, options);
    ops = new CudaOps(queue, options);
  }

  /**
   * A backend on a device of the driver, which stays the caller's to close.
   *
   * @param device its number
   * @throws BackendException naming the devices there are
   */
  public static CudaBackend open(Driver driver, int device, CudaOptions options) {
    return open(driver, device, options, false);
  }

  static CudaBackend open(Driver driver, int device, CudaOptions options, boolean ownsDriver) {
    List<Device> devices = driver.devices();
    if (device >= devices.size()) {
      throw new BackendException(
          "backend: there is no such GPU, got cuda:"
              + device
              + "; the driver has "
              + (devices.size() == 1 ? "cuda:0 alone" : "cuda:0 to cuda:" + (devices.size() - 1)));
    }
    Optional<String> unfit = unfit(devices.get(device));
    if (unfit.isPresent()) {
      throw new BackendException("backend: cuda:" + device + " cannot be used: " + unfit.get());
    }
    Context context = devices.get(device).open();
    try {
      return new CudaBackend(driver, context, options, ownsDriver);
    } catch (RuntimeException | Error e) {
      try {
        context.close(); // and with it what was made so far
      } catch (DriverException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  /** Why the kernels would not run on a device; empty where they do. */
  static Optional<String> unfit(Device device) {
    return device.computeCapability() >= OLDEST_CAPABILITY
        ? Optional.empty()
        : Optional.of(
            "the kernels need compute capability 8.0, Ampere or newer, got "
                + DeviceReport.of(device)
                + "; use another GPU, or the CPU backend");
  }

  @Override
  public String name() {
    return options.name();
  }

  /** {@code cuda:0: NVIDIA H200, compute capability 9.0, 139.8 GiB, jcuda 12.6.0, cuBLAS 13.1.0 by ffm: libcublas.so.13}. */
  @Override
  public String description() {
    return name()
        + ": "
        + DeviceReport.of(context.device())
        + ", driver "
        + driver.name()
        + ", cuBLAS "
        + Cublas.number(queue.blas().version())
        + " by "
        + queue.blas().name()
        + (options.tf32() ? ", F32 products in TF32" : "");
  }

  @Override
  public boolean supports(DType dtype) {
    return switch (dtype) {
      case F32, BF16, F16, I32, U8 -> true;
      case F64 -> false;
    };
  }

  @Override
  public boolean queues() {
    return true;
  }

  boolean closed() {
    return closed;
  }

  // ---- memory

  @Override
  public Buffer allocate(TensorType type) {
    requireOpen();
    if (!supports(type.dtype())) {
      throw new BackendException(
          name()
              + ": does not compute with this element type, got "
              + type
              + "; use F32, or the cpu backend");
    }
    try {
      DeviceBuffer buffer = new DeviceBuffer(this, type, allocator.tensor(type.bytes(), type));
      if (capture != null) {
        capture.makes(buffer);
      }
      return buffer;
    } catch (DriverException e) {
      throw told("no memory can be had, got " + type + "; " + e.getMessage(), e);
    }
  }

  void release(Block block, long bytes) {
    if (!closed) {
      allocator.giveTensor(block, bytes);
    }
  }

  @Override
  public void write(Buffer target, MemorySegment source) {
    DeviceBuffer buffer = sized("write", target, source);
    refuseInCapture("write", "writes to a tensor from the host", buffer);
    try {
      staging.write(buffer.address(), source);
    } catch (DriverException e) {
      throw told("write could not be queued, got " + buffer.type() + "; " + e.getMessage(), e);
    }
  }

  @Override
  public void read(Buffer source, MemorySegment target) {
    DeviceBuffer buffer = sized("read", source, target);
    refuseInCapture("read", "reads a tensor's values on the host", buffer);
    try {
      staging.read(buffer.address(), target, () -> await("read"));
    } catch (DriverException e) {
      throw told("read could not be queued, got " + buffer.type() + "; " + e.getMessage(), e);
    }
  }

  private DeviceBuffer sized(String call, Buffer buffer, MemorySegment host) {
    requireOpen();
    DeviceBuffer device = owned(buffer, call);
    if (host.byteSize() != device.bytes()) {
      throw new BackendException(
          name()
              + ": "
              + call
              + ": sizes differ, got "
              + host.byteSize()
              + " bytes on the host and "
              + device.bytes()
              + " on the device ("
              + device.type()
              + "); make them equal");
    }
    return device;
  }

  private DeviceBuffer owned(Buffer buffer, String call) {
    DeviceBuffer device = Operands.buffer(buffer);
    if (device.backend() != this) {
      throw new BackendException(
          name()
              + ": "
              + call
              + ": buffer belongs to another cuda backend, got one of "
              + device.backend().name()
              + "; copy through the host");
    }
    return device;
  }

  @Override
  public MemoryStatistics memory() {
    return allocator.statistics();
  }

  // ---- work

  @Override
  public void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    admit(op.name(), inputs);
    admit(op.name(), outputs);
    if (capture != null) {
      capture.calls(op, inputs, outputs);
    }
    try {
      ops.run(op, inputs, outputs);
    } catch (DriverException e) {
      throw failed(op.name(), inputs, e);
    }
    recent.add(op.name(), inputs);
  }

  @Override
  public void update(Update what, List<Operand> operands) {
    admit(what.name(), operands);
    if (capture != null) {
      capture.calls(what, operands, List.of());
    }
    try {
      ops.update(what, operands);
    } catch (DriverException e) {
      throw failed(what.name(), operands, e);
    }
    recent.add(what.name(), operands);
  }

  private void admit(String op, List<Operand> operands) {
    requireOpen();
    operands.forEach(operand -> owned(operand.buffer(), op));
  }

  private BackendException failed(String op, List<Operand> operands, DriverException cause) {
    List<TensorType> types = operands.stream().map(Operand::type).toList();
    return told(op + " could not be queued, got " + types + "; " + cause.getMessage(), cause);
  }

  /** A failure of the driver in our words. Closing need not tell of it again. */
  BackendException told(String sentence, DriverException cause) {
    failed = true;
    return new BackendException(name() + ": " + sentence, cause);
  }

  /** Tells of what fails in closing, where no call has told of a failure; after one, all closing fails. */
  void tellOnce(String sentence, DriverException cause) {
    if (!failed) {
      throw told(sentence, cause);
    }
  }

  @Override
  public void finish() {
    requireOpen();
    refuseInCapture("finish", "waits for the device", null);
    await("finish");
  }

  /** Waits for all queued work, and throws what went wrong in it. */
  private void await(String call) {
    try {
      faults.ask();
      stream.synchronize();
    } catch (DriverException e) {
      throw told(call + ": " + e.getMessage() + recent.told(), e);
    }
    recent.clear();
    faults.answer();
  }

  // ---- capture

  @Override
  public boolean captures() {
    return options.caching();
  }

  @Override
  public CapturedStep capture(Runnable step) {
    requireOpen();
    if (capture != null) {
      throw new BackendException(
          name()
              + ": capture: a step that is being captured captures another, got a capture; do one after the other");
    }
    if (!captures()) {
      throw new BackendException(
          name()
              + ": capture: memory is not kept for reuse on this backend, got a step to record; open it with caching");
    }
    capture = new Capture(this, stream, allocator, queue);
    try {
      return capture.of(step);
    } finally {
      capture = null;
    }
  }

  private void refuseInCapture(String call, String doing, DeviceBuffer buffer) {
    if (capture != null && capture.recording()) {
      throw new BackendException(
          name()
              + ": "
              + call
              + ": a step that "
              + doing
              + " cannot be captured, got "
              + (buffer == null ? call : buffer.type())
              + "; do it outside the step, between replays");
    }
  }

  /** Before a replay: what was closed meanwhile would be somebody else's memory. */
  void requireReplayable(List<DeviceBuffer> used, boolean faulting) {
    requireOpen();
    refuseInCapture("replay", "replays another", null);
    for (DeviceBuffer buffer : used) {
      if (!buffer.open()) {
        throw new BackendException(
            name()
                + ": replay: a tensor that the step uses was freed, got one of "
                + buffer.type()
                + "; keep it as long as the step, or capture again");
      }
    }
    if (faulting) {
      faults.suspectReplay();
    }
  }

  Faults faults() {
    return faults;
  }

  /** Tells of a replay in the messages of what fails later. */
  void replayed() {
    recent.add("a captured step", List.of());
  }

  // ---- for tests and reports

  /** How often each kernel was launched so far, replays of captured steps included. */
  public Map<Kernel, Long> launches() {
    return queue.launches();
  }

  private void requireOpen() {
    if (closed) {
      throw new BackendException(
          name() + ": backend is used after it was closed, got a call; open another one");
    }
  }

  /** @throws BackendException where something failed that no call has told of; all is given back nevertheless */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    List<Runnable> steps =
        List.of(
            stream::synchronize, // what is on its way reads memory that is given back now
            allocator::close,
            staging::close,
            faults::close,
            queue::close,
            ownsDriver ? driver::close : context::close);
    BackendException first = null;
    for (Runnable step : steps) {
      try {
        step.run();
      } catch (DriverException e) {
        if (first == null && !failed) {
          first = new BackendException(name() + ": close: " + e.getMessage(), e);
        } else if (first != null) {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
