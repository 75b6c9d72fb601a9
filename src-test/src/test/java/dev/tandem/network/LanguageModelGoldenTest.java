package dev.tandem.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.conformance.ConformanceReport;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.TestBackends;
import dev.tandem.conformance.Values;
import dev.tandem.golden.Agreement.Setting;
import dev.tandem.golden.GoldenFile;
import dev.tandem.golden.GoldenFile.Case;
import dev.tandem.golden.Lcg;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.Llama;
import dev.tandem.nn.LossFunction;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * GPT-2 and a Llama-style model trained for ten steps as make_models.py did: logits, every gradient of step 0 by its published name,
 * ten losses and gradient norms, the last weights. The truth is PyTorch's run in double. A run in F32 or BF16 is judged by PyTorch's own
 * run in that type: it may be so many times as far from the truth.
 */
@ExtendWith(ConformanceReport.class)
final class LanguageModelGoldenTest {
  private static final int ROWS = 2;
  private static final List<String> CONV1D =
      List.of("c_attn.weight", "c_proj.weight", "c_fc.weight");

  /** How far from the truth, in multiples of PyTorch's distance in the same type. */
  private record Allowed(double forward, double backward) {
    static Allowed in(DType dtype) {
      // Sums of some hundred products are made in another order in F32: either may be the nearer
      // one, by a few times. In BF16, what is
      // rounded in between counts, and that is the same for both.
      return dtype == DType.BF16 ? new Allowed(2, 3) : new Allowed(4, 6);
    }
  }

  @TestFactory
  Stream<DynamicTest> gpt2TrainsAsInPyTorch() {
    return tests(
        "gpt2",
        (init, start) ->
            new Gpt(
                init,
                new Gpt.Config(
                    whole(start, "padded"),
                    whole(start, "positions"),
                    whole(start, "layers"),
                    whole(start, "heads"),
                    whole(start, "width"),
                    0,
                    false)));
  }

  @TestFactory
  Stream<DynamicTest> llamaTrainsAsInPyTorch() {
    return tests(
        "llama",
        (init, start) ->
            new Llama(
                init,
                new Llama.Config(
                    whole(start, "padded"),
                    whole(start, "positions"),
                    whole(start, "layers"),
                    whole(start, "heads"),
                    whole(start, "key_heads"),
                    whole(start, "width"),
                    whole(start, "hidden"),
                    start.attribute("base")[0],
                    start.attribute("epsilon")[0],
                    false,
                    false)));
  }

  private static int whole(Case golden, String attribute) {
    return (int) golden.attribute(attribute)[0];
  }

  private static Stream<DynamicTest> tests(
      String name, BiFunction<Init, Case, LanguageModel> maker) {
    GoldenFile golden = GoldenFile.read(name);
    List<Setting> settings = new ArrayList<>(List.of(new Setting(new OracleBackend(), DType.F64)));
    TestBackends.available()
        .forEach(backend ->
            Stream.of(DType.F64, DType.F32, DType.BF16)
                .filter(backend::supports)
                .forEach(dtype -> settings.add(new Setting(backend, dtype))));
    return settings.stream()
        .map(setting ->
            DynamicTest.dynamicTest(
                name + " " + setting,
                () -> {
                  Init init = new Init(setting.backend(), setting.dtype(), new Random(1));
                  try (LanguageModel model = maker.apply(init, golden.named("start"))) {
                    new Run(golden, model, setting).compare();
                  }
                  ConformanceReport.trained(setting.backend());
                }));
  }

  /** A run and what it is compared with. */
  private static final class Run {
    private final Case start;
    private final Case truth;
    private final LanguageModel model;
    private final Setting setting;
    private final Map<String, double[]> errors = new LinkedHashMap<>();
    private final Map<String, Double> worst = new LinkedHashMap<>();

    Run(GoldenFile golden, LanguageModel model, Setting setting) {
      start = golden.named("start");
      truth = golden.named("f64");
      this.model = model;
      this.setting = setting;
      if (setting.dtype() != DType.F64) {
        golden
            .named(setting.dtype() == DType.BF16 ? "bf16" : "f32")
            .attributes()
            .forEach((key, value) -> {
              if (key.startsWith("error.")) {
                errors.put(key.substring("error.".length()), value);
              }
            });
        assertFalse(errors.isEmpty());
      }
    }

