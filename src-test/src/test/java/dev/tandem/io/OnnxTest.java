package dev.tandem.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.data.Normalization;
import dev.tandem.data.Values;
import dev.tandem.learning.Machines;
import dev.tandem.nn.Activation;
import dev.tandem.nn.AvgPool2d;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Dropout;
import dev.tandem.nn.Embedding;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.GlobalAvgPool2d;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.LayerNorm;
import dev.tandem.nn.Linear;
import dev.tandem.nn.Llama;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.MaxPool2d;
import dev.tandem.nn.Module;
import dev.tandem.nn.Residual;
import dev.tandem.nn.RmsNorm;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Exported models, run by onnxruntime, against our own evaluation. Its session checks the file: graph, types and shapes. */
final class OnnxTest {
  /**
   * Of the largest output: both sides sum up to some hundred products of F32 in orders of their own, each off by about 2^-24 times the
   * root of their number, and a few layers add up.
   */
  private static final double TOLERANCE = 1e-5;

  private static final int STEPS = 5;
  private static final List<String> NAMES = List.of("a", "b", "c");

  private final Backend backend = Backends.open("cpu", _ -> {});
  private final Init init = Machines.init(backend, DType.F32, 11);

  @TempDir Path folder;

  private static Onnx.Use classes(int... sample) {
    return new Onnx.Use(
        TensorType.f32(sample),
        Optional.empty(),
        new Onnx.Meaning.Classes(NAMES, false),
        Map.of("note", "a test"));
  }

  @Test
  void mlpOfEveryActivation() throws OrtException {
    List<Module> layers = new ArrayList<>(List.of(new Flatten()));
    for (Activation.Kind kind : Activation.Kind.values()) {
      layers.add(new Linear(init, layers.size() == 1 ? 12 : 20, 20));
      layers.add(kind == Activation.Kind.TANH ? new RmsNorm(init, 20) : new LayerNorm(init, 20));
      layers.add(new Activation(kind));
    }
    layers.add(new Dropout(init, 0.3));
    layers.add(new Linear(init, 20, 3, Linear.Options.standard().withoutBias()));
    compareClasses(new Sequential(layers), 3, 4);
  }

  @Test
  void cnnOfEveryGeometry() throws OrtException {
    Conv2dGeometry odd =
        new Conv2dGeometry(new Size2d(2, 1), new Size2d(1, 2), new Size2d(1, 2), 2);
    compareClasses(
        Sequential.of(
            new Conv2d(init, 2, 8, 3),
            Activation.of("relu"),
            new MaxPool2d(new Window(Size2d.of(3), Size2d.of(2), Size2d.of(1))),
            new Conv2d(
                init,
                8,
                12,
                new Size2d(3, 2),
                Conv2d.Options.standard().withGeometry(odd).withoutBias()),
            Activation.of("gelu"),
            new AvgPool2d(new Window(Size2d.of(3), Size2d.of(2), Size2d.of(1))),
            new Flatten(),
            new Linear(init, 72, 3)),
        2,
        11,
        9);
  }

  @Test
  void resNetWithRunningStatistics() throws OrtException {
    Supplier<Module> branch =
        () ->
            Sequential.of(
                new Conv2d(
                    init,
                    8,
                    8,
                    Size2d.of(3),
                    Conv2d.Options.standard().withPadding(1).withoutBias()),
                new BatchNorm(init, 8),
                Activation.of("relu"),
                new Conv2d(
                    init,
                    8,
                    8,
                    Size2d.of(3),
                    Conv2d.Options.standard().withPadding(1).withoutBias()),
                new BatchNorm(init, 8, new BatchNorm.Options(0.3, 1e-3)));
    compareClasses(
        Sequential.of(
            new Conv2d(init, 3, 8, Size2d.of(3), Conv2d.Options.standard().withPadding(1)),
            new Residual(branch.get()),
            Activation.of("relu"),
            new Residual(
                Sequential.of(branch.get(), new MaxPool2d(2)),
                Sequential.of(
                    new Conv2d(init, 8, 8, Size2d.of(1), Conv2d.Options.standard().withStride(2)),
                    new BatchNorm(init, 8))),
            new GlobalAvgPool2d(),
            new Linear(init, 8, 3)),
        3,
        8,
        8);
  }

