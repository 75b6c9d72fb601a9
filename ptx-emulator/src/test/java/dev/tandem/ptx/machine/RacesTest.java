package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.LaunchShape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pairs of kernels that differ in what orders their accesses: one races, the other does not. */
class RacesTest {
  private static final LaunchShape TWO_WARPS = LaunchShape.of(1, 64);
  private static final String TILE = ".shared .align 4 .b8 tile[1024];";

  /** Each thread writes its int of the tile, and reads that of the thread 32 further on. */
  private static String exchange(String between, int distance) {
    return """
    mov.u32 %%r10, tile;
    shl.b32 %%r11, %%r0, 2;
    add.s32 %%r12, %%r10, %%r11;
    st.shared.u32 [%%r12], %%r0;
    %s
    add.s32 %%r13, %%r11, %d;
    and.b32 %%r13, %%r13, 255;
    add.s32 %%r13, %%r13, %%r10;
    .loc 1 12 0
    ld.shared.u32 %%r14, [%%r13];
    st.global.u32 [%%rd5], %%r14;
    """
        .formatted(between, 4 * distance);
  }

  @Test
  void warpsAreOrderedByABarrier() {
    MemoryTrial trial = MemoryTrial.device();
    trial.run(TILE, exchange("bar.sync 0;", 32), TWO_WARPS, trial.zeros(256)).clean();
  }

  @Test
  void withoutABarrierWarpsRace() {
    MemoryTrial trial = MemoryTrial.device();
    trial.run(TILE, exchange("bar.warp.sync -1;", 32), TWO_WARPS, trial.zeros(256));
    // The first warp reads before the second has written, which is a finding of its own.
    Finding race =
        trial.findings().stream()
            .filter(f -> f.kind() == Finding.Kind.SHARED_RACE)
            .findFirst()
            .orElseThrow();
    assertTrue(race.message().startsWith("read by thread (0, 0, 0) at PTX line"), race::message);
    assertTrue(
        race.message()
            .contains("(trial.cu:12) and write by thread (32, 0, 0) here, with no barrier between"),
        race::message);
    assertTrue(race.message().contains("shared variable tile, at byte 128"), race::message);
    assertEquals(new Finding.Index(32, 0, 0), race.thread());
  }

  @Test
  void theOtherSideOfARaceHasItsSourceLine() {
    MemoryTrial trial = MemoryTrial.device();
    String body =
        """
        mov.u32 %r10, tile;
        setp.ne.u32 %p1, %r0, 0;
        .loc 1 31 0
        @!%p1 st.shared.u32 [%r10], 7;
        .loc 1 33 0
        ld.shared.u32 %r11, [%r10];
        """;
    trial.run(TILE, body, TWO_WARPS);
    Finding race = trial.only(Finding.Kind.SHARED_RACE);
    assertTrue(race.message().contains("(trial.cu:31) and read by thread"), race::message);
    assertEquals("trial.cu:33", race.source());
  }

  @Test
  void lanesOfAWarpAreOrderedByWarpSync() {
    MemoryTrial trial = MemoryTrial.device();
    LaunchShape oneWarp = LaunchShape.of(1, 32);
    String inside = "and.b32 %r0, %r0, 31;";
    String rotate = exchange("bar.warp.sync -1;", 1).replace("255", "127");
    trial.run(TILE, inside + rotate, oneWarp, trial.zeros(256)).clean();
    trial.run(TILE, inside + rotate.replace("bar.warp.sync -1;", ""), oneWarp, trial.zeros(256));
    Finding race = trial.only(Finding.Kind.SHARED_RACE);
    assertTrue(race.message().contains("with no bar.warp.sync or barrier between"), race::message);
  }

