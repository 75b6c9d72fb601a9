package dev.tandem.golden;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.conformance.Values;
import dev.tandem.shape.DType;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Java draws the weights and tokens that PyTorch trained from, and the files have figures for each parameter. */
final class ModelGoldenTest {
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama"})
  void startsFromPyTorchsWeights(String name) {
    ModelGolden golden = ModelGolden.read(name);
    golden
        .weights(DType.F64)
        .forEach((parameter, weight) -> {
          assertArrayEquals(
              golden.start().entry("in", parameter).data(),
              ModelGolden.sample(weight.data()),
              parameter);
          // Multiples of 1/1024 below 2: their sums are exact in any order, those of 20-bit
          // products too.
          assertArrayEquals(
              golden.start().attribute("whole." + parameter), ModelGolden.whole(weight), parameter);
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama"})
  void weightsAreExactInBf16(String name) {
    ModelGolden golden = ModelGolden.read(name);
    Map<String, Values> wide = golden.weights(DType.F64);
    golden
        .weights(DType.BF16)
        .forEach((parameter, weight) ->
            assertArrayEquals(wide.get(parameter).data(), weight.data(), parameter));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama"})
  void everyParameterHasFigures(String name) {
    ModelGolden golden = ModelGolden.read(name);
    assertEquals(10, golden.losses().length);
    assertEquals(Math.log(golden.count("padded")), golden.losses()[0], 0.5);
    assertEquals(golden.inputs().data()[1], golden.targets().data()[0]);
    Set<String> parameters = golden.weights(DType.F64).keySet();
    for (String parameter : parameters) {
      for (String kind : new String[] {"grad", "last"}) {
        double[] sample = golden.truth().entry(kind, parameter).data();
        double largest = golden.truth().attribute("whole." + kind + "." + parameter)[2];
        for (double x : sample) {
          assertEquals(0, x, largest, kind + " " + parameter);
        }
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
          assertEquals(3, golden.error(dtype, kind + "." + parameter).length);
        }
      }
    }
  }
}
