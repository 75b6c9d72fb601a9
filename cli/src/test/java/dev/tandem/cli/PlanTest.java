package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.cli.config.Assignment;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.op.Flops;
import dev.tandem.shape.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A plan says what a run then takes. */
final class PlanTest extends CommandTest {
  private static final String CONVOLUTIONS =
      """
      backend: cpu
      data: {source: digits, validation: 0.1, augmentation: [shift: 1]}
      model:
        layers:
          - conv: {channels: 6, padding: 1}
          - batch_norm
          - relu
          - residual:
              layers: [conv: {channels: 6, padding: 1}]
          - max_pool: 2
          - flatten
          - dropout: 0.4
          - linear: 10
      clip: {kind: norm, limit: 1}
      training: {batch: 64, epochs: 1}
      """;

  private static final String WORDS =
      """
      backend: cpu
      precision: PRECISION
      data:
        source: {kind: text, file: FILE, tokens: bytes, length: 24, windows: {kind: random, number: 16}}
        validation: 0.1
        test: 0
      model:
        layers:
          - LAYER
      optimizer: {kind: adamw, lr: 0.001}
      training: {batch: 8, epochs: 1}
      """;

  private static final String GPT = "gpt: {layers: 3, heads: 2, channels: 16, dropout: 0.1}";

