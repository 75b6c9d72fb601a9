package dev.tandem.ptx.machine;

/**
 * What kind of GPU to be.
 *
 * @param computeCapability as PTX targets write it: 80, 90
 * @param multiprocessors how many it says it has, by which hosts size their grids
 * @param memoryBytes the device's memory; more is out of memory
 * @param threads of the host, that run blocks side by side where the kernel allows
 * @param sanitizer how much to check. Accesses outside memory are refused at every level
 * @param collect whether findings are only collected, for the driver to be asked for; else the next call that waits throws
 * @param stepLimit warp instructions after which a launch counts as endless; 50 million at first, some seconds of plain work
 */
public record EmulatorOptions(
    int computeCapability,
    int multiprocessors,
    long memoryBytes,
    int threads,
    Sanitizer sanitizer,
    boolean collect,
    long stepLimit) {
  public EmulatorOptions {
    if (computeCapability < 50
        || multiprocessors < 1
        || memoryBytes < 1
        || threads < 1
        || stepLimit < 1) {
      throw new IllegalArgumentException(
          "software GPU: got compute capability %d, %d multiprocessors, %d bytes, %d threads, %d steps; a capability is written 80 or 90, the others are at least 1"
              .formatted(computeCapability, multiprocessors, memoryBytes, threads, stepLimit));
    }
  }

  /** How much is checked beyond bounds and alignment. */
  public enum Sanitizer {
    /** Nothing more. */
    OFF,
    /** Uninitialised reads, freed memory, arguments, barriers, leaks. */
    MEMORY,
    /** All that, and races. */
    FULL
  }

  /** An 8.0 device with 4 multiprocessors and 4 GiB, all cores, all checks. */
  public static EmulatorOptions standard() {
    return new EmulatorOptions(
        80,
        4,
        4L << 30,
        Runtime.getRuntime().availableProcessors(),
        Sanitizer.FULL,
        false,
        50_000_000L);
  }

  public EmulatorOptions withComputeCapability(int capability) {
    return new EmulatorOptions(
        capability, multiprocessors, memoryBytes, threads, sanitizer, collect, stepLimit);
  }

  public EmulatorOptions withMultiprocessors(int count) {
    return new EmulatorOptions(
        computeCapability, count, memoryBytes, threads, sanitizer, collect, stepLimit);
  }

  public EmulatorOptions withMemory(long bytes) {
    return new EmulatorOptions(
        computeCapability, multiprocessors, bytes, threads, sanitizer, collect, stepLimit);
  }

  public EmulatorOptions withThreads(int count) {
    return new EmulatorOptions(
        computeCapability, multiprocessors, memoryBytes, count, sanitizer, collect, stepLimit);
  }

  public EmulatorOptions withSanitizer(Sanitizer level) {
    return new EmulatorOptions(
        computeCapability, multiprocessors, memoryBytes, threads, level, collect, stepLimit);
  }

  /** Findings are kept to be asked for, and nothing is thrown but for accesses that no device could do. */
  public EmulatorOptions collecting() {
    return new EmulatorOptions(
        computeCapability, multiprocessors, memoryBytes, threads, sanitizer, true, stepLimit);
  }

  public EmulatorOptions withStepLimit(long warpInstructions) {
    return new EmulatorOptions(
        computeCapability,
        multiprocessors,
        memoryBytes,
        threads,
        sanitizer,
        collect,
        warpInstructions);
  }
}
