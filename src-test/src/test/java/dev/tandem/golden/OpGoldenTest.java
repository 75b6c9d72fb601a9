package dev.tandem.golden;

import dev.tandem.backend.Backend;
import dev.tandem.conformance.Values;
import dev.tandem.golden.Agreement.Setting;
import dev.tandem.golden.GoldenFile.Case;
import dev.tandem.golden.GoldenFile.Entry;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Results and gradients of the ops as PyTorch has them: what the oracle, the backends and the table of
 * gradients share.
 */
final class OpGoldenTest {
  @TestFactory
  Stream<DynamicTest> agreesWithPyTorch() {
    List<Setting> settings = Agreement.settings();
    return Stream.of("ops", "sequence")
        .flatMap(file -> GoldenFile.read(file).cases().stream())
        .flatMap(golden ->
            settings.stream()
                .map(setting ->
                    DynamicTest.dynamicTest(
                        golden.name() + " " + setting, () -> check(golden, setting))));
  }

  private static void check(Case golden, Setting setting) {
    Backend backend = setting.backend();
    List<Tensor> leaves = new ArrayList<>();
    try (Tape tape = Tape.open()) {
      List<Tensor> operands = new ArrayList<>();
      for (Entry entry : golden.entries()) {
        switch (entry.kind()) {
          case "in" -> {
            Tensor leaf = tensor(backend, entry.values().as(setting.dtype())).requireGradient();
            operands.add(leaf);
            leaves.add(leaf);
          }
          case "fixed" -> operands.add(tensor(backend, entry.values().as(setting.dtype())));
          case "int" -> operands.add(tensor(backend, entry.values()));
          default -> {}
        }
      }
      List<Tensor> results = Tensor.applyAll(op(golden), operands);
      List<Entry> expected = golden.entries("out");
      for (int i = 0; i < expected.size(); i++) {
        compare(golden, setting, expected.get(i), results.get(i));
      }
      // The gradient of a sum of products is the other factor: so each result gets its own.
      List<Entry> dys = golden.entries("dy");
      Tensor sum = null;
      for (int i = 0; i < dys.size(); i++) {
        Tensor dy = tensor(backend, dys.get(i).values().as(setting.dtype()));
        Tensor product = results.get(i).mul(dy).sum();
        sum = sum == null ? product : sum.add(product);
      }
      tape.backward(sum);
      List<Entry> gradients = golden.entries("grad");
      for (int i = 0; i < gradients.size(); i++) {
        compare(golden, setting, gradients.get(i), leaves.get(i).gradient().orElseThrow());
      }
    } finally {
      leaves.forEach(Tensor::close);
    }
  }

  private static Tensor tensor(Backend backend, Values values) {
    return Tensor.of(backend, values.type(), values.bytes());
  }

  /**
   * F64 to 1e-9, which is what the oracle's central differences are worth. F32 to some units of the last place
   * of the largest operand, for terms of that size cancel; OpConformanceTest is stricter.
   */
  private static void compare(Case golden, Setting setting, Entry expected, Tensor actual) {
    double largest =
        golden.entries("in").stream()
            .flatMapToDouble(entry -> Arrays.stream(entry.values().data()))
            .map(Math::abs)
            .max()
            .orElse(0);
    boolean wide = setting.dtype() == DType.F64;
    double relative = wide ? 1e-9 : 3e-6;
    double absolute = wide ? 1e-9 : 5e-7 * (1 + largest);
    String title = golden.name() + " " + setting + ", " + expected.kind() + " " + expected.name();
    Agreement.check(title, expected.values().data(), actual.toDoubles(), relative, absolute);
  }

