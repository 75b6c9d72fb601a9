package dev.tandem.backend;

/**
 * An allocator's figures, in bytes but for the count.
 *
 * @param used held by open buffers
 * @param reserved held from the device or the heap, open buffers and the pool of free ones together
 * @param peak the largest {@code used} so far
 * @param buffers how many buffers are open
 */
public record MemoryStatistics(long used, long reserved, long peak, long buffers) {}
