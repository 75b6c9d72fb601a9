package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Space;

/**
 * Flat addresses: generic ones, but that each lane's local memory has a window of its own. Two lanes at one flat address are
 * at the same place.
 */
final class Flat {
  /** The window of lane 0's local memory; the other lanes' follow. */
  static final long LOCAL = 0x0010_0000_0000L;

  private static final long LOCAL_END = LOCAL + Warp.LANES * Windows.SIZE;

  private Flat() {}

  /** Of an address in a space, as a lane sees it. */
  static long of(Space space, int lane, long address) {
    return switch (space) {
      case GLOBAL -> address;
      case LOCAL -> local(lane, address);
      case GENERIC -> {
        long within = address - Windows.LOCAL;
        yield within >>> 24 == 0 ? local(lane, within) : address;
      }
      // An offset beyond a window must not reach the next one.
      default -> address >>> 32 == 0 ? Windows.base(space) + address : -1;
    };
  }

  /** The space of a flat address. */
  static Space space(long flat) {
    return flat >= LOCAL && flat < LOCAL_END ? Space.LOCAL : Windows.of(flat);
  }

  /** The address as the program wrote it: an offset in the space, or a device address. */
  static long offset(long flat) {
    return switch (space(flat)) {
      case GLOBAL -> flat;
      case LOCAL -> flat & Windows.SIZE - 1;
      default -> flat - Windows.base(space(flat));
    };
  }

  private static long local(int lane, long offset) {
    return offset >>> 24 == 0 ? LOCAL + lane * Windows.SIZE + offset : -1;
  }
}