  private void compareClasses(Module model, int... sample) throws OrtException {
    train(model, sample);
    Path file = folder.resolve("model.onnx");
    Onnx.write(file, model, classes(sample));
    try (OrtSession session = session(file)) {
      assertTrue(
          session
              .getMetadata()
              .getCustomMetadata()
              .equals(Map.of("note", "a test", "classes", "a\nb\nc")),
          () -> "metadata");
      for (int batch : new int[] {1, 5}) {
        try (Scope _ = Scope.open()) {
          Tensor x = inputs(batch, 100 + batch, sample);
          Tensor y = model.forward(x);
          Map<String, float[]> got = run(session, x);
          close(y.toFloats(), got.get("logits"));
          close(y.softmax(-1).toFloats(), got.get("probabilities"));
        }
      }
    }
    model.close();
  }

  /** Some steps, so that no weight is what it was made as, and running statistics have run; then evaluation. */
  private void train(Module model, int... sample) {
    try (Optimizer optimizer = new Optimizer(Rule.AdamW.standard().update(), model.parameters())) {
      optimizer.learningRate(0.01);
      for (int step = 0; step < STEPS; step++) {
        try (Tape _ = Tape.open()) {
          Tensor classes = Tensor.of(backend, IntStream.range(0, 6).map(i -> i % 3).toArray(), 6);
          new LossFunction.CrossEntropy(0)
              .mean(model.forward(inputs(6, step, sample)), classes)
              .backward();
        }
        optimizer.step();
        optimizer.clearGradients();
      }
    }
    model.training(false);
  }

  private Tensor inputs(int batch, int seed, int... sample) {
    Shape shape = Shape.of(batch).then(Shape.of(sample));
    return Tensor.of(
        backend,
        new Random(seed).normal(Math.toIntExact(shape.elements()), 0.2, 1.5),
        shape.lengths());
  }

  @Test
  void rawFeaturesAreScaledAndNumbersComeOutInTheirUnits() throws OrtException {
    Module model =
        Sequential.of(new Linear(init, 3, 8), Activation.of("tanh"), new Linear(init, 8, 2));
    model.training(false);
    // Far from 0 and narrow: in F32 the difference would lose half its bits.
    Normalization in =
        new Normalization(
            Normalization.Method.STANDARDIZE,
            Shape.of(3),
            List.of(1e6, -3.3, 0.0),
            List.of(0.7, 1e-3, 1.0));
    Normalization out =
        new Normalization(
            Normalization.Method.MIN_MAX, Shape.of(2), List.of(-5.0, 100.0), List.of(10.0, 0.25));
    Path file = folder.resolve("numbers.onnx");
    Onnx.write(
        file,
        model,
        new Onnx.Use(
            TensorType.f32(3),
            Optional.of(new Onnx.Scale(in.center(), in.scale())),
            new Onnx.Meaning.Numbers(
                List.of("u", "v"), Optional.of(new Onnx.Scale(out.center(), out.scale()))),
            Map.of()));
    float[] raw = {1e6f + 1.25f, -3.301f, 0.5f, 1e6f - 0.0625f, -3.2985f, -2f};
    try (OrtSession session = session(file);
        Scope _ = Scope.open()) {
      Tensor x = Tensor.of(backend, raw.clone(), 2, 3);
      Values.Floats scaled = new Values.Floats(Shape.of(2, 3), raw.clone());
      in.apply(scaled);
      Values.Floats expected =
          new Values.Floats(
              Shape.of(2, 2), model.forward(Tensor.of(backend, scaled.data(), 2, 3)).toFloats());
      out.invert(expected);
      close(expected.data(), run(session, x).get("output"));
    }
  }

  @Test
  void channelsAreScaledAlikeAndOneLogitTellsTwoClasses() throws OrtException {
    Module model = Sequential.of(new Flatten(), new Linear(init, 8, 1));
    model.training(false);
    Normalization in =
        new Normalization(
            Normalization.Method.STANDARDIZE,
            Shape.of(2, 2, 2),
            List.of(0.5, -1.0),
            List.of(2.0, 3.0));
    Path file = folder.resolve("two.onnx");
    Onnx.write(
        file,
        model,
        new Onnx.Use(
            TensorType.f32(2, 2, 2),
            Optional.of(new Onnx.Scale(in.center(), in.scale())),
            new Onnx.Meaning.Classes(List.of("no", "yes"), true),
            Map.of()));
    try (OrtSession session = session(file);
        Scope _ = Scope.open()) {
      Tensor x = inputs(3, 1, 2, 2, 2);
      Values.Floats scaled = new Values.Floats(Shape.of(3, 2, 2, 2), x.toFloats());
      in.apply(scaled);
      float[] yes =
          model.forward(Tensor.of(backend, scaled.data(), 3, 2, 2, 2)).sigmoid().toFloats();
      float[] both = new float[6];
      for (int i = 0; i < 3; i++) {
        both[2 * i] = 1 - yes[i];
        both[2 * i + 1] = yes[i];
      }
      close(both, run(session, x).get("probabilities"));
    }
  }

