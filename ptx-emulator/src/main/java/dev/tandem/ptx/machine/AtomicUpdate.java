package dev.tandem.ptx.machine;

/** What an atomic operation makes of the bits in memory. Bits above the type are ignored, in arguments and result. */
@FunctionalInterface
interface AtomicUpdate {
  /**
   * @param given the first operand
   * @param swapped the second, of {@code cas} only
   */
  long apply(long old, long given, long swapped);
}
