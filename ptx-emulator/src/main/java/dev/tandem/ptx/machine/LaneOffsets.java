package dev.tandem.ptx.machine;

/**
 * Where in one region the accesses of a warp's lanes go, so that they can be looked at together. The lanes are a run from
 * {@link #first} to before {@link #end}.
 */
final class LaneOffsets {
  /** Stands for no common stride. */
  static final long IRREGULAR = Long.MIN_VALUE;

  /** By lane. */
  final long[] at = new long[Warp.LANES];

  int first;
  int end;

  /** By how much each lane's offset exceeds that of the lane before; 0 where all go to one place. */
  long stride;

  /** Whether the places are next to each other in the order of the lanes, each of so many bytes. */
  boolean adjoin(int bytes) {
    return stride == bytes;
  }

  /** Finds out the stride. */
  void measure() {
    long step = end - first > 1 ? at[first + 1] - at[first] : 0;
    long differing = 0;
    for (int lane = first + 1; lane < end; lane++) {
      differing |= at[lane] - at[lane - 1] ^ step;
    }
    stride = differing == 0 ? step : IRREGULAR;
  }
}
