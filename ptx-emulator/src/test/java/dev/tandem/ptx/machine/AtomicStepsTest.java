package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.PtxException;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AtomicStepsTest {
  private static final LaunchShape ONE = LaunchShape.of(1, 1);

  private final MemoryTrial trial = MemoryTrial.device();

  /** Expected values by hand: sums and orders of small numbers, and bit patterns of binary32 and binary16. */
  @ParameterizedTest
  @CsvSource({
    "add.u32, 5, FFFFFFFF, 4",
    "add.s32, 7FFFFFFF, 1, 80000000",
    "min.u32, 5, FFFFFFFF, 5",
    "min.s32, 5, FFFFFFFF, FFFFFFFF",
    "max.u32, 5, FFFFFFFF, FFFFFFFF",
    "max.s32, 5, FFFFFFFF, 5",
    "inc.u32, 5, 6, 6",
    "inc.u32, 6, 6, 0",
    "inc.u32, 9, 6, 0",
    "inc.u32, FFFFFFFE, FFFFFFFF, FFFFFFFF",
    "dec.u32, 5, 6, 4",
    "dec.u32, 0, 6, 6",
    "dec.u32, 7, 6, 6",
    "and.b32, C, A, 8",
    "or.b32, C, A, E",
    "xor.b32, C, A, 6",
    "exch.b32, C, A, A",
    "add.f32, 3F800000, 40000000, 40400000", // 1 + 2
    "add.f32, 7F800000, FF800000, 7FFFFFFF", // inf - inf
    "add.f32, 00000001, 00000001, 00000000", // subnormals are flushed on global memory
    "add.f32, 80000001, 80000000, 80000000",
    "add.noftz.f16, 3C00, 4000, 4200", // 1 + 2
    "add.noftz.f16, 0001, 0001, 0002", // subnormals are kept
    "add.noftz.f16, 7BFF, 7BFF, 7C00", // 65504 + 65504
    "add.noftz.f16x2, 3C000001, 40000001, 42000002",
    "add.noftz.bf16, 3F80, 4000, 4040", // 1 + 2
    "add.noftz.bf16, 4380, 3F80, 4380", // 256 + 1, half way, to even
    "add.noftz.bf16x2, 3F803F80, 40003F80, 40404000",
    "min.noftz.f16x2, 3C00C000, 40003C00, 3C00C000",
    "max.noftz.bf16x2, 3F80C000, 7FC03F80, 3F803F80" // a number wins over NaN
  })
  void oneValue(String operation, String old, String given, String expected) {
    long address = trial.holding(Integer.parseUnsignedInt(old, 16));
    boolean half = operation.endsWith("16");
    String register = half ? "%h1" : "%r10";
    String body =
        "mov.b32 %r10, 0x"
            + given
            + "; cvt.u16.u32 %h1, %r10; red.global."
            + operation
            + " [%rd1], "
            + register
            + ";";
    trial.run(body, ONE, address).clean();
    assertEquals(
        expected.replaceFirst("^0+(?=.)", ""),
        Integer.toHexString(trial.ints(address, 1)[0]).toUpperCase(java.util.Locale.ROOT));
  }

  @ParameterizedTest
  @CsvSource({
    "add.u64, FFFFFFFF, 1, 100000000",
    "add.s64, 1, FFFFFFFFFFFFFFFE, FFFFFFFFFFFFFFFF",
    "min.s64, 1, FFFFFFFFFFFFFFFE, FFFFFFFFFFFFFFFE",
    "min.u64, 1, FFFFFFFFFFFFFFFE, 1",
    "max.s64, 1, FFFFFFFFFFFFFFFE, 1",
    "max.u64, 1, FFFFFFFFFFFFFFFE, FFFFFFFFFFFFFFFE",
    "and.b64, F00000000000000C, 900000000000000A, 9000000000000008",
    "or.b64, F00000000000000C, 1, F00000000000000D",
    "xor.b64, F00000000000000C, F00000000000000C, 0",
    "add.f64, 3FF0000000000000, 4000000000000000, 4008000000000000" // 1 + 2
  })
  void eightBytes(String operation, String old, String given, String expected) {
    long address = trial.zeros(8);
    trial
        .memory
        .write(address, 8)
        .set(ValueLayout.JAVA_LONG_UNALIGNED, 0, Long.parseUnsignedLong(old, 16));
    trial
        .run(
            "mov.b64 %rd10, 0x"
                + given
                + "; atom.global."
                + operation
                + " %rd11, [%rd1], %rd10; st.global.u64 [%rd2], %rd11;",
            ONE,
            address,
            trial.zeros(8))
        .clean();
    long now = trial.memory.read(address, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
    assertEquals(Long.parseUnsignedLong(expected, 16), now);
  }

  @Test
  void sharedMemoryKeepsSubnormals() {
    long out = trial.zeros(4);
    String body =
        """
        st.shared.u32 [cell], 1;
        mov.b32 %f1, 0f00000001;
        atom.shared.add.f32 %f2, [cell], %f1;
        ld.shared.u32 %r10, [cell];
        st.global.u32 [%rd1], %r10;
        """;
    trial.run(".shared .align 4 .b32 cell;", body, ONE, out).clean();
    assertEquals(2, trial.ints(out, 1)[0]);
  }

  @Test
  void lanesTakeTurnsInTheirOrder() {
    long cell = trial.zeros(4);
    long out = trial.zeros(4 * 64);
    trial
        .run(
            "atom.global.add.u32 %r10, [%rd1], 3; st.global.u32 [%rd6], %r10;",
            LaunchShape.of(1, 64), cell, out)
        .clean();
    for (int i = 0; i < 64; i++) {
      assertEquals(3 * i, trial.ints(out, 64)[i]);
    }
    assertEquals(192, trial.ints(cell, 1)[0]);
  }

  @Test
  void resultsAreExtendedByTheirSign() {
    long cell = trial.holding(-5);
    long out = trial.zeros(8);
    trial
        .run("atom.global.add.s32 %rd10, [%rd1], 1; st.global.u64 [%rd2], %rd10;", ONE, cell, out)
        .clean();
    assertArrayEquals(new int[] {-5, -1}, trial.ints(out, 2));
  }

  @Test
  void compareAndSwapOfEveryWidth() {
    long cell = trial.holding(0x00020001, 7, 8, 9, 10, 11, 12, 13);
    long out = trial.zeros(64);
    String body =
        """
        .reg .b128 %q<8>;
        mov.u16 %h1, 2;
        mov.u16 %h2, 5;
        atom.global.cas.b16 %h3, [%rd1+2], %h1, %h2;
        atom.global.cas.b16 %h4, [%rd1], %h1, %h2;
        atom.global.cas.b32 %r10, [%rd1+4], 7, 70;
        atom.global.cas.b32 %r11, [%rd1+4], 7, 71;
        mov.b64 %rd10, 0x0000000900000008;
        atom.global.cas.b64 %rd11, [%rd1+8], %rd10, 1;
        ld.global.b128 %q1, [%rd1+16];
        mov.b128 %q2, {%rd10, %rd10};
        atom.global.cas.b128 %q3, [%rd1+16], %q1, %q2;
        atom.global.cas.b128 %q4, [%rd1+16], %q1, %q1;
        st.global.v2.b16 [%rd2], {%h3, %h4};
        st.global.v2.u32 [%rd2+8], {%r10, %r11};
        st.global.b128 [%rd2+16], %q3;
        st.global.b128 [%rd2+32], %q4;
        """;
    trial.run(body, ONE, cell, out).clean();
    assertArrayEquals(new int[] {0x00050001, 70, 1, 0, 8, 9, 8, 9}, trial.ints(cell, 8));
    assertArrayEquals(
        new int[] {0x00010002, 0, 7, 70, 10, 11, 12, 13, 8, 9, 8, 9}, trial.ints(out, 12));
  }

  @Test
  void vectorsAreAddedElementByElement() {
    long cell = trial.holding(0x3F800000, 0x40000000, 0, 0);
    String body =
        """
        mov.b32 %f1, 0f40000000;
        red.global.add.v2.f32 [%rd1], {%f1, %f1};
        atom.global.v4.f32.add {%f2, %f3, %f4, %f5}, [%rd1], {%f1, %f1, %f1, %f1};
        st.global.f32 [%rd2], %f2;
        """;
    long out = trial.zeros(4);
    trial.run(body, ONE, cell, out).clean();
    // 1 + 2 + 2, 2 + 2 + 2, 0 + 2, 0 + 2
    assertArrayEquals(
        new int[] {0x40A00000, 0x40C00000, 0x40000000, 0x40000000}, trial.ints(cell, 4));
    assertEquals(0x40400000, trial.ints(out, 1)[0]);
  }

  @Test
  void genericAddressesAndManyBlocks() {
    MemoryTrial parallel = new MemoryTrial(MemoryTrial.options().withThreads(4));
    long cell = parallel.zeros(8);
    String body =
        """
        st.shared.u32 [cell], 0;
        bar.sync 0;
        cvta.shared.u64 %rd10, cell;
        red.add.u32 [%rd10], 1;
        bar.sync 0;
        setp.ne.u32 %p1, %r0, 0;
        @!%p1 ld.shared.u32 %r10, [cell];
        @!%p1 red.add.u32 [%rd1], %r10;
        red.relaxed.gpu.global.add.u64 [%rd2], 1;
        """;
    parallel
        .run(".shared .align 4 .b32 cell;", body, LaunchShape.of(64, 96), cell, parallel.zeros(8))
        .clean();
    assertEquals(64 * 96, parallel.ints(cell, 1)[0]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "atom.global.add.f16 %h1, [%rd1], %h2", "atom.global.inc.s32 %r10, [%rd1], 1",
            "red.local.add.u32 [%rd1], 1",
        "atom.global.u32 %r10, [%rd1], 1", "atom.global.cas.b32 %r10, [%rd1], 1",
            "atom.global.and.u32 %r10, [%rd1], 1"
      })
  void whatNoGpuDoesIsRefused(String instruction) {
    assertThrows(PtxException.class, () -> trial.run(instruction + ";", ONE, 0));
  }
}
