package dev.tandem.cuda.driver;

import java.lang.ref.Reference;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstreamCaptureStatus;
import jcuda.driver.JCudaDriver;

/** A non-blocking stream of the driver's. */
final class JcudaStream extends JcudaResource implements Stream {
  private final Handles.StreamHandle handle;

  /** Whether a capture was begun here and not ended yet. */
  private volatile boolean capture;

  JcudaStream(JcudaContext context, Handles.StreamHandle handle) {
    super(context, Turn.STREAM, "stream");
    this.handle = handle;
  }

  CUstream raw() {
    return handle;
  }

  @Override
  public long handle() {
    requireOpen("handle of a stream");
    return handle.raw();
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    enter("cuMemAllocAsync");
    requireNotCapturing("cuMemAllocAsync");
    return context().allocate(this, bytes);
  }

  @Override
  public void free(DeviceMemory memory) {
    enter("cuMemFreeAsync");
    if (!(memory instanceof JcudaOrderedMemory ordered)) {
      throw Calls.invalid("cuMemFreeAsync", "the memory is not of a stream's allocate; close it");
    }
    if (ordered.closed()) {
      throw Calls.invalid("cuMemFreeAsync", "the memory is freed already; free it once");
    }
    requireSameContext("cuMemFreeAsync", ordered);
    ordered.closeOn(this);
  }

  @Override
  public void upload(long to, PinnedMemory from, long offset, long bytes) {
    String operation = "cuMemcpyHtoDAsync";
    enter(operation);
    Handles.HostAddress host = pinned(operation, from).at(operation, offset, bytes);
    Calls.check(
        JCudaDriver.cuMemcpyHtoDAsync(new Handles.DeviceAddress(to), host, bytes, handle),
        () -> operation + " of " + bytes + " bytes to " + hexadecimal(to));
  }

  @Override
  public void download(PinnedMemory to, long offset, long from, long bytes) {
    String operation = "cuMemcpyDtoHAsync";
    enter(operation);
    Handles.HostAddress host = pinned(operation, to).at(operation, offset, bytes);
    Calls.check(
        JCudaDriver.cuMemcpyDtoHAsync(host, new Handles.DeviceAddress(from), bytes, handle),
        () -> operation + " of " + bytes + " bytes from " + hexadecimal(from));
  }

  private JcudaPinned pinned(String operation, PinnedMemory memory) {
    if (!(memory instanceof JcudaPinned pinned)) {
      throw Calls.invalid(operation, "the pinned memory is of another driver");
    }
    return pinned;
  }

  @Override
  public void copy(long to, long from, long bytes) {
    enter("cuMemcpyDtoDAsync");
    Calls.check(
        JCudaDriver.cuMemcpyDtoDAsync(
            new Handles.DeviceAddress(to), new Handles.DeviceAddress(from), bytes, handle),
        () ->
            "cuMemcpyDtoDAsync of %d bytes from %s to %s"
                .formatted(bytes, hexadecimal(from), hexadecimal(to)));
  }

  @Override
  public void fill(long to, int pattern, int patternBytes, long count) {
    enter("cuMemset");
    Handles.DeviceAddress address = new Handles.DeviceAddress(to);
    int code =
        switch (patternBytes) {
          case 1 -> JCudaDriver.cuMemsetD8Async(address, (byte) pattern, count, handle);
          case 2 -> JCudaDriver.cuMemsetD16Async(address, (short) pattern, count, handle);
          case 4 -> JCudaDriver.cuMemsetD32Async(address, pattern, count, handle);
          default ->
              throw Calls.invalid(
                  "cuMemset", "got a pattern of " + patternBytes + " bytes; pass 1, 2 or 4");
        };
    Calls.check(
        code,
        () ->
            "cuMemsetD%dAsync of %d times %s to %s"
                .formatted(8 * patternBytes, count, hexadecimal(pattern), hexadecimal(to)));
  }

  @Override
  public void launch(Function function, LaunchShape shape, Arguments arguments) {
    enter("cuLaunchKernel");
    if (!(function instanceof JcudaFunction kernel)) {
      throw Calls.invalid("cuLaunchKernel", "the function is of another driver");
    }
    requireSameContext("cuLaunchKernel", kernel.module());
    kernel.requireFitting(arguments);
    Handles.HostAddress parameters = ParameterList.of(arguments);
    int code =
        shape.cooperative()
            ? together(kernel, shape, parameters)
            : freely(kernel, shape, parameters);
    // Until here the arguments' memory is only known by its address.
    Reference.reachabilityFence(arguments);
    Calls.check(code, () -> "cuLaunchKernel of " + kernel.name() + " as " + shape);
  }

