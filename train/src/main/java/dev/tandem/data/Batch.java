package dev.tandem.data;

/**
 * Samples drawn together. All arrays are fresh for every batch and belong to whoever receives it;
 * nothing else keeps or reuses them, so a batch may be uploaded later, or from another thread.
 *
 * @param inputs (N, sample...): F32 features or pictures, or I32 tokens
 * @param targets I32 (N) class numbers, F32 (N, k) numbers, or I32 (N, T) next tokens
 * @param size N, the number of samples; the last batch of an epoch may be smaller than the others
 * @param indices which samples of the loader's data set these are, in the order of the rows
 */
public record Batch(Values inputs, Values targets, int size, int[] indices) {}
