package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Arguments.Access;
import dev.tandem.cuda.driver.Arguments.Range;
import dev.tandem.cuda.driver.LaunchShape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SanitizerTest {
  private static final LaunchShape ONE = LaunchShape.of(1, 1);
  private static final LaunchShape WARP = LaunchShape.of(1, 32);

  private final MemoryTrial trial = MemoryTrial.device();

  @Test
  void globalMemoryReadBeforeItIsWritten() {
    long fresh = trial.memory.allocate(64);
    trial.run("ld.global.u32 %r10, [%rd1+8];", ONE, fresh);
    Finding found = trial.only(Finding.Kind.UNINITIALISED);
    assertEquals("k", found.kernel());
    assertEquals(fresh + 8, found.address());
    assertEquals(
        "4-byte read of memory that nothing has written; 8 bytes into the 64-byte allocation at 0x%x, number 1"
            .formatted(fresh),
        found.message());
  }

  @Test
  void whatAKernelHasWrittenMayBeRead() {
    long fresh = trial.memory.allocate(128);
    trial.run("st.global.u32 [%rd5], %r0;", WARP, fresh);
    trial.run("ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd1+16];", WARP, fresh).clean();
  }

  @Test
  void aVectorWrittenInPartIsFound() {
    long fresh = trial.memory.allocate(16);
    trial.memory.fill(fresh, 0, 1, 8);
    trial.run(
        "st.global.u16 [%rd1+12], 1; ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd1];",
        ONE, fresh);
    Finding found = trial.only(Finding.Kind.UNINITIALISED);
    assertTrue(found.message().contains("of which bytes 8 to 15 are meant"), found::message);
  }

  @Test
  void copiesCarryAlongWhatIsUninitialised() {
    long from = trial.memory.allocate(200_000);
    long to = trial.zeros(200_000);
    trial.memory.fill(from, 7, 1, 100_000);
    trial.memory.copy(to + 40, from, 150_000);
    trial.run("ld.global.u32 %r10, [%rd1];", ONE, to + 100_036).clean();
    trial.run("ld.global.u32 %r10, [%rd1];", ONE, to + 150_040).clean();
    trial.run("ld.global.u32 %r10, [%rd1];", ONE, to + 100_040);
    trial.only(Finding.Kind.UNINITIALISED);
  }

  @Test
  void theHostMayReadWhatIsUninitialised() {
    trial.memory.read(trial.memory.allocate(64), 64);
    trial.clean();
  }

  @Test
  void sharedMemoryBeginsAnewInEachBlock() {
    String body =
        """
        setp.ne.u32 %p1, %r2, 0;
        @!%p1 st.shared.u32 [cell], 1;
        ld.shared.u32 %r10, [cell];
        """;
    trial.run(".shared .align 4 .b32 cell;", body, LaunchShape.of(2, 1));
    Finding found = trial.only(Finding.Kind.UNINITIALISED);
    assertEquals(new Finding.Index(1, 0, 0), found.block());
    assertTrue(found.message().contains("in shared variable cell, at byte 0"), found::message);
  }

  @Test
  void localMemoryIsWatchedToo() {
    String body =
        """
        setp.ne.u32 %p1, %r0, 5;
        @%p1 st.local.u32 [stack+4], 1;
        ld.local.u32 %r10, [stack+4];
        """;
    trial.run(".local .align 4 .b8 stack[8];", body, WARP);
    Finding found = trial.only(Finding.Kind.UNINITIALISED);
    assertEquals(new Finding.Index(5, 0, 0), found.thread());
    assertTrue(
        found.message().contains("local memory at byte 4; in local variable stack, at byte 4"),
        found::message);
  }

  @Test
  void atomicsReadWhatTheyChange() {
    long fresh = trial.memory.allocate(8);
    trial.run("atom.global.exch.b32 %r10, [%rd1], 1;", ONE, fresh).clean();
    trial.run("red.global.add.u32 [%rd1+4], 1;", ONE, fresh);
    trial.only(Finding.Kind.UNINITIALISED);
  }

  @Test
  void readOnlyArgumentsAreNotWritten() {
    long address = trial.zeros(128);
    trial.declare(new Range(address, 128, Access.READ));
    trial.run("ld.global.u32 %r10, [%rd5];", WARP, address).clean();
    trial.run("st.global.u32 [%rd5], %r0;", WARP, address);
    Finding found = trial.only(Finding.Kind.READ_ONLY_WRITE);
    assertTrue(
        found
            .message()
            .startsWith("4-byte write to memory that the launch declares read only, 0 bytes into"),
        found::message);
  }

  @Test
  void theMostPermissiveRangeCounts() {
    long address = trial.zeros(128);
    trial.declare(new Range(address, 128, Access.READ));
    trial.declare(new Range(address + 32, 32, Access.WRITE));
    trial
        .run(
            "st.global.u32 [%rd1+32], 1; st.global.u32 [%rd1+60], 1; ld.global.u32 %r10, [%rd1+28];",
            ONE, address)
        .clean();
    trial.run("st.global.v2.u32 [%rd1+64], {%r0, %r0};", ONE, address);
    trial.only(Finding.Kind.READ_ONLY_WRITE);
  }

  @Test
  void whatNoArgumentCoversIsOutside() {
    long address = trial.zeros(4 * 64);
    trial.declare(new Range(address, 100, Access.READ_WRITE));
    trial.run("ld.global.u32 %r10, [%rd5];", LaunchShape.of(1, 25), address).clean();
    trial.run("ld.global.u32 %r10, [%rd5];", WARP, address);
    Finding found = trial.only(Finding.Kind.OUTSIDE_ARGUMENT);
    assertEquals(new Finding.Index(25, 0, 0), found.thread());
    assertTrue(found.message().contains("100 bytes into the 256-byte allocation"), found::message);
  }

  @Test
  void anAccessAcrossTwoRangesIsCoveredByBoth() {
    long address = trial.zeros(64);
    trial.declare(new Range(address, 8, Access.READ));
    trial.declare(new Range(address + 8, 8, Access.READ_WRITE));
    trial.run("ld.global.v4.u32 {%r10, %r11, %r12, %r13}, [%rd1];", ONE, address).clean();
    trial.run("st.global.v4.u32 [%rd1], {%r0, %r0, %r0, %r0};", ONE, address);
    trial.only(Finding.Kind.READ_ONLY_WRITE);
  }

  @Test
  void openMemoryNeedsNoArgument() {
    long open = trial.memory.allocateOpen(4);
    trial.declare(new Range(trial.zeros(4), 4, Access.READ));
    trial.run("st.global.u32 [%rd1], 1;", ONE, open).clean();
  }

  @Test
  void atLevelOffOnlyTheImpossibleIsFound() {
    MemoryTrial off = MemoryTrial.device(EmulatorOptions.Sanitizer.OFF);
    long address = off.memory.allocate(64);
    off.declare(new Range(address, 4, Access.READ));
    off.run(
            "ld.global.u32 %r10, [%rd1]; st.global.u32 [%rd1+8], %r10;",
            LaunchShape.of(2, 1), address)
        .clean();
    assertThrows(KernelFault.class, () -> off.run("ld.global.u32 %r10, [%rd1+64];", ONE, address));
    off.only(Finding.Kind.OUT_OF_BOUNDS);
  }

  @ParameterizedTest
  @EnumSource(EmulatorOptions.Sanitizer.class)
  void faultsEndTheLaunchAtEveryLevel(EmulatorOptions.Sanitizer level) {
    MemoryTrial device = MemoryTrial.device(level);
    long address = device.zeros(64);
    assertThrows(
        KernelFault.class,
        () -> device.run("st.global.u32 [%rd1], 1; st.global.u32 [%rd1+64], 1;", ONE, address));
    assertEquals(1, device.ints(address, 1)[0]);
  }

  @Test
  void theSamePlaceIsListedOnceWithACount() {
    long fresh = trial.memory.allocate(128);
    trial.run("ld.global.u32 %r10, [%rd5];", WARP, fresh);
    Finding found = trial.only(Finding.Kind.UNINITIALISED);
    assertTrue(found.message().endsWith("; 32 times in all"), found::message);
    assertEquals(new Finding.Index(0, 0, 0), found.thread());
  }

  @Test
  void drainingTellsOnlyWhatIsNew() {
    long fresh = trial.memory.allocate(128);
    trial.run("ld.global.u32 %r10, [%rd1];", ONE, fresh);
    assertEquals(1, trial.sanitizer.drain().size());
    assertEquals(List.of(), trial.sanitizer.drain());
    trial.run("ld.global.u32 %r10, [%rd1];", ONE, fresh);
    assertEquals(1, trial.sanitizer.drain().size());
    assertTrue(trial.only(Finding.Kind.UNINITIALISED).message().endsWith("; 2 times in all"));
  }

  @Test
  void manyFindingsAreCounted() {
    for (int i = 0; i < Sanitizer.MOST + 5; i++) {
      trial.memory.free(0x1234_0000L + i);
    }
    List<Finding> found = trial.sanitizer.drain();
    assertEquals(Sanitizer.MOST, found.size());
    assertTrue(
        found.getLast().message().endsWith("and 5 other findings, not listed"),
        found.getLast()::message);
  }

  @Test
  void threadsAreNamedByTheirIndexOnThreeAxes() {
    long fresh = trial.memory.allocate(4);
    String body =
        "mov.u32 %r10, %tid.z; setp.eq.u32 %p1, %r10, 1; @%p1 ld.global.u32 %r10, [%rd1];";
    trial.run(body, new LaunchShape(1, 2, 1, 4, 2, 2, 0, false), fresh);
    Finding found = trial.only(Finding.Kind.UNINITIALISED);
    assertEquals(new Finding.Index(0, 0, 1), found.thread());
    assertEquals(new Finding.Index(0, 0, 0), found.block());
  }
}
