package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.LaunchShape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many blocks: special registers, order, waiting for each other, and ends before the end. */
class GridTest {
  @Test
  void everyThreadKnowsItsPlace() {
    // out[i] = the packed place of thread i, where i follows from the place by the layout that CUDA
    // documents.
    Trial trial =
        Trial.of(
            """
            mov.u32 %r10, %tid.x; mov.u32 %r11, %tid.y; mov.u32 %r12, %tid.z;
            mov.u32 %r13, %ctaid.x; mov.u32 %r14, %ctaid.y; mov.u32 %r15, %ctaid.z;
            mad.lo.u32 %r16, %r12, 3, %r11;
            mad.lo.u32 %r16, %r16, 5, %r10;
            mov.u32 %r17, %nctaid.y;
            mad.lo.u32 %r18, %r15, %r17, %r14;
            mov.u32 %r17, %nctaid.x;
            mad.lo.u32 %r18, %r18, %r17, %r13;
            mad.lo.u32 %r19, %r18, 60, %r16;
            mul.wide.u32 %rd10, %r19, 4;
            add.s64 %rd10, %rd1, %rd10;
            mov.u32 %r20, %warpid;
            mov.u32 %r21, %laneid;
            mad.lo.u32 %r22, %r20, 32, %r21;
            mad.lo.u32 %r22, %r18, 1000, %r22;
            st.global.u32 [%rd10], %r22;
            """);
    trial.run(new LaunchShape(2, 3, 2, 5, 3, 4, 0, false));
    int[] expected = IntStream.range(0, 720).map(i -> i / 60 * 1000 + i % 60).toArray();
    assertArrayEquals(expected, trial.ints(720));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "%ntid.x 40",
        "%ntid.y 2",
        "%ntid.z 1",
        "%nctaid.x 3",
        "%nctaid.y 1",
        "%nwarpid 3",
        "%dynamic_smem_size 512",
        "%total_smem_size 576",
        "%cluster_nctarank 1",
        "%cluster_ctarank 0",
        "%lanemask_eq 128",
        "%lanemask_lt 127",
        "%lanemask_le 255",
        "%lanemask_ge -128",
        "%lanemask_gt -256",
        "%laneid 7",
        "%nsmid 4",
        "%envreg3 0",
        "%clock_hi 0"
      })
  void otherSpecialRegisters(String registerAndValue) {
    String[] words = registerAndValue.split(" ");
    Trial trial =
        Trial.of(
            ".shared .align 8 .b8 own[64];",
            """
            mov.u32 %r10, own;
            mov.u32 %r12, %tid.y;
            setp.ne.u32 %p1, %r12, 0;
            @%p1 ret;
            mov.u32 %r11, REGISTER;
            st.global.u32 [%rd2], %r11;
            """
                .replace("REGISTER", words[0]),
            Trial.options());
    trial.run(new LaunchShape(3, 1, 1, 40, 2, 1, 512, false));
    assertEquals(Integer.parseInt(words[1]), trial.ints(8)[7]);
  }

  @Test
  void clocksAdvance() {
    Trial trial =
        Trial.of(
            """
            mov.u32 %r10, %clock;
            add.u32 %r12, %r12, 1;
            mov.u32 %r11, %clock;
            mov.u64 %rd10, %clock64;
            mov.u64 %rd11, %globaltimer;
            sub.u32 %r13, %r11, %r10;
            st.global.u32 [%rd2], %r13;
            """);
    assertEquals(2, trial.run(1, 1).ints(1)[0]);
  }

  private static final String SUMS =
      """
      and.b32 %r10, %r1, 63;
      mul.wide.u32 %rd10, %r10, 4;
      add.s64 %rd10, %rd1, %rd10;
      REDUCE
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "red.global.add.u32 [%rd10], %r1;",
        "atom.global.max.u32 %r11, [%rd10], %r1;",
        "cvt.rn.f32.u32 %f1, %r1; rcp.rn.f32 %f1, %f1; red.global.add.f32 [%rd10], %f1;",
        "atom.global.add.u32 %r11, [%rd10], 1; st.global.u32 [%rd2+256], %r11;"
      })
  void theSameBitsOnAnyNumberOfThreads(String reduce) {
    int[] once = null;
    for (int threads : new int[] {1, 2, 4, 1}) {
      Trial trial = Trial.of(SUMS.replace("REDUCE", reduce), Trial.options().withThreads(threads));
      int[] got = trial.run(200, 96).ints(200 * 96 + 64);
      once = once == null ? got : once;
      assertArrayEquals(once, got, threads + " threads");
      assertTrue(Arrays.stream(got).anyMatch(value -> value != 0));
    }
  }

  @Test
  void blocksRunSideBySideOnlyWhereThatCannotShow() {
    assertTrue(Trial.of("st.global.u32 [%rd2], %r1;").program().sideBySide);
    assertTrue(Trial.of("red.global.add.u32 [%rd1], 1;").program().sideBySide);
    assertTrue(Trial.of("atom.global.add.u32 %r10, [%rd1], 1;").program().sideBySide);
    assertTrue(Trial.of("atom.global.add.u32 _, [%rd1], 1;").program().sideBySide);
    assertTrue(Trial.of("ld.volatile.shared.u32 %r10, [%r11]; membar.cta;").program().sideBySide);
    assertTrue(
        Trial.of("atom.shared.add.u32 %r10, [%r11], 1; add.u32 %r10, %r10, 1;")
            .program()
            .sideBySide);
    assertFalse(Trial.of("red.global.add.f32 [%rd1], %f1;").program().sideBySide);
    assertFalse(
        Trial.of("atom.global.add.u32 %r10, [%rd1], 1; add.u32 %r11, %r10, 1;")
            .program()
            .sideBySide);
    assertFalse(Trial.of("atom.global.exch.b32 %r10, [%rd1], 1;").program().sideBySide);
    assertFalse(
        Trial.of("red.global.add.u32 [%rd1], 1; red.global.max.u32 [%rd1], 7;")
            .program()
            .sideBySide);
    assertFalse(Trial.of("membar.gl;").program().sideBySide);
    assertFalse(Trial.of("ld.volatile.u32 %r10, [%rd1];").program().sideBySide);
    assertFalse(Trial.of("ld.acquire.gpu.global.u32 %r10, [%rd1];").program().sideBySide);
  }

  @Test
  void aBlockMayWaitForALaterOne() {
    Trial trial =
        Trial.of(
            """
            setp.eq.u32 %p1, %r2, 19;
            @%p1 bra LAST;
            WAIT:
            ld.volatile.global.u32 %r10, [%rd1+4096];
            setp.eq.u32 %p2, %r10, 0;
            @%p2 bra WAIT;
            st.global.u32 [%rd2], %r10;
            ret;
            LAST:
            st.volatile.global.u32 [%rd1+4096], 5;
            """);
    int[] expected = IntStream.range(0, 20).map(i -> i < 19 ? 5 : 0).toArray();
    assertArrayEquals(expected, trial.run(20, 1).ints(20));
  }

  private static final String GRID_BARRIER =
      """
      bar.sync 0;
      setp.ne.u32 %p1, %r0, 0;
      @%p1 bra JOIN;
      membar.gl;
      atom.global.add.u32 %r10, [%rd1+8192], 1;
      mov.u32 %r11, %nctaid.x;
      SPIN:
      nanosleep.u32 32;
      ld.acquire.gpu.global.u32 %r12, [%rd1+8192];
      setp.lt.u32 %p2, %r12, %r11;
      @%p2 bra SPIN;
      JOIN:
      bar.sync 0;
      """;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void allBlocksMeet(boolean cooperative) {
    Trial trial =
        Trial.of(
            "st.global.u32 [%rd2], %r1;\n"
                + GRID_BARRIER
                + """
                mov.u32 %r13, 1279;
                sub.u32 %r13, %r13, %r1;
                mul.wide.u32 %rd10, %r13, 4;
                add.s64 %rd10, %rd1, %rd10;
                ld.volatile.global.u32 %r14, [%rd10];
                st.global.u32 [%rd2+16384], %r14;
                """);
    LaunchShape shape = LaunchShape.of(20, 64);
    int[] got = trial.run(cooperative ? shape.cooperatively() : shape).ints(4096 + 1280);
    assertArrayEquals(
        IntStream.range(0, 1280).map(i -> 1279 - i).toArray(),
        Arrays.copyOfRange(got, 4096, 4096 + 1280));
  }

  @Test
  void anEndlessLoopIsEnded() {
    Trial trial =
        Trial.of(
            """
            HERE: add.u32 %r10, %r10, 1;
            bra HERE;
            """,
            Trial.options().withStepLimit(500_000));
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(3, 32));
    assertEquals(DriverError.CUDA_ERROR_LAUNCH_TIMEOUT, fault.error());
    assertTrue(fault.getMessage().contains("block (0, 0, 0)"), fault.getMessage());
    assertEquals(1, trial.findings(Finding.Kind.TIMEOUT).size());
  }

  @Test
  void aFlagThatNobodySetsIsATimeout() {
    Trial trial =
        Trial.of(
            """
            WAIT: ld.volatile.global.u32 %r10, [%rd1];
            setp.eq.u32 %p1, %r10, 0;
            @%p1 bra WAIT;
            """,
            Trial.options().withStepLimit(1_000_000));
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(4, 64));
    assertEquals(DriverError.CUDA_ERROR_LAUNCH_TIMEOUT, fault.error());
    Finding finding = trial.findings(Finding.Kind.TIMEOUT).getFirst();
    assertEquals("k", finding.kernel());
    assertTrue(finding.ptxLine() > 0);
  }

  @Test
  void manyShortBlocksCountTogether() {
    Trial trial = Trial.of("st.global.u32 [%rd2], %r1;", Trial.options().withStepLimit(900));
    // 9 instructions a warp: 100 blocks of one warp are the limit exactly, one more is too many.
    trial.run(100, 32);
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(102, 32));
    assertEquals(DriverError.CUDA_ERROR_LAUNCH_TIMEOUT, fault.error());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void ofSeveralFaultsTheFirstBlocksIsReported(int threads) {
    Trial trial =
        Trial.of(
            """
            setp.lt.u32 %p1, %r2, 37;
            @%p1 bra END;
            trap;
            END:
            st.global.u32 [%rd2], 1;
            """,
            Trial.options().withThreads(threads));
    KernelFault fault = assertThrows(KernelFault.class, () -> trial.run(400, 64));
    assertEquals(DriverError.CUDA_ERROR_LAUNCH_FAILED, fault.error());
    assertTrue(fault.getMessage().contains("block (37, 0, 0)"), fault.getMessage());
    assertEquals(37 * 64, IntStream.of(trial.ints(37 * 64)).sum());
  }

  @Test
  void warpsThatWaitForEachOtherWithoutABarrier() {
    Trial trial =
        Trial.of(
            ".shared .align 4 .u32 flag;",
            """
            setp.ne.u32 %p3, %r0, 0;
            @%p3 bra READY;
            st.shared.u32 [flag], 0;
            READY:
            bar.sync 0;
            setp.ge.u32 %p1, %r0, 32;
            @%p1 bra SET;
            WAIT:
            ld.volatile.shared.u32 %r10, [flag];
            setp.eq.u32 %p2, %r10, 0;
            @%p2 bra WAIT;
            st.global.u32 [%rd2], %r10;
            ret;
            SET:
            st.volatile.shared.u32 [flag], 9;
            """,
            Trial.options());
    assertEquals(9, trial.run(1, 64).ints(1)[0]);
  }

  /** Reads of unwritten shared memory in some blocks, a race in others; and one block falls into a trap. */
  private static final String WRONG =
      """
      mov.u32 %r10, tile;
      mad.lo.u32 %r10, %r0, 4, %r10;
      setp.ne.u32 %p3, %r2, TRAP;
      setp.lt.u32 %p1, %r2, 33;
      @%p1 bra RACE;
      ld.shared.u32 %r11, [%r10];
      RACE:
      st.shared.u32 [%r10], %r1;
      @%p3 bra REST;
      trap;
      REST:
      xor.b32 %r12, %r0, 33;
      mov.u32 %r10, tile;
      mad.lo.u32 %r10, %r12, 4, %r10;
      setp.lt.u32 %p2, %r2, 21;
      @%p2 bra END;
      ld.shared.u32 %r11, [%r10];
      END:
      """;

  @ParameterizedTest
  @ValueSource(strings = {"1000", "150"})
  void theSameFindingsOnAnyNumberOfThreads(String trap) {
    String once = null;
    for (int threads : new int[] {1, 2, 5, 5, 5}) {
      Trial trial =
          Trial.of(
              ".shared .align 4 .b32 tile[64];",
              WRONG.replace("TRAP", trap),
              Trial.options().withThreads(threads));
      if (trap.equals("1000")) {
        trial.run(300, 64);
      } else {
        assertThrows(KernelFault.class, () -> trial.run(300, 64));
      }
      String found = trial.findings().toString();
      once = once == null ? found : once;
      assertEquals(once, found, threads + " threads");
    }
    Trial trial =
        Trial.of(".shared .align 4 .b32 tile[64];", WRONG.replace("TRAP", trap), Trial.options());
    if (trap.equals("1000")) {
      trial.run(300, 64);
      List<Finding> uninitialised = trial.findings(Finding.Kind.UNINITIALISED);
      assertEquals(new Finding.Index(21, 0, 0), uninitialised.getFirst().block());
      assertEquals(new Finding.Index(33, 0, 0), uninitialised.getLast().block());
      Finding race = trial.findings(Finding.Kind.SHARED_RACE).getFirst();
      assertEquals(new Finding.Index(21, 0, 0), race.block());
    }
  }
}
