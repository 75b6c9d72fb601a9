package dev.tandem.train;

/**
 * How long an epoch's training took, validation excluded. Kept apart from all else a report holds: two runs of one seed
 * differ in nothing but this. After a resume it tells of the part since then.
 */
public record Timing(double seconds, double samplesPerSecond) {}