    void compare() {
      begin();
      Backend backend = setting.backend();
      int[] ids =
          Arrays.stream(start.entry("int", "ids").data()).mapToInt(id -> (int) id).toArray();
      int positions = ids.length / ROWS - 1;
      double[] losses = new double[truth.entry("out", "losses").data().length];
      double[] norms = new double[losses.length];
      Clipping.ByGlobalNorm clipping = new Clipping.ByGlobalNorm(start.attribute("clip")[0]);
      double[] betas = start.attribute("betas");
      Rule rule =
          new Rule.AdamW(
              betas[0],
              betas[1],
              start.attribute("adam_epsilon")[0],
              start.attribute("weight_decay")[0]);
      try (Optimizer optimizer =
              new Optimizer(
                  rule.update(),
                  model.parameters(),
                  Optimizer.Options.standard().withDecay(Optimizer.Decay.MATRICES));
          Scope _ = Scope.open()) {
        optimizer.learningRate(start.attribute("lr")[0]);
        Tensor inputs = Tensor.of(backend, part(ids, positions, 0), ROWS, positions);
        Tensor targets = Tensor.of(backend, part(ids, positions, 1), ROWS, positions);
        for (int step = 0; step < losses.length; step++) {
          try (Tape tape = Tape.open()) {
            Tensor logits = model.forward(inputs);
            if (step == 0) {
              check("logits", truth.entry("out", "logits").data(), logits.toDoubles(), true);
            }
            Tensor loss = new LossFunction.CrossEntropy(0).mean(logits, targets);
            losses[step] = loss.item();
            tape.backward(loss);
            Tensor norm = Clipping.globalNorm(model.parameters().values());
            norms[step] = norm.item();
            if (step == 0) {
              all("grad", parameter -> parameter.gradient().orElseThrow());
            }
            optimizer.step(clipping.factor(norm));
            optimizer.clearGradients();
          }
        }
        check("losses", truth.entry("out", "losses").data(), losses, true);
        check("norms", truth.entry("out", "norms").data(), norms, false);
        // BF16 weights follow masters, which the golden's last weights are.
        all(
            "last",
            parameter ->
                setting.dtype().half()
                    ? optimizer.state().get(nameOf(parameter) + ".master")
                    : parameter);
      }
      System.out.println(
          "model"
              + " "
              + model.getClass().getSimpleName()
              + " "
              + setting
              + ", furthest from PyTorch in double"
              + (errors.isEmpty() ? "" : ", as a multiple of PyTorch's own distance")
              + ": "
              + worst.entrySet().stream()
                  .map(entry ->
                      String.format(Locale.ROOT, "%s %.2g", entry.getKey(), entry.getValue()))
                  .toList());
    }

    private String nameOf(Tensor parameter) {
      return model.parameters().entrySet().stream()
          .filter(entry -> entry.getValue() == parameter)
          .findFirst()
          .orElseThrow()
          .getKey();
    }

    private static int[] part(int[] ids, int positions, int shift) {
      int[] part = new int[ROWS * positions];
      for (int row = 0; row < ROWS; row++) {
        System.arraycopy(ids, row * (positions + 1) + shift, part, row * positions, positions);
      }
      return part;
    }

    /** Draws the initial values, in the order and the layout of the golden file, and puts them where they belong. */
    private void begin() {
      Lcg random = new Lcg(whole(start, "seed"));
      Map<String, double[]> drawn = new LinkedHashMap<>();
      published()
          .forEach((name, place) -> {
            double[] lengths = start.attribute("shape." + name);
            int[] shape = Arrays.stream(lengths).mapToInt(length -> (int) length).toArray();
            boolean scale = shape.length == 1 && !name.endsWith("bias");
            double[] values =
                random
                    .tensor(
                        DType.F64, scale ? -1.0 / 32 : -1.0 / 8, scale ? 1.0 / 32 : 1.0 / 8, shape)
                    .data();
            if (scale) {
              values = Arrays.stream(values).map(v -> 1 + 8 * v).toArray();
            }
            assertEquals(0, first(start.entry("in", name).data(), sample(values)), name);
            drawn.put(name, values);
          });
      model
          .parameters()
          .forEach((name, parameter) -> {
            double[] whole = new double[(int) parameter.shape().elements()];
            published().entrySet().stream()
                .filter(entry -> entry.getValue().parameter.equals(name))
                .forEach(entry ->
                    entry.getValue().copy(drawn.get(entry.getKey()), whole, parameter, false));
            Values values = Values.of(DType.F64, parameter.shape(), whole);
            Values typed =
                setting.dtype() == DType.F64
                    ? values
                    : Values.of(setting.dtype(), parameter.shape(), whole);
            parameter.write(typed.bytes());
          });
    }

