package dev.tandem.backend;

/** Makes backends of one kind; found by {@link java.util.ServiceLoader}. Probing must be cheap and must not throw. */
public interface BackendProvider {
  /** The kind: {@code cpu}, {@code cuda}. */
  String kind();

  /** Which kind {@code auto} prefers: the highest that is usable. The CPU has 0. */
  int preference();

  /** Whether this machine can run the backend, and why not. */
  Availability probe();

  /** Opens a device by its number; 0 is the first. @throws BackendException naming the reason when it cannot */
  Backend open(int device);
}
