package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.Arguments;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * What a launch may do in an allocation, by the ranges its arguments declared: the allocation cut into stretches, and for
 * each what a read and what a write there is. Where ranges overlap, the most permissive counts.
 */
record Permissions(long launch, Allocation allocation, View[] reads, View[] writes) {

  static Permissions of(Allocation allocation, Launch launch) {
    TreeSet<Long> cuts =
        new TreeSet<>(List.of(allocation.address, allocation.address + allocation.bytes));
    for (Arguments.Range range : launch.ranges) {
      for (long cut : new long[] {range.address(), range.address() + range.bytes()}) {
        if (allocation.holds(cut, 0)) {
          cuts.add(cut);
        }
      }
    }
    return new Permissions(
        launch.id,
        allocation,
        stretches(allocation, launch.ranges, cuts, false),
        stretches(allocation, launch.ranges, cuts, true));
  }

  private static View[] stretches(
      Allocation allocation, List<Arguments.Range> ranges, TreeSet<Long> cuts, boolean writing) {
    List<View> stretches = new ArrayList<>();
    for (long start : cuts.headSet(cuts.last())) {
      long length = cuts.higher(start) - start;
      Finding.Kind breach = breach(ranges, start, writing);
      View before = stretches.isEmpty() ? null : stretches.getLast();
      if (before != null && before.breach() == breach) {
        start = before.start();
        length += before.length();
        stretches.removeLast();
      }
      stretches.add(new View(allocation.region, start, length, allocation.address, breach));
    }
    return stretches.toArray(View[]::new);
  }

  private static Finding.Kind breach(List<Arguments.Range> ranges, long at, boolean writing) {
    Finding.Kind breach = Finding.Kind.OUTSIDE_ARGUMENT;
    for (Arguments.Range range : ranges) {
      if (at >= range.address() && at < range.address() + range.bytes()) {
        if (!writing || range.access() != Arguments.Access.READ) {
          return null;
        }
        breach = Finding.Kind.READ_ONLY_WRITE;
      }
    }
    return breach;
  }

  /** Where an access falls that lies inside the allocation. One across stretches has a view of its own. */
  View view(long at, int bytes, boolean writing) {
    View[] stretches = writing ? writes : reads;
    Finding.Kind breach = null;
    for (View stretch : stretches) {
      if (stretch.holds(at, bytes)) {
        return stretch;
      }
      boolean touched = at < stretch.start() + stretch.length() && stretch.start() < at + bytes;
      breach = touched && stretch.breach() != null ? stretch.breach() : breach;
    }
    return new View(allocation.region, at, bytes, allocation.address, breach);
  }
}
