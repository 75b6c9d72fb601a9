package dev.tandem.ptx;

import static dev.tandem.ptx.PlantedBug.From.OUT;
import static dev.tandem.ptx.machine.Finding.Kind.ASYNC_COPY;
import static dev.tandem.ptx.machine.Finding.Kind.BARRIER;
import static dev.tandem.ptx.machine.Finding.Kind.GLOBAL_RACE;
import static dev.tandem.ptx.machine.Finding.Kind.SHARED_RACE;
import static dev.tandem.ptx.machine.Finding.Kind.SHUFFLE;
import static dev.tandem.ptx.machine.Finding.Kind.TIMEOUT;

import dev.tandem.ptx.machine.Finding;
import java.util.List;

/** Bugs between threads: races, barriers, exchanges, asynchronous copies, waiting for what never comes. */
final class OrderBugs {
  private OrderBugs() {}

  static List<PlantedBug> all() {
    return List.of(
        shared("missing_barrier")
            .alsoUninitialised()
            .shape(1, 128)
            .in(128, i -> i)
            .out(128, i -> 127 - i),
        shared("reuse")
            .shape(1, 64)
            .in(192, i -> i)
            .n(3)
            .out(64, i -> (i ^ 33) + 2 * (64 + (i ^ 33)) + 3 * (128 + (i ^ 33))),
        shared("reduction").shape(1, 256).in(256, i -> i).out(1, i -> 255 * 128),
        shared("warp_exchange").alsoUninitialised().in(32, i -> i * 2).out(32, i -> 62 - 2 * i),
        shared("warp_fold").shape(1, 64).in(64, i -> 1 << i % 16).out(1, i -> 4 * 0xffff),
        shared("double_buffer")
            .alsoUninitialised()
            .shape(1, 64)
            .in(192, i -> i)
            .n(3)
            .out(64, i -> (63 - i) * 9 + (127 - i) * 3 + 191 - i),
        shared("histogram").shape(1, 96).in(96, i -> i * i).out(16, OrderBugs::squares),
        shared("broadcast").alsoUninitialised().shape(1, 96).in(96, i -> i).out(96, i -> i * 95),
        shared("same_slot").shape(1, 64).in(64, i -> i).out(32, i -> 2 * i),
        shared("mixed_atomic").alsoUninitialised().shape(1, 96).in(96, i -> i).out(1, i -> 95 * 48),
        new PlantedBug("no_lines", "bare_race", SHARED_RACE)
            .alsoUninitialised()
            .shape(1, 96)
            .in(96, i -> i)
            .out(96, i -> 95 - i),
        asynchronous("async_no_wait").shape(1, 64).in(64, i -> i + 9).out(64, i -> i + 9),
        asynchronous("async_group").in(64, i -> i + 9).out(32, i -> i + 41),
        new PlantedBug("shared_races", "async_other", SHARED_RACE)
            .alsoUninitialised()
            .shape(1, 64)
            .in(64, i -> i)
            .out(64, i -> 63 - i),
        global("two_blocks").shape(6, 32).in(1, i -> 0).out(3, i -> 2 * i),
        global("in_place")
            .shape(3, 32)
            .in(96, i -> i)
            .inChanges()
            .out(96, i -> i == 0 ? 0 : 2 * i - 1),
        global("neighbour")
            .alsoUninitialised()
            .shape(3, 32)
            .in(96, i -> i)
            .out(192, 96, i -> 2 * i),
        global("missing_atomic")
            .shape(2, 32)
            .in(64, i -> i % 2)
            .outFilled(1)
            .out(1, i -> 32)
            .at(OUT, 0),
        global("no_fence").shape(5, 64).in(5, i -> i + 1).out(6, i -> i == 0 ? 15 : i),
        global("flag")
            .shape(4, 32)
            .in(1, i -> 11)
            .third(PlantedBug.Third.FLAG)
            .out(4, i -> 11 + i)
            .at(OUT, 0),
        global("same_block")
            .alsoUninitialised()
            .shape(1, 64)
            .in(64, i -> i)
            .out(128, i -> i < 64 ? i : 127 - i),
        barriers("barrier_if", BARRIER).shape(1, 64).in(64, i -> i).out(40, i -> 39 - i),
        barriers("barrier_return", BARRIER).shape(1, 128).in(100, i -> i).out(100, i -> 99 - i),
        barriers("barrier_loop", BARRIER)
            .outFilled(1)
            .shape(1, 64)
            .in(64, i -> i / 16)
            .n(4)
            .out(1, i -> 96),
        barriers("barrier_count", BARRIER).shape(1, 64).in(64, i -> i).out(64, i -> 63 - i),
        barriers("barrier_number", BARRIER).shape(1, 64).in(64, i -> i).out(64, i -> 63 - i),
        barriers("shuffle_branch", SHUFFLE).in(32, i -> i).out(32, i -> i < 20 ? i + (i ^ 1) : i),
        barriers("shuffle_mask", SHUFFLE).in(32, i -> i).out(32, i -> i + (i ^ 3)),
        barriers("shuffle_source", SHUFFLE).in(32, i -> i).out(32, i -> i < 16 ? (i + 4) % 16 : i),
        barriers("shuffle_exited", SHUFFLE).in(24, i -> i).out(24, i -> i < 20 ? i + 4 : 0),
        barriers("endless_flag", TIMEOUT).in(1, i -> 0).n(5).outFilled(1).out(1, i -> 5),
        barriers("endless_loop", TIMEOUT).shape(1, 1).in(1, i -> 9).out(1, i -> 1));
  }

  /** How many squares below 96 squared end in each hexadecimal digit. */
  private static int squares(int digit) {
    int count = 0;
    for (int i = 0; i < 96; i++) {
      count += i * i % 16 == digit ? 1 : 0;
    }
    return count;
  }

  private static PlantedBug shared(String name) {
    return new PlantedBug("shared_races", name, SHARED_RACE);
  }

  private static PlantedBug asynchronous(String name) {
    return new PlantedBug("shared_races", name, ASYNC_COPY);
  }

  private static PlantedBug global(String name) {
    return new PlantedBug("global_races", name, GLOBAL_RACE);
  }

  private static PlantedBug barriers(String name, Finding.Kind kind) {
    return new PlantedBug("barriers", name, kind);
  }
}
