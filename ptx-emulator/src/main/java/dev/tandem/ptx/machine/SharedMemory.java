package dev.tandem.ptx.machine;

/** The shared memory of the block that is being run. */
final class SharedMemory {
  final Region region;

  /** What asynchronous copies into it are under way. */
  final AsyncCopies copies;

  private View view;

  SharedMemory(long bytes, Sanitizer sanitizer) {
    RaceShadow races = sanitizer.watchesRaces() ? new RaceShadow(bytes) : null;
    this.region = new Region(0, bytes, sanitizer.watchesMemory(), races);
    this.copies = new AsyncCopies(region);
    this.view = new View(region, Windows.SHARED, bytes);
  }

  /** A new block begins: nothing has been written. */
  void reset(long bytes) {
    if (bytes != view.length()) {
      view = new View(region, Windows.SHARED, bytes);
    }
    region.renew(bytes);
    copies.clear();
  }

  View view() {
    return view;
  }
}
