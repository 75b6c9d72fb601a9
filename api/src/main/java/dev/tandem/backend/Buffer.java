package dev.tandem.backend;

/** Memory of a backend, holding one contiguous row-major tensor. Only the backend that made it can use it. */
public interface Buffer extends AutoCloseable {
  /** Bytes asked for. */
  long bytes();

  /** Gives the memory back to the backend. Work already queued on it still completes. Closing twice has no effect. */
  @Override
  void close();
}
