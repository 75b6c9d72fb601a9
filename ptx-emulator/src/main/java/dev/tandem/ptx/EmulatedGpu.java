package dev.tandem.ptx;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.MemoryInfo;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.ptx.machine.Finding;
import dev.tandem.ptx.machine.GlobalMemory;
import dev.tandem.ptx.machine.KernelFault;
import dev.tandem.ptx.machine.Machine;
import dev.tandem.ptx.machine.Sanitizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What all contexts of the software GPU share, as a primary context is shared: memory, streams, the sanitizer, and the error
 * after which nothing works any more. All methods of the driver run under its monitor.
 */
final class EmulatedGpu {
  private final EmulatorOptions options;
  private final Sanitizer sanitizer;
  private final MemoryPool pool = new MemoryPool();
  private final List<EmulatedContext> contexts = new ArrayList<>();
  private final List<EmulatedStream> streams = new ArrayList<>();
  private final Map<String, Long> launches = new TreeMap<>();
  private final StringBuilder printed = new StringBuilder();
  private GlobalMemory memory;
  private DriverException broken;
  private long instructions;
  private long nextHandle = 1;
  private boolean closed;

  EmulatedGpu(EmulatorOptions options) {
    this.options = options;
    this.sanitizer = new Sanitizer(options);
  }

  EmulatorOptions options() {
    return options;
  }

  Sanitizer sanitizer() {
    return sanitizer;
  }

  GlobalMemory memory() {
    return memory;
  }

  /** What launches run on. */
  Machine machine() {
    return new Machine(options, memory, sanitizer, this::print);
  }

  synchronized long instructions() {
    return instructions;
  }

  synchronized Map<String, Long> launches() {
    return new TreeMap<>(launches);
  }

  synchronized String printed() {
    return printed.toString();
  }

  synchronized Context open(EmulatedDevice device) {
    if (closed) {
      throw new DriverException(
          "cuDevicePrimaryCtxRetain",
          DriverError.CUDA_ERROR_INVALID_HANDLE,
          "the driver was closed before");
    }
    if (contexts.isEmpty()) {
      memory = new GlobalMemory(options.memoryBytes(), sanitizer);
      pool.clear();
      sanitizer.drain(); // what the last context died of has been thrown
      broken = null;
    }
    EmulatedContext context = new EmulatedContext(this, device);
    contexts.add(context);
    return context;
  }

  /** Forgets a context, and with the last one all memory. */
  synchronized void closed(EmulatedContext context) {
    contexts.remove(context);
    if (contexts.isEmpty()) {
      memory.close();
    }
    report("cuDevicePrimaryCtxRelease");
  }

  /** Closes the contexts, and opens no more. */
  synchronized void close() {
    closed = true;
    Failures failures = new Failures();
    List.copyOf(contexts).forEach(context -> failures.attempt(context::close));
    failures.finish();
  }

  /** Whether a kernel has failed, after which nothing works. */
  boolean broken() {
    return broken != null;
  }

  /** Tells of memory that its owner has not freed. */
  void leaked(List<EmulatedMemory> left) {
    Set<Long> addresses = left.stream().map(EmulatedMemory::address).collect(Collectors.toSet());
    memory.leaks().stream()
        .filter(leak -> addresses.contains(leak.address()))
        .forEach(sanitizer::report);
  }

  /** A number for something that has none of its own. */
  synchronized long handle() {
    return nextHandle++;
  }

  void add(EmulatedStream stream) {
    streams.add(stream);
  }

  void remove(EmulatedStream stream) {
    streams.remove(stream);
  }

  /** Throws what has broken the context, if anything has. */
  void check(String operation) {
    if (broken != null) {
      throw new DriverException(
          operation, broken.error(), "the context is lost since " + broken.getMessage(), broken);
    }
  }

  /** A kernel failed: from now on every call says so, until the last context is closed. */
  void fail(String operation, KernelFault fault) {
    broken = new DriverException(operation, fault.error(), fault.getMessage(), fault);
    streams.forEach(EmulatedStream::abandon);
  }

  /** For calls that wait: throws if the context is broken, or if the sanitizer has something new to say. */
  void report(String operation) {
    check(operation);
    if (options.collect()) {
      return;
    }
    List<Finding> found = sanitizer.drain();
    if (!found.isEmpty()) {
      StringBuilder text = new StringBuilder();
      found.forEach(finding -> text.append(System.lineSeparator()).append("  ").append(finding));
      throw new DriverException(operation, DriverError.SANITIZER, found.size() + " new:" + text);
    }
  }

  /** Does all work of all streams. */
  void drain() {
    Failures failures = new Failures();
    streams.forEach(stream -> failures.attempt(stream::drain));
    failures.finish();
  }

  /** Whether any stream of the calling thread is being captured, which forbids calls that touch the whole device. */
  void refuseDuringCapture(String operation) {
    for (EmulatedStream stream : streams) {
      stream.refuseDuringCapture(operation, Thread.currentThread());
    }
  }

  void count(String kernel, long executed) {
    instructions += executed;
    launches.merge(kernel, 1L, Long::sum);
  }

  void print(String text) {
    synchronized (printed) {
      printed.append(text);
    }
  }

  /** What memory is for. */
  enum Use {
    PLAIN,
    /** Allocated in stream order: may reuse what was freed so and kept. */
    ORDERED,
    /** A module's variables: open to every kernel, and no leak. */
    MODULE
  }

  /** Takes memory, after doing pending work and giving back what the pool holds where that is what lacks. */
  long allocate(String operation, long bytes, Use use) {
    check(operation);
    if (bytes <= 0) {
      throw new DriverException(
          operation,
          DriverError.CUDA_ERROR_INVALID_VALUE,
          "got " + bytes + " bytes; ask for at least 1");
    }
    long reused = use == Use.ORDERED ? pool.take(bytes) : 0;
    if (memory.freeBytes() - pool.held() < bytes) {
      drain();
      pool.trim(0);
      check(operation);
    }
    try {
      return use == Use.MODULE ? memory.allocateOpen(bytes) : memory.allocate(bytes);
    } catch (DriverException e) {
      pool.give(reused);
      throw new DriverException(operation, e.error(), e.getMessage(), e);
    }
  }

  /** Frees memory. Freed in stream order, it stays in the pool. */
  void free(long address, long bytes, boolean pooled) {
    memory.free(address);
    if (pooled) {
      pool.give(bytes);
    }
  }

  /** The host frees what it has freed before. */
  void freedAgain(DeviceMemory memory) {
    sanitizer.report(
        new Finding(
            Finding.Kind.DOUBLE_FREE,
            "",
            0,
            "",
            Finding.Index.NONE,
            Finding.Index.NONE,
            memory.address(),
            "the " + memory.bytes() + " bytes here are freed already"));
  }

  MemoryPool pool() {
    return pool;
  }

  MemoryInfo memoryInfo() {
    return new MemoryInfo(memory.freeBytes() - pool.held(), options.memoryBytes());
  }
}
