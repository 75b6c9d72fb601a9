package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.MathMode;
import dev.tandem.cuda.driver.Stream;
import java.util.EnumMap;
import java.util.Map;

/** The backend's stream, and all that ops need to give it work: kernels, products, copies, scratch memory. */
final class Queue implements AutoCloseable {
  /** For cuBLAS, as it asks for on Hopper and newer; older devices need less. */
  private static final long WORKSPACE_BYTES = 32L << 20;

  private static final long SMALL_WORKSPACE_BYTES = 8L << 20;
  private static final int HOPPER = 90;

  private final Stream stream;
  private final Allocator allocator;
  private final Kernels kernels;
  private final Faults faults;
  private final Blas blas;
  private final DeviceMemory workspace;
  private final long wideFrom;

  /** Blocks of {@link Launch#THREADS} that the device runs at a time. */
  private final int mostBlocks;

  private final Launch launch = new Launch(this);
  private final Map<Kernel, Long> launches = new EnumMap<>(Kernel.class);
  private Map<Kernel, Long> captured;

  Queue(Context context, Stream stream, Allocator allocator, Faults faults, CudaOptions options) {
    this.stream = stream;
    this.allocator = allocator;
    this.faults = faults;
    this.wideFrom = options.wideFrom();
    kernels = new Kernels(context);
    int multiprocessors = context.device().attribute(DeviceAttribute.MULTIPROCESSORS);
    int threads = context.device().attribute(DeviceAttribute.MAX_THREADS_PER_MULTIPROCESSOR);
    mostBlocks = Math.max(1, multiprocessors * (threads / Launch.THREADS));
    blas = context.blas();
    blas.stream(stream);
    blas.mathMode(options.tf32() ? MathMode.TF32 : MathMode.DEFAULT, true);
    // Of our own: repeatable results, and products that can be captured.
    workspace =
        context.allocate(
            context.device().computeCapability() >= HOPPER
                ? WORKSPACE_BYTES
                : SMALL_WORKSPACE_BYTES);
    blas.workspace(workspace.address(), workspace.bytes());
  }

  Blas blas() {
    return blas;
  }

  /** Begins a launch. */
  Launch kernel(Kernel kernel) {
    return launch.of(kernel);
  }

  void launch(Kernel kernel, LaunchShape shape, Arguments arguments) {
    stream.launch(kernels.function(kernel), shape.withShared(kernel.sharedBytes()), arguments);
    (captured == null ? launches : captured).merge(kernel, 1L, Long::sum);
  }

  /** Queues a product, or a batch of them. */
  void multiply(Product product) {
    blas.gemm(product.columnMajor());
  }

  /** Copies a tensor's elements. */
  void copy(Operand to, Operand from) {
    if (to.elements() > 0) {
      stream.copy(Operands.address(to), Operands.address(from), to.type().bytes());
    }
  }

  /** Writes zeros. */
  void zero(long address, long bytes) {
    if (bytes > 0 && bytes % 4 == 0) {
      stream.fill(address, 0, 4, bytes / 4);
    } else if (bytes > 0) {
      stream.fill(address, 0, 1, bytes);
    }
  }

  /** Writes a pattern of 1, 2 or 4 bytes so many times. */
  void fill(long address, int pattern, int patternBytes, long count) {
    if (count > 0) {
      stream.fill(address, pattern, patternBytes, count);
    }
  }

  /** Memory for the time of an op. @param what for, in messages */
  Scratch scratch(long bytes, String what) {
    return new Scratch(allocator, allocator.take(bytes, what), bytes);
  }

  Faults faults() {
    return faults;
  }

  /** From how many elements on kernels count them in 64 bits. */
  long wideFrom() {
    return wideFrom;
  }

  /** Blocks for so many threads in all, no more than the device is full with. */
  int blocks(long threads, int threadsPerBlock) {
    long wanted = Math.ceilDiv(threads, (long) threadsPerBlock);
    return (int) Math.clamp(wanted, 1, (long) mostBlocks * Launch.THREADS / threadsPerBlock);
  }

  // ---- counting

  /** How often each kernel was launched, replays included. */
  Map<Kernel, Long> launches() {
    return new EnumMap<>(launches);
  }

  /** From here on launches are recorded, and do not count as done. */
  void beginRecording() {
    captured = new EnumMap<>(Kernel.class);
  }

  /** The launches recorded. */
  Map<Kernel, Long> endRecording() {
    Map<Kernel, Long> recorded = captured;
    captured = null;
    return recorded;
  }

  /** Counts what a replay launches. */
  void replayed(Map<Kernel, Long> recorded) {
    recorded.forEach((kernel, count) -> launches.merge(kernel, count, Long::sum));
  }

  @Override
  public void close() {
    blas.close();
    workspace.close();
  }
}
