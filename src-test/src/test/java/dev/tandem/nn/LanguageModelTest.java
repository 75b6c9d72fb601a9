package dev.tandem.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.learning.OnRealMachines;
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
import java.util.Map;
import java.util.function.Consumer;

/** What language models promise beside their numbers, which golden files check. */
final class LanguageModelTest {
  private static final int VOCABULARY = 65;
  private static final int CONTEXT = 12;

  private static Init init(Backend backend) {
    return new Init(backend, DType.F32, new Random(3));
  }

  private static Gpt gpt(Backend backend, double dropout, boolean recompute) {
    return new Gpt(
        init(backend), new Gpt.Config(VOCABULARY, CONTEXT, 2, 2, 16, dropout, recompute));
  }

  private static Llama llama(Backend backend, boolean tied, boolean recompute) {
    return new Llama(
        init(backend),
        new Llama.Config(VOCABULARY, CONTEXT, 2, 4, 2, 16, 24, 10000, 1e-6, tied, recompute));
  }

  private static List<LanguageModel> models(Backend backend) {
    return List.of(
        gpt(backend, 0, false), llama(backend, false, false), llama(backend, true, false));
  }

  private static void each(Backend backend, Consumer<LanguageModel> check) {
    List<LanguageModel> models = models(backend);
    try (Scope _ = Scope.open()) {
      models.forEach(check);
    } finally {
      models.forEach(Module::close);
    }
  }

