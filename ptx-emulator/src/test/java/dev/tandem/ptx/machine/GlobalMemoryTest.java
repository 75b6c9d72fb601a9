package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GlobalMemoryTest {
  private final MemoryTrial trial = MemoryTrial.device();
  private final GlobalMemory memory = trial.memory;

  @Test
  void addressesAreMultiplesOf256AndNeverComeAgain() {
    Set<Long> seen = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      long address = memory.allocate(1 + i);
      assertEquals(0, address % 256);
      assertEquals(256, address % 512);
      assertTrue(address >= Windows.GLOBAL && seen.add(address));
      memory.free(address);
    }
    trial.clean();
  }

  @Test
  void neighboursAreFurtherApartThanTheyAreLong() {
    long first = memory.allocate(5 << 20);
    long second = memory.allocate(16);
    assertTrue(second - first >= 10 << 20, () -> (second - first) + " bytes apart");
  }

  @Test
  void newMemoryIsNoNumberInAnyType() {
    long address = memory.allocate(16);
    var bytes = memory.read(address, 16);
    assertTrue(Float.isNaN(bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4)));
    assertTrue(Double.isNaN(bytes.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8)));
    short half = bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2);
    assertTrue(Float.isNaN(Float.float16ToFloat(half)));
    assertTrue(Float.isNaN(Float.intBitsToFloat(half << 16)));
  }

  @Test
  void capacityIsThatOfTheDevice() {
    assertEquals(64 << 20, memory.freeBytes());
    long address = memory.allocate(60 << 20);
    assertEquals(4 << 20, memory.freeBytes());
    var e = assertThrows(DriverException.class, () -> memory.allocate((4 << 20) + 1));
    assertEquals(DriverError.CUDA_ERROR_OUT_OF_MEMORY, e.error());
    assertTrue(
        e.getMessage().contains("asked for 4194305 bytes, 4194304 of 67108864 are free"),
        e.getMessage());
    memory.free(address);
    assertEquals(64 << 20, memory.freeBytes());
  }

  @Test
  void zeroBytesAreRefused() {
    var e = assertThrows(DriverException.class, () -> memory.allocate(0));
    assertEquals(DriverError.CUDA_ERROR_INVALID_VALUE, e.error());
  }

  @Test
  void moreThanTwoGibibytesInOnePiece() {
    // One long more than an array of ints of Java could hold bytes.
    long bytes = (1L << 31) + 8;
    GlobalMemory large =
        new GlobalMemory(
            bytes,
            new Sanitizer(MemoryTrial.options().withSanitizer(EmulatorOptions.Sanitizer.OFF)));
    long address = large.allocate(bytes);
    large.write(address + bytes - 8, 8).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, 0x1234_5678_9ABCL);
    assertEquals(
        0x1234_5678_9ABCL,
        large.read(address + bytes - 8, 8).get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
    assertThrows(DriverException.class, () -> large.read(address + bytes - 7, 8));
  }

  @Test
  void theHostIsHeldToBounds() {
    long address = memory.allocate(4000);
    var e = assertThrows(DriverException.class, () -> memory.read(address + 4004, 4));
    assertEquals(DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, e.error());
    String where =
        "4 bytes past the end of the 4000-byte allocation at 0x"
            + Long.toHexString(address)
            + ", number 1";
    assertTrue(e.getMessage().contains(where), e.getMessage());
    e = assertThrows(DriverException.class, () -> memory.write(address - 8, 4));
    assertTrue(
        e.getMessage().contains("8 bytes before the start of the 4000-byte"), e.getMessage());
    e = assertThrows(DriverException.class, () -> memory.write(address + 3998, 4));
    assertTrue(e.getMessage().contains("across the end of the 4000-byte"), e.getMessage());
    e = assertThrows(DriverException.class, () -> memory.read(12, 4));
    assertTrue(e.getMessage().contains("a null pointer plus 12 bytes"), e.getMessage());
    assertEquals(4, trial.findings().size());
    assertEquals(Finding.Kind.OUT_OF_BOUNDS, trial.findings().getFirst().kind());
  }

  @Test
  void useAfterFreeIsToldFromOutOfBounds() {
    long address = memory.allocate(64);
    memory.free(address);
    memory.allocate(64);
    var e = assertThrows(DriverException.class, () -> memory.read(address + 16, 4));
    assertTrue(
        e.getMessage().contains("16 bytes into the freed 64-byte allocation"), e.getMessage());
    trial.only(Finding.Kind.USE_AFTER_FREE);
  }

  @Test
  void freeingTwiceAndFreeingTheMiddleAreFound() {
    long address = memory.allocate(64);
    memory.free(address + 16);
    memory.free(address);
    memory.free(address);
    List<Finding> found = trial.findings();
    assertEquals(2, found.size());
    assertTrue(
        found.get(0).message().contains("not the start of an allocation, but 16 bytes into"),
        found::toString);
    assertTrue(found.get(1).message().contains("freed before"), found::toString);
    assertEquals(Finding.Kind.DOUBLE_FREE, found.get(1).kind());
  }

  @Test
  void whatIsNotFreedLeaks() {
    long kept = memory.allocate(24);
    memory.free(memory.allocate(8));
    memory.allocateOpen(16);
    List<Finding> leaks = memory.leaks();
    assertEquals(1, leaks.size());
    assertEquals(kept, leaks.getFirst().address());
    assertEquals(Finding.Kind.LEAK, leaks.getFirst().kind());
  }

  @Test
  void fillsRepeatTheirPattern() {
    long address = memory.allocate(8);
    memory.fill(address, 0x1234, 2, 3);
    memory.fill(address + 6, 0x156, 1, 2);
    assertArrayEquals(new int[] {0x12341234, 0x56561234}, trial.ints(address, 2));
    memory.fill(address, 0x0A0B0C0D, 4, 2);
    assertArrayEquals(new int[] {0x0A0B0C0D, 0x0A0B0C0D}, trial.ints(address, 2));
    memory.fill(address, -1, 4, 1);
    assertArrayEquals(new int[] {-1, 0x0A0B0C0D}, trial.ints(address, 2));
  }
}
