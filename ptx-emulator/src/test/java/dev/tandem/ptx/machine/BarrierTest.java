package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.ptx.text.PtxException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Barriers of blocks and of warps. */
class BarrierTest {
  private static final EmulatorOptions OPTIONS = Trial.options();
  private static final String SHARE = ".shared .align 4 .b8 share[4096];";

  private static Trial shared(String body) {
    String address =
        """
        mov.u32 %r4, share;
        shl.b32 %r5, %r0, 2;
        add.u32 %r6, %r4, %r5;
        """;
    return Trial.of(SHARE, address + body, OPTIONS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"bar.sync 0;", "barrier.sync 0;", "barrier.cta.sync.aligned 3;"})
  void allWarpsSeeWhatOthersWroteBefore(String barrier) {
    Trial trial =
        shared(
            """
            st.shared.u32 [%r6], %r1;
            BARRIER
            sub.u32 %r10, 199, %r0;
            shl.b32 %r10, %r10, 2;
            add.u32 %r10, %r4, %r10;
            ld.shared.u32 %r11, [%r10];
            st.global.u32 [%rd2], %r11;
            """
                .replace("BARRIER", barrier));
    int[] expected = IntStream.range(0, 600).map(i -> i / 200 * 200 + 199 - i % 200).toArray();
    assertArrayEquals(expected, trial.run(3, 200).ints(600));
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void barriersInALoop() {
    // Sum over the block by halves: 256 threads, eight rounds.
    Trial trial =
        shared(
            """
            st.shared.u32 [%r6], %r0;
            mov.u32 %r10, 128;
            LOOP:
            bar.sync 0;
            setp.ge.u32 %p1, %r0, %r10;
            @%p1 bra SKIP;
            shl.b32 %r11, %r10, 2;
            add.u32 %r11, %r6, %r11;
            ld.shared.u32 %r12, [%r11];
            ld.shared.u32 %r13, [%r6];
            add.u32 %r13, %r13, %r12;
            st.shared.u32 [%r6], %r13;
            SKIP:
            shr.u32 %r10, %r10, 1;
            setp.ne.u32 %p2, %r10, 0;
            @%p2 bra LOOP;
            setp.eq.u32 %p3, %r0, 0;
            @%p3 st.global.u32 [%rd1], %r13;
            """);
    assertEquals(255 * 256 / 2, trial.run(1, 256).ints(1)[0]);
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void producersAndConsumersMeetAtNamedBarriers() {
    // Warp 0 writes four rounds, warp 1 reads them; barrier 1: full, barrier 2: empty.
    Trial trial =
        shared(
            """
            and.b32 %r10, %r0, 31;
            shl.b32 %r11, %r10, 2;
            add.u32 %r11, %r4, %r11;
            mov.u32 %r12, 0;
            setp.ge.u32 %p1, %r0, 32;
            @%p1 bra CONSUMER;
            PRODUCER:
            setp.eq.u32 %p2, %r12, 0;
            @%p2 bra FIRST;
            bar.sync 2, 64;
            FIRST:
            mad.lo.u32 %r13, %r12, 100, %r10;
            st.shared.u32 [%r11], %r13;
            bar.arrive 1, 64;
            add.u32 %r12, %r12, 1;
            setp.lt.u32 %p3, %r12, 4;
            @%p3 bra PRODUCER;
            ret;
            CONSUMER:
            bar.sync 1, 64;
            ld.shared.u32 %r14, [%r11];
            mad.lo.u32 %r15, %r12, 32, %r10;
            mul.wide.u32 %rd10, %r15, 4;
            add.s64 %rd10, %rd1, %rd10;
            st.global.u32 [%rd10], %r14;
            add.u32 %r12, %r12, 1;
            setp.eq.u32 %p4, %r12, 4;
            @%p4 ret;
            bar.arrive 2, 64;
            bra CONSUMER;
            """);
    int[] expected = IntStream.range(0, 128).map(i -> i / 32 * 100 + i % 32).toArray();
    assertArrayEquals(expected, trial.run(1, 64).ints(128));
    assertEquals(List.of(), trial.findings(Finding.Kind.BARRIER));
  }

  @Test
  void aPartialBarrierDoesNotWaitForOtherWarps() {
    // Warp 2 waits at barrier 0 with the others only after 0 and 1 have met at barrier 5.
    Trial trial =
        Trial.of(
            """
            mov.u32 %r12, 5;
            setp.ge.u32 %p1, %r0, 64;
            @%p1 bra ALL;
            bar.sync %r12, 64;
            ALL:
            bar.sync 0;
            st.global.u32 [%rd2], 1;
            """);
    assertEquals(96, IntStream.of(trial.run(1, 96).ints(96)).sum());
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void reductionsOverTheBlock() {
    Trial trial =
        Trial.of(
            """
            setp.lt.u32 %p1, %r0, 70;
            setp.lt.u32 %p2, %r0, 100;
            setp.eq.u32 %p3, %r0, 77;
            bar.red.popc.u32 %r10, 0, %p1;
            barrier.cta.red.popc.aligned.u32 %r11, 1, 128, !%p1;
            bar.red.and.pred %p4, 0, %p2;
            bar.red.or.pred %p5, 0, %p3;
            bar.red.and.pred %p6, 0, !%p7;
            selp.u32 %r12, 1, 0, %p4;
            selp.u32 %r13, 2, 0, %p5;
            selp.u32 %r14, 4, 0, %p6;
            add.u32 %r12, %r12, %r13;
            add.u32 %r12, %r12, %r14;
            mad.lo.u32 %r10, %r10, 1000, %r11;
            mad.lo.u32 %r10, %r10, 10, %r12;
            st.global.u32 [%rd2], %r10;
            """);
    int[] expected = IntStream.range(0, 128).map(_ -> (70 * 1000 + 58) * 10 + 6).toArray();
    assertArrayEquals(expected, trial.run(1, 128).ints(128));
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void exitedThreadsAreReportedAndNotWaitedFor() {
    Trial trial =
        Trial.of(
            """
            setp.ge.u32 %p1, %r0, 48;
            @%p1 ret;
            bar.sync 0;
            st.global.u32 [%rd2], 1;
            """);
    assertEquals(48, IntStream.of(trial.run(1, 96).ints(96)).sum());
    List<Finding> findings = trial.findings(Finding.Kind.BARRIER);
    assertEquals(1, findings.size());
    String message = findings.getFirst().message();
    assertTrue(message.contains("all threads of 96, 48 of them have exited"), message);
  }

  @Test
  void threadsAtDifferentBarriersCannotGoOn() {
    Trial trial =
        Trial.of(
            """
            setp.ge.u32 %p1, %r0, 32;
            @%p1 bra OTHER;
            bar.sync 0;
            ret;
            OTHER:
            bar.sync 1;
            """);
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(1, 64));
    assertEquals(DriverError.CUDA_ERROR_LAUNCH_FAILED, fault.error());
    List<Finding> findings = trial.findings(Finding.Kind.BARRIER);
    assertEquals(2, findings.size());
    String message = findings.getFirst().message();
    assertTrue(message.contains("32 have come, 32 wait at PTX line"), message);
    assertTrue(fault.getMessage().contains("barrier 1"), fault.getMessage());
  }

  @Test
  void alignedBarriersWantOneInstructionForAWarp() {
    String body =
        """
        setp.lt.u32 %p1, %r0, 7;
        @%p1 bra HERE;
        BARRIER
        bra END;
        HERE:
        BARRIER
        END:
        st.global.u32 [%rd2], 1;
        """;
    Trial aligned = Trial.of(body.replace("BARRIER", "bar.sync 0;")).run(1, 64);
    assertEquals(64, IntStream.of(aligned.ints(64)).sum());
    assertEquals(1, aligned.findings(Finding.Kind.BARRIER).size());
    String message = aligned.findings().getFirst().message();
    assertTrue(message.contains("different instructions"), message);

    Trial free = Trial.of(body.replace("BARRIER", "barrier.sync 0;")).run(1, 64);
    assertEquals(64, IntStream.of(free.ints(64)).sum());
    assertEquals(List.of(), free.findings());
  }

  @Test
  void lanesOfAWarpWaitForEachOther() {
    // Two branches of the same warp write, meet at bar.warp.sync from different instructions, and
    // read.
    Trial trial =
        shared(
            """
            setp.lt.u32 %p1, %r0, 16;
            @%p1 bra LOW;
            st.shared.u32 [%r6], %r0;
            bar.warp.sync 0xffffffff;
            ld.shared.u32 %r10, [%r6+-64];
            bra END;
            LOW:
            mul.lo.u32 %r11, %r0, 10;
            st.shared.u32 [%r6], %r11;
            bar.warp.sync -1;
            ld.shared.u32 %r10, [%r6+64];
            END:
            st.global.u32 [%rd2], %r10;
            """);
    int[] expected = IntStream.range(0, 32).map(i -> i < 16 ? i + 16 : (i - 16) * 10).toArray();
    assertArrayEquals(expected, trial.run(1, 32).ints(32));
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void aCountOtherThanWholeWarpsIsRefused() {
    PtxException e = assertThrows(PtxException.class, () -> Trial.of("bar.sync 1, 40;"));
    assertTrue(e.getMessage().contains("multiple of 32"), e.getMessage());
    assertThrows(PtxException.class, () -> Trial.of("bar.sync 16;"));
    Trial trial = Trial.of("mov.u32 %r10, 33; bar.sync 1, %r10;");
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(1, 64));
    assertEquals(DriverError.CUDA_ERROR_ILLEGAL_INSTRUCTION, fault.error());
  }

  @Test
  void differentCountsAreReported() {
    Trial trial =
        Trial.of(
            """
            setp.lt.u32 %p1, %r0, 32;
            @%p1 bra SMALL;
            bar.sync 1, 96;
            ret;
            SMALL:
            bar.sync 1, 64;
            """);
    trial.run(1, 96);
    assertEquals(1, trial.findings(Finding.Kind.BARRIER).size());
  }
}
