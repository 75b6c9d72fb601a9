package dev.tandem.ptx.machine;

/** The local memory of a warp's lanes. */
final class LocalMemory {
  /** Where a lane's memory begins, so that what is aligned in it is aligned. */
  private static final int ALIGNMENT = 32;

  private final Region region;
  private final View[] views = new View[Warp.LANES];

  LocalMemory(long bytesPerLane, Sanitizer sanitizer) {
    long stride = (bytesPerLane + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    this.region = new Region(0, Warp.LANES * stride, sanitizer.watchesMemory(), null);
    for (int lane = 0; lane < Warp.LANES; lane++) {
      long start = Flat.LOCAL + lane * Windows.SIZE;
      views[lane] = new View(region, start, bytesPerLane, start - lane * stride, null);
    }
  }

  /** Begins anew: no lane has written anything. */
  void reset() {
    region.renew(region.content.byteSize());
  }

  View view(int lane) {
    return views[lane];
  }
}
