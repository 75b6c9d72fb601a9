package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.Instruction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The list of what went wrong. The same thing at the same place in a kernel is listed once, with how often it happened. What
 * threads do is noted by their block first, and listed when that block's turn comes: so the list is the same however many
 * blocks ran side by side.
 */
public final class Sanitizer {
  /** Different findings kept; more are counted only. */
  static final int MOST = 1000;

  /** What makes two findings the same one. */
  record Place(Finding.Kind kind, String kernel, int line, long distinction) {}

  private static final class Entry {
    final Finding first;
    long times;

    Entry(Finding first, long times) {
      this.first = first;
      this.times = times;
    }

    Finding finding() {
      return times == 1
          ? first
          : withMessage(first, first.message() + "; " + times + " times in all");
    }
  }

  private final EmulatorOptions.Sanitizer level;
  private final Map<Place, Entry> all = new LinkedHashMap<>();
  private final Map<Place, Entry> fresh = new LinkedHashMap<>();
  private long beyond;
  private long nextDistinction = 1;

  public Sanitizer(EmulatorOptions options) {
    this.level = options.sanitizer();
  }

  public EmulatorOptions.Sanitizer level() {
    return level;
  }

  /** Whether memory is watched: what is initialised, and what arguments were promised. */
  boolean watchesMemory() {
    return level != EmulatorOptions.Sanitizer.OFF;
  }

  boolean watchesRaces() {
    return level == EmulatorOptions.Sanitizer.FULL;
  }

  /** Something that a thread did. */
  public void report(
      Finding.Kind kind, Warp warp, Step at, int lane, long address, String message) {
    Instruction instruction = at.instruction();
    Block block = warp.block;
    Finding finding =
        new Finding(
            kind,
            block.launch.program.name(),
            instruction.line(),
            instruction.source() == null ? "" : instruction.source().toString(),
            new Finding.Index(block.x, block.y, block.z),
            thread(block.launch.shape, warp.thread(lane)),
            address,
            message + block.launch.origin());
    block.findings.note(place(finding), finding);
  }

  /**
   * Counts one more of what is listed already.
   *
   * @return false where it is not, and wants reporting
   */
  boolean again(Finding.Kind kind, Warp warp, Step at) {
    Block block = warp.block;
    Place place = new Place(kind, block.launch.program.name(), at.instruction().line(), 0);
    return block.findings.again(place) || block.findings.repeat(place, lists(place));
  }

  private synchronized boolean lists(Place place) {
    return fresh.containsKey(place);
  }

  /** Something that the host did, or a launch as a whole. */
  public void report(Finding finding) {
    list(place(finding), finding, 1);
  }

  private synchronized Place place(Finding finding) {
    long distinction = finding.kernel().isEmpty() ? nextDistinction++ : 0;
    return new Place(finding.kind(), finding.kernel(), finding.ptxLine(), distinction);
  }

  /**
   * Lists what was found several times.
   *
   * @param first of them; null where the place was listed before
   */
  synchronized void list(Place place, Finding first, long times) {
    Entry entry = fresh.get(place);
    if (entry == null && (first == null || fresh.size() >= MOST)) {
      beyond += times;
      return;
    }
    add(fresh, place, first, times);
    if (all.containsKey(place) || all.size() < MOST) {
      add(all, place, first, times);
    }
  }

  private static void add(Map<Place, Entry> list, Place place, Finding first, long times) {
    Entry entry = list.get(place);
    if (entry == null) {
      list.put(place, new Entry(first, times));
    } else {
      entry.times += times;
    }
  }

  /** All so far, in the order in which they were found. */
  public synchronized List<Finding> findings() {
    return all.values().stream().map(Entry::finding).toList();
  }

  /** Those since the last call, even where the same had been found before it. */
  public synchronized List<Finding> drain() {
    List<Finding> found = new ArrayList<>(fresh.values().stream().map(Entry::finding).toList());
    if (beyond > 0) {
      Finding last = found.getLast();
      found.set(
          found.size() - 1,
          withMessage(last, last.message() + "; and " + beyond + " other findings, not listed"));
    }
    fresh.clear();
    beyond = 0;
    return found;
  }

  /** The index of the thread of a number in its block. */
  static Finding.Index thread(LaunchShape shape, int number) {
    int x = shape.blockX();
    int y = shape.blockY();
    return new Finding.Index(number % x, number / x % y, number / x / y);
  }

  private static Finding withMessage(Finding of, String message) {
    return new Finding(
        of.kind(),
        of.kernel(),
        of.ptxLine(),
        of.source(),
        of.block(),
        of.thread(),
        of.address(),
        message);
  }
}
