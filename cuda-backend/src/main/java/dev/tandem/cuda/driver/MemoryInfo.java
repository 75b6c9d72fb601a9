package dev.tandem.cuda.driver;

/** Bytes free and in all. */
public record MemoryInfo(long freeBytes, long totalBytes) {}
