package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.PtxException;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryStepsTest {
  private static final LaunchShape ONE = LaunchShape.of(1, 1);

  private final MemoryTrial trial = MemoryTrial.device();

  /** What a load of a type leaves in a 64-bit register, of memory that begins with F1 E2 D3 C4 B5 A6 97 88. */
  @ParameterizedTest
  @CsvSource({
    "u8, F1",
    "s8, FFFFFFFFFFFFFFF1",
    "b8, F1",
    "u16, E2F1",
    "s16, FFFFFFFFFFFFE2F1",
    "u32, C4D3E2F1",
    "s32, FFFFFFFFC4D3E2F1",
    "b32, C4D3E2F1",
    "u64, 8897A6B5C4D3E2F1",
    "s64, 8897A6B5C4D3E2F1",
    "b64, 8897A6B5C4D3E2F1"
  })
  void loadsExtend(String type, String expected) {
    long from = trial.holding(0xC4D3E2F1, 0x8897A6B5);
    long to = trial.zeros(8);
    trial
        .run("ld.global." + type + " %rd10, [%rd1]; st.global.u64 [%rd2], %rd10;", ONE, from, to)
        .clean();
    assertEquals(expected, Long.toHexString(longAt(to)).toUpperCase(java.util.Locale.ROOT));
  }

  private long longAt(long address) {
    return trial.memory.read(address, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
  }

  @ParameterizedTest
  @CsvSource({"u8, 44", "u16, 3344", "u32, 11223344", "s8, 44"})
  void storesWriteTheLowestBytesAndNoMore(String type, String expected) {
    long to = trial.holding(-1, -1);
    trial.run("mov.u32 %r10, 0x11223344; st.global." + type + " [%rd1], %r10;", ONE, to).clean();
    int bits = 4 * expected.length();
    long mask = (1L << bits) - 1;
    assertEquals(~mask | Long.parseLong(expected, 16), longAt(to));
  }

  @ParameterizedTest
  @EnumSource(EmulatorOptions.Sanitizer.class)
  void vectorsMoveElementByElement(EmulatorOptions.Sanitizer level) {
    MemoryTrial device = MemoryTrial.device(level);
    long from = device.holding(1, 2, 3, 4, 5, 6, 7, 8);
    long to = device.zeros(32);
    String body =
        """
        ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd1+16];
        st.global.v4.u32 [%rd2], {%r13, %r12, %r11, %r10};
        ld.global.v2.u64 {%rd10, %rd11}, [%rd1];
        st.global.v2.u64 [%rd2+16], {%rd11, %rd10};
        """;
    device.run(body, ONE, from, to).clean();
    assertArrayEquals(new int[] {8, 7, 6, 5, 3, 4, 1, 2}, device.ints(to, 8));
  }

  @Test
  void halvesAndBytesInVectors() {
    long from = trial.holding(0x04030201, 0x08070605);
    long to = trial.zeros(8);
    String body =
        """
        ld.global.v4.u16 {%h1, %h2, %h3, %h4}, [%rd1];
        st.global.v4.u16 [%rd2], {%h4, %h3, %h2, %h1};
        ld.global.v2.u8 {%r10, %r11}, [%rd1+6];
        st.global.v2.u8 [%rd2], {%r11, %r10};
        """;
    trial.run(body, ONE, from, to).clean();
    assertArrayEquals(new int[] {0x06050708, 0x02010403}, trial.ints(to, 2));
  }

  @Test
  void wideRegistersMoveWhole() {
    long from = trial.holding(1, 2, 3, 4);
    long to = trial.zeros(16);
    String body = ".reg .b128 %q<2>; ld.global.b128 %q1, [%rd1]; st.global.b128 [%rd2], %q1;";
    trial.run(body, ONE, from, to).clean();
    assertArrayEquals(new int[] {1, 2, 3, 4}, trial.ints(to, 4));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ld.global.nc.u32 %r10, [%rd1]",
        "ld.global.ca.u32 %r10, [%rd1]",
        "ld.volatile.global.u32 %r10, [%rd1]",
        "ld.relaxed.gpu.global.u32 %r10, [%rd1]",
        "ld.acquire.sys.global.u32 %r10, [%rd1]",
        "ld.weak.global.cs.u32 %r10, [%rd1]",
        "ld.global.L1::no_allocate.L2::128B.u32 %r10, [%rd1]",
        "ldu.global.u32 %r10, [%rd1]",
        "ld.u32 %r10, [%rd1]",
        "ld.global.nc.L1::evict_last.L2::cache_hint.u32 %r10, [%rd1], %rd9",
        "ld.mmio.relaxed.sys.global.u32 %r10, [%rd1]",
        "ld.global.b32 %f1, [%rd1]; mov.b32 %r10, %f1"
      })
  void everyWayOfReading(String load) {
    long from = trial.holding(42);
    long to = trial.zeros(4);
    trial
        .run(
            "createpolicy.fractional.L2::evict_last.b64 %rd9, 0f3F800000;"
                + load
                + "; st.global.u32 [%rd2], %r10;",
            ONE,
            from,
            to)
        .clean();
    assertEquals(42, trial.ints(to, 1)[0]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "st.global.wt.u32 [%rd2], 42", "st.volatile.global.u32 [%rd2], 42",
            "st.release.gpu.global.u32 [%rd2], 42",
        "st.relaxed.cta.global.u32 [%rd2], 42", "st.u32 [%rd2], 42",
            "st.global.f32 [%rd2], 0f0000002A"
      })
  void everyWayOfWriting(String store) {
    long to = trial.zeros(4);
    trial.run(store + ";", ONE, 0, to).clean();
    assertEquals(42, trial.ints(to, 1)[0]);
  }

  @Test
  void genericAddressesReachEverySpace() {
    long out = trial.zeros(16);
    String declarations = ".shared .align 8 .b8 tile[64]; .local .align 8 .b8 stack[32];";
    String body =
        """
        mov.u32 %r10, tile;
        st.shared.u32 [%r10+8], 11;
        cvta.shared.u64 %rd10, tile;
        ld.u32 %r11, [%rd10+8];
        mov.u64 %rd11, stack;
        cvta.local.u64 %rd12, %rd11;
        st.u32 [%rd12+4], 22;
        ld.local.u32 %r12, [stack+4];
        cvta.to.shared.u64 %rd13, %rd10;
        ld.shared.u32 %r13, [%rd13+8];
        mov.u64 %rd14, a;
        cvta.param.u64 %rd15, %rd14;
        ld.u64 %rd16, [%rd15];
        isspacep.shared %p1, %rd10;
        isspacep.local %p2, %rd10;
        isspacep.global %p3, %rd1;
        selp.u32 %r14, 1, 0, %p1;
        selp.u32 %r15, 2, 0, %p2;
        selp.u32 %r16, 4, 0, %p3;
        or.b32 %r14, %r14, %r15;
        or.b32 %r14, %r14, %r16;
        st.global.v4.u32 [%rd16], {%r11, %r12, %r13, %r14};
        """;
    trial.run(declarations, body, ONE, out).clean();
    assertArrayEquals(new int[] {11, 22, 11, 5}, trial.ints(out, 4));
  }

  @Test
  void everyLaneHasLocalMemoryOfItsOwn() {
    long out = trial.zeros(4 * 64);
    String body =
        """
        st.local.u32 [stack], %r0;
        mov.u64 %rd10, stack;
        cvta.local.u64 %rd10, %rd10;
        ld.u32 %r10, [%rd10];
        st.global.u32 [%rd5], %r10;
        """;
    trial.run(".local .align 4 .b8 stack[4];", body, LaunchShape.of(1, 64), out).clean();
    for (int i = 0; i < 64; i++) {
      assertEquals(i, trial.ints(out, 64)[i]);
    }
  }

  @Test
  void constantsAreRead() {
    long out = trial.zeros(8);
    trial
        .constants(0, 0x0000_0007_0000_0003L)
        .run(
            "mov.u64 %rd10, 8; ld.const.v2.u32 {%r10, %r11}, [%rd10]; st.global.v2.u32 [%rd1], {%r11, %r10};",
            ONE, out);
    trial.clean();
    assertArrayEquals(new int[] {7, 3}, trial.ints(out, 2));
  }

  @Test
  void hintsDoNothing() {
    long out = trial.holding(3);
    String body =
        """
        prefetch.global.L2 [%rd1];
        prefetchu.L1 [%rd1];
        applypriority.global.L2::evict_normal [%rd1], 128;
        discard.global.L2 [%rd1], 128;
        """;
    trial.run(body, ONE, out).clean();
    assertEquals(3, trial.ints(out, 1)[0]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ld.global.sometimes.u32 %r10, [%rd1]",
        "ld.global.v2.u32 %r10, [%rd1]",
        "ld.global.u32 %r10, %r11"
      })
  void whatIsNotKnownIsRefusedWithItsLine(String load) {
    var e = assertThrows(PtxException.class, () -> trial.run(load + ";", ONE, 0));
    assertTrue(e.getMessage().startsWith("line 23: "), e.getMessage());
  }

  private Finding fault(String declarations, String body, DriverError error, long... addresses) {
    KernelFault fault =
        assertThrows(
            KernelFault.class,
            () -> trial.run(declarations, body, LaunchShape.of(1, 64), addresses));
    assertEquals(error, fault.error());
    assertTrue(fault.getMessage().startsWith("k, PTX line "), fault.getMessage());
    return trial.sanitizer.drain().getLast();
  }

  @Test
  void outOfBoundsNamesThreadAndAllocation() {
    long out = trial.zeros(200);
    Finding found =
        fault("", "st.global.u32 [%rd5], %r0;", DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, out);
    assertEquals(Finding.Kind.OUT_OF_BOUNDS, found.kind());
    assertEquals(new Finding.Index(50, 0, 0), found.thread());
    assertEquals(out + 200, found.address());
    assertEquals(
        "4-byte write 0 bytes past the end of the 200-byte allocation at 0x%x, number 1"
            .formatted(out),
        found.message());
  }

  @Test
  void aNullPointerIsCalledSo() {
    Finding found =
        fault("", "ld.global.f32 %f1, [%rd5];", DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, 0);
    assertEquals("4-byte read at a null pointer plus 0 bytes", found.message());
  }

  @Test
  void vectorsAreAlignedAsAWhole() {
    long out = trial.zeros(64);
    Finding found =
        fault(
            "",
            "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+8];",
            DriverError.CUDA_ERROR_MISALIGNED_ADDRESS,
            out);
    assertEquals(Finding.Kind.MISALIGNED, found.kind());
    assertEquals("16-byte read at an address that is not a multiple of 16", found.message());
  }

  @Test
  void freedMemoryIsNotReadAgain() {
    long out = trial.zeros(256);
    trial.memory.free(out);
    Finding found =
        fault("", "ld.global.u32 %r10, [%rd5];", DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, out);
    assertEquals(Finding.Kind.USE_AFTER_FREE, found.kind());
    assertTrue(
        found.message().startsWith("4-byte read 0 bytes into the freed 256-byte allocation"),
        found::message);
  }

  @Test
  void sharedAndLocalMemoryEnd() {
    String shared = ".shared .align 4 .b8 tile[128];";
    Finding found =
        fault(
            shared,
            "cvt.u32.u64 %r10, %rd4; mov.u32 %r11, tile; add.s32 %r10, %r10, %r11; st.shared.u32 [%r10], 1;",
            DriverError.CUDA_ERROR_ILLEGAL_ADDRESS);
    assertEquals(new Finding.Index(32, 0, 0), found.thread());
    assertEquals(
        "4-byte write beyond the 128 bytes of shared memory; 0 bytes past the end of shared variable tile",
        found.message());
    found =
        fault(
            shared,
            "mov.u32 %r10, tile; ld.shared.u32 %r11, [%r10+-4];",
            DriverError.CUDA_ERROR_ILLEGAL_ADDRESS);
    assertEquals(Finding.Kind.OUT_OF_BOUNDS, found.kind());
    found =
        fault(
            ".local .align 4 .b8 stack[8];",
            "st.local.u32 [stack+8], 1;",
            DriverError.CUDA_ERROR_ILLEGAL_ADDRESS);
    assertEquals(
        "4-byte write beyond the 8 bytes of local memory; 0 bytes past the end of local variable stack",
        found.message());
    found =
        fault(
            "",
            "cvta.shared.u64 %rd10, 0; ld.global.u32 %r10, [%rd10];",
            DriverError.CUDA_ERROR_ILLEGAL_ADDRESS);
    assertTrue(found.message().contains("outside the window of global memory"), found::message);
  }

  @Test
  void parametersAreNotWritten() {
    Finding found =
        fault(
            "",
            "mov.u64 %rd10, a; cvta.param.u64 %rd10, %rd10; st.u64 [%rd10], %rd1;",
            DriverError.CUDA_ERROR_ILLEGAL_ADDRESS);
    assertTrue(
        found.message().contains("into parameter memory, which is read only"), found::message);
  }
}
