package dev.tandem.train;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The floating-point operations a second that a device's maker says it does at most, in products of dense matrices with sums in F32:
 * what a share of the peak is a share of. From NVIDIA's data sheets, without sparsity: A100 (2021), H100 (2023), H200 (2024), L4 and
 * L40S (2023), and the white papers of GA102 (2020) and AD102 (2022).
 *
 * @param device as people call it
 * @param arithmetic {@code BF16}
 * @param flops a second
 */
public record PeakRate(String device, String arithmetic, double flops) {
  private static final double TERA = 1e12;

  /** What operands of a product are rounded to. */
  public enum Arithmetic {
    /** Products in F32. */
    F32,
    /** Operands rounded to TF32. */
    TF32,
    /** BF16 and F16, which these devices multiply equally fast. */
    HALF
  }

  /** A device, and its rates in 10^12 a second. */
  private record Known(String device, Pattern name, double half, double tf32, double f32) {
    Known(String device, String name, double half, double tf32, double f32) {
      this(device, Pattern.compile(name), half, tf32, f32);
    }

    double rate(Arithmetic arithmetic) {
      return switch (arithmetic) {
        case F32 -> f32;
        case TF32 -> tf32;
        case HALF -> half;
      };
    }
  }

  /** The first that is found in a device's name counts. */
  private static final List<Known> KNOWN =
      List.of(
          new Known("H200 NVL", "\\bH200 NVL\\b", 835.5, 417.5, 60),
          new Known("H200", "\\bH200\\b", 989.5, 494.5, 67),
          new Known("H100 PCIe", "\\bH100 PCIe\\b", 756, 378, 51),
          new Known("H100 NVL", "\\bH100 NVL\\b", 835.5, 417.5, 60),
          new Known("H100 SXM", "\\bH100\\b", 989.5, 494.5, 67),
          new Known("A100", "\\bA100\\b", 312, 156, 19.5),
          new Known("L40S", "\\bL40S\\b", 362, 183, 91.6),
          new Known("L4", "\\bL4\\b", 121, 60, 30.3),
          new Known("RTX 4090", "\\bRTX 4090\\b(?! (D|Laptop))", 165.2, 82.6, 82.6),
          new Known("RTX 3090", "\\bRTX 3090\\b(?! Ti)", 71, 35.6, 35.6));

  /**
   * The peak of a device; empty where it is not known.
   *
   * @param description a backend's: {@code cuda:0: NVIDIA H100 PCIe, compute capability 9.0, 79.2 GiB}
   */
  public static Optional<PeakRate> of(String description, Arithmetic arithmetic) {
    String word =
        switch (arithmetic) {
          case F32 -> "F32";
          case TF32 -> "TF32";
          case HALF -> "BF16";
        };
    return KNOWN.stream()
        .filter(known -> description.startsWith("cuda") && known.name.matcher(description).find())
        .findFirst()
        .map(known -> new PeakRate(known.device, word, known.rate(arithmetic) * TERA));
  }

  /** {@code H100 SXM's 989.5 TFLOPS in BF16}. */
  @Override
  public String toString() {
    return device + "'s " + flops / TERA + " TFLOPS in " + arithmetic;
  }
}
