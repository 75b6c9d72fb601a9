package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessorTest {
  @Test
  void zenFromTheFifthOn() {
    assertFast(true, "AuthenticAMD", "26");
    assertFast(true, "AuthenticAMD", "27");
    assertFast(false, "AuthenticAMD", "25");
    assertFast(false, "GenuineIntel", "26");
    assertFast(false, "AuthenticAMD", "99999999999");
    assertFast(false, "AuthenticAMD", "");
  }

  private static void assertFast(boolean expected, String vendor, String family) {
    List<String> description =
        List.of(
            "processor\t: 0",
            "vendor_id\t: " + vendor,
            "cpu family\t: " + family,
            "model\t\t: 2",
            "flags\t\t:",
            "",
            "processor\t: 1");
    assertEquals(expected, Processor.hasFastSecondCache(description), vendor + " " + family);
  }

  @Test
  void nothingToldIsNotFast() {
    assertEquals(false, Processor.hasFastSecondCache(List.of()));
    assertEquals(false, Processor.hasFastSecondCache(List.of("Hardware\t: BCM2835")));
  }
}
