package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PeakRateTest {
  /** Names as nvidia-smi and the driver tell them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          cuda:0: NVIDIA H100 80GB HBM3      | HALF | H100 SXM's 989.5 TFLOPS in BF16
          cuda:0: NVIDIA H100 PCIe           | HALF | H100 PCIe's 756.0 TFLOPS in BF16
          cuda:1: NVIDIA H200                | TF32 | H200's 494.5 TFLOPS in TF32
          cuda:0: NVIDIA A100-SXM4-80GB      | F32  | A100's 19.5 TFLOPS in F32
          cuda:0: NVIDIA L4                  | HALF | L4's 121.0 TFLOPS in BF16
          cuda:0: NVIDIA L40S                | HALF | L40S's 362.0 TFLOPS in BF16
          cuda:0: NVIDIA GeForce RTX 4090    | HALF | RTX 4090's 165.2 TFLOPS in BF16
          """)
  void isKnownByName(String name, PeakRate.Arithmetic arithmetic, String expected) {
    assertEquals(
        Optional.of(expected),
        PeakRate.of(name + ", compute capability 9.0", arithmetic).map(PeakRate::toString));
  }

  @ParameterizedTest
  @CsvSource({
    "cuda:0: NVIDIA GeForce GTX 1080",
    "cuda:0: NVIDIA L40",
    "cuda:0: NVIDIA GeForce RTX 4090 Laptop GPU",
    "cpu: an H100 would be faster"
  })
  void isNotGuessed(String name) {
    assertEquals(Optional.empty(), PeakRate.of(name, PeakRate.Arithmetic.HALF));
  }
}
