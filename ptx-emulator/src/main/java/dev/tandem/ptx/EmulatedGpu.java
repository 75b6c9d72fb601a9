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
import java.lang.foreign.MemorySegment;
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
  private final Map<String, Long> instructions = new TreeMap<>();
  private final StringBuilder printed = new StringBuilder();
  private GlobalMemory memory;

  /** Found, taken out of the sanitizer's list of what is new, and not told yet. */
  private final List<Finding> untold = new ArrayList<>();

  private Loss loss;
  private long nextHandle = 1;
  private boolean closed;

  /** What the context was lost by. */
  private static final class Loss {
    final String operation;
    final KernelFault fault;
    boolean told;

    Loss(String operation, KernelFault fault) {
      this.operation = operation;
      this.fault = fault;
    }
  }

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

  synchronized Map<String, Long> instructions() {
    return new TreeMap<>(instructions);
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
      news(); // what the last context died of has been thrown
      loss = null;
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
    if (!lossTold()) {
      report("cuDevicePrimaryCtxRelease");
    }
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
    return loss != null;
  }

  /** Whether a call has thrown the failure already, so that closing need not. */
  boolean lossTold() {
    return loss != null && loss.told;
  }

  /** Tells of memory that its owner has not freed. */
  void leaked(List<EmulatedMemory> left) {
    Set<Long> addresses = left.stream().map(EmulatedMemory::address).collect(Collectors.toSet());
    memory.leaks().stream()
        .filter(leak -> addresses.contains(leak.address()))
        .forEach(sanitizer::report);
  }

  /** Tells of pinned memory that its owner has not closed. */
  void leaked(EmulatedPinned pinned) {
    sanitizer.report(
        Finding.ofHost(
            Finding.Kind.LEAK,
            pinned.segment().address(),
            "not closed: " + pinned.segment().byteSize() + " bytes of the host's pinned memory"));
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

  /** Throws what has broken the context, if anything has: at first all that is known of it, then that it happened. */
  void check(String operation) {
    if (loss == null) {
      return;
    }
    String lost = "the context is lost since " + loss.operation + " failed";
    if (loss.told) {
      throw new DriverException(operation, loss.fault.error(), lost + ", see the first error");
    }
    loss.told = true;
    List<Finding> found = news();
    String text = loss.fault.getMessage();
    String last = found.stream().anyMatch(finding -> tells(finding, text)) ? "" : line(text);
    throw new DriverException(
        operation, loss.fault.error(), lost + ":" + lines(found) + last, loss.fault);
  }

  /** Whether a finding is the one that a fault's text is about. */
  private static boolean tells(Finding finding, String fault) {
    String place = finding.kernel() + ", PTX line " + finding.ptxLine() + " ";
    return (fault + " ").replace(',', ' ').contains(place.replace(',', ' '))
        || fault.contains(finding.message().split(";", 2)[0]);
  }

  private static String lines(List<Finding> findings) {
    return findings.stream().map(EmulatedGpu::line).collect(Collectors.joining());
  }

  private static String line(Object text) {
    return System.lineSeparator() + "  " + text;
  }

  /** What was found and not told yet. From here on it counts as told. */
  private List<Finding> news() {
    List<Finding> found = new ArrayList<>(untold);
    untold.clear();
    found.addAll(sanitizer.drain());
    return found;
  }

  /** What the host has just done wrong is being thrown, and need not be told again. */
  void told() {
    List<Finding> found = new ArrayList<>(sanitizer.drain());
    if (!found.isEmpty() && found.getLast().kernel().isEmpty()) {
      found.removeLast();
    }
    untold.addAll(found);
  }

  /**
   * The bytes of memory for the host, or for what no PTX does.
   *
   * @param writing whether they will all be written
   * @throws DriverException with this error where not all of them are there
   */
  MemorySegment bytes(
      String operation, DriverError error, long address, long bytes, boolean writing) {
    try {
      return writing ? memory.write(address, bytes) : memory.read(address, bytes);
    } catch (DriverException e) {
      told();
      String beyond = memory.beyond(address, bytes);
      throw new DriverException(operation, error, beyond.isEmpty() ? Failures.detail(e) : beyond);
    }
  }

  /** A kernel failed: from now on every call says so, until the last context is closed. */
  void fail(String operation, KernelFault fault) {
    loss = new Loss(operation, fault);
    streams.forEach(EmulatedStream::abandon);
  }

  /** For calls that wait: throws if the context is broken, or if the sanitizer has something new to say. */
  void report(String operation) {
    check(operation);
    if (options.collect()) {
      return;
    }
    List<Finding> found = news();
    if (!found.isEmpty()) {
      throw new DriverException(
          operation, DriverError.SANITIZER, found.size() + " new:" + lines(found));
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
    instructions.merge(kernel, executed, Long::sum);
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
      throw new DriverException(operation, e.error(), Failures.detail(e), e);
    }
  }

  /** Frees memory. Freed in stream order, it stays in the pool. */
  void free(long address, long bytes, boolean pooled) {
    memory.free(address);
    if (pooled) {
      pool.give(bytes);
    }
  }

  /** The host frees what it has freed before, which is about to be thrown. */
  void freedAgain(DeviceMemory memory) {
    sanitizer.report(
        Finding.ofHost(
            Finding.Kind.DOUBLE_FREE,
            memory.address(),
            "the " + memory.bytes() + " bytes here are freed already"));
    told();
  }

  MemoryPool pool() {
    return pool;
  }

  MemoryInfo memoryInfo() {
    return new MemoryInfo(memory.freeBytes() - pool.held(), options.memoryBytes());
  }
}