  private LoadedConfig load(String text, String... assignments) {
    try {
      Path file = Files.writeString(folder.resolve("planned.yaml"), text);
      return LoadedConfig.read(file, Arrays.stream(assignments).map(Assignment::of).toList());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private String words(String precision, String layer) {
    try {
      Path text = folder.resolve("words.txt");
      Files.writeString(text, "To be, or not to be, that is the question. ".repeat(60));
      return WORDS
          .replace("PRECISION", precision)
          .replace("LAYER", layer)
          .replace("FILE", text.toString());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static BackendProvider provider(String kind) {
    return Backends.providers().stream()
        .filter(provider -> provider.kind().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private static Plan plan(LoadedConfig loaded) {
    return Plan.of(Prepared.of(loaded, RunData.blank(loaded)), provider("cpu")::blockBytes);
  }

  /** Byte for byte, for the ledger sees the very calls that the backend sees. */
  private void assertTaken(LoadedConfig loaded) {
    Plan plan = plan(loaded);
    try (Backend backend = Backends.open("cpu", System.err::println)) {
      Prepared prepared = Prepared.of(loaded);
      try (Session session = Session.begun(prepared, backend)) {
        session.trainer().run();
        session.measure(prepared.data().validation().orElseThrow());
      }
      assertEquals(backend.memory().peak(), plan.tensors());
      assertTrue(
          backend.memory().reserved() >= plan.reserved(),
          () ->
              "the plan's blocks, "
                  + plan.reserved()
                  + " bytes, are more than the backend's, "
                  + backend.memory());
    }
    assertEquals(plan.tensors(), plan.kinds().values().stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void aPerceptronTakesWhatIsPlanned() {
    assertTaken(load(DIGITS, "training.epochs=1"));
  }

  @Test
  void convolutionsTakeWhatIsPlanned() {
    assertTaken(load(CONVOLUTIONS));
    assertTaken(load(CONVOLUTIONS, "training.micro_batch=16", "training.drop_last=true"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"f32", "bf16", "f16"})
  void languageModelsTakeWhatIsPlanned(String precision) {
    assertTaken(load(words(precision, GPT)));
    assertTaken(load(words(precision, GPT), "training.micro_batch=3"));
    assertTaken(load(words(precision, GPT), "model.layers.0.recompute=true"));
    assertTaken(load(words(precision, "llama: {layers: 2, heads: 4, key_heads: 2, channels: 16}")));
  }

  @Test
  void gpt2In16BytesAParameterAndActivations() {
    Plan plan = gpt2("training.micro_batch=4");
    assertEquals(124_475_904, plan.parameterCount());
    long resident =
        plan.tensors()
            - plan.kinds().get(Ledger.Kind.ACTIVATIONS)
            - plan.kinds().get(Ledger.Kind.OTHER);
    assertTrue(
        resident <= 16 * plan.parameterCount(),
        () -> resident + " bytes beside activations for " + plan.parameterCount() + " parameters");
    // Matrix products twice over for backward; embeddings, positions and the first layer's dx
    // differ.
    double tokens = 512 * 1024.0;
    double estimate = 6.0 * plan.parameterCount() + 6.0 * 12 * 768 * 1024;
    assertEquals(1, plan.modelFlops() / 1024.0 / estimate, 0.01);
    assertEquals(1, plan.work().get(Flops.Kind.PRODUCTS) / tokens / (estimate * 0.923), 0.01);
  }

  @Test
  void recomputationSavesMemoryAndCostsWork() {
    Plan plain = gpt2("training.micro_batch=16");
    Plan again = gpt2("training.micro_batch=16", "model.layers.0.recompute=true");
    assertTrue(
        again.kinds().get(Ledger.Kind.ACTIVATIONS) < plain.kinds().get(Ledger.Kind.ACTIVATIONS) / 2,
        () -> again + "\n" + plain);
    assertTrue(again.work().get(Flops.Kind.PRODUCTS) > 1.2 * plain.work().get(Flops.Kind.PRODUCTS));
    assertEquals(plain.modelFlops(), again.modelFlops());
  }

  private static Plan gpt2(String... assignments) {
    LoadedConfig loaded =
        LoadedConfig.read(
            Path.of("../examples/gpt2-124m.yaml"),
            Arrays.stream(assignments).map(Assignment::of).toList());
    return Plan.of(Prepared.of(loaded, RunData.blank(loaded)), provider("cuda")::blockBytes);
  }

  @Test
  void theLargestMicroBatchFitsAndTheNextDoesNot() {
    LoadedConfig loaded = load(words("bf16", GPT));
    Prepared prepared = Prepared.of(loaded, RunData.blank(loaded));
    ToLongFunction<TensorType> blocks = provider("cuda")::blockBytes;
    long bytes = Plan.of(prepared, blocks, 8, 4).reserved() + 1000;
    Plan largest = Plan.largest(prepared, blocks, bytes).orElseThrow();
    assertTrue(largest.reserved() <= bytes);
    int next = largest.microBatch() + 1;
    assertTrue(Plan.of(prepared, blocks, 2 * next, next).reserved() > bytes);
    assertTrue(Plan.largest(prepared, blocks, 1000).isEmpty());
  }

  @Test
  void theCommandTellsIt() {
    Result result =
        run(
                "plan",
                "../examples/gpt2-124m.yaml",
                "--backend",
                "cuda",
                "--set",
                "model.layers.0.layers=48",
                "--set",
                "model.layers.0.heads=25",
                "--set",
                "model.layers.0.channels=1600",
                "--set",
                "training.micro_batch=1",
                "--set",
                "training.batch=2")
            .expect(0);
    for (String expected :
        List.of(
            "bf16 on cuda, steps of 2 windows of 1,024 tokens, 1 at a time",
            "0.h.0 to 0.h.47  30,740,800 each",
            "1,557,686,400",
            "masters in F32",
            "6 N + 6 L C T")) {
      assertTrue(result.out().contains(expected), () -> expected + " is not in\n" + result.out());
    }
  }

  @Test
  void anEpochOfALanguageModelTellsTokensAndMemory() {
    Result result = train(write(words("bf16", GPT))).expect(0);
    assertTrue(
        result.out().matches("(?s).*epoch 1/1 .*  [\\d,]+ tokens/s, \\d+ MiB\n.*"), result.out());
  }

  @Test
  void mistakesAreTold() {
    String words =
        "backend: cpu\ndata: {source: {kind: tokens, shards: nowhere}}\nmodel: {layers: [embedding: 4]}\n";
    assertTrue(
        run("plan", write(words))
            .expect(2)
            .sentence()
            .contains("nothing tells what the tokens are"));
    run("plan", write(DIGITS), "--memory", "much").expect(2);
    assertTrue(
        run("plan", write(DIGITS), "--memory", "10KiB")
            .expect(0)
            .lastLine()
            .contains("not even one"));
  }

  private Path write(String text) {
    try {
      return Files.writeString(folder.resolve("written.yaml"), text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
