package dev.tandem.ptx.text;

import java.util.List;

/**
 * A variable in memory. Its name is unique in its module, after linking in its kernel.
 *
 * @param bytes size; 0 for an extern shared array, whose size the launch gives
 * @param initial first bytes of its content, zero from there on; null when it begins undefined
 * @param addresses places in it that hold addresses of other variables
 */
public record Variable(
    String name,
    Space space,
    Type type,
    long bytes,
    int alignment,
    byte[] initial,
    List<AddressOf> addresses,
    boolean extern,
    int line) {
  /** An 8-byte address in an initialiser. */
  public record AddressOf(long at, String variable, long offset, boolean generic) {}

  /** The bytes of so many elements. Throws {@link PtxException} where 64 bits do not hold them. */
  static long bytes(long element, int length, int line) {
    if (length != 0 && element > Long.MAX_VALUE / length) {
      throw new PtxException(line, "a variable is larger than any memory; declare less");
    }
    return element * length;
  }
}