  private static Op op(Case golden) {
    return switch (golden.op()) {
      case "add" -> new Elementwise.Add();
      case "sub" -> new Elementwise.Sub();
      case "mul" -> new Elementwise.Mul();
      case "div" -> new Elementwise.Div();
      case "maximum" -> new Elementwise.Maximum();
      case "minimum" -> new Elementwise.Minimum();
      case "relu" -> new Elementwise.Relu();
      case "leaky_relu" -> new Elementwise.LeakyRelu(golden.attribute("slope")[0]);
      case "sigmoid" -> new Elementwise.Sigmoid();
      case "tanh" -> new Elementwise.Tanh();
      case "gelu_tanh" -> new Elementwise.GeluTanh();
      case "gelu_erf" -> new Elementwise.GeluErf();
      case "silu" -> new Elementwise.Silu();
      case "softplus" -> new Elementwise.Softplus();
      case "abs" -> new Elementwise.Abs();
      case "clamp" ->
          new Elementwise.Clamp(golden.attribute("limits")[0], golden.attribute("limits")[1]);
      case "exp" -> new Elementwise.Exp();
      case "log" -> new Elementwise.Log();
      case "sqrt" -> new Elementwise.Sqrt();
      case "rsqrt" -> new Elementwise.Rsqrt();
      case "pow" -> new Elementwise.Pow(golden.attribute("exponent")[0]);
      case "sum" -> new Reduction.Sum(axes(golden), false);
      case "mean" -> new Reduction.Mean(axes(golden), false);
      case "max" -> new Reduction.Max(axes(golden), false);
      case "min" -> new Reduction.Min(axes(golden), false);
      case "softmax" -> new Normalization.Softmax();
      case "log_softmax" -> new Normalization.LogSoftmax();
      case "layer_norm" -> new Normalization.LayerNorm(golden.attribute("epsilon")[0]);
      case "rms_norm" -> new Normalization.RmsNorm(golden.attribute("epsilon")[0]);
      case "batch_norm" -> new Normalization.BatchNorm(golden.attribute("epsilon")[0]);
      case "cross_entropy" -> new Loss.CrossEntropy(golden.attribute("smoothing")[0]);
      case "soft_cross_entropy" -> new Loss.SoftCrossEntropy();
      case "matmul" ->
          new Linear.Matmul(
              golden.attribute("transposed")[0] != 0, golden.attribute("transposed")[1] != 0);
      case "conv2d" ->
          new Linear.Conv2d(
              new Linear.Conv2dGeometry(
                  size(golden, "stride"),
                  size(golden, "padding"),
                  size(golden, "dilation"),
                  (int) golden.attribute("groups")[0]));
      case "max_pool2d" -> new Pooling.MaxPool2d(window(golden));
      case "avg_pool2d" -> new Pooling.AvgPool2d(window(golden));
      case "attention" -> new Sequence.Attention(causal(golden), golden.attribute("scale")[0]);
      case "packed_attention" ->
          new Sequence.PackedAttention(
              whole(golden, "heads"),
              whole(golden, "key_heads"),
              causal(golden),
              golden.attribute("scale")[0]);
      case "rotary" ->
          new Sequence.Rotary(
              whole(golden, "rotated"),
              golden.attribute("base")[0],
              whole(golden, "start"),
              golden.attribute("inverse")[0] != 0);
      case "bias_gelu_tanh" -> new Fused.BiasGeluTanh();
      case "residual_layer_norm" -> new Fused.ResidualLayerNorm(golden.attribute("epsilon")[0]);
      case "embedding" -> new Indexing.Embedding();
      case "gather" -> new Indexing.Gather((int) golden.attribute("axis")[0]);
      default ->
          throw new IllegalArgumentException(
              "golden: no such op, got " + golden.op() + "; add it here");
    };
  }

  private static boolean causal(Case golden) {
    return golden.attribute("causal")[0] != 0;
  }

  private static int whole(Case golden, String attribute) {
    return (int) golden.attribute(attribute)[0];
  }

  private static List<Integer> axes(Case golden) {
    return Arrays.stream(golden.attribute("axes")).mapToObj(axis -> (int) axis).toList();
  }

  private static Pooling.Window window(Case golden) {
    return new Pooling.Window(
        size(golden, "kernel"), size(golden, "stride"), size(golden, "padding"));
  }

  private static Size2d size(Case golden, String attribute) {
    double[] numbers = golden.attribute(attribute);
    return new Size2d((int) numbers[0], (int) numbers[1]);
  }
}
