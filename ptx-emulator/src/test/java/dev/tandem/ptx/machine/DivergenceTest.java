package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.ptx.text.PtxException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Lanes that part and meet again. */
class DivergenceTest {
  @Test
  void lanesTakeTheirOwnSideOfABranch() {
    Trial trial =
        Trial.of(
            """
            and.b32 %r10, %r0, 1;
            setp.eq.u32 %p1, %r10, 0;
            @%p1 bra EVEN;
            mul.lo.u32 %r11, %r0, 3;
            bra END;
            EVEN:
            add.u32 %r11, %r0, 1000;
            END:
            st.global.u32 [%rd2], %r11;
            """);
    int[] expected = IntStream.range(0, 80).map(i -> i % 2 == 0 ? i + 1000 : 3 * i).toArray();
    assertArrayEquals(expected, trial.run(1, 80).ints(80));
  }

  @Test
  void lanesMeetAgainBehindBranches() {
    Trial trial =
        Trial.of(
            """
            and.b32 %r10, %r0, 3;
            setp.eq.u32 %p1, %r10, 0;
            @%p1 bra A;
            setp.eq.u32 %p2, %r10, 1;
            @%p2 bra B;
            bra.uni END;
            A: bra.uni END;
            B: bra.uni END;
            END:
            activemask.b32 %r11;
            st.global.u32 [%rd2], %r11;
            """);
    int[] active = trial.run(1, 32).ints(32);
    assertArrayEquals(IntStream.range(0, 32).map(_ -> -1).toArray(), active);
  }

  @Test
  void activeLanesInsideABranchAreThoseThatTookIt() {
    Trial trial =
        Trial.of(
            """
            setp.lt.u32 %p1, %r0, 5;
            @!%p1 bra END;
            activemask.b32 %r11;
            st.global.u32 [%rd2], %r11;
            END:
            """);
    int[] active = trial.run(1, 32).ints(6);
    assertArrayEquals(new int[] {31, 31, 31, 31, 31, 0}, active);
  }

  @Test
  void loopsOfDifferentLengths() {
    Trial trial =
        Trial.of(
            """
            mov.u32 %r10, 0;
            mov.u32 %r11, 0;
            setp.eq.u32 %p1, %r0, 0;
            @%p1 bra END;
            LOOP:
            add.u32 %r11, %r11, %r10;
            add.u32 %r10, %r10, 1;
            setp.lt.u32 %p2, %r10, %r0;
            @%p2 bra LOOP;
            END:
            st.global.u32 [%rd2], %r11;
            """);
    int[] expected = IntStream.range(0, 100).map(i -> i * (i - 1) / 2).toArray();
    assertArrayEquals(expected, trial.run(1, 100).ints(100));
  }

  @Test
  void nestedLoopsWithEarlyExits() {
    // out = sum over a < 6, b < tid % 7 of a * b + 1, stopping altogether once it passes 40.
    Trial trial =
        Trial.of(
            """
            rem.u32 %r10, %r0, 7;
            mov.u32 %r11, 0;
            mov.u32 %r12, 0;
            OUTER:
            mov.u32 %r13, 0;
            INNER:
            setp.ge.u32 %p1, %r13, %r10;
            @%p1 bra NEXT;
            mad.lo.u32 %r14, %r12, %r13, 1;
            add.u32 %r11, %r11, %r14;
            setp.gt.u32 %p2, %r11, 40;
            @%p2 bra DONE;
            add.u32 %r13, %r13, 1;
            bra INNER;
            NEXT:
            add.u32 %r12, %r12, 1;
            setp.lt.u32 %p3, %r12, 6;
            @%p3 bra OUTER;
            DONE:
            st.global.u32 [%rd2], %r11;
            """);
    assertArrayEquals(
        IntStream.range(0, 64).map(DivergenceTest::nested).toArray(), trial.run(1, 64).ints(64));
  }

  private static int nested(int thread) {
    int sum = 0;
    for (int a = 0; a < 6; a++) {
      for (int b = 0; b < thread % 7; b++) {
        sum += a * b + 1;
        if (sum > 40) {
          return sum;
        }
      }
    }
    return sum;
  }

  @Test
  void someLanesExitAndOthersGoOn() {
    Trial trial =
        Trial.of(
            """
            and.b32 %r10, %r0, 4;
            setp.ne.u32 %p1, %r10, 0;
            @%p1 exit;
            activemask.b32 %r11;
            st.global.u32 [%rd2], %r11;
            """);
    int[] expected = IntStream.range(0, 32).map(i -> (i & 4) != 0 ? 0 : 0x0F0F0F0F).toArray();
    assertArrayEquals(expected, trial.run(1, 32).ints(32));
  }

