package dev.tandem.cuda.driver;

/**
 * A queue of work, done in the order in which it was given. All methods but {@link #synchronize} return before the work is
 * done. While a capture is on, work is recorded into a graph instead, and methods that must wait are refused.
 */
public interface Stream extends AutoCloseable {
  /** The binding's own handle, {@code CUstream}, for a {@link Blas} of the same binding. */
  long handle();

  /**
   * Memory that exists from here on in this stream's order; its content is undefined. Closing it frees it in that order.
   * Refused during a capture, for a graph's own memory would end with the graph; so is freeing.
   */
  DeviceMemory allocate(long bytes);

  /**
   * Frees memory of {@link #allocate}, of this stream or another, in this stream's order.
   *
   * @throws DriverException when it is freed already, or was not allocated so
   */
  void free(DeviceMemory memory);

  /** Host to device: {@code bytes} of pinned memory from {@code offset}. The host must not change them until this is done. */
  void upload(long to, PinnedMemory from, long offset, long bytes);

  /** Device to host: into pinned memory at {@code offset}. */
  void download(PinnedMemory to, long offset, long from, long bytes);

  /** Device to device. The two pieces must not overlap. */
  void copy(long to, long from, long bytes);

  /**
   * Writes a pattern {@code count} times.
   *
   * @param patternBytes 1, 2 or 4: how many low bytes of {@code pattern} are written each time; {@code to} is aligned to it
   */
  void fill(long to, int pattern, int patternBytes, long count);

  /** Runs a kernel. */
  void launch(Function function, LaunchShape shape, Arguments arguments);

  /** Runs a graph. */
  void launch(ExecutableGraph graph);

  /** Marks this place in the queue. */
  void record(Event event);

  /** Lets what follows wait for the place that the event marked last. */
  void await(Event event);

  /** Whether all work given so far is done. Throws what the work has thrown. */
  boolean done();

  /** Waits until it is. */
  void synchronize();

  /**
   * From here on, work of this stream, and of streams that await events recorded on it, goes into a graph. Until the end the
   * calling thread may not take or free memory, wait, or ask an event, on any stream: the call is refused, and the capture
   * may be lost. Memory that was not freed so stays open. Other threads go on.
   */
  void beginCapture();

  /** Whether a capture is on, begun here or reached through an event. */
  boolean capturing();

  /**
   * Ends the capture begun here.
   *
   * @throws DriverException when something that cannot be captured was tried meanwhile; the stream works again afterwards
   */
  Graph endCapture();

  /** Waits for the work given so far, then closes. */
  @Override
  void close();
}