  private int freely(JcudaFunction kernel, LaunchShape shape, Handles.HostAddress parameters) {
    return JCudaDriver.cuLaunchKernel(
        kernel.handle(),
        shape.gridX(),
        shape.gridY(),
        shape.gridZ(),
        shape.blockX(),
        shape.blockY(),
        shape.blockZ(),
        shape.sharedBytes(),
        handle,
        parameters,
        null);
  }

  private int together(JcudaFunction kernel, LaunchShape shape, Handles.HostAddress parameters) {
    return JCudaDriver.cuLaunchCooperativeKernel(
        kernel.handle(),
        shape.gridX(),
        shape.gridY(),
        shape.gridZ(),
        shape.blockX(),
        shape.blockY(),
        shape.blockZ(),
        shape.sharedBytes(),
        handle,
        parameters);
  }

  @Override
  public void launch(ExecutableGraph graph) {
    enter("cuGraphLaunch");
    if (!(graph instanceof JcudaExecutableGraph executable)) {
      throw Calls.invalid("cuGraphLaunch", "the graph is of another driver");
    }
    requireSameContext("cuGraphLaunch", executable);
    Calls.check(JCudaDriver.cuGraphLaunch(executable.handle(), handle), "cuGraphLaunch");
  }

  @Override
  public void record(Event event) {
    JcudaEvent mark = event("cuEventRecord", event);
    Calls.check(JCudaDriver.cuEventRecord(mark.handle(), handle), "cuEventRecord");
  }

  @Override
  public void await(Event event) {
    JcudaEvent mark = event("cuStreamWaitEvent", event);
    Calls.check(JCudaDriver.cuStreamWaitEvent(handle, mark.handle(), 0), "cuStreamWaitEvent");
  }

  private JcudaEvent event(String operation, Event event) {
    enter(operation);
    if (!(event instanceof JcudaEvent mark)) {
      throw Calls.invalid(operation, "the event is of another driver");
    }
    mark.requireOpen(operation);
    return mark;
  }

  @Override
  public boolean done() {
    enter("cuStreamQuery");
    return Calls.done(JCudaDriver.cuStreamQuery(handle), "cuStreamQuery");
  }

  @Override
  public void synchronize() {
    enter("cuStreamSynchronize");
    Calls.check(JCudaDriver.cuStreamSynchronize(handle), "cuStreamSynchronize");
  }

  @Override
  public void beginCapture() {
    enter("cuStreamBeginCapture");
    // Thread-local: this thread's calls that a graph cannot hold are refused, where relaxed mode
    // would let them happen at
    // once and be missing from the graph; and other threads go on, where global mode would fail
    // them too.
    Calls.check(
        JCudaDriver.cuStreamBeginCapture(
            handle, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "cuStreamBeginCapture");
    capture = true;
  }

  @Override
  public boolean capturing() {
    enter("cuStreamIsCapturing");
    int[] status = new int[1];
    Calls.check(JCudaDriver.cuStreamIsCapturing(handle, status), "cuStreamIsCapturing");
    return status[0] != CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_NONE;
  }

  void requireNotCapturing(String operation) {
    if (capturing()) {
      throw new DriverException(
          operation,
          DriverError.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
          "memory of a graph would end with it; allocate before the capture and free after it");
    }
  }

  @Override
  public Graph endCapture() {
    enter("cuStreamEndCapture");
    Handles.GraphHandle graph = new Handles.GraphHandle();
    int code = JCudaDriver.cuStreamEndCapture(handle, graph);
    // A failure ends the capture as well, but for that of the wrong thread.
    capture = code == DriverError.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD.code();
    Calls.check(code, "cuStreamEndCapture");
    return context().adopt(new JcudaGraph(context(), graph));
  }

  /** Ends a capture begun here whose graph nobody will have. */
  void abandonCapture() {
    if (capture) {
      capture = false;
      Handles.GraphHandle graph = new Handles.GraphHandle();
      int code = JCudaDriver.cuStreamEndCapture(handle, graph);
      // Any failure is that of the capture, which is being thrown away.
      if (code == 0) {
        Calls.check(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
      }
    }
  }

  /** It is destroyed even where its work could not be waited for. */
  @Override
  boolean survives(DriverError refusal) {
    return false;
  }

  @Override
  void free() {
    Closing closing = new Closing();
    closing.attempt(this::abandonCapture);
    closing.attempt(
        () -> Calls.check(JCudaDriver.cuStreamSynchronize(handle), "cuStreamSynchronize"));
    closing.attempt(() -> Calls.check(JCudaDriver.cuStreamDestroy(handle), "cuStreamDestroy"));
    closing.finish();
  }

  private static String hexadecimal(long address) {
    return "0x" + Long.toHexString(address);
  }

  private static String hexadecimal(int pattern) {
    return "0x" + Integer.toHexString(pattern);
  }
}
