package dev.tandem.io;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.Llama;
import dev.tandem.shape.DType;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The {@code config.json} that the transformers library keeps beside weights: of which family a model is, and its sizes. What would
 * make a model compute something else than ours does is refused, never passed over.
 */
public sealed interface HuggingFaceConfig {
  /** GPT2LMHeadModel or GPT2Model. */
  record OfGpt(Gpt.Config sizes) implements HuggingFaceConfig {}

  /** LlamaForCausalLM. */
  record OfLlama(Llama.Config sizes) implements HuggingFaceConfig {}

  /** What the file is called. */
  String NAME = "config.json";

  /** GPT-2's tokens, of which the last ends a text. */
  int GPT2_VOCABULARY = 50257;

  /** The model, with weights drawn and without rows of padding. */
  default LanguageModel build(Init init) {
    return switch (this) {
      case OfGpt(Gpt.Config sizes) -> new Gpt(init, sizes);
      case OfLlama(Llama.Config sizes) -> new Llama(init, sizes);
    };
  }

  /** How many tokens the model has. */
  default int vocabulary() {
    return switch (this) {
      case OfGpt(Gpt.Config sizes) -> sizes.vocabulary();
      case OfLlama(Llama.Config sizes) -> sizes.vocabulary();
    };
  }

  /** How many positions the model can look at. */
  default int context() {
    return switch (this) {
      case OfGpt(Gpt.Config sizes) -> sizes.context();
      case OfLlama(Llama.Config sizes) -> sizes.context();
    };
  }

  /** Reads a file. @throws FileException naming it, and what is wrong or not of ours */
  static HuggingFaceConfig read(Path file) {
    return new HuggingFaceReader(file).config();
  }

  /** Writes the file for a model, as transformers reads it. @throws FileException naming the file */
  static void write(Path file, LanguageModel model) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = HuggingFaceReader.JSON.createGenerator(text)) {
      json.useDefaultPrettyPrinter();
      json.writeStartObject();
      switch (model) {
        case Gpt gpt -> sizes(json, gpt.config());
        case Llama llama -> sizes(json, llama.config());
        default ->
            throw new FileException(
                "export: transformers has no such model, got "
                    + model.describe()
                    + "; gpt and llama can be exported");
      }
      json.writeNumberField("vocab_size", model.vocabulary());
      // Left out, transformers ends a text at tokens that its own models have for that.
      for (String end : List.of("bos_token_id", "eos_token_id")) {
        if (model.vocabulary() == GPT2_VOCABULARY) {
          json.writeNumberField(end, GPT2_VOCABULARY - 1);
        } else {
          json.writeNullField(end);
        }
      }
      json.writeStringField("dtype", word(model.parameters().values().iterator().next().dtype()));
      json.writeStringField(
          "torch_dtype", word(model.parameters().values().iterator().next().dtype()));
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory refused characters", e);
    }
    AtomicFile.text(file, text + "\n");
  }

  private static void sizes(JsonGenerator json, Gpt.Config sizes) throws IOException {
    words(json, "gpt2", "GPT2LMHeadModel", true);
    json.writeNumberField("n_embd", sizes.channels());
    json.writeNumberField("n_head", sizes.heads());
    json.writeNumberField("n_layer", sizes.layers());
    json.writeNumberField("n_positions", sizes.context());
    json.writeStringField("activation_function", HuggingFaceReader.GELU);
    json.writeNumberField("layer_norm_epsilon", HuggingFaceReader.GPT_EPSILON);
  }

  private static void sizes(JsonGenerator json, Llama.Config sizes) throws IOException {
    words(json, "llama", "LlamaForCausalLM", sizes.tied());
    json.writeNumberField("hidden_size", sizes.channels());
    json.writeNumberField("intermediate_size", sizes.hidden());
    json.writeNumberField("num_attention_heads", sizes.heads());
    json.writeNumberField("num_key_value_heads", sizes.keyHeads());
    json.writeNumberField("num_hidden_layers", sizes.layers());
    json.writeNumberField("max_position_embeddings", sizes.context());
    json.writeStringField("hidden_act", HuggingFaceReader.SILU);
    json.writeNumberField("rms_norm_eps", sizes.epsilon());
    // Older versions read the first, newer ones the second.
    json.writeNumberField("rope_theta", sizes.base());
    json.writeObjectFieldStart("rope_parameters");
    json.writeStringField("rope_type", "default");
    json.writeNumberField("rope_theta", sizes.base());
    json.writeEndObject();
    json.writeBooleanField("attention_bias", false);
    json.writeBooleanField("mlp_bias", false);
  }

  private static void words(JsonGenerator json, String type, String architecture, boolean tied)
      throws IOException {
    json.writeArrayFieldStart("architectures");
    json.writeString(architecture);
    json.writeEndArray();
    json.writeStringField("model_type", type);
    json.writeBooleanField("tie_word_embeddings", tied);
  }

  private static String word(DType dtype) {
    return switch (dtype) {
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case F32 -> "float32";
      case F64 -> "float64";
      case I32, U8 -> throw new IllegalArgumentException("weights are no integers, got " + dtype);
    };
  }
}
