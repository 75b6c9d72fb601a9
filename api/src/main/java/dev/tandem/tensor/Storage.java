package dev.tandem.tensor;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Buffer;

/** A buffer shared by the tensors that are views of it; freed when the last of them is closed. */
final class Storage {
  final Backend backend;
  final Buffer buffer;

  /** How often the contents were changed in place; backward compares it with what it was at the forward call. */
  int version;

  private int references = 1;

  Storage(Backend backend, Buffer buffer) {
    this.backend = backend;
    this.buffer = buffer;
  }

  Storage retain() {
    references++;
    return this;
  }

  void release() {
    if (--references == 0) {
      buffer.close();
    }
  }

  boolean shared() {
    return references > 1;
  }

  /** How many tensors look at the buffer. */
  int references() {
    return references;
  }
}
