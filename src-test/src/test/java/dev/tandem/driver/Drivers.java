package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Flag;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicTest;

/** The drivers that a contract is tried on: the software GPU, and the machine's own where there is one. */
final class Drivers {
  private Drivers() {}

  /** A test of each part of the contract on each driver, and one of what is said where there is no GPU. */
  static List<DynamicTest> tests(Map<String, Consumer<Driver>> contract) {
    List<DynamicTest> tests = new ArrayList<>();
    add(tests, "software GPU", () -> EmulatedDriver.open(EmulatorOptions.standard()), contract);
    Availability gpu = JcudaDriver.probe();
    Optional<String> missed = missed(Flag.REQUIRE.value(), gpu);
    if (gpu.usable()) {
      add(tests, "jcuda", JcudaDriver::open, contract);
    } else if (missed.isPresent()) {
      tests.add(DynamicTest.dynamicTest("jcuda", () -> fail(missed.get())));
    } else {
      tests.add(DynamicTest.dynamicTest("no GPU, and opening says so", () -> refuses(gpu)));
    }
    return tests;
  }

  /** What to fail with where a GPU is required and cannot be used. */
  static Optional<String> missed(Optional<String> required, Availability gpu) {
    return required
        .filter(kind -> kind.equals("cuda") && !gpu.usable())
        .map(_ -> "cuda (required by TANDEM_REQUIRE) cannot be used here: " + gpu.reason());
  }

  private static void refuses(Availability gpu) {
    DriverException refusal = assertThrows(DriverException.class, JcudaDriver::open);
    assertTrue(refusal.getMessage().contains(gpu.reason()), refusal.getMessage());
  }

  private static void add(
      List<DynamicTest> tests,
      String name,
      Supplier<Driver> open,
      Map<String, Consumer<Driver>> contract) {
    contract.forEach((what, body) ->
        tests.add(
            DynamicTest.dynamicTest(
                name + ": " + what,
                () -> {
                  try (Driver driver = open.get()) {
                    body.accept(driver);
                  }
                })));
  }
}
