package dev.tandem.ptx.machine;

import dev.tandem.ptx.machine.Sanitizer.Place;
import java.util.LinkedHashMap;
import java.util.Map;

/** What threads of one block did wrong, in their order, until the {@link Sanitizer} lists it. */
final class BlockFindings {
  private static final class Entry {
    final Finding first;
    long times = 1;

    Entry(Finding first) {
      this.first = first;
    }
  }

  private final Map<Place, Entry> entries = new LinkedHashMap<>();

  /** Something was found. */
  void note(Place place, Finding finding) {
    if (!again(place)) {
      entries.put(place, new Entry(finding));
    }
  }

  /** Counts one more at a place; false where nothing was found there. */
  boolean again(Place place) {
    Entry entry = entries.get(place);
    if (entry == null) {
      return false;
    }
    entry.times++;
    return true;
  }

  /**
   * The same for a place at which nothing was found in this block.
   *
   * @param listed whether a lower block's finding there is listed, so that this block's needs no words
   */
  boolean repeat(Place place, boolean listed) {
    if (listed) {
      entries.put(place, new Entry(null));
    }
    return listed;
  }

  void listIn(Sanitizer sanitizer) {
    entries.forEach((place, entry) -> sanitizer.list(place, entry.first, entry.times));
  }
}
