package dev.tandem.cuda.driver;

import java.util.List;

/**
 * A CUDA driver: what Tandem needs of the CUDA driver API, and no more. Two implementations: JCuda on the machine's own
 * driver, and the software GPU of the tests. Nothing above this seam knows which one it has.
 *
 * <p>From here one reaches {@link Device}, {@link Context}, {@link Module}, {@link Function}, {@link Stream}, {@link Event},
 * {@link Graph} and {@link Blas}. Whatever is closable is closed once; closing it again does nothing. Sizes and addresses
 * are {@code long}, in bytes unless they are called a count. Every failure is a {@link DriverException}, but for values that
 * no device could take, which {@link LaunchShape}, {@link Arguments} and {@link Gemm} refuse when they are made; as on the
 * real device, work fails where it is waited for, so that an error of a kernel may surface in a later call. Any thread may call
 * any method; one stream should be fed by one thread at a time.
 */
public interface Driver extends AutoCloseable {
  /** Which implementation this is, for a human: {@code "jcuda 12.6.0"}, {@code "software GPU"}. */
  String name();

  /** The newest CUDA version the driver supports, as CUDA writes it: 1000 * major + 10 * minor; 13020 is 13.2. */
  int version();

  /** The devices, in the driver's order. Never empty: a machine without one has no driver to open. */
  List<Device> devices();

  /** Closes what was opened through this driver and is still open. */
  @Override
  void close();
}
