package dev.tandem.ptx.machine;

/** The fixed ways in which {@code prmt} picks four bytes out of eight, by a number of two bits. */
enum BytePattern {
  /** Four forward from a byte. */
  F4E,
  /** Four backward from a byte. */
  B4E,
  /** One byte four times. */
  RC8,
  /** Edge clamp left: none below a byte. */
  ECL,
  /** Edge clamp right: none above a byte. */
  ECR,
  /** One half twice. */
  RC16;

  /** The general selector, a nibble for each byte, that does the same. */
  int selector(int control) {
    int nibbles = 0;
    for (int i = 0; i < 4; i++) {
      int taken =
          switch (this) {
            case F4E -> control + i;
            case B4E -> control - i & 7;
            case RC8 -> control;
            case ECL -> Math.max(i, control);
            case ECR -> Math.min(i, control);
            case RC16 -> 2 * (control & 1) + (i & 1);
          };
      nibbles |= taken << 4 * i;
    }
    return nibbles;
  }
}