  @Test
  void warpSyncOrdersOnlyTheLanesItNames() {
    MemoryTrial trial = MemoryTrial.device();
    String body =
        """
        mov.u32 %r10, tile;
        setp.ne.u32 %p1, %r0, 0;
        setp.gt.u32 %p2, %r0, 3;
        setp.ne.u32 %p3, %r0, 9;
        @!%p1 st.shared.u32 [%r10], 7;
        @!%p2 bar.warp.sync 15;
        setp.ne.u32 %p4, %r0, 3;
        @!%p4 ld.shared.u32 %r11, [%r10];
        """;
    trial.run(TILE, body, LaunchShape.of(1, 32)).clean();
    trial.run(TILE, body + "@!%p3 ld.shared.u32 %r11, [%r10];", LaunchShape.of(1, 32));
    assertEquals(new Finding.Index(9, 0, 0), trial.only(Finding.Kind.SHARED_RACE).thread());
  }

  @Test
  void aThreadIsOrderedWithItself() {
    MemoryTrial trial = MemoryTrial.device();
    trial.run(TILE, exchange("", 0).replace("255", "1023"), TWO_WARPS, trial.zeros(256)).clean();
  }

  @Test
  void aThreadMayReadAndThenWriteItsOwnPlace() {
    MemoryTrial trial = MemoryTrial.device();
    trial
        .run("ld.global.u32 %r10, [%rd5]; st.global.u32 [%rd5], %r10;", TWO_WARPS, trial.zeros(256))
        .clean();
  }

  @Test
  void aBarrierMissingBeforeTheNextRoundIsFound() {
    MemoryTrial trial = MemoryTrial.device();
    String round =
        """
        mov.u32 %r10, tile;
        setp.ne.u32 %p1, %r0, 63;
        @!%p1 st.shared.u32 [%r10], 1;
        bar.sync 0;
        ld.shared.u32 %r11, [%r10];
        """;
    // The last thread of all reads too, so that only an earlier reader is not ordered with its
    // write.
    trial.run(TILE, round + "bar.sync 0;" + round, TWO_WARPS).clean();
    trial.run(TILE, round + round, TWO_WARPS);
    assertTrue(
        trial.findings().stream().allMatch(f -> f.kind() == Finding.Kind.SHARED_RACE),
        trial.findings()::toString);
    Finding race = trial.findings().getFirst();
    assertTrue(race.message().startsWith("read by another thread of its warp"), race::message);
    assertEquals(new Finding.Index(63, 0, 0), race.thread());
  }

  @Test
  void severalReadersOfOneWarpAreRemembered() {
    MemoryTrial trial = MemoryTrial.device();
    String body =
        """
        mov.u32 %r10, tile;
        setp.ne.u32 %p1, %r0, 31;
        @!%p1 st.shared.u32 [%r10], 1;
        bar.warp.sync -1;
        ld.shared.u32 %r11, [%r10];
        %s
        @!%p1 st.shared.u32 [%r10], 2;
        """;
    trial.run(TILE, body.replace("%s", "bar.warp.sync -1;"), LaunchShape.of(1, 32)).clean();
    trial.run(TILE, body.replace("%s", ""), LaunchShape.of(1, 32));
    trial.only(Finding.Kind.SHARED_RACE);
  }

  @Test
  void oneInstructionMayWriteOneValueManyTimesButNotDifferentOnes() {
    MemoryTrial trial = MemoryTrial.device();
    trial.run(TILE, "mov.u32 %r10, tile; st.shared.u32 [%r10], 5;", TWO_WARPS).clean();
    trial.run(TILE, "mov.u32 %r10, tile; st.shared.u32 [%r10], %r0;", LaunchShape.of(1, 32));
    Finding race = trial.only(Finding.Kind.SHARED_RACE);
    assertTrue(race.message().startsWith("write by thread (0, 0, 0)"), race::message);
    assertTrue(race.message().contains("and write by thread (1, 0, 0) here"), race::message);
  }

  @Test
  void neighbouringBytesAndHalvesAreDifferentPlaces() {
    MemoryTrial trial = MemoryTrial.device();
    String bytes =
        """
        mov.u32 %r10, tile;
        add.s32 %r10, %r10, %r0;
        st.shared.u8 [%r10], %r0;
        """;
    trial.run(TILE, bytes, TWO_WARPS).clean();
    String halves =
        bytes
            .replace("%r10, %r0;", "%r10, %r0; add.s32 %r10, %r10, %r0;")
            .replace("u8", "u16")
            .replace("], %r0", "], %h1");
    trial.run(TILE, "mov.u16 %h1, 3;" + halves, TWO_WARPS).clean();
    trial.run(
        TILE,
        bytes + "mov.u32 %r11, tile; setp.eq.u32 %p1, %r0, 40; @%p1 ld.shared.u32 %r12, [%r11+4];",
        TWO_WARPS);
    trial.only(Finding.Kind.SHARED_RACE);
  }

