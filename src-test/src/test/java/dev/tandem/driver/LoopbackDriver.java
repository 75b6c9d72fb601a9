package dev.tandem.driver;

import static dev.tandem.driver.LoopbackFunctions.at;
import static dev.tandem.driver.LoopbackFunctions.string;
import static dev.tandem.driver.LoopbackFunctions.write;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntSupplier;

/**
 * A libcuda.so.1 of this process, written in Java behind a {@link LoopbackLibrary}: device memory is memory of the host, work
 * is done at once, and every call is written down with its arguments. Kernels do nothing but are written down. It answers in
 * the way that the CUDA driver API's reference describes.
 */
final class LoopbackDriver {
  static final int VERSION = 12080;
  static final long CONTEXT = 0xC0DE_0000_0010L;
  static final long POOL = 0xC0DE_0000_0020L;
  static final String NAME = "Loopback";
  static final long TOTAL_BYTES = 141L << 30;
  static final long FREE_BYTES = 139L << 30;

  /** The offsets and sizes of each kernel's parameters: {@code (u64, f32, u32, u64)}. */
  static final long[][] PARAMETERS = {{0, 8}, {8, 4}, {12, 4}, {16, 8}};

  /** Sizes beyond are only counted, and their addresses lead nowhere. */
  private static final long LARGEST = 1 << 20;

  private static final int INVALID_VALUE = 1;
  private static final int NOT_FOUND = 500;
  private static final int CAPTURE_UNSUPPORTED = 900;
  private static final int CAPTURE_INVALIDATED = 901;

  /** A call as it arrived; arguments of 32 bits and fewer have no more than those. */
  record Call(String function, List<Long> arguments) {
    long argument(int i) {
      return arguments.get(i);
    }
  }

  /** Memory that is there. */
  private record Piece(Arena arena, long bytes) {}

  private static LoopbackDriver loaded;

  private final LoopbackFunctions functions = new LoopbackFunctions(this, this::fault);
  private final List<Call> calls = new ArrayList<>();
  private final Map<String, Integer> failures = new HashMap<>();
  private final List<Throwable> faults = new ArrayList<>();
  private final ThreadLocal<Long> current = ThreadLocal.withInitial(() -> 0L);

  /** What exists: handles and addresses, with what they are. */
  private final Map<Long, String> alive = new TreeMap<>();

  private final TreeMap<Long, Piece> memory = new TreeMap<>();

  /** Streams that capture, with how much they have; negative once invalidated. */
  private final Map<Long, Long> captures = new HashMap<>();

  private final Map<Long, Long> graphNodes = new HashMap<>();
  private final Map<String, String> attributes = new HashMap<>();
  private byte[] lastParameters = {};
  private String text = "";
  private int retained;
  private long nextHandle = 0xABCD_0000_1000L;

  private LoopbackDriver() {
    devices();
    modules();
    memory();
    work();
    streams();
    events();
    graphs();
  }

