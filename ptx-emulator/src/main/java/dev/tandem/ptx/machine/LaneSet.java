package dev.tandem.ptx.machine;

/** Lanes as words. */
final class LaneSet {
  private LaneSet() {}

  /** {@code "0-3, 7"}. */
  static String of(int mask) {
    StringBuilder text = new StringBuilder();
    for (int lane = 0; lane < Warp.LANES; lane++) {
      if ((mask >>> lane & 1) == 0) {
        continue;
      }
      int last = lane;
      while (last + 1 < Warp.LANES && (mask >>> last + 1 & 1) != 0) {
        last++;
      }
      text.append(text.isEmpty() ? "" : ", ").append(lane);
      if (last > lane) {
        text.append('-').append(last);
      }
      lane = last;
    }
    return text.isEmpty() ? "none" : text.toString();
  }
}