  @Test
  void blocksAreNotOrdered() {
    MemoryTrial trial = MemoryTrial.device();
    String body = "mov.u32 %r10, %ctaid.x; st.global.u32 [%rd1], %r10;";
    trial.run(body, LaunchShape.of(2, 1), trial.zeros(4));
    Finding race = trial.only(Finding.Kind.GLOBAL_RACE);
    assertTrue(
        race.message().contains("write by thread (0, 0, 0) of block (0, 0, 0)"), race::message);
    assertTrue(
        race.message().contains("with no fence and atomic operation between"), race::message);
  }

  @Test
  void launchesAre() {
    MemoryTrial trial = MemoryTrial.device();
    long address = trial.zeros(4);
    for (int i = 0; i < 3; i++) {
      trial.run(
          "ld.global.u32 %r10, [%rd1]; add.u32 %r10, %r10, 1; st.global.u32 [%rd1], %r10;",
          LaunchShape.of(1, 1), address);
    }
    trial.clean();
    assertEquals(3, trial.ints(address, 1)[0]);
  }

  @Test
  void atomicsDoNotRaceWithEachOtherButWithPlainAccesses() {
    MemoryTrial trial = MemoryTrial.device();
    String count = "red.global.add.u32 [%rd1], 1;";
    trial.run(count, LaunchShape.of(4, 64), trial.zeros(4)).clean();
    trial.run(count + "ld.global.u32 %r10, [%rd1];", LaunchShape.of(2, 1), trial.zeros(4));
    Finding race = trial.only(Finding.Kind.GLOBAL_RACE);
    assertTrue(
        race.message().contains("and atomic operation by thread (0, 0, 0) here"), race::message);
  }

  @Test
  void atomicsOfTheSameThreadDoNotHideItsPlainWrite() {
    MemoryTrial trial = MemoryTrial.device();
    String body =
        "setp.ne.u32 %p1, %r0, 0; @!%p1 st.global.u32 [%rd1], 0; red.global.add.u32 [%rd1], 1;";
    trial.run(body, LaunchShape.of(1, 2), trial.zeros(4));
    Finding race = trial.only(Finding.Kind.GLOBAL_RACE);
    assertTrue(race.message().startsWith("write by thread (0, 0, 0)"), race::message);
    assertEquals(new Finding.Index(1, 0, 0), race.thread());
  }

  @Test
  void aHistogramInSharedMemoryIsOrderedByItsBarriers() {
    MemoryTrial trial = MemoryTrial.device();
    String body =
        """
        mov.u32 %r10, tile;
        and.b32 %r11, %r0, 3;
        shl.b32 %r11, %r11, 2;
        add.s32 %r11, %r11, %r10;
        st.shared.u32 [%r11], 0;
        bar.sync 0;
        atom.shared.add.u32 %r12, [%r11], 1;
        bar.sync 0;
        ld.shared.u32 %r13, [%r11];
        st.global.u32 [%rd5], %r13;
        """;
    long out = trial.zeros(256);
    trial.run(TILE, body, TWO_WARPS, out).clean();
    assertEquals(16, trial.ints(out, 64)[63]);
  }

