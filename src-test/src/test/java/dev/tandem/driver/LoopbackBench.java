package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.Stream;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** The binding, opened on the {@link LoopbackDriver}, with a context, a stream and a module. */
record LoopbackBench(
    LoopbackDriver cuda, JcudaDriver driver, Context context, Stream stream, Module module) {
  /** The context is of the second device, so that a number 0 that is always passed shows. */
  static final int DEVICE = 1;

  static final String PTX = ".version 7.8 .target sm_80 // \u00e4 takes two bytes";

  /**
   * Runs a test on a driver of its own, and sees that it leaves nothing behind. Where such a library cannot be loaded, the test
   * is that the binding says so.
   */
  static void run(Consumer<LoopbackBench> test) {
    if (refused()) {
      return;
    }
    LoopbackDriver cuda = LoopbackDriver.get();
    cuda.reset();
    try (JcudaDriver driver = JcudaDriver.open()) {
      Context context = driver.devices().get(DEVICE).open();
      Stream stream = context.stream();
      Module module = context.load("bench.ptx", PTX);
      cuda.forget();
      test.accept(new LoopbackBench(cuda, driver, context, stream, module));
    }
    assertEquals(List.of(), cuda.leftovers());
  }

  /** Whether such a library cannot be loaded here; then that is said, and how. */
  static boolean refused() {
    if (LoopbackLibrary.supported()) {
      return false;
    }
    assertFalse(JcudaDriver.probe().usable());
    String reason = JcudaDriver.probe().reason();
    assertTrue(reason.contains("the CUDA backend runs on Linux on x86-64"), reason);
    return true;
  }

  /** That since the last {@code forget} one call arrived, with these arguments. */
  void assertCall(String function, long... arguments) {
    assertEquals(List.of(function), cuda.names());
    assertEquals(Arrays.stream(arguments).boxed().toList(), cuda.last(function).arguments());
    cuda.forget();
  }

  /** That such calls arrived, in order. */
  void assertCalls(String... functions) {
    assertEquals(List.of(functions), cuda.names());
    cuda.forget();
  }
}