    private static double first(double[] expected, double[] actual) {
      double off = 0;
      for (int i = 0; i < expected.length; i++) {
        off = Math.max(off, Math.abs(expected[i] - actual[i]));
      }
      return off;
    }

    private interface Looked {
      Tensor at(Tensor parameter);
    }

    private void all(String kind, Looked looked) {
      published()
          .forEach((name, place) -> {
            Tensor parameter = model.parameters().get(place.parameter);
            double[] own = looked.at(parameter).toDoubles();
            double[] lengths = start.attribute("shape." + name);
            double[] values = new double[(int) Arrays.stream(lengths).reduce(1, (a, b) -> a * b)];
            place.copy(values, own, parameter, true);
            check(kind + "." + name, truth.entry(kind, name).data(), values, false);
          });
    }

    private void check(String what, double[] expected, double[] actual, boolean forward) {
      double[] sampled = expected.length < actual.length ? sample(actual) : actual;
      assertEquals(expected.length, sampled.length, what);
      double off = first(expected, sampled);
      String kind = what.replaceFirst("\\..*", "");
      if (errors.isEmpty()) {
        // Both are in double: some thousand roundings of 1e-16, amplified by ten steps of Adam.
        double bound = kind.equals("last") ? 1e-7 : 1e-9;
        worst.merge(kind, off, Math::max);
        assertTrue(off <= bound, () -> what + " on " + setting + ": off by " + off);
        return;
      }
      Allowed allowed = Allowed.in(setting.dtype());
      double theirs = errors.get(what)[0];
      double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
      // Where PyTorch happened to hit, a few units in the last place of the largest number are
      // still allowed.
      double ulp = largest * (setting.dtype() == DType.BF16 ? 0x1p-8 : 0x1p-22);
      double bound = (forward ? allowed.forward : allowed.backward) * Math.max(theirs, ulp);
      worst.merge(kind, off / Math.max(theirs, ulp), Math::max);
      assertTrue(
          off <= bound,
          () ->
              what
                  + " on "
                  + setting
                  + ": off by "
                  + off
                  + ", PyTorch in the same type by "
                  + theirs
                  + ", allowed "
                  + bound);
    }

    /** As make_models.py samples. */
    private static double[] sample(double[] values) {
      if (values.length <= 256) {
        return values;
      }
      double[] sample = new double[256];
      for (int i = 0; i < sample.length; i++) {
        sample[i] = values[(int) (7919L * i % values.length)];
      }
      return sample;
    }

    /** Where a published tensor is in ours. @param row where its rows begin */
    private record Place(String parameter, boolean transposed, int row) {
      /** @param back from ours to the published one */
      void copy(double[] published, double[] own, Tensor parameter, boolean back) {
        Shape shape = parameter.shape();
        int columns = shape.rank() == 1 ? 1 : shape.length(1);
        for (int i = 0; i < published.length; i++) {
          int at =
              transposed ? i % shape.length(0) * columns + i / shape.length(0) : row * columns + i;
          if (back) {
            published[i] = own[at];
          } else {
            own[at] = published[i];
          }
        }
      }
    }

    /** By the published name, in the file's order. */
    private Map<String, Place> published() {
      Map<String, Place> places = new LinkedHashMap<>();
      start
          .attributes()
          .forEach((key, _) -> {
            if (!key.startsWith("shape.")) {
              return;
            }
            String name = key.substring("shape.".length());
            if (model instanceof Gpt) {
              String bare = name.substring("transformer.".length());
              places.put(name, new Place(bare, CONV1D.stream().anyMatch(bare::endsWith), 0));
            } else {
              Llama.Config config = ((Llama) model).config();
              int length = config.channels() / config.heads();
              int queries = config.heads() * length;
              int keys = config.keyHeads() * length;
              String packed = name.replaceFirst("[qkv]_proj\\.weight$", "qkv_proj.weight");
              int row =
                  name.contains("k_proj") ? queries : name.contains("v_proj") ? queries + keys : 0;
              places.put(name, new Place(packed, false, row));
            }
          });
      return places;
    }
  }
}
