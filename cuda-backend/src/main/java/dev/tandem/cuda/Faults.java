package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Indices out of their range, which a kernel meets when the host is long past the call: the first is written to the device's
 * {@code Fault}, and the host looks there where it waits anyway.
 */
final class Faults implements AutoCloseable {
  /** Of {@code Fault} in common.cuh: claimed, site, index, reserved, element. */
  static final int BYTES = 24;

  /** A launch as far as the message needs it: the op, how many values its indices may have, and their shape. */
  record Site(String op, long bound, Shape indices) {}

  private final String name;
  private final Stream stream;
  private final DeviceMemory fault;
  private final PinnedMemory seen;
  private final Map<Site, Integer> numbers = new HashMap<>();
  private final List<Site> sites = new ArrayList<>();
  private boolean suspect;

  Faults(String name, Context context, Stream stream) {
    this.name = name;
    this.stream = stream;
    fault = context.allocate(BYTES);
    seen = context.pin(BYTES);
    clear();
  }

  long address() {
    return fault.address();
  }

  /** A number for the launch to come, which may report. */
  int number(Site site) {
    suspect = true;
    return numbers.computeIfAbsent(
        site,
        added -> {
          sites.add(added);
          return sites.size() - 1;
        });
  }

  /** Whether a launch since the last look may have reported. */
  boolean suspect() {
    return suspect;
  }

  /** A captured step with such launches is replayed. */
  void suspectReplay() {
    suspect = true;
  }

  /** Queues the look, before the host waits. */
  void ask() {
    if (suspect) {
      stream.download(seen, 0, fault.address(), BYTES);
    }
  }

  /** After the host has waited: throws what was found. */
  void answer() {
    if (!suspect) {
      return;
    }
    suspect = false;
    MemorySegment found = seen.segment();
    if (found.get(ValueLayout.JAVA_INT, 0) == 0) {
      return;
    }
    clear();
    Site site = sites.get(found.get(ValueLayout.JAVA_INT, 4));
    throw new BackendException(
        name
            + ": "
            + site.op()
            + ": index is out of range, got "
            + found.get(ValueLayout.JAVA_INT, 8)
            + " at element "
            + found.get(ValueLayout.JAVA_LONG, 16)
            + " of "
            + site.indices()
            + "; indices run from 0 to "
            + (site.bound() - 1));
  }

  private void clear() {
    stream.fill(fault.address(), 0, 4, BYTES / 4);
  }

  @Override
  public void close() {
    seen.close();
    fault.close();
  }
}
