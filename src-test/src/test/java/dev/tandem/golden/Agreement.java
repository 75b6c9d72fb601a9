package dev.tandem.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.TestBackends;
import dev.tandem.shape.DType;
import java.util.List;
import java.util.stream.Stream;

/** How golden tests compare, and on what they run. */
public final class Agreement {
  private Agreement() {}

  /** A backend and an element type that it computes in. */
  public record Setting(Backend backend, DType dtype) {
    @Override
    public String toString() {
      return dtype + " on " + backend.name();
    }
  }

  /**
   * The oracle in F64, and every backend of this machine in F32 and F64. The oracle's own truth comes from
   * here.
   */
  public static List<Setting> settings() {
    Stream<Setting> backends =
        TestBackends.available().stream()
            .flatMap(backend ->
                Stream.of(DType.F64, DType.F32)
                    .filter(backend::supports)
                    .map(dtype -> new Setting(backend, dtype)));
    return Stream.concat(Stream.of(new Setting(new OracleBackend(), DType.F64)), backends).toList();
  }

  /** Fails where an element is off by more than relative * |expected| + absolute, naming the worst. */
  public static void check(
      String title, double[] expected, double[] actual, double relative, double absolute) {
    assertEquals(expected.length, actual.length, title + ": number of elements");
    int worst = 0;
    double worstFraction = 0;
    for (int i = 0; i < expected.length; i++) {
      double error = Math.abs(expected[i] - actual[i]);
      double fraction =
          expected[i] == actual[i] ? 0 : error / (relative * Math.abs(expected[i]) + absolute);
      if (!(fraction <= worstFraction)) {
        worst = i;
        worstFraction = fraction;
      }
    }
    int at = worst;
    double times = worstFraction;
    assertTrue(
        worstFraction <= 1,
        () ->
            title
                + ": differs from PyTorch, the worst at "
                + at
                + ": expected "
                + expected[at]
                + ", actual "
                + actual[at]
                + ", "
                + times
                + " times the tolerance");
  }
}
