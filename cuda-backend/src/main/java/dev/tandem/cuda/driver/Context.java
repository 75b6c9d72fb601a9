package dev.tandem.cuda.driver;

/**
 * A device in use: where memory, modules, streams and events live. Closing it waits for its work and frees all of them; they
 * then refuse to be used, and closing them does nothing.
 */
public interface Context extends AutoCloseable {
  /** The device it is on. */
  Device device();

  /**
   * Compiles and loads PTX.
   *
   * @param name what errors call it: the file's name
   * @throws DriverException with the compiler's own words, when the text is not PTX that this device takes
   */
  Module load(String name, String ptx);

  /** A new stream, which does not wait for the legacy default stream. */
  Stream stream();

  /** A new event. Without timing it is cheaper, and {@link Event#millisSince} refuses. */
  Event event(boolean timing);

  /** Memory on the device, at once and for all streams; its content is undefined. Zero bytes are refused. */
  DeviceMemory allocate(long bytes);

  /** Page-locked memory of the host, the only kind that copies run from and to without waiting. */
  PinnedMemory pin(long bytes);

  /** How much of the device's memory is free now, counting what other processes hold. */
  MemoryInfo memory();

  /**
   * Lets freed stream-ordered memory stay with the context, up to so many bytes, instead of going back to the system at
   * the next synchronisation. 0 at first, as CUDA has it.
   */
  void keepFreed(long bytes);

  /** Gives freed stream-ordered memory back to the system, but for so many bytes. */
  void trim(long bytesKept);

  /** Waits for all work of all streams. */
  void synchronize();

  /** A cuBLAS handle in this context. */
  Blas blas();

  @Override
  void close();
}