  @Test
  void gptOfAnyLength() throws OrtException {
    compareTokens(new Gpt(init, new Gpt.Config(70, 24, 2, 4, 32, 0.1, false)));
  }

  @Test
  void llamaWithGroupedKeysTiedOrNot() throws OrtException {
    for (boolean tied : new boolean[] {false, true}) {
      compareTokens(
          new Llama(
              init, new Llama.Config(70, 24, 2, 4, 2, 32, 48, 1e4, 1e-5, tied, false, !tied)));
    }
  }

  private void compareTokens(LanguageModel language) throws OrtException {
    Module model = Sequential.of(language);
    try (Optimizer optimizer = new Optimizer(Rule.AdamW.standard().update(), model.parameters())) {
      optimizer.learningRate(0.01);
      for (int step = 0; step < STEPS; step++) {
        try (Tape _ = Tape.open()) {
          new LossFunction.CrossEntropy(0)
              .mean(model.forward(ids(2, 12, step)), ids(2, 12, step + 1))
              .backward();
        }
        optimizer.step();
        optimizer.clearGradients();
      }
    }
    model.training(false);
    Path file = folder.resolve("language.onnx");
    Onnx.write(
        file,
        model,
        new Onnx.Use(
            new TensorType(DType.I32, Shape.of(24)),
            Optional.empty(),
            new Onnx.Meaning.Tokens(),
            Map.of()));
    try (OrtSession session = session(file)) {
      for (int[] size : new int[][] {{1, 1}, {1, 24}, {3, 7}}) {
        try (Scope _ = Scope.open()) {
          Tensor x = ids(size[0], size[1], 50 + size[1]);
          close(
              model.forward(x).slice(2, 0, language.vocabulary()).toFloats(),
              run(session, x).get("logits"));
        }
      }
    }
    model.close();
  }

  private Tensor ids(int rows, int length, int seed) {
    return Tensor.of(
        backend,
        new SplittableRandom(seed).ints((long) rows * length, 0, 70).toArray(),
        rows,
        length);
  }

  @Test
  void embeddingThenLinearOverPositions() throws OrtException {
    Module model = Sequential.of(new Embedding(init, 70, 16), new Linear(init, 16, 70));
    model.training(false);
    Path file = folder.resolve("bigram.onnx");
    Onnx.write(
        file,
        model,
        new Onnx.Use(
            new TensorType(DType.I32, Shape.of(8)),
            Optional.empty(),
            new Onnx.Meaning.Tokens(),
            Map.of()));
    try (OrtSession session = session(file);
        Scope _ = Scope.open()) {
      Tensor x = ids(2, 5, 3);
      close(model.forward(x).toFloats(), run(session, x).get("logits"));
    }
  }

  /** Weights kept in BF16 are written as the F32 numbers they stand for. */
  @Test
  void halfWeightsAreWidened() throws OrtException {
    Linear linear = new Linear(Machines.init(backend, DType.BF16, 5), 4, 3);
    Path file = folder.resolve("half.onnx");
    Onnx.write(file, Sequential.of(linear), classes(4));
    double[] weight = linear.parameters().get("weight").toDoubles();
    try (OrtSession session = session(file);
        Scope _ = Scope.open()) {
      Tensor x = inputs(1, 9, 4);
      float[] expected = new float[3];
      for (int out = 0; out < 3; out++) {
        double sum = 0;
        for (int i = 0; i < 4; i++) {
          sum += weight[4 * out + i] * x.toFloats()[i];
        }
        expected[out] = (float) sum;
      }
      close(expected, run(session, x).get("logits"));
    }
  }

  private static final class Doubled extends Module {
    @Override
    public Tensor forward(Tensor x) {
      return x.mul(2);
    }
  }

  @Test
  void aLayerWithoutAFormIsNamed() {
    Path file = folder.resolve("none.onnx");
    Module model =
        Sequential.of(new Linear(init, 3, 3), new Residual(Sequential.of(new Doubled())));
    FileException refused =
        assertThrows(FileException.class, () -> Onnx.write(file, model, classes(3)));
    assertEquals(
        "onnx: a layer has no ONNX form, got Doubled as '1.branch.0'; build it of layers that have one",
        refused.getMessage());
    assertFalse(Files.exists(file));
  }

