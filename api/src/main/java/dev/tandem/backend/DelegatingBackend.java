package dev.tandem.backend;

import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;

/** A backend whose memory is another's: callers hold the other's buffers. What happens at an op is its own. */
interface DelegatingBackend extends Backend {
  /** The backend whose buffers callers hold. */
  Backend delegate();

  @Override
  default String name() {
    return delegate().name();
  }

  @Override
  default boolean supports(DType dtype) {
    return delegate().supports(dtype);
  }

  @Override
  default boolean queues() {
    return delegate().queues();
  }

  @Override
  default Buffer allocate(TensorType type) {
    return delegate().allocate(type);
  }

  @Override
  default void write(Buffer target, MemorySegment source) {
    delegate().write(target, source);
  }

  @Override
  default void read(Buffer source, MemorySegment target) {
    delegate().read(source, target);
  }

  @Override
  default void finish() {
    delegate().finish();
  }

  @Override
  default MemoryStatistics memory() {
    return delegate().memory();
  }

  @Override
  default void close() {
    delegate().close();
  }
}
