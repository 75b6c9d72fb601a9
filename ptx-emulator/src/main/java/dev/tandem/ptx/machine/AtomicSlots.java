package dev.tandem.ptx.machine;

/**
 * The registers of an atomic operation.
 *
 * @param targets that get what was in memory; none of {@code red}
 * @param given the operands: of {@code cas}, what is compared
 * @param swapped what {@code cas} writes
 */
record AtomicSlots(int[] targets, int[] given, int[] swapped) {}
