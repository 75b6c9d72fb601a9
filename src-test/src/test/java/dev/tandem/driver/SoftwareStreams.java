package dev.tandem.driver;

import static dev.tandem.driver.LoopbackFunctions.at;
import static dev.tandem.driver.LoopbackFunctions.write;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.ptx.text.Variable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.Consumer;

/** What {@link SoftwareCuda} does in streams: copies, kernels, events, captures and graphs. */
final class SoftwareStreams {
  private static final int NOT_READY = DriverError.CUDA_ERROR_NOT_READY.code();
  private static final int NON_BLOCKING = 1;
  private static final int DISABLE_TIMING = 2;
  private static final int CAPTURE_THREAD_LOCAL = 1;

  private final SoftwareCuda cuda;
  private final LoopbackFunctions functions;
  private final LoopbackHandles handles;
  private final Arguments arguments = new Arguments();

  SoftwareStreams(SoftwareCuda cuda, LoopbackFunctions functions, LoopbackHandles handles) {
    this.cuda = cuda;
    this.functions = functions;
    this.handles = handles;
    streams();
    memory();
    work();
    captures();
    events();
    graphs();
  }

  private Stream stream(String operation, long handle) {
    cuda.context(operation);
    return handles.get(operation, Stream.class, handle);
  }

  private Event event(String operation, long handle) {
    cuda.context(operation);
    return handles.get(operation, Event.class, handle);
  }

  private Graph graph(String operation, long handle) {
    cuda.context(operation);
    return handles.get(operation, Graph.class, handle);
  }

  private ExecutableGraph executable(String operation, long handle) {
    cuda.context(operation);
    return handles.get(operation, ExecutableGraph.class, handle);
  }

  /** A function that destroys what its one argument names, also where that fails. */
  private <T> void destroyer(String name, Class<T> type, Consumer<T> close) {
    functions.on(
        name,
        "p",
        a -> {
          cuda.context(name);
          close.accept(handles.remove(name, type, a[0]));
          return 0;
        });
  }

  private void streams() {
    functions.on(
        "cuStreamCreate",
        "pi",
        a -> {
          require("cuStreamCreate", a[1] == NON_BLOCKING, "flags " + a[1]);
          return write(a[0], handles.add(cuda.context("cuStreamCreate").stream()));
        });
    destroyer("cuStreamDestroy_v2", Stream.class, Stream::close);
    functions.on("cuStreamQuery", "p", a -> stream("cuStreamQuery", a[0]).done() ? 0 : NOT_READY);
    functions.on(
        "cuStreamSynchronize",
        "p",
        a -> {
          stream("cuStreamSynchronize", a[0]).synchronize();
          return 0;
        });
    functions.on(
        "cuStreamWaitEvent",
        "ppi",
        a -> {
          stream("cuStreamWaitEvent", a[0]).await(event("cuStreamWaitEvent", a[1]));
          return 0;
        });
  }

  private void memory() {
    functions.on(
        "cuMemAllocAsync",
        "ppp",
        a -> cuda.allocated(a[0], stream("cuMemAllocAsync", a[2]).allocate(a[1])));
    functions.on(
        "cuMemFreeAsync",
        "pp",
        a -> {
          stream("cuMemFreeAsync", a[1]).free(cuda.allocation("cuMemFreeAsync", a[0]));
          cuda.freed("cuMemFreeAsync", a[0]);
          return 0;
        });
    functions.on(
        "cuMemcpyHtoDAsync_v2",
        "pppp",
        a -> {
          String operation = "cuMemcpyHtoDAsync";
          PinnedMemory host = cuda.pinned(operation, a[1]);
          long offset = a[1] - cuda.pinnedBegin(operation, a[1]);
          stream(operation, a[3]).upload(a[0], host, offset, a[2]);
          return 0;
        });
    functions.on(
        "cuMemcpyDtoHAsync_v2",
        "pppp",
        a -> {
          String operation = "cuMemcpyDtoHAsync";
          PinnedMemory host = cuda.pinned(operation, a[0]);
          long offset = a[0] - cuda.pinnedBegin(operation, a[0]);
          stream(operation, a[3]).download(host, offset, a[1], a[2]);
          return 0;
        });
    functions.on(
        "cuMemcpyDtoDAsync_v2",
        "pppp",
        a -> {
          stream("cuMemcpyDtoDAsync", a[3]).copy(a[0], a[1], a[2]);
          return 0;
        });
  }

  private void work() {
    functions.on("cuMemsetD8Async", "pbpp", a -> fill(a, 1));
    functions.on("cuMemsetD16Async", "pspp", a -> fill(a, 2));
    functions.on("cuMemsetD32Async", "pipp", a -> fill(a, 4));
    functions.on(
        "cuLaunchKernel",
        "piiiiiiippp",
        a -> {
          require("cuLaunchKernel", a[10] == 0, "extra");
          return launch("cuLaunchKernel", a, false);
        });
    functions.on(
        "cuLaunchCooperativeKernel",
        "piiiiiiipp",
        a -> launch("cuLaunchCooperativeKernel", a, true));
  }

