package dev.tandem.ptx.machine;

/**
 * A piece of global memory that has been given out, or the memory of one that has been freed.
 *
 * <p>Its {@code number} counts allocations from 1, so that the one in question can be found again in the next run.
 */
final class Allocation {
  final long address;
  final long bytes;
  final long number;

  /** Whether only what a launch's arguments name may be touched; not so of a module's variables and the device's heap. */
  final boolean data;

  /** Null once it has been freed. */
  final Region region;

  /** All of it, for accesses that nobody restricts. */
  final View whole;

  /** What the launch that asked last may do here; of another launch's it is made anew. */
  private volatile Permissions permissions;

  Allocation(long address, long bytes, long number, boolean data, Region region) {
    this.address = address;
    this.bytes = bytes;
    this.number = number;
    this.data = data;
    this.region = region;
    this.whole = region == null ? null : new View(region, address, bytes);
  }

  /** What stays of it. */
  Allocation freed() {
    return new Allocation(address, bytes, number, data, null);
  }

  boolean isFreed() {
    return region == null;
  }

  boolean holds(long at, long count) {
    return at >= address && count <= bytes && at - address <= bytes - count;
  }

  /** Where an access of a launch falls. The address lies inside. */
  View view(Launch launch, long at, int count, boolean writing) {
    if (!data || !launch.declared || !launch.sanitizer.watchesMemory()) {
      return whole;
    }
    Permissions known = permissions;
    if (known == null || known.launch() != launch.id) {
      known = Permissions.of(this, launch);
      permissions = known;
    }
    return known.view(at, count, writing);
  }

  /** Where an address lies that is outside, {@code "4 bytes past the end of the 400-byte allocation at 0x.., number 12"}. */
  String describe(long at, int count) {
    String where;
    if (at < address) {
      where = address - at + " bytes before the start of ";
    } else if (at >= address + bytes) {
      where = at - address - bytes + " bytes past the end of ";
    } else {
      where = at + count > address + bytes ? "across the end of " : at - address + " bytes into ";
    }
    return where + this;
  }

  /** How far an address is from it. */
  long distance(long at) {
    return at < address ? address - at : Math.max(0, at - address - bytes + 1);
  }

  @Override
  public String toString() {
    return "the %s%d-byte allocation at 0x%x, number %d"
        .formatted(isFreed() ? "freed " : "", bytes, address, number);
  }
}
