package dev.tandem.network;

import dev.tandem.conformance.ConformanceReport;
import dev.tandem.conformance.Values;
import dev.tandem.golden.Lcg;
import dev.tandem.network.NetworkGolden.Start;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Normalization.BatchNorm;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.op.Update.Adam;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** Convolutions, batch norm, both poolings, relu and silu, trained by AdamW, against PyTorch. */
@ExtendWith(ConformanceReport.class)
final class ConvNetGoldenTest {
  private static final Conv2dGeometry SAME =
      new Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 1);

  @TestFactory
  Stream<DynamicTest> trainsAsInPyTorch() {
    Adam adamW = new Adam(0.9, 0.999, 1e-8, 0.05, true);
    return NetworkGolden.tests(
        "conv_net", ConvNetGoldenTest::start, ConvNetGoldenTest::logits, adamW, 0.02);
  }

  private static Start start(DType dtype) {
    Lcg random = new Lcg(9);
    Map<String, Values> parameters = new LinkedHashMap<>();
    parameters.put("conv1", random.tensor(dtype, -0.5, 0.5, 4, 2, 3, 3));
    parameters.put("gamma", random.tensor(dtype, -0.5, 0.5, 4));
    parameters.put("beta", random.tensor(dtype, -0.5, 0.5, 4));
    parameters.put("conv2", random.tensor(dtype, -0.5, 0.5, 6, 4, 3, 3));
    parameters.put("bias2", random.tensor(dtype, -0.5, 0.5, 6, 1, 1));
    parameters.put("w", random.tensor(dtype, -0.5, 0.5, 24, 5));
    parameters.put("b", random.tensor(dtype, -0.5, 0.5, 5));
    return new Start(parameters, random.tensor(dtype, -1, 1, 7, 2, 8, 8), random.indices(5, 7));
  }

  private static Tensor logits(Map<String, Tensor> p, Tensor x) {
    Tensor normal =
        Tensor.apply(
            new BatchNorm(1e-5), x.conv2d(p.get("conv1"), SAME), p.get("gamma"), p.get("beta"));
    Tensor half = normal.relu().maxPool2d(Window.of(2));
    Tensor deep = half.conv2d(p.get("conv2"), SAME).add(p.get("bias2")).silu();
    return deep.avgPool2d(Window.of(2)).flatten(1).matmul(p.get("w")).add(p.get("b"));
  }
}
