package dev.tandem.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.golden.GoldenFile;
import dev.tandem.golden.GoldenFile.Case;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.LanguageModel;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints that the transformers library wrote (make_huggingface.py), read and written by ours. */
class HuggingFaceTest {
  private static final List<String> ALL =
      List.of("gpt2", "gpt2-bare", "gpt2-published", "llama", "llama-bf16", "llama-tied");

  @TempDir Path folder;

  private static Path golden(String name) {
    try {
      return Path.of(HuggingFaceTest.class.getResource("/golden/huggingface/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path weights(String name) {
    return golden(name).resolve("model.safetensors");
  }

  private static LanguageModel model(Backend backend, String name, DType dtype) {
    return HuggingFaceConfig.read(golden(name).resolve(HuggingFaceConfig.NAME))
        .build(Machines.init(backend, dtype, 1));
  }

  private static DType stored(String name) {
    return name.endsWith("bf16") ? DType.BF16 : DType.F32;
  }

  /** Sums of at most 96 products in another order: some 2^-23 of the largest logit, which the layers make a few times more. */
  @OnRealMachines
  void logitsAreThoseOfTransformers(Backend backend) {
    GoldenFile file = GoldenFile.read("huggingface");
    for (String name : ALL) {
      Case expected = file.named(name);
      int[] ids =
          Arrays.stream(expected.entry("int", "ids").data()).mapToInt(id -> (int) id).toArray();
      double[] logits = expected.entry("out", "logits").data();
      try (LanguageModel model = model(backend, name, DType.F32);
          Scope _ = Scope.open()) {
        HuggingFace.load(weights(name), model);
        model.training(false);
        double[] got =
            model
                .forward(Tensor.of(backend, ids, 2, ids.length / 2))
                .slice(2, 0, model.vocabulary())
                .toDoubles();
        assertEquals(logits.length, got.length);
        double largest = Arrays.stream(logits).map(Math::abs).max().orElseThrow();
        double off = 0;
        for (int i = 0; i < got.length; i++) {
          off = Math.max(off, Math.abs(got[i] - logits[i]));
        }
        assertTrue(off <= 2e-6 * largest, name + " is off by " + off + " of " + largest);
      }
    }
  }

  private record Stored(String type, byte[] bytes) {}

  private static Map<String, Stored> read(Path file) {
    Map<String, Stored> read = new TreeMap<>();
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      opened
          .entries()
          .forEach((name, entry) ->
              read.put(
                  name,
                  new Stored(entry.toString(), entry.bytes().toArray(ValueLayout.JAVA_BYTE))));
    }
    return read;
  }

  @OnRealMachines
  void whatIsWrittenIsWhatWasRead(Backend backend) {
    for (String name : ALL) {
      Map<String, Stored> expected = new TreeMap<>();
      read(weights(name))
          .forEach((tensor, stored) -> {
            if (!tensor.endsWith(".attn.bias")) { // the masks of the published files
              boolean bare = name.startsWith("gpt2") && !tensor.startsWith("transformer.");
              expected.put((bare ? "transformer." : "") + tensor, stored);
            }
          });
      Path file = folder.resolve("model.safetensors");
      try (LanguageModel model = model(backend, name, stored(name))) {
        HuggingFace.load(weights(name), model);
        HuggingFace.write(file, model);
      }
      Map<String, Stored> got = read(file);
      assertEquals(expected.keySet(), got.keySet(), name);
      expected.forEach((tensor, stored) -> {
        assertEquals(stored.type, got.get(tensor).type, tensor);
        assertArrayEquals(stored.bytes, got.get(tensor).bytes, tensor);
      });
    }
  }

  @OnRealMachines
  void rowsOfPaddingAreZero(Backend backend) {
    try (LanguageModel model =
        new Gpt(Machines.init(backend, DType.F32, 1), new Gpt.Config(67, 16, 2, 3, 24, 0, false))) {
      HuggingFace.load(weights("gpt2"), model);
      double[] table = model.parameters().get("wte.weight").toDoubles();
      assertEquals(128 * 24, table.length);
      assertTrue(Arrays.stream(table).limit(67 * 24).allMatch(x -> x != 0));
      assertTrue(Arrays.stream(table).skip(67 * 24).allMatch(x -> x == 0));
      Path file = folder.resolve("model.safetensors");
      HuggingFace.write(file, model);
      assertEquals(read(weights("gpt2")).keySet(), read(file).keySet());
      assertEquals(
          "F32 (67, 24)", read(file).get("transformer.wte.weight").type, "without the padding");
    }
  }

  @OnRealMachines
  void whatDoesNotFitIsRefusedBeforeAnythingChanges(Backend backend) {
    try (LanguageModel model =
        new Gpt(Machines.init(backend, DType.F32, 1), new Gpt.Config(66, 16, 3, 3, 24, 0, false))) {
      List<double[]> before = model.parameters().values().stream().map(Tensor::toDoubles).toList();
      FileException refused =
          assertThrows(FileException.class, () -> HuggingFace.load(weights("gpt2"), model));
      assertTrue(
          refused
              .getMessage()
              .startsWith(
                  "weights: "
                      + weights("gpt2")
                      + " does not fit Gpt(layers 3, heads 3, channels 24, context 16, vocabulary 66), got "),
          refused.getMessage());
      assertTrue(
          refused.getMessage().contains("wte.weight as F32 (67, 24) where (66, 24) is needed"),
          refused.getMessage());
      assertTrue(refused.getMessage().contains("no h.2."), refused.getMessage());
      assertFalse(refused.getMessage().contains("\n"));
      int i = 0;
      for (Tensor parameter : model.parameters().values()) {
        assertArrayEquals(before.get(i++), parameter.toDoubles());
      }
      assertThrows(FileException.class, () -> HuggingFace.load(weights("llama"), model));
    }
  }

  // ---- config.json

  @Test
  void aConfigThatIsWrittenReadsBack() {
    Backend backend = Machines.real().findFirst().orElseThrow().getPayload();
    for (String name : ALL) {
      Path file = folder.resolve("config.json");
      HuggingFaceConfig read = HuggingFaceConfig.read(golden(name).resolve(HuggingFaceConfig.NAME));
      try (LanguageModel model = read.build(Machines.init(backend, stored(name), 1))) {
        HuggingFaceConfig.write(file, model);
      }
      assertEquals(read, HuggingFaceConfig.read(file));
    }
  }

  /** What would be computed otherwise than we do is never passed over. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gpt2  | "gelu_new"              | "relu"                 | is of a model that Tandem has not, got activation_function relu; only gelu_new can be read
          gpt2  | "n_inner": null         | "n_inner": 50          | is of a model that Tandem has not, got n_inner 50; only 96.0 can be read
          gpt2  | 1e-05                   | 1e-06                  | is of a model that Tandem has not, got layer_norm_epsilon 1e-06; only 1.0E-5 can be read
          gpt2  | "model_type": "gpt2"    | "model_type": "bert"   | is of another family, got bert; gpt2 and llama can be read
          gpt2  | "n_layer": 2            | "n_layer": -2          | has no sensible n_layer, got -2; copy it anew
          gpt2  | "n_layer": 2,           |                        | has no sensible n_layer, got nothing; copy it anew
          llama | "rope_type": "default"  | "rope_type": "llama3"  | is of a model that Tandem has not, got rope_parameters.rope_type llama3; only default can be read
          llama | "attention_bias": false | "attention_bias": true | is of a model that Tandem has not, got attention_bias true; only false can be read
          llama | "head_dim": 8           | "head_dim": 16         | is of a model that Tandem has not, got head_dim 16; only 8.0 can be read
          llama | "rms_norm_eps": 1e-06   | "rms_norm_eps": "a"    | has no sensible rms_norm_eps, got a; copy it anew
          """)
  void configsOfOtherModelsAreRefused(String name, String old, String put, String expected)
      throws IOException {
    String text = Files.readString(golden(name).resolve(HuggingFaceConfig.NAME));
    assertTrue(text.contains(old), text);
    Path file =
        Files.writeString(folder.resolve("config.json"), text.replace(old, put == null ? "" : put));
    FileException refused = assertThrows(FileException.class, () -> HuggingFaceConfig.read(file));
    assertEquals("config: " + file + " " + expected, refused.getMessage());
  }

  @Test
  void whatIsNoConfigIsRefused() throws IOException {
    Path file = folder.resolve("config.json");
    for (String text :
        List.of("", "[]", "{", "{\"a\": {}", "{\"a\": 1, \"a\": 2}", "{\"a\":".repeat(50))) {
      Files.writeString(file, text);
      FileException refused =
          assertThrows(FileException.class, () -> HuggingFaceConfig.read(file), text);
      assertTrue(refused.getMessage().startsWith("config: " + file), refused.getMessage());
      assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
    }
    assertThrows(FileException.class, () -> HuggingFaceConfig.read(folder.resolve("nowhere")));
  }
}