  /** Partial results, and a ticket: the block that draws the last adds them up. */
  private static String lastBlock(String fence, String barrier) {
    return """
    .reg .b32 %%big<4>;
    mov.u32 %%r10, ticket;
    setp.ne.u32 %%p1, %%r0, 0;
    mul.wide.u32 %%rd10, %%r2, 4;
    add.s64 %%rd10, %%rd10, %%rd1;
    @%%p1 bra done;
    st.global.u32 [%%rd10], 5;
    %s
    atom.global.inc.u32 %%r11, [%%rd2], 99;
    st.shared.u32 [%%r10], %%r11;
    done:
    bar.sync 0;
    ld.shared.u32 %%r12, [%%r10];
    setp.ne.u32 %%p2, %%r12, 3;
    @%%p2 bra end;
    setp.gt.u32 %%p3, %%r0, 3;
    @%%p3 bra end;
    %s
    ld.global.u32 %%r13, [%%rd5];
    st.global.u32 [%%rd7], %%r13;
    end:
    """
        .formatted(fence, barrier);
  }

  @ParameterizedTest
  @ValueSource(strings = {"membar.gl;", "fence.acq_rel.gpu;", "fence.sc.sys;"})
  void theLastBlockSeesWhatCameBeforeTheFences(String fence) {
    MemoryTrial trial = MemoryTrial.device();
    long out = trial.zeros(16);
    String shared = ".shared .align 4 .b32 ticket;";
    trial
        .run(
            shared,
            lastBlock(fence, ""),
            LaunchShape.of(4, 64),
            trial.zeros(16),
            trial.zeros(4),
            out)
        .clean();
    assertEquals(5, trial.ints(out, 4)[2]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "membar.cta;", "fence.acq_rel.cta;"})
  void withoutAFenceForTheWholeDeviceItDoesNot(String fence) {
    MemoryTrial trial = MemoryTrial.device();
    String shared = ".shared .align 4 .b32 ticket;";
    trial.run(
        shared,
        lastBlock(fence, ""),
        LaunchShape.of(4, 64),
        trial.zeros(16),
        trial.zeros(4),
        trial.zeros(16));
    trial.only(Finding.Kind.GLOBAL_RACE);
  }

  /** All threads write and fence; after a barrier one draws the block's ticket; the last block adds all up. */
  @ParameterizedTest
  @ValueSource(strings = {"membar.gl;", "membar.cta;", ""})
  void aBarrierHandsOnWhatOtherThreadsHaveFenced(String fence) {
    String body =
        """
        .reg .b32 %%big<4>;
        mov.u32 %%r10, ticket;
        mad.lo.u32 %%r20, %%r2, 64, %%r0;
        mul.wide.u32 %%rd10, %%r20, 4;
        add.s64 %%rd10, %%rd10, %%rd1;
        st.global.u32 [%%rd10], 5;
        %s
        bar.sync 0;
        setp.ne.u32 %%p1, %%r0, 0;
        @%%p1 bra drawn;
        atom.global.add.u32 %%r11, [%%rd2], 1;
        st.shared.u32 [%%r10], %%r11;
        drawn:
        bar.sync 0;
        ld.shared.u32 %%r12, [%%r10];
        setp.ne.u32 %%p2, %%r12, 3;
        @%%p2 bra end;
        membar.gl;
        ld.global.u32 %%r13, [%%rd5];
        ld.global.u32 %%r14, [%%rd5+256];
        ld.global.u32 %%r15, [%%rd5+512];
        add.u32 %%r13, %%r13, %%r14;
        add.u32 %%r13, %%r13, %%r15;
        st.global.u32 [%%rd7], %%r13;
        end:
        """
            .formatted(fence);
    MemoryTrial trial = MemoryTrial.device();
    long out = trial.zeros(256);
    trial.run(
        ".shared .align 4 .b32 ticket;",
        body,
        LaunchShape.of(4, 64),
        trial.zeros(1024),
        trial.zeros(4),
        out);
    assertEquals(15, trial.ints(out, 64)[63]);
    boolean fenced = fence.equals("membar.gl;");
    assertEquals(fenced, trial.findings().isEmpty(), () -> trial.findings().toString());
    if (!fenced) {
      assertEquals(Finding.Kind.GLOBAL_RACE, trial.findings().getFirst().kind());
    }
  }