  @Test
  void anOutputOfAnotherWidthThanItsMeaningIsRefused() {
    Path file = folder.resolve("none.onnx");
    Module four = Sequential.of(new Conv2d(init, 1, 2, 3), new MaxPool2d(2), new Flatten());
    refused(
        "onnx: the model's output is not what it is said to mean, got (2) a sample for logits of 3 classes; let both agree",
        () -> Onnx.write(file, four, classes(1, 4, 4)));
    Module numbers = Sequential.of(new Linear(init, 3, 2));
    for (Onnx.Meaning wrong :
        List.of(
            new Onnx.Meaning.Numbers(List.of("u"), Optional.empty()),
            new Onnx.Meaning.Classes(List.of("no", "yes"), true),
            new Onnx.Meaning.Tokens())) {
      FileException refused =
          assertThrows(FileException.class, () -> Onnx.write(file, numbers, use(wrong)));
      assertTrue(refused.getMessage().contains("got (2) a sample for "), refused::getMessage);
    }
    refused(
        "onnx: the outputs' change of scale does not fit them, got 3 groups for 2 numbers; give one for all, or one for each",
        () ->
            Onnx.write(
                file,
                numbers,
                use(
                    new Onnx.Meaning.Numbers(
                        List.of("u", "v"),
                        Optional.of(
                            new Onnx.Scale(List.of(0.0, 0.0, 0.0), List.of(1.0, 1.0, 1.0)))))));
    refused(
        "onnx: a layer does not take what it gets, got Linear(3 -> 2) as '0' on (4); name the type of the samples that the model was trained with",
        () -> Onnx.write(file, numbers, classes(4)));
    assertFalse(Files.exists(file));
  }

  private static void refused(String message, Executable work) {
    assertEquals(message, assertThrows(FileException.class, work).getMessage());
  }

  private static Onnx.Use use(Onnx.Meaning meaning) {
    return new Onnx.Use(TensorType.f32(3), Optional.empty(), meaning, Map.of());
  }

  @Test
  void aCenterWithoutAScaleIsRefused() {
    for (List<Double> centers : List.of(List.<Double>of(), List.of(0.0, 0.0))) {
      List<Double> scales = List.of(1.0).subList(0, Math.min(1, centers.size()));
      assertThrows(IllegalArgumentException.class, () -> new Onnx.Scale(centers, scales));
    }
    assertThrows(
        IllegalArgumentException.class, () -> new Onnx.Meaning.Classes(List.of("one"), true));
  }

  /** What the caller does with its map later is not written. */
  @Test
  void metadataAreCopied() {
    Map<String, String> metadata = new TreeMap<>(Map.of("note", "first"));
    Onnx.Use use =
        new Onnx.Use(
            TensorType.f32(3), Optional.empty(), new Onnx.Meaning.Classes(NAMES, false), metadata);
    metadata.put("note", "second");
    assertEquals(Map.of("note", "first"), use.metadata());
  }

  @Test
  void theSameModelGivesTheSameBytes() throws IOException {
    Module model = Sequential.of(new Conv2d(init, 1, 2, 3), new Flatten(), new Linear(init, 8, 3));
    Onnx.write(folder.resolve("1.onnx"), model, classes(1, 4, 4));
    Onnx.write(folder.resolve("2.onnx"), model, classes(1, 4, 4));
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("1.onnx")), Files.readAllBytes(folder.resolve("2.onnx")));
  }

  private static OrtSession session(Path file) throws OrtException {
    return OrtEnvironment.getEnvironment().createSession(file.toString());
  }

  private static Map<String, float[]> run(OrtSession session, Tensor x) throws OrtException {
    long[] lengths = Arrays.stream(x.shape().lengths()).asLongStream().toArray();
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    Map<String, float[]> outputs = new TreeMap<>();
    try (OnnxTensor input =
            x.dtype().floating()
                ? OnnxTensor.createTensor(environment, FloatBuffer.wrap(x.toFloats()), lengths)
                : OnnxTensor.createTensor(
                    environment,
                    LongBuffer.wrap(Arrays.stream(x.toInts()).asLongStream().toArray()),
                    lengths);
        OrtSession.Result result = session.run(Map.<String, OnnxTensorLike>of("input", input))) {
      for (Map.Entry<String, OnnxValue> output : result) {
        FloatBuffer values = ((OnnxTensor) output.getValue()).getFloatBuffer();
        float[] copy = new float[values.remaining()];
        values.get(copy);
        outputs.put(output.getKey(), copy);
      }
    }
    return outputs;
  }

  private static void close(float[] expected, float[] got) {
    assertEquals(expected.length, got.length);
    double largest = 0;
    double off = 0;
    for (int i = 0; i < got.length; i++) {
      largest = Math.max(largest, Math.abs(expected[i]));
      off = Math.max(off, Math.abs(expected[i] - got[i]));
    }
    assertTrue(largest > 0, "all outputs are 0");
    assertTrue(off <= TOLERANCE * largest, "off by " + off + " of " + largest);
  }
}
