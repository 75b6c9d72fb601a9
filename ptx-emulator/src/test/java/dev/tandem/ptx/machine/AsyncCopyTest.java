package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.PtxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AsyncCopyTest {
  private static final LaunchShape ONE = LaunchShape.of(1, 1);
  private static final String TILE = ".shared .align 16 .b8 tile[512];";

  private final MemoryTrial trial = MemoryTrial.device();

  @ParameterizedTest
  @ValueSource(strings = {"cp.async.commit_group; cp.async.wait_group 0;", "cp.async.wait_all;"})
  void whatWasWaitedForIsThere(String wait) {
    long from = trial.holding(1, 2, 3, 4);
    long to = trial.zeros(16);
    String body =
        "cp.async.cg.shared.global.L2::128B [tile], [%rd1], 16;"
            + wait
            + "ld.shared.v4.u32 {%r10, %r11, %r12, %r13}, [tile]; st.global.v4.u32 [%rd2], {%r10, %r11, %r12, %r13};";
    trial.run(TILE, body, ONE, from, to).clean();
    assertArrayEquals(new int[] {1, 2, 3, 4}, trial.ints(to, 4));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "cp.async.commit_group;", "cp.async.commit_group; cp.async.wait_group 1;"})
  void whatWasNotIsNot(String wait) {
    String body =
        "cp.async.ca.shared.global [tile], [%rd1], 4;"
            + wait
            + "ld.shared.u32 %r10, [tile]; st.global.u32 [%rd2], %r10;";
    long out = trial.zeros(4);
    trial.run("", TILE + body, ONE, trial.holding(1), out);
    Finding found = trial.findings().getFirst();
    assertEquals(Finding.Kind.ASYNC_COPY, found.kind());
    assertTrue(found.message().contains("shared variable tile, at byte 0"), found::message);
    assertEquals((int) Region.POISON, trial.ints(out, 1)[0]);
  }

  @Test
  void withoutASanitizerTheCopyStillComesLate() {
    MemoryTrial plain = MemoryTrial.device(EmulatorOptions.Sanitizer.OFF);
    String body =
        """
        st.shared.u32 [tile], 5;
        cp.async.ca.shared.global [tile], [%rd1], 4;
        ld.shared.u32 %r10, [tile];
        cp.async.wait_all;
        ld.shared.u32 %r11, [tile];
        st.global.v2.u32 [%rd2], {%r10, %r11};
        """;
    long out = plain.zeros(8);
    plain.run(TILE, body, ONE, plain.holding(1), out).clean();
    assertArrayEquals(new int[] {5, 1}, plain.ints(out, 2));
  }

  @Test
  void groupsLandInTheirOrder() {
    String body =
        """
        cp.async.ca.shared.global [tile], [%rd1], 4;
        cp.async.commit_group;
        cp.async.ca.shared.global [tile+4], [%rd1+4], 4;
        cp.async.commit_group;
        cp.async.ca.shared.global [tile+8], [%rd1+8], 4;
        cp.async.commit_group;
        cp.async.wait_group 1;
        ld.shared.u32 %r10, [tile];
        ld.shared.u32 %r11, [tile+4];
        cp.async.wait_group 0;
        ld.shared.u32 %r12, [tile+8];
        st.global.v2.u32 [%rd2], {%r10, %r11};
        st.global.u32 [%rd2+8], %r12;
        """;
    long out = trial.zeros(12);
    trial.run(TILE, body, ONE, trial.holding(1, 2, 3), out).clean();
    assertArrayEquals(new int[] {1, 2, 3}, trial.ints(out, 3));
  }

  @Test
  void whatTheSourceLacksIsZero() {
    String body =
        """
        mov.u32 %r10, 8;
        setp.eq.u32 %p1, %r0, 0;
        cp.async.cg.shared.global [tile], [%rd1], 16, %r10;
        cp.async.ca.shared.global [tile+16], [%rd1+1000], 4, 0;
        cp.async.ca.shared.global [tile+20], [%rd1], 4, %p1;
        cp.async.ca.shared.global [tile+24], [%rd1], 4, !%p1;
        cp.async.wait_all;
        ld.shared.v4.u32 {%r10, %r11, %r12, %r13}, [tile];
        st.global.v4.u32 [%rd2], {%r10, %r11, %r12, %r13};
        ld.shared.v4.u32 {%r10, %r11, %r12, %r13}, [tile+16];
        st.global.v2.u32 [%rd2+16], {%r10, %r11};
        st.global.u32 [%rd2+24], %r12;
        """;
    long out = trial.zeros(28);
    // The source ends behind the eight bytes that are read.
    trial.run(TILE, body, ONE, trial.holding(1, 2), out);
    assertArrayEquals(new int[] {1, 2, 0, 0, 0, 0, 1}, trial.ints(out, 7));
    Finding only = trial.only(Finding.Kind.UNINITIALISED);
    assertTrue(only.message().contains("of which bytes 12 to 15 are meant"), only::message);
  }

  @Test
  void aTileNeedsTheWaitAndTheBarrier() {
    String body =
        """
        cvt.u32.u64 %%r10, %%rd4;
        mov.u32 %%r11, tile;
        add.s32 %%r12, %%r11, %%r10;
        cp.async.ca.shared.global [%%r12], [%%rd5], 4;
        cp.async.wait_all;
        %s
        xor.b32 %%r10, %%r10, 128;
        add.s32 %%r12, %%r11, %%r10;
        ld.shared.u32 %%r13, [%%r12];
        st.global.u32 [%%rd6], %%r13;
        """;
    int[] values = new int[64];
    for (int i = 0; i < 64; i++) {
      values[i] = 100 + i;
    }
    long out = trial.zeros(256);
    trial
        .run(TILE, body.formatted("bar.sync 0;"), LaunchShape.of(1, 64), trial.holding(values), out)
        .clean();
    assertEquals(132, trial.ints(out, 1)[0]);
    trial.run(TILE, body.formatted(""), LaunchShape.of(1, 64), trial.holding(values), out);
    assertTrue(
        trial.findings().stream().anyMatch(f -> f.kind() == Finding.Kind.SHARED_RACE),
        trial.findings()::toString);
  }

  @Test
  void aCopyIntoATileThatOthersStillReadRaces() {
    String body =
        """
        mov.u32 %%r10, tile;
        setp.ne.u32 %%p1, %%r0, 0;
        @!%%p1 st.shared.u32 [%%r10], 1;
        bar.sync 0;
        ld.shared.u32 %%r11, [%%r10];
        %s
        @!%%p1 cp.async.ca.shared.global [%%r10], [%%rd1], 4;
        bar.sync 0;
        cp.async.wait_all;
        """;
    trial.run(TILE, body.formatted("bar.sync 0;"), LaunchShape.of(1, 64), trial.holding(1)).clean();
    trial.run(TILE, body.formatted(""), LaunchShape.of(1, 64), trial.holding(1));
    assertTrue(
        trial.findings().stream()
            .anyMatch(
                f -> f.kind() == Finding.Kind.SHARED_RACE || f.kind() == Finding.Kind.ASYNC_COPY),
        trial.findings()::toString);
  }

  @Test
  void whatNobodyHasWrittenStaysSo() {
    String body =
        "cp.async.ca.shared.global [tile], [%rd1], 4; cp.async.wait_all; ld.shared.u32 %r10, [tile];";
    trial.run(TILE, body, ONE, trial.memory.allocate(4));
    Finding found = trial.only(Finding.Kind.UNINITIALISED);
    assertTrue(found.message().contains("shared memory at byte 0"), found::message);
  }

  @Test
  void aKernelMayEndWithoutWaiting() {
    String body = "cp.async.ca.shared.global [tile], [%rd1], 4; cp.async.commit_group;";
    trial.run(TILE, body, LaunchShape.of(3, 1), trial.holding(1)).clean();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cp.async.bulk.commit_group",
        "cp.async.mbarrier.arrive.shared.b64 [tile]",
        "cp.async.ca.shared.global [tile], [%rd1], 12",
        "cp.async.cg.shared.global [tile], [%rd1], 8"
      })
  void whatIsNotKnownIsRefused(String copy) {
    var e = assertThrows(PtxException.class, () -> trial.run(TILE, copy + ";", ONE, 0));
    assertTrue(e.getMessage().contains("cp.async"), e.getMessage());
  }
}
