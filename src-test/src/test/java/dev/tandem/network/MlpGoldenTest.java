package dev.tandem.network;

import dev.tandem.conformance.ConformanceReport;
import dev.tandem.conformance.Values;
import dev.tandem.golden.Lcg;
import dev.tandem.network.NetworkGolden.Start;
import dev.tandem.op.Update.Momentum;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** A multi-layer perceptron with tanh and gelu, trained by momentum, against PyTorch. */
@ExtendWith(ConformanceReport.class)
final class MlpGoldenTest {
  @TestFactory
  Stream<DynamicTest> trainsAsInPyTorch() {
    return NetworkGolden.tests(
        "mlp", MlpGoldenTest::start, MlpGoldenTest::logits, new Momentum(0.9, false, 0), 0.5);
  }

  private static Start start(DType dtype) {
    Lcg random = new Lcg(8);
    Map<String, Values> parameters = new LinkedHashMap<>();
    parameters.put("w1", random.tensor(dtype, -0.5, 0.5, 6, 9));
    parameters.put("b1", random.tensor(dtype, -0.5, 0.5, 9));
    parameters.put("w2", random.tensor(dtype, -0.5, 0.5, 9, 8));
    parameters.put("b2", random.tensor(dtype, -0.5, 0.5, 8));
    parameters.put("w3", random.tensor(dtype, -0.5, 0.5, 8, 4));
    parameters.put("b3", random.tensor(dtype, -0.5, 0.5, 4));
    return new Start(parameters, random.tensor(dtype, -1, 1, 11, 6), random.indices(4, 11));
  }

  private static Tensor logits(Map<String, Tensor> p, Tensor x) {
    return x.matmul(p.get("w1"))
        .add(p.get("b1"))
        .tanh()
        .matmul(p.get("w2"))
        .add(p.get("b2"))
        .geluTanh()
        .matmul(p.get("w3"))
        .add(p.get("b3"));
  }
}
