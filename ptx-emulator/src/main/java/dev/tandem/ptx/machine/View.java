package dev.tandem.ptx.machine;

/**
 * A stretch of flat addresses, see {@link Flat}, in one region: what one lane's access has found, and where those of the
 * lanes after it mostly fall too.
 *
 * @param start its first address
 * @param length its bytes
 * @param origin the address of the region's first byte
 * @param breach what an access here is; null where it is all right
 */
record View(Region region, long start, long length, long origin, Finding.Kind breach) {
  /** Holds no address. */
  static final View NONE = new View(null, 0, Long.MIN_VALUE / 2, 0, null);

  View(Region region, long start, long length) {
    this(region, start, length, start, null);
  }

  boolean holds(long address, int bytes) {
    long within = address - start;
    return within >= 0 && within <= length - bytes;
  }
}
