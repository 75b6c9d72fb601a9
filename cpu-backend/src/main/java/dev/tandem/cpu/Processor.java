package dev.tandem.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What is known of the processor beside the width of its vectors. */
final class Processor {
  private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");
  private static final int ZEN_5 = 26;

  private Processor() {}

  /** Whether the second cache delivers a vector of 64 bytes each cycle, as the first does: AMD's from Zen 5 on. False where nothing tells. */
  static boolean hasFastSecondCache() {
    try {
      return hasFastSecondCache(Files.readAllLines(DESCRIPTION));
    } catch (IOException _) {
      return false; // not Linux
    }
  }

  /** @param description of the processors, as Linux gives it */
  static boolean hasFastSecondCache(List<String> description) {
    String family = value(description, "cpu family");
    return value(description, "vendor_id").equals("AuthenticAMD")
        && family.matches("[0-9]{1,9}")
        && Integer.parseInt(family) >= ZEN_5;
  }

  private static String value(List<String> description, String name) {
    for (String line : description) {
      int colon = line.indexOf(':');
      if (colon >= 0 && line.substring(0, colon).strip().equals(name)) {
        return line.substring(colon + 1).strip();
      }
    }
    return "";
  }
}
