package dev.tandem.cpu;

/** What becomes of a convolution's sums: called once for each, on the thread that made them, while they are in its cache. */
interface PlaneEpilogue {
  /** No more than the sums. */
  PlaneEpilogue NONE = (sums, at, channel, count) -> {};

  /** @param channel of all the sums from at to at + count, exclusive */
  void finish(float[] sums, int at, int channel, int count);
}
