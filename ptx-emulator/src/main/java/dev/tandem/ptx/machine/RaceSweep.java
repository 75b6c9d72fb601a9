package dev.tandem.ptx.machine;

import dev.tandem.ptx.machine.RaceShadow.Tags;

/**
 * Takes {@link Races} through the accesses of all lanes of a warp at once. Where one of them would be reported it says so and
 * has noted nothing: the lanes are then to be taken one by one, which comes to the same.
 */
final class RaceSweep {
  private RaceSweep() {}

  /** Whether reads are of a pattern that {@link #reads} knows. */
  static boolean takes(LaneOffsets offsets, int bytes) {
    return offsets.stride == 0 || offsets.adjoin(bytes) && onePage(offsets, bytes);
  }

  /** Plain reads at {@link Warp#offsets}. */
  static boolean reads(Warp warp, Access access, Region region) {
    Races races = warp.block.races;
    return races.lost()
        || (warp.offsets.stride == 0
            ? readsOfOnePlace(races, warp, access, region)
            : adjoiningReads(races, warp, access, region));
  }

  private static boolean readsOfOnePlace(Races races, Warp warp, Access access, Region region) {
    LaneOffsets offsets = warp.offsets;
    long offset = offsets.at[offsets.first];
    Tags tags = races.tags(region, offset, access.bytes());
    int from = tags.place(offset);
    int to = tags.place(offset + access.bytes() - 1) + 1;
    int last = offsets.end - 1;
    for (int i = from; i < to; i++) {
      // What another warp wrote is the same to all lanes.
      boolean alike = tags.strong == null && !Races.by(warp, tags.writes[i]);
      for (int lane = alike ? last : offsets.first; lane <= last; lane++) {
        if (races.againstWrite(tags, i, Races.PLAIN, warp, lane) != 0) {
          return false;
        }
      }
    }
    // The lanes between the first and the last leave no trace.
    note(races, tags, from, to, races.plainTag(warp, access, offsets.first));
    note(races, tags, from, to, races.plainTag(warp, access, last));
    return true;
  }

  private static boolean adjoiningReads(Races races, Warp warp, Access access, Region region) {
    LaneOffsets offsets = warp.offsets;
    long start = offsets.at[offsets.first];
    Tags tags = races.tags(region, start, access.bytes());
    int from = tags.place(start);
    int scale = Integer.numberOfTrailingZeros(access.bytes()) - tags.shift;
    int count = offsets.end - offsets.first << scale;
    long me = races.plainTag(warp, access, offsets.first);
    boolean quiet = tags.strong == null && own(races, tags.writes, from, count, scale, me);
    for (int i = 0; !quiet && i < count; i++) {
      int lane = offsets.first + (i >> scale);
      if (races.againstWrite(tags, from + i, Races.PLAIN, warp, lane) != 0) {
        return false;
      }
    }
    if (own(races, tags.reads, from, count, scale, me)) {
      fill(tags.reads, from, count, scale, me);
      return true;
    }
    for (int i = 0; i < count; i++) {
      note(races, tags, from + i, from + i + 1, tag(me, i, scale));
    }
    return true;
  }

  private static void note(Races races, Tags tags, int from, int to, long me) {
    for (int i = from; i < to; i++) {
      if (tags.reads[i] != me) {
        races.note(tags, i, me);
      }
    }
  }

  /** Plain writes at {@link Warp#offsets}. */
  static boolean writes(Warp warp, Access access, Region region) {
    Races races = warp.block.races;
    if (races.lost()) {
      return true;
    }
    LaneOffsets offsets = warp.offsets;
    if (!offsets.adjoin(access.bytes()) || !onePage(offsets, access.bytes())) {
      return false;
    }
    long start = offsets.at[offsets.first];
    Tags tags = races.tags(region, start, access.bytes());
    int from = tags.place(start);
    int scale = Integer.numberOfTrailingZeros(access.bytes()) - tags.shift;
    int count = offsets.end - offsets.first << scale;
    long me = races.plainTag(warp, access, offsets.first);
    boolean quiet =
        tags.strong == null
            && tags.others == null
            && own(races, tags.writes, from, count, scale, me)
            && own(races, tags.reads, from, count, scale, me);
    for (int i = 0; !quiet && i < count; i++) {
      int lane = offsets.first + (i >> scale);
      if (races.againstWrite(tags, from + i, Races.PLAIN, warp, lane) != 0
          || races.againstReads(tags, from + i, Races.PLAIN, warp, lane) != 0) {
        return false;
      }
    }
    fill(tags.writes, from, count, scale, me);
    return true;
  }

  private static boolean onePage(LaneOffsets offsets, int bytes) {
    return RaceShadow.samePage(offsets.at[offsets.first], offsets.at[offsets.end - 1] + bytes - 1);
  }

  /**
   * Whether places hold nothing, or what the same lane has left there, be it by another instruction or at another time.
   *
   * @param scale places of one lane, as a power of two
   * @param me the tag of the first lane
   */
  private static boolean own(Races races, long[] tags, int from, int count, int scale, long me) {
    long who = races.who();
    long any = 0;
    long foreign = 0;
    for (int i = 0; i < count; i++) {
      long tag = tags[from + i];
      any |= tag;
      foreign |= (tag ^ tag(me, i, scale)) & who;
    }
    return any == 0 || foreign == 0;
  }

  private static void fill(long[] tags, int from, int count, int scale, long me) {
    for (int i = 0; i < count; i++) {
      tags[from + i] = tag(me, i, scale);
    }
  }

  /** The tag at a place, counted from that of the first lane. */
  private static long tag(long me, int place, int scale) {
    return me + ((long) (place >> scale) << Races.LANE);
  }
}