  /** Block 0 writes a value, then a flag; block 1 waits for the flag, then reads the value. */
  private static String flag(String release, String load, String after) {
    return """
    setp.ne.u32 %%p1, %%r2, 0;
    @%%p1 bra wait;
    st.global.u32 [%%rd1], 77;
    %s
    bra end;
    wait:
    %s
    setp.eq.u32 %%p2, %%r10, 0;
    @%%p2 bra wait;
    %s
    ld.global.u32 %%r11, [%%rd1];
    st.global.u32 [%%rd3], %%r11;
    end:
    """
        .formatted(release, load, after);
  }

  private static final String FENCED_FLAG = "membar.gl; st.volatile.global.u32 [%rd2], 1;";
  private static final String RELEASED_FLAG = "st.release.gpu.global.u32 [%rd2], 1;";
  private static final String VOLATILE_LOAD = "ld.volatile.global.u32 %r10, [%rd2];";
  private static final String ACQUIRING_LOAD = "ld.acquire.gpu.global.u32 %r10, [%rd2];";

  private static MemoryTrial flagged(String release, String load, String after) {
    MemoryTrial trial = MemoryTrial.device();
    long out = trial.zeros(4);
    trial.run(
        flag(release, load, after), LaunchShape.of(2, 1), trial.zeros(4), trial.zeros(4), out);
    assertEquals(77, trial.ints(out, 1)[0]);
    return trial;
  }

  @Test
  void aFlagReleasedAndAcquiredOrders() {
    flagged(FENCED_FLAG, VOLATILE_LOAD, "membar.gl;").clean();
    flagged(RELEASED_FLAG, ACQUIRING_LOAD, "").clean();
    flagged(RELEASED_FLAG, "ld.relaxed.gpu.global.u32 %r10, [%rd2];", "fence.acq_rel.gpu;").clean();
    flagged(
            "membar.gl; red.global.add.u32 [%rd2], 1;",
            "atom.global.or.b32 %r10, [%rd2], 0;", "membar.gl;")
        .clean();
    flagged(
            "red.release.gpu.global.add.u32 [%rd2], 1;",
            "atom.acquire.gpu.global.or.b32 %r10, [%rd2], 0;", "")
        .clean();
  }

  @Test
  void aFlagWithHalfOfItDoesNot() {
    flagged("st.volatile.global.u32 [%rd2], 1;", VOLATILE_LOAD, "membar.gl;")
        .only(Finding.Kind.GLOBAL_RACE);
    flagged(FENCED_FLAG, VOLATILE_LOAD, "").only(Finding.Kind.GLOBAL_RACE);
    flagged("st.release.cta.global.u32 [%rd2], 1;", ACQUIRING_LOAD, "")
        .only(Finding.Kind.GLOBAL_RACE);
  }

  /** All threads add to one sum, each while it holds the lock. */
  private static String locked(String acquired, String released) {
    return """
    mov.u32 %%r20, 0;
    again:
    atom.global.cas.b32 %%r10, [%%rd2], 0, 1;
    setp.ne.u32 %%p1, %%r10, 0;
    @%%p1 bra again;
    %s
    ld.global.u32 %%r11, [%%rd1];
    add.u32 %%r11, %%r11, 1;
    st.global.u32 [%%rd1], %%r11;
    %s
    atom.global.exch.b32 %%r12, [%%rd2], 0;
    """
        .formatted(acquired, released);
  }

  @Test
  void aSpinLockOrdersWhoHoldsIt() {
    MemoryTrial trial = MemoryTrial.device();
    long sum = trial.zeros(4);
    trial
        .run(locked("membar.gl;", "membar.gl;"), LaunchShape.of(3, 1), sum, trial.zeros(4))
        .clean();
    assertEquals(3, trial.ints(sum, 1)[0]);
    trial.run(locked("membar.gl;", ""), LaunchShape.of(3, 1), trial.zeros(4), trial.zeros(4));
    assertTrue(
        trial.findings().stream().allMatch(f -> f.kind() == Finding.Kind.GLOBAL_RACE),
        trial.findings()::toString);
    assertEquals(false, trial.findings().isEmpty());
  }

