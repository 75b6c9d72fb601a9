package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Space;

/**
 * The generic address space: global memory at its own addresses, and a window for each other space. An offset in a space
 * plus the window's base is its generic address.
 */
public final class Windows {
  /** Windows are 16 MiB wide, and lie where no global memory is given out. */
  public static final long SIZE = 1L << 24;

  public static final long SHARED = 0x0001_0000_0000L;
  public static final long LOCAL = 0x0002_0000_0000L;
  public static final long CONSTANT = 0x0003_0000_0000L;
  public static final long PARAMETER = 0x0004_0000_0000L;

  /** The first address of global memory. */
  public static final long GLOBAL = 0x7000_0000_0000L;

  private Windows() {}

  /** What to add to an address of the space to make it generic. */
  public static long base(Space space) {
    return switch (space) {
      case SHARED -> SHARED;
      case LOCAL -> LOCAL;
      case CONST -> CONSTANT;
      case PARAM -> PARAMETER;
      default -> 0;
    };
  }

  /** The space that a generic address means. */
  public static Space of(long address) {
    if (address >= GLOBAL || (address & 0xFFFF_FFFFL) >= SIZE) {
      return Space.GLOBAL;
    }
    long base = address & ~0xFFFF_FFFFL;
    return base == SHARED
        ? Space.SHARED
        : base == LOCAL
            ? Space.LOCAL
            : base == CONSTANT ? Space.CONST : base == PARAMETER ? Space.PARAM : Space.GLOBAL;
  }
}
