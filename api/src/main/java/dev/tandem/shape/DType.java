package dev.tandem.shape;

/** The type of a tensor's elements. */
public enum DType {
  /** IEEE 754 binary32, the default for training. */
  F32(4, true),
  /** IEEE 754 binary64; CPU only, for gradient checks and reference values. */
  F64(8, true),
  /** bfloat16: the upper half of an F32. */
  BF16(2, true),
  /** IEEE 754 binary16. */
  F16(2, true),
  /** Two's complement 32-bit integers: class labels, token ids, indices. */
  I32(4, false),
  /** Unsigned bytes: images, and masks of 0 and 1. */
  U8(1, false);

  private final int bytes;
  private final boolean floating;

  DType(int bytes, boolean floating) {
    this.bytes = bytes;
    this.floating = floating;
  }

  /** Bytes an element takes. */
  public int bytes() {
    return bytes;
  }

  /** Whether the type has fractions, and so may carry a gradient. */
  public boolean floating() {
    return floating;
  }

  /** Whether the type is one of two bytes, in which numbers are kept and not computed: that is done in F32. */
  public boolean half() {
    return this == BF16 || this == F16;
  }

  /** The type of what is computed from many elements and kept beside a result: means, losses, moments of optimizers. */
  public DType statistics() {
    return half() ? F32 : this;
  }
}