  private int fill(long[] a, int patternBytes) {
    stream("cuMemset", a[3]).fill(a[0], (int) a[1], patternBytes, a[2]);
    return 0;
  }

  /** Reads each argument where {@code kernelParams} says it lies, as many bytes as the kernel's parameter has. */
  private int launch(String operation, long[] a, boolean cooperative) {
    Stream stream = stream(operation, a[8]);
    SoftwareModules.Entry kernel = handles.get(operation, SoftwareModules.Entry.class, a[0]);
    int[] sizes = new int[7];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = (int) a[1 + i];
    }
    LaunchShape shape =
        new LaunchShape(
            sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], cooperative);
    List<Variable> parameters = kernel.parameters().parameters();
    MemorySegment addresses = at(a[9], 8L * parameters.size());
    arguments.clear();
    for (int i = 0; i < parameters.size(); i++) {
      Variable parameter = parameters.get(i);
      long address = addresses.getAtIndex(ValueLayout.JAVA_LONG, i);
      arguments.bytes(at(address, parameter.bytes()), parameter.alignment());
    }
    stream.launch(kernel.function(), shape, arguments);
    return 0;
  }

  private void captures() {
    functions.on(
        "cuStreamBeginCapture_v2",
        "pi",
        a -> {
          require("cuStreamBeginCapture", a[1] == CAPTURE_THREAD_LOCAL, "mode " + a[1]);
          stream("cuStreamBeginCapture", a[0]).beginCapture();
          return 0;
        });
    functions.on(
        "cuStreamIsCapturing",
        "pp",
        a -> write(a[1], stream("cuStreamIsCapturing", a[0]).capturing() ? 1 : 0));
    functions.on(
        "cuStreamEndCapture",
        "pp",
        a -> {
          write(a[1], 0L);
          return write(a[1], handles.add(stream("cuStreamEndCapture", a[0]).endCapture()));
        });
  }

  private void events() {
    functions.on(
        "cuEventCreate",
        "pi",
        a -> {
          require("cuEventCreate", (a[1] & ~DISABLE_TIMING) == 0, "flags " + a[1]);
          Event event = cuda.context("cuEventCreate").event(a[1] != DISABLE_TIMING);
          return write(a[0], handles.add(event));
        });
    destroyer("cuEventDestroy_v2", Event.class, Event::close);
    functions.on("cuEventQuery", "p", a -> event("cuEventQuery", a[0]).done() ? 0 : NOT_READY);
    functions.on(
        "cuEventSynchronize",
        "p",
        a -> {
          event("cuEventSynchronize", a[0]).synchronize();
          return 0;
        });
    functions.on(
        "cuEventRecord",
        "pp",
        a -> {
          stream("cuEventRecord", a[1]).record(event("cuEventRecord", a[0]));
          return 0;
        });
    functions.on(
        "cuEventElapsedTime",
        "ppp",
        a -> {
          Event start = event("cuEventElapsedTime", a[1]);
          double millis = event("cuEventElapsedTime", a[2]).millisSince(start);
          at(a[0], 4).set(ValueLayout.JAVA_FLOAT, 0, (float) millis);
          return 0;
        });
  }

  private void graphs() {
    functions.on(
        "cuGraphGetNodes",
        "ppp",
        a -> {
          require("cuGraphGetNodes", a[1] == 0, "a place for nodes");
          return write(a[2], graph("cuGraphGetNodes", a[0]).nodes());
        });
    functions.on(
        "cuGraphInstantiateWithFlags",
        "ppp",
        a -> {
          require("cuGraphInstantiate", a[2] == 0, "flags " + a[2]);
          return write(a[0], handles.add(graph("cuGraphInstantiate", a[1]).instantiate()));
        });
    functions.on(
        "cuGraphLaunch",
        "pp",
        a -> {
          stream("cuGraphLaunch", a[1]).launch(executable("cuGraphLaunch", a[0]));
          return 0;
        });
    functions.on(
        "cuGraphExecUpdate_v2",
        "ppp",
        a -> {
          Graph graph = graph("cuGraphExecUpdate", a[1]);
          return executable("cuGraphExecUpdate", a[0]).update(graph)
              ? 0
              : DriverError.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE.code();
        });
    destroyer("cuGraphDestroy", Graph.class, Graph::close);
    destroyer("cuGraphExecDestroy", ExecutableGraph.class, ExecutableGraph::close);
  }

  /** What the real function takes and this one has no answer to. */
  private static void require(String operation, boolean holds, String otherwise) {
    if (!holds) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_NOT_SUPPORTED, "got " + otherwise);
    }
  }
}
