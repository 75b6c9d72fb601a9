package dev.tandem.train;

import java.util.OptionalDouble;

/**
 * How long an epoch's training took, validation excluded, and what it took. Kept apart from all else a report holds: two runs of one
 * seed differ in nothing but this. After a resume it tells of the part since then.
 *
 * @param tokensPerSecond of language models; absent for others
 * @param peakBytes the most that tensors have taken of the backend's memory so far
 */
public record Timing(
    double seconds, double samplesPerSecond, OptionalDouble tokensPerSecond, long peakBytes) {}