  /** The driver of this process, put in place before anything could load another. */
  static synchronized LoopbackDriver get() {
    if (loaded == null) {
      LoopbackDriver driver = new LoopbackDriver();
      try {
        LoopbackLibrary.load("libcuda.so.1", driver.functions.stubs());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      loaded = driver;
    }
    return loaded;
  }

  /** Forgets the calls so far. */
  synchronized void forget() {
    calls.clear();
  }

  /** The calls since {@link #forget}, but for those that ask for and set the current context. */
  synchronized List<Call> calls() {
    return calls.stream()
        .filter(call ->
            !call.function.startsWith("cuCtxGetC") && !call.function.startsWith("cuCtxSetC"))
        .toList();
  }

  synchronized List<String> names() {
    return calls().stream().map(Call::function).toList();
  }

  synchronized Call last(String function) {
    return calls.stream()
        .filter(call -> call.function.equals(function))
        .reduce((_, last) -> last)
        .orElseThrow();
  }

  synchronized long count(String function) {
    return calls.stream().filter(call -> call.function.equals(function)).count();
  }

  /** Lets the next call of a function fail. */
  synchronized void fail(String function, int code) {
    if (!functions.has(function)) {
      throw new IllegalArgumentException(function);
    }
    failures.put(function, code);
  }

  /** What was made and not destroyed, and what went wrong in here. */
  synchronized List<String> leftovers() {
    List<String> all = new ArrayList<>(alive.values());
    failures.keySet().forEach(name -> all.add("failure of " + name + " not met"));
    faults.forEach(fault -> all.add(fault.toString()));
    if (retained != 0) {
      all.add("contexts retained more often than released: " + retained);
    }
    return all;
  }

  /** Removes all traces of a test. */
  synchronized void reset() {
    calls.clear();
    failures.clear();
    faults.clear();
    alive.clear();
    captures.clear();
    retained = 0;
    current.remove();
  }

  /** Removes the newest thing of a kind, which the binding could not. */
  synchronized void dismiss(String what) {
    long newest =
        alive.entrySet().stream()
            .filter(entry -> entry.getValue().equals(what))
            .mapToLong(Map.Entry::getKey)
            .max()
            .orElseThrow(() -> new AssertionError("there is no " + what + " in " + alive));
    alive.remove(newest);
  }

  /** Ends all captures, as the failure of ending one does. */
  synchronized void endCaptures() {
    captures.clear();
  }

  /** The parameters of the last launch, laid out as PTX does. */
  synchronized byte[] lastParameters() {
    return lastParameters.clone();
  }

  /** The PTX of the last module. */
  synchronized String text() {
    return text;
  }

  /** What another library of the process does to the calling thread. */
  void switchContext(long context) {
    current.set(context);
  }

  long currentContext() {
    return current.get();
  }

  private void devices() {
    on("cuInit", "i", _ -> 0);
    on("cuDriverGetVersion", "p", a -> write(a[0], VERSION));
    on("cuDeviceGetCount", "p", a -> write(a[0], 2));
    on("cuDeviceGet", "pi", a -> a[1] < 2 ? write(a[0], (int) a[1]) : 101);
    on(
        "cuDeviceGetName",
        "pii",
        a -> {
          at(a[0], a[1]).setString(0, NAME + " " + a[2]);
          return 0;
        });
    on("cuDeviceTotalMem_v2", "pi", a -> write(a[0], TOTAL_BYTES));
    // An answer that tells which attribute of which device was asked for.
    on("cuDeviceGetAttribute", "pii", a -> write(a[0], (int) (1000 * a[1] + a[2])));
    on(
        "cuDevicePrimaryCtxRetain",
        "pi",
        a -> {
          retained++;
          return write(a[0], CONTEXT + a[1]);
        });
    on(
        "cuDevicePrimaryCtxRelease_v2",
        "i",
        _ -> {
          retained--;
          return 0;
        });
    on("cuCtxGetCurrent", "p", a -> write(a[0], current.get()));
    on(
        "cuCtxSetCurrent",
        "p",
        a -> {
          current.set(a[0]);
          return 0;
        });
    on("cuCtxSynchronize", "", _ -> unlessCapturing(() -> 0));
    on("cuMemGetInfo_v2", "pp", a -> write(a[0], FREE_BYTES) + write(a[1], TOTAL_BYTES));
  }

  private void modules() {
    on(
        "cuModuleLoadDataEx",
        "ppipp",
        a -> {
          text = string(a[1]);
          return text.contains("broken")
              ? compilerError((int) a[2], a[3], a[4])
              : create(a[0], "module");
        });
    on("cuModuleUnload", "p", a -> destroy(a[0], "module"));
    on(
        "cuModuleGetFunction",
        "ppp",
        a -> string(a[2]).equals("absent") ? NOT_FOUND : write(a[0], nextHandle += 16));
    on("cuModuleGetGlobal_v2", "pppp", a -> write(a[0], 0x7F00_0000_0400L) + write(a[1], 6L << 30));
    on("cuFuncGetAttribute", "pip", a -> write(a[0], 100 + (int) a[1]));
    on("cuFuncSetAttribute", "pii", _ -> 0);
    on("cuOccupancyMaxActiveBlocksPerMultiprocessor", "ppil", a -> write(a[0], 7));
    on(
        "cuFuncGetParamInfo",
        "plpp",
        a -> {
          if (a[1] >= PARAMETERS.length) {
            return INVALID_VALUE;
          }
          long[] parameter = PARAMETERS[(int) a[1]];
          return write(a[2], parameter[0]) + write(a[3], parameter[1]);
        });
  }

  /** Writes into the log among the options: CU_JIT_ERROR_LOG_BUFFER is 5, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES is 6. */
  private int compilerError(int count, long options, long values) {
    MemorySegment keys = at(options, 4L * count);
    MemorySegment contents = at(values, 8L * count);
    String log = "ptxas application ptx input, line 3; error : Unknown symbol 'broken'";
    for (int i = 0; i < count; i++) {
      if (keys.getAtIndex(ValueLayout.JAVA_INT, i) == 5) {
        at(contents.getAtIndex(ValueLayout.JAVA_LONG, i), 256).setString(0, log);
      }
    }
    return 218;
  }

  private void memory() {
    on("cuMemAlloc_v2", "pl", a -> unlessCapturing(() -> allocate(a[0], a[1], "memory")));
    on("cuMemFree_v2", "p", a -> unlessCapturing(() -> free(a[0])));
    on("cuMemAllocAsync", "plp", a -> allocate(a[0], a[1], "ordered memory"));
    on("cuMemFreeAsync", "pp", a -> free(a[0]));
    on("cuMemHostAlloc", "pli", a -> unlessCapturing(() -> allocate(a[0], a[1], "pinned memory")));
    on("cuMemFreeHost", "p", a -> unlessCapturing(() -> free(a[0])));
    on("cuDeviceGetMemPool", "pi", a -> write(a[0], POOL + a[1]));
    on(
        "cuMemPoolSetAttribute",
        "pip",
        a -> {
          attributes.put("pool " + a[1], Long.toString(at(a[2], 8).get(ValueLayout.JAVA_LONG, 0)));
          return 0;
        });
    on("cuMemPoolTrimTo", "pl", _ -> 0);
  }

  /** What a pool's attribute was set to last. */
  synchronized String poolAttribute(int attribute) {
    return attributes.get("pool " + attribute);
  }

  private void work() {
    on("cuMemcpyHtoDAsync_v2", "pplp", a -> copy(a[3], a[0], a[1], a[2]));
    on("cuMemcpyDtoHAsync_v2", "pplp", a -> copy(a[3], a[0], a[1], a[2]));
    on("cuMemcpyDtoDAsync_v2", "pplp", a -> copy(a[3], a[0], a[1], a[2]));
    on("cuMemsetD8Async", "pblp", a -> fill(a, 1));
    on("cuMemsetD16Async", "pslp", a -> fill(a, 2));
    on("cuMemsetD32Async", "pilp", a -> fill(a, 4));
    on("cuLaunchKernel", "piiiiiiippp", a -> kernel(a[8], a[9]));
    on("cuLaunchCooperativeKernel", "piiiiiiipp", a -> kernel(a[8], a[9]));
  }

  private int kernel(long stream, long parameters) {
    MemorySegment addresses = at(parameters, 8L * PARAMETERS.length);
    MemorySegment packed = MemorySegment.ofArray(new byte[24]);
    for (int i = 0; i < PARAMETERS.length; i++) {
      long[] parameter = PARAMETERS[i];
      MemorySegment from = at(addresses.getAtIndex(ValueLayout.JAVA_LONG, i), parameter[1]);
      packed.asSlice(parameter[0], parameter[1]).copyFrom(from);
    }
    lastParameters = packed.toArray(ValueLayout.JAVA_BYTE);
    recorded(stream);
    return 0;
  }

  private void streams() {
    on("cuStreamCreate", "pi", a -> create(a[0], "stream"));
    on("cuStreamDestroy_v2", "p", a -> destroy(a[0], "stream"));
    on("cuStreamQuery", "p", a -> captures.containsKey(a[0]) ? invalidate() : 0);
    on("cuStreamSynchronize", "p", a -> captures.containsKey(a[0]) ? invalidate() : 0);
    on("cuStreamWaitEvent", "ppi", _ -> 0);
    on(
        "cuStreamBeginCapture_v2",
        "pi",
        a -> {
          captures.put(a[0], 0L);
          return 0;
        });
    on(
        "cuStreamIsCapturing",
        "pp",
        a -> {
          Long nodes = captures.get(a[0]);
          return write(a[1], nodes == null ? 0 : nodes < 0 ? 2 : 1);
        });
    on(
        "cuStreamEndCapture",
        "pp",
        a -> {
          long nodes = captures.remove(a[0]);
          if (nodes < 0) {
            write(a[1], 0L);
            return CAPTURE_INVALIDATED;
          }
          int code = create(a[1], "graph");
          graphNodes.put(nextHandle, nodes);
          return code;
        });
  }

  private void events() {
    on("cuEventCreate", "pi", a -> create(a[0], "event"));
    on("cuEventDestroy_v2", "p", a -> destroy(a[0], "event"));
    on("cuEventQuery", "p", _ -> unlessCapturing(() -> 0));
    on("cuEventSynchronize", "p", _ -> unlessCapturing(() -> 0));
    on("cuEventRecord", "pp", _ -> 0);
    on(
        "cuEventElapsedTime",
        "ppp",
        a -> {
          at(a[0], 4).set(ValueLayout.JAVA_FLOAT, 0, 1.5f);
          return 0;
        });
  }

  private void graphs() {
    on("cuGraphGetNodes", "ppp", a -> write(a[2], graphNodes.get(a[0])));
    on("cuGraphInstantiateWithFlags", "ppl", a -> create(a[0], "executable graph"));
    on("cuGraphLaunch", "pp", _ -> 0);
    on("cuGraphExecUpdate_v2", "ppp", _ -> 0);
    on("cuGraphDestroy", "p", a -> destroy(a[0], "graph"));
    on("cuGraphExecDestroy", "p", a -> destroy(a[0], "executable graph"));
  }

  /** Adds a function, whose calls are written down and may be told to fail. */
  private void on(String name, String shape, LoopbackFunctions.Body body) {
    functions.on(
        name,
        shape,
        arguments -> {
          calls.add(new Call(name, Arrays.stream(arguments).boxed().toList()));
          Integer failure = failures.remove(name);
          return failure != null ? failure : body.run(arguments);
        });
  }

  private int fault(String function, Throwable thrown) {
    faults.add(new AssertionError(function, thrown));
    return 999;
  }

  private int create(long out, String what) {
    nextHandle += 16;
    alive.put(nextHandle, what);
    return write(out, nextHandle);
  }

  private int destroy(long handle, String what) {
    return alive.remove(handle, what) ? 0 : 400;
  }

  private int allocate(long out, long bytes, String what) {
    if (bytes > LARGEST) {
      return create(out, what);
    }
    Arena arena = Arena.ofShared();
    long address = arena.allocate(bytes, 256).address();
    memory.put(address, new Piece(arena, bytes));
    alive.put(address, what);
    return write(out, address);
  }

  private int free(long address) {
    if (alive.remove(address) == null) {
      return INVALID_VALUE;
    }
    Piece piece = memory.remove(address);
    if (piece != null) {
      piece.arena.close();
    }
    return 0;
  }

  private boolean there(long address, long bytes) {
    Map.Entry<Long, Piece> piece = memory.floorEntry(address);
    return piece != null && bytes <= piece.getKey() + piece.getValue().bytes() - address;
  }

  /** Notes work of a stream that captures. */
  private boolean recorded(long stream) {
    return captures.computeIfPresent(stream, (_, nodes) -> nodes < 0 ? nodes : nodes + 1) != null;
  }

  /** A call that the reference has refused during a capture of the calling thread's, for it could wait for the device. */
  private int unlessCapturing(IntSupplier call) {
    return captures.isEmpty() ? call.getAsInt() : invalidate();
  }

  private int invalidate() {
    captures.replaceAll((_, _) -> -1L);
    return CAPTURE_UNSUPPORTED;
  }

  private int copy(long stream, long to, long from, long bytes) {
    if (!recorded(stream) && there(to, bytes) && there(from, bytes)) {
      at(to, bytes).copyFrom(at(from, bytes));
    }
    return 0;
  }

  private int fill(long[] arguments, int patternBytes) {
    long count = arguments[2];
    if (recorded(arguments[3]) || !there(arguments[0], count * patternBytes)) {
      return 0;
    }
    MemorySegment to = at(arguments[0], count * patternBytes);
    for (long i = 0; i < count * patternBytes; i++) {
      to.set(ValueLayout.JAVA_BYTE, i, (byte) (arguments[1] >>> 8 * (i % patternBytes)));
    }
    return 0;
  }
}
