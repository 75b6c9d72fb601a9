package dev.tandem.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Llama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads {@link HuggingFaceConfig}: a file's values by their paths, as text, and what they may be. */
final class HuggingFaceReader {
  static final String GELU = "gelu_new";
  static final String SILU = "silu";
  static final double GPT_EPSILON = 1e-5;
  private static final int MOST_BYTES = 1 << 20;
  private static final int DEEPEST = 20;

  static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
          .build();

  private final Path file;
  private final Map<String, String> values = new LinkedHashMap<>();

  HuggingFaceReader(Path file) {
    this.file = file;
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw refused("is too long", Files.size(file) + " bytes", "give a model's config.json");
      }
      try (JsonParser json = JSON.createParser(Files.readString(file))) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
          throw refused("is no config", "no JSON object", "give a model's config.json");
        }
        object(json, "");
      }
    } catch (JsonProcessingException e) {
      throw refused("is no JSON", e.getOriginalMessage(), "copy it anew");
    } catch (IOException e) {
      throw FileException.of("config", file, "cannot be read", e);
    }
  }

  private void object(JsonParser json, String path) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = path + json.currentName();
      switch (json.nextToken()) {
        case START_OBJECT -> object(json, name + ".");
        case START_ARRAY -> json.skipChildren();
        case VALUE_NULL -> {}
        case VALUE_STRING, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE ->
            values.put(name, json.getText());
        case END_ARRAY, END_OBJECT, FIELD_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
            throw refused("is no config", "a value that is none", "copy it anew");
      }
    }
  }

  HuggingFaceConfig config() {
    String type = values.getOrDefault("model_type", "no model_type");
    return switch (type) {
      case "gpt2" -> new HuggingFaceConfig.OfGpt(gpt());
      case "llama" -> new HuggingFaceConfig.OfLlama(llama());
      default -> throw refused("is of another family", type, "gpt2 and llama can be read");
    };
  }

  private Gpt.Config gpt() {
    int channels = whole("n_embd");
    require("activation_function", GELU);
    require("scale_attn_weights", "true");
    require("scale_attn_by_inverse_layer_idx", "false");
    require("add_cross_attention", "false");
    require("tie_word_embeddings", "true");
    requireNumber("layer_norm_epsilon", GPT_EPSILON);
    requireNumber("n_inner", 4.0 * channels);
    return new Gpt.Config(
        whole("vocab_size"),
        whole("n_positions"),
        whole("n_layer"),
        whole("n_head"),
        channels,
        0,
        false,
        false);
  }

  private Llama.Config llama() {
    int channels = whole("hidden_size");
    int heads = whole("num_attention_heads");
    require("hidden_act", SILU);
    require("attention_bias", "false");
    require("mlp_bias", "false");
    require("rope_parameters.rope_type", "default");
    require("rope_scaling.rope_type", "default");
    require("rope_scaling.type", "default");
    requireNumber("head_dim", (double) channels / heads);
    String base = values.containsKey("rope_theta") ? "rope_theta" : "rope_parameters.rope_theta";
    return new Llama.Config(
        whole("vocab_size"),
        whole("max_position_embeddings"),
        whole("num_hidden_layers"),
        heads,
        values.containsKey("num_key_value_heads") ? whole("num_key_value_heads") : heads,
        channels,
        whole("intermediate_size"),
        values.containsKey(base) ? number(base) : 10000,
        number("rms_norm_eps"),
        values.getOrDefault("tie_word_embeddings", "false").equals("true"),
        false,
        false);
  }

  private int whole(String name) {
    String text = values.getOrDefault(name, "nothing");
    if (!text.matches("[1-9]\\d{0,8}")) {
      throw refused("has no sensible " + name, text, "copy it anew");
    }
    return Integer.parseInt(text);
  }

  private double number(String name) {
    String text = values.getOrDefault(name, "nothing");
    try {
      double number = Double.parseDouble(text);
      if (number > 0 && !Double.isInfinite(number)) {
        return number;
      }
    } catch (NumberFormatException _) {
      // Refused below, as other values that cannot be.
    }
    throw refused("has no sensible " + name, text, "copy it anew");
  }

  /** What is not there is as transformers takes it, which is as ours. */
  private void require(String name, String ours) {
    if (!values.getOrDefault(name, ours).equals(ours)) {
      throw refused(
          "is of a model that Tandem has not",
          name + " " + values.get(name),
          "only " + ours + " can be read");
    }
  }

  private void requireNumber(String name, double ours) {
    if (values.containsKey(name) && number(name) != ours) {
      throw refused(
          "is of a model that Tandem has not",
          name + " " + values.get(name),
          "only " + ours + " can be read");
    }
  }

  private FileException refused(String what, String got, String remedy) {
    return new FileException(
        "config: " + file + " " + what + ", got " + Header.shown(got) + "; " + remedy);
  }
}
