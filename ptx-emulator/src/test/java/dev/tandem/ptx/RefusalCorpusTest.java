package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** PTX that the software GPU must refuse when it is loaded, saying where and what. */
class RefusalCorpusTest {
  /**
   * A module, and what its refusal says.
   *
   * @param line the PTX line named, or two that will do; 0 where the fault has none
   * @param word what else the message names
   * @param errors one of which it is
   */
  private record Refusal(String name, String line, String word, List<String> errors, String ptx) {}

  @TestFactory
  Stream<DynamicTest> refusals() {
    return read().stream().map(one -> DynamicTest.dynamicTest(one.name(), () -> check(one)));
  }

  private static void check(Refusal refusal) {
    try (Driver driver = EmulatedDriver.open(EmulatorOptions.standard().withComputeCapability(90));
        Context context = driver.devices().getFirst().open()) {
      DriverException thrown =
          assertThrows(DriverException.class, () -> load(context, refusal), refusal::ptx);
      String message = thrown.getMessage();
      assertTrue(refusal.errors().contains(thrown.error().name()), message);
      assertTrue(
          message.contains(refusal.word()),
          () -> "must name " + refusal.word() + ", got: " + message);
      assertTrue(
          refusal.line().equals("0")
              || message.matches("(?s).*\\bline (" + refusal.line() + ")\\b.*"),
          () -> "must name line " + refusal.line() + ", got: " + message);
    }
  }

  private static void load(Context context, Refusal refusal) {
    try (Module module = context.load(refusal.name(), refusal.ptx())) {
      module.function("k");
    }
  }

  private static List<Refusal> read() {
    List<Refusal> refusals = new ArrayList<>();
    String[] parts = CorpusFamily.text("refusals.txt").split("(?m)^=== ");
    for (int i = 1; i < parts.length; i++) {
      int end = parts[i].indexOf('\n');
      String[] head = parts[i].substring(0, end).split(" ; ", -1);
      refusals.add(
          new Refusal(
              head[0],
              head[1],
              head[2],
              List.of(head[3].split("\\|")),
              parts[i].substring(end + 1)));
    }
    return refusals;
  }
}