  private static int[] tokens(int count) {
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = (7 * i * i + 3 * i + 1) % VOCABULARY;
    }
    return tokens;
  }

  private static Tensor batch(Backend backend, int rows, int length) {
    return Tensor.of(backend, tokens(rows * length), rows, length);
  }

  private static Map<String, float[]> gradients(LanguageModel model, int rows, int length) {
    Map<String, float[]> gradients = new LinkedHashMap<>();
    Backend backend = model.parameters().values().iterator().next().backend();
    try (Tape _ = Tape.open()) {
      Tensor logits = model.forward(batch(backend, rows, length));
      new LossFunction.CrossEntropy(0).mean(logits, batch(backend, rows, length)).backward();
      model
          .parameters()
          .forEach((name, parameter) -> {
            assertTrue(parameter.gradient().isPresent(), name + " has no gradient");
            gradients.put(name, parameter.gradient().get().toFloats());
            parameter.clearGradient();
          });
    }
    return gradients;
  }

  @OnRealMachines
  void everyParameterGetsAGradient(Backend backend) {
    each(
        backend,
        model ->
            gradients(model, 2, CONTEXT)
                .forEach((name, gradient) -> {
                  int zeros = 0;
                  for (float g : gradient) {
                    assertTrue(Float.isFinite(g), name);
                    zeros += g == 0 ? 1 : 0;
                  }
                  // A softmax reaches the rows of tokens that do not occur; in a table of its own
                  // for the input they stay 0.
                  boolean table = name.contains("embed_tokens");
                  // Adding one number to all keys of a query changes no attention weight, but for
                  // rounding.
                  boolean keys = name.contains("c_attn.bias");
                  assertTrue(
                      table || keys ? zeros < gradient.length : zeros == 0,
                      model + ": " + name + " has " + zeros + " zeros of " + gradient.length);
                }));
  }

  @OnRealMachines
  void aCacheGivesTheLogitsOfAWholePass(Backend backend) {
    each(
        backend,
        model -> {
          int rows = 2;
          int width = model.paddedVocabulary();
          model.training(false);
          float[] whole = model.forward(batch(backend, rows, CONTEXT)).toFloats();
          int[] all = tokens(rows * CONTEXT);
          try (KeyValueCache cache = new KeyValueCache()) {
            int read = 0;
            for (int part : new int[] {5, 1, 1, 3, 2}) {
              int[] next = new int[rows * part];
              for (int row = 0; row < rows; row++) {
                System.arraycopy(all, row * CONTEXT + read, next, row * part, part);
              }
              Tensor logits = model.next(Tensor.of(backend, next, rows, part), cache);
              assertEquals(Shape.of(rows, width), logits.shape());
              read += part;
              float[] got = logits.toFloats();
              for (int row = 0; row < rows; row++) {
                for (int v = 0; v < width; v++) {
                  // Sums of other lengths are made in another order.
                  assertEquals(
                      whole[(row * CONTEXT + read - 1) * width + v],
                      got[row * width + v],
                      2e-6,
                      model + " after " + read);
                }
              }
            }
            assertEquals(CONTEXT, cache.length());
            assertThrows(
                IllegalArgumentException.class,
                () -> model.next(Tensor.of(backend, new int[rows], rows, 1), cache));
          }
        });
  }

  @OnRealMachines
  void recomputingChangesNoBitAndHoldsLess(Backend backend) {
    for (double dropout : new double[] {0, 0.3}) {
      try (Gpt kept = gpt(backend, dropout, false);
          Gpt again = gpt(backend, dropout, true)) {
        for (int step = 0; step < 2; step++) { // the second draws other masks
          Map<String, float[]> expected = gradients(kept, 2, CONTEXT);
          Map<String, float[]> got = gradients(again, 2, CONTEXT);
          expected.forEach((name, gradient) -> assertArrayEquals(gradient, got.get(name), name));
        }
        assertTrue(held(again) < held(kept), held(again) + " and " + held(kept));
      }
    }
    try (Llama kept = llama(backend, false, false);
        Llama again = llama(backend, false, true)) {
      Map<String, float[]> got = gradients(again, 2, CONTEXT);
      gradients(kept, 2, CONTEXT)
          .forEach((name, gradient) -> assertArrayEquals(gradient, got.get(name), name));
    }
  }

  /** Bytes that a forward pass leaves for backward. */
  private static long held(LanguageModel model) {
    Backend backend = model.parameters().values().iterator().next().backend();
    long before = backend.memory().used();
    try (Tape _ = Tape.open()) {
      Tensor logits;
      try (Scope scope = Scope.open()) {
        logits = scope.keep(model.forward(batch(backend, 2, CONTEXT)));
      }
      return backend.memory().used() - before - logits.type().bytes();
    }
  }

  @OnRealMachines
  void laterTokensDoNotMatter(Backend backend) {
    each(
        backend,
        model -> {
          model.training(false);
          int[] changed = tokens(CONTEXT);
          changed[CONTEXT - 1] = (changed[CONTEXT - 1] + 1) % VOCABULARY;
          int before = (CONTEXT - 1) * model.paddedVocabulary();
          float[] a = model.forward(Tensor.of(backend, tokens(CONTEXT), 1, CONTEXT)).toFloats();
          float[] b = model.forward(Tensor.of(backend, changed, 1, CONTEXT)).toFloats();
          assertArrayEquals(Arrays.copyOf(a, before), Arrays.copyOf(b, before));
          assertFalse(
              Arrays.equals(
                  Arrays.copyOfRange(a, before, a.length),
                  Arrays.copyOfRange(b, before, b.length)));
        });
  }

  @OnRealMachines
  void generatingGoesOnBeyondTheContextAndRepeats(Backend backend) {
    each(
        backend,
        model -> {
          List<Integer> once = new ArrayList<>();
          List<Integer> again = new ArrayList<>();
          for (List<Integer> into : List.of(once, again)) {
            new Generator(model, new Sampler(1, 20, 0.9), new Random(5))
                .generate(tokens(30), 3 * CONTEXT, into::add);
          }
          assertEquals(3 * CONTEXT, once.size());
          assertEquals(once, again);
          assertTrue(once.stream().allMatch(token -> token < VOCABULARY), "no padding is drawn");
          List<Integer> three = new ArrayList<>();
          new Generator(model, Sampler.greedy(), new Random(5))
              .generate(new int[] {1}, 100, token -> three.add(token) && three.size() < 3);
          assertEquals(3, three.size());
        });
  }

  @OnRealMachines
  void tokensThatDoNotFitAreRefused(Backend backend) {
    each(
        backend,
        model -> {
          IllegalArgumentException refused =
              assertThrows(
                  IllegalArgumentException.class,
                  () -> model.forward(batch(backend, 1, CONTEXT + 1)));
          assertTrue(refused.getMessage().contains("T from 1 to " + CONTEXT), refused.getMessage());
          Generator generator = new Generator(model, Sampler.greedy(), new Random(1));
          assertThrows(
              IllegalArgumentException.class, () -> generator.generate(new int[0], 1, _ -> true));
          assertThrows(
              IllegalArgumentException.class,
              () -> generator.generate(new int[] {VOCABULARY}, 1, _ -> true));
        });
  }
}