  @Test
  void aSpinLockAmongLanesOfAWarpOrdersThemToo() {
    MemoryTrial trial = MemoryTrial.device();
    String body =
        """
        mov.u32 %r21, 0;
        again:
        setp.eq.u32 %p2, %r21, 1;
        @%p2 bra out;
        atom.global.cas.b32 %r10, [%rd2], 0, 1;
        setp.ne.u32 %p1, %r10, 0;
        @%p1 bra again;
        membar.gl;
        ld.global.u32 %r11, [%rd1];
        add.u32 %r11, %r11, 1;
        st.global.u32 [%rd1], %r11;
        membar.gl;
        atom.global.exch.b32 %r12, [%rd2], 0;
        mov.u32 %r21, 1;
        bra again;
        out:
        """;
    long sum = trial.zeros(4);
    trial.run(body, LaunchShape.of(2, 40), sum, trial.zeros(4)).clean();
    assertEquals(80, trial.ints(sum, 1)[0]);
  }

  @Test
  void blocksThatPassOnWhatTheyKnowFormAChain() {
    MemoryTrial trial = MemoryTrial.device();
    // Block b waits for block b - 1's flag, and reads what block 0 has written.
    String body =
        """
        mul.wide.u32 %rd10, %r2, 4;
        add.s64 %rd10, %rd10, %rd2;
        setp.eq.u32 %p1, %r2, 0;
        @%p1 st.global.u32 [%rd1], 9;
        @%p1 bra pass;
        wait:
        ld.acquire.gpu.global.u32 %r10, [%rd10+-4];
        setp.eq.u32 %p2, %r10, 0;
        @%p2 bra wait;
        ld.global.u32 %r11, [%rd1];
        pass:
        st.release.gpu.global.u32 [%rd10], 1;
        """;
    trial.run(body, LaunchShape.of(300, 1), trial.zeros(4), trial.zeros(1200)).clean();
  }

  @Test
  void strongAccessesDoNotRaceAmongThemselves() {
    MemoryTrial trial = MemoryTrial.device();
    trial
        .run(
            "st.relaxed.gpu.global.u32 [%rd1], %r2; ld.volatile.global.u32 %r10, [%rd1];",
            LaunchShape.of(3, 2), trial.zeros(4))
        .clean();
  }

  @Test
  void lowerLevelsDoNotLookForRaces() {
    MemoryTrial trial = MemoryTrial.device(EmulatorOptions.Sanitizer.MEMORY);
    trial.run("st.global.u32 [%rd1], %r2;", LaunchShape.of(2, 1), trial.zeros(4)).clean();
  }

  @Test
  void theSameRunFindsTheSame() {
    String found = "";
    for (int i = 0; i < 2; i++) {
      MemoryTrial trial = MemoryTrial.device();
      trial.run(TILE, exchange("", 33), LaunchShape.of(3, 64), trial.zeros(256));
      String now = trial.findings().toString();
      assertTrue(i == 0 || now.equals(found));
      found = now;
    }
  }

  @Test
  void aMessageHandsOnWhatItWasTold() {
    Message first = Message.of(1, new int[] {4, 2}, Reach.DEVICE, null);
    Message second = Message.of(2, new int[] {1, 1}, Reach.BLOCK, first);
    assertTrue(second.tells(7, 1, 0, 3));
    assertEquals(false, second.tells(7, 1, 0, 4));
    assertEquals(false, second.tells(7, 2, 0, 0));
    assertTrue(second.tells(2, 2, 0, 0));
    Message both = Message.both(second, Message.of(1, new int[] {3, 9}, Reach.DEVICE, null));
    assertTrue(both.tells(7, 1, 0, 3) && both.tells(7, 1, 1, 8));
    assertEquals(false, both.tells(7, 3, 0, 0));
  }

  @Test
  void aLongChainOfMessagesForgetsNothing() {
    Message chain = null;
    for (int block = 0; block < 20_000; block++) {
      chain = Message.of(block, new int[] {block % 7 + 1}, Reach.DEVICE, chain);
    }
    for (int block = 0; block < 20_000; block++) {
      assertTrue(chain.tells(-1, block, 0, block % 7));
      assertEquals(false, chain.tells(-1, block, 0, block % 7 + 1));
    }
  }
}
