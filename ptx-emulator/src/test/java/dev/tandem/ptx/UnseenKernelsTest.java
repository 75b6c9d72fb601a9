package dev.tandem.ptx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Module;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Kernels that the software GPU was not written for, as nvcc compiles them with and without optimisation, for two
 * architectures: each gives what plain Java computes, and the sanitizer finds nothing in any of them.
 */
final class UnseenKernelsTest {
  /** What the software GPU refuses to load, and what its refusal must name. */
  private static final Map<String, String> REFUSED =
      Map.of("recursion", "ackermann", "function_pointers", "operations");

  private static List<UnseenCase> cases() {
    return Stream.of(
            ReductionCases.all(),
            ScanCases.all(),
            MatrixCases.all(),
            IntegerCases.all(),
            DivergenceCases.all(),
            NumericCases.all(),
            HalfCases.all(),
            HalfTrainingCases.all(),
            MemoryCases.all(),
            LayoutCases.all(),
            CallCases.all())
        .flatMap(List::stream)
        .toList();
  }

  @TestFactory
  Stream<DynamicTest> computes() {
    return TestKernels.VARIANTS.stream()
        .flatMap(variant ->
            cases().stream()
                .map(unseen ->
                    DynamicTest.dynamicTest(
                        unseen.name() + " " + variant, () -> check(unseen, variant))));
  }

  private static void check(UnseenCase unseen, String variant) {
    String file = "unseen/" + unseen.file() + "." + variant + ".ptx";
    try (EmulatedDriver driver = EmulatedDriver.open(options(variant).collecting())) {
      try (Gpu gpu = new Gpu(driver)) {
        Module module = gpu.load(file, TestKernels.ptx(file));
        unseen.check().run(gpu, module);
      }
      assertEquals(List.of(), driver.findings(), "right kernels, and yet findings");
    }
  }

  private static EmulatorOptions options(String variant) {
    return EmulatorOptions.standard()
        .withComputeCapability(Integer.parseInt(variant.substring(variant.length() - 2)));
  }

  @Test
  void everySourceHasACase() {
    Set<String> covered =
        cases().stream().map(UnseenCase::file).collect(Collectors.toCollection(TreeSet::new));
    covered.addAll(REFUSED.keySet());
    assertEquals(new TreeSet<>(TestKernels.names("unseen")), covered);
  }

  /** Calls without a depth known beforehand, and calls through pointers: not run wrongly, but not loaded. */
  @TestFactory
  Stream<DynamicTest> refuses() {
    return REFUSED.keySet().stream()
        .sorted()
        .flatMap(name ->
            TestKernels.VARIANTS.stream()
                .map(variant ->
                    DynamicTest.dynamicTest(name + " " + variant, () -> refuse(name, variant))));
  }

  private static void refuse(String name, String variant) {
    String file = "unseen/" + name + "." + variant + ".ptx";
    try (EmulatedDriver driver = EmulatedDriver.open(options(variant));
        Context context = driver.devices().getFirst().open()) {
      DriverException refusal =
          assertThrows(DriverException.class, () -> context.load(file, TestKernels.ptx(file)));
      assertTrue(refusal.getMessage().contains(REFUSED.get(name)), refusal.getMessage());
    }
  }

  @Test
  void printsInOrderOfThreads() {
    try (EmulatedDriver driver = EmulatedDriver.open(EmulatorOptions.standard());
        Gpu gpu = new Gpu(driver)) {
      Module module = gpu.load("printing.ptx", TestKernels.ptx("unseen/printing.o3.sm80.ptx"));
      gpu.kernel(module, "print_values")
          .shape(1, 32)
          .in(gpu.upload(1, -2, 3, -4))
          .out(gpu.allocate(16))
          .i32(4)
          .run();
      assertEquals(
          "negative at 1: -2, text, -1.000, -20000000000, c,    42|ff    |%\n"
              + "negative at 3: -4, text, -2.000, -40000000000, e,    42|ff    |%\n",
          driver.printed());
    }
  }
}
