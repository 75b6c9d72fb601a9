package dev.tandem.backend;

import dev.tandem.shape.TensorType;
import java.util.List;

/** Makes backends of one kind; found by {@link java.util.ServiceLoader}. Probing must be cheap and must not throw. */
public interface BackendProvider {
  /** The kind: {@code cpu}, {@code cuda}. */
  String kind();

  /** Which kind {@code auto} prefers: the highest that is usable. The CPU has 0. */
  int preference();

  /** Whether this machine can run the backend, and why not. */
  Availability probe();

  /**
   * What was found on the way to a usable device, a line each, for people: libraries with their versions, devices, a trial
   * of each. Takes a second or two, and does not throw.
   */
  List<String> diagnosis();

  /** Bytes that a backend of this kind sets aside for a tensor: its own, rounded up as the allocator does. Opens nothing. */
  long blockBytes(TensorType type);

  /** Opens a device by its number; 0 is the first. @throws BackendException naming the reason when it cannot */
  Backend open(int device);
}
