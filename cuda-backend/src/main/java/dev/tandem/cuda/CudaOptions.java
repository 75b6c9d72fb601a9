package dev.tandem.cuda;

import java.util.OptionalLong;

/**
 * How a backend uses its device.
 *
 * @param name what it is called in messages: {@code cuda:0}
 * @param caching whether freed memory is kept for the next tensor; without, each tensor's memory is the driver's own, so that a
 *     sanitizer sees its life, and steps cannot be captured
 * @param memory bytes that may be held at most
 * @param tf32 whether F32 products may round their operands to TF32
 * @param columns bytes of scratch memory that a convolution may unfold images into at a time
 * @param wideFrom from how many elements on kernels count them in 64 bits; lower than the default only in tests
 */
public record CudaOptions(
    String name, boolean caching, OptionalLong memory, boolean tf32, long columns, long wideFrom) {
  /** What 32 bits hold, with or without a sign. */
  private static final long WIDE_FROM = 1L << 31;

  private static final long COLUMNS = 256L << 20;

  /** Caching, all memory, real F32 products. */
  public static CudaOptions standard(String name) {
    return new CudaOptions(name, true, OptionalLong.empty(), false, COLUMNS, WIDE_FROM);
  }

  /** The same with idle blocks kept, or given back at once. */
  public CudaOptions withCaching(boolean kept) {
    return new CudaOptions(name, kept, memory, tf32, columns, wideFrom);
  }

  /** The same with at most so many bytes held. */
  public CudaOptions withMemory(OptionalLong bytes) {
    return new CudaOptions(name, caching, bytes, tf32, columns, wideFrom);
  }

  /** The same with TF32 in F32 products, or without. */
  public CudaOptions withTf32(boolean allowed) {
    return new CudaOptions(name, caching, memory, allowed, columns, wideFrom);
  }

  /** The same with so many bytes of unfolded images at a time. */
  public CudaOptions withColumns(long bytes) {
    return new CudaOptions(name, caching, memory, tf32, bytes, wideFrom);
  }

  /** The same with elements counted in 64 bits from so many on. */
  public CudaOptions withWideFrom(long elements) {
    return new CudaOptions(name, caching, memory, tf32, columns, elements);
  }
}