  @Test
  void indexedBranch() {
    Trial trial =
        Trial.of(
            """
            TABLE: .branchtargets ZERO, ONE, TWO;
            rem.u32 %r10, %r0, 3;
            brx.idx %r10, TABLE;
            TWO: mov.u32 %r11, 222; bra END;
            ZERO: mov.u32 %r11, 7; bra END;
            ONE: mov.u32 %r11, 11;
            END: st.global.u32 [%rd2], %r11;
            """);
    int[] values = {7, 11, 222};
    assertArrayEquals(
        IntStream.range(0, 40).map(i -> values[i % 3]).toArray(), trial.run(1, 40).ints(40));
  }

  @Test
  void indexedBranchBeyondItsTargetsIsAFault() {
    Trial trial =
        Trial.of(
            """
            TABLE: .branchtargets ZERO, ONE;
            brx.idx %r0, TABLE;
            ZERO: ret;
            ONE: ret;
            """);
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(1, 3));
    assertEquals(DriverError.CUDA_ERROR_ILLEGAL_INSTRUCTION, fault.error());
  }

  @Test
  void countsActiveLanesOnly() {
    // 7 instructions before the body for 40 lanes, one guarded for 10 of them, and ret.
    Trial trial =
        Trial.of(
            """
            setp.lt.u32 %p1, %r0, 10;
            @%p1 st.global.u32 [%rd2], %r0;
            """);
    assertEquals(40 * 7 + 40 + 10 + 40, trial.run(1, 40).instructions());
  }

  @Test
  void aLockTakenLaneByLaneWithTheCriticalSectionBehindTheLoop() {
    // Those that wait stand before the one that has the lock: it must get its turn all the same.
    Trial trial =
        Trial.of(
            """
            SPIN:
            atom.global.cas.b32 %r10, [%rd1], 0, 1;
            setp.ne.u32 %p1, %r10, 0;
            @%p1 bra SPIN;
            ld.volatile.global.u32 %r11, [%rd1+4];
            add.u32 %r11, %r11, 1;
            st.volatile.global.u32 [%rd1+4], %r11;
            membar.gl;
            atom.global.exch.b32 %r12, [%rd1], 0;
            """);
    assertArrayEquals(new int[] {0, 2 * 48}, trial.run(2, 48).ints(2));
  }

  @Test
  void lanesOfAWarpThatWaitForEachOther() {
    // Lane 0 waits, before the branch that the others take, for what lane 31 writes behind it.
    Trial trial =
        Trial.of(
            """
            setp.ne.u32 %p1, %r0, 0;
            @%p1 bra OTHERS;
            WAIT:
            ld.volatile.global.u32 %r10, [%rd1+4];
            setp.eq.u32 %p2, %r10, 0;
            @%p2 bra WAIT;
            st.global.u32 [%rd1], %r10;
            ret;
            OTHERS:
            setp.ne.u32 %p3, %r0, 31;
            @%p3 ret;
            mov.u32 %r11, 77;
            st.volatile.global.u32 [%rd1+4], %r11;
            """);
    assertArrayEquals(new int[] {77, 77}, trial.run(1, 32).ints(2));
  }

  @Test
  void registersReadBeforeTheyAreWrittenAreZeroInEveryBlock() {
    Trial trial =
        Trial.of(
            """
            st.global.u32 [%rd2], %r20;
            setp.eq.u32 %p1, %r0, 3;
            @%p1 mov.u32 %r21, 5;
            st.global.u32 [%rd2+4096], %r21;
            mov.u32 %r20, 9;
            add.u32 %r21, %r20, %r21;
            st.global.u32 [%rd2+8192], %r21;
            """,
            Trial.options().withThreads(1));
    int[] got = trial.run(100, 8).ints(2848);
    for (int i = 0; i < 800; i++) {
      assertEquals(0, got[i]);
      assertEquals(i % 8 == 3 ? 5 : 0, got[1024 + i]);
      assertEquals(i % 8 == 3 ? 14 : 9, got[2048 + i]);
    }
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    PtxException e = assertThrows(PtxException.class, () -> Trial.of("mov.u32 %r10, %pm0;"));
    assertEquals(true, e.getMessage().contains("%pm0"), e.getMessage());
  }
}
