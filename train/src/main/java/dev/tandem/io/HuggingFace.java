package dev.tandem.io;

import dev.tandem.nn.Gpt;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.Llama;
import dev.tandem.op.Update;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Weights of language models as the transformers library publishes them, both ways: GPT2LMHeadModel and LlamaForCausalLM in
 * safetensors files. What differs from a model's own parameters: GPT-2's products are Conv1D, whose weights lie transposed, (in, out);
 * Llama's queries, keys and values are three matrices; tables have a row a token, without padding.
 */
public final class HuggingFace {
  private static final String PREFIX = "transformer.";
  private static final List<String> CONV1D =
      List.of("c_attn.weight", "c_proj.weight", "c_fc.weight");

  /** Tables with a row a token. */
  private static final List<String> TABLES =
      List.of("wte.weight", "embed_tokens.weight", "lm_head.weight");

  private static final String PACKED = "qkv_proj.weight";

  /** What older files hold beside weights: masks and tables that follow from the config. */
  private static final List<String> DERIVED =
      List.of(".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq");

  private final LanguageModel model;

  private HuggingFace(LanguageModel model) {
    this.model = model;
  }

  /**
   * Replaces the file by the model's weights, in the model's element type.
   *
   * @throws FileException naming the file
   */
  public static void write(Path file, LanguageModel model) {
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      SafeTensors.write(file, new HuggingFace(model).published(), Map.of("format", "pt"));
    }
  }

  /**
   * Overwrites the model's weights by those of a file, of any floating-point type, rounded to the model's. Rows of padding become 0:
   * their logits then are 0, which may be far above those of tokens, so a model that is to be trained or measured should have none.
   *
   * @throws FileException naming the file and what does not fit, before any weight has changed
   */
  public static void load(Path file, LanguageModel model) {
    try (SafeTensorsFile opened = SafeTensors.open(file);
        Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      HuggingFace layout = new HuggingFace(model);
      Map<String, Entry> entries = layout.named(opened);
      layout.requireFits(file, entries);
      model
          .parameters()
          .forEach((name, parameter) -> {
            try (Scope _ = Scope.open()) {
              Tensor own = layout.own(name, entries);
              Tensor.update(new Update.Assign(), parameter, own.cast(parameter.dtype()));
            }
          });
    }
  }

  // ---- the layout

  /** What a parameter is published as: names and shapes, in the order of its rows. */
  private Map<String, Shape> parts(String name, Shape own) {
    Map<String, Shape> parts = new LinkedHashMap<>();
    if (name.endsWith(PACKED)) {
      Llama.Config config = ((Llama) model).config();
      int length = config.channels() / config.heads();
      String stem = name.substring(0, name.length() - PACKED.length());
      Shape keys = Shape.of(config.keyHeads() * length, own.length(1));
      parts.put(stem + "q_proj.weight", Shape.of(config.heads() * length, own.length(1)));
      parts.put(stem + "k_proj.weight", keys);
      parts.put(stem + "v_proj.weight", keys);
    } else if (transposed(name)) {
      parts.put(name, Shape.of(own.length(1), own.length(0)));
    } else {
      parts.put(name, table(name) ? own.with(0, model.vocabulary()) : own);
    }
    return parts;
  }

  private boolean transposed(String name) {
    return model instanceof Gpt && CONV1D.stream().anyMatch(name::endsWith);
  }

  private static boolean table(String name) {
    return TABLES.stream().anyMatch(name::endsWith);
  }

  private Map<String, Tensor> published() {
    Map<String, Tensor> published = new LinkedHashMap<>();
    String prefix = model instanceof Gpt ? PREFIX : "";
    model
        .parameters()
        .forEach((name, parameter) -> {
          int row = 0;
          for (Map.Entry<String, Shape> part : parts(name, parameter.shape()).entrySet()) {
            if (transposed(name)) {
              published.put(prefix + part.getKey(), parameter.transpose(0, 1));
            } else {
              int rows = part.getValue().length(0);
              published.put(prefix + part.getKey(), parameter.slice(0, row, rows));
              row += rows;
            }
          }
        });
    return published;
  }

  /** Those of the file by the names that {@link #parts} gives, without what is derived, or tied and there twice. */
  private Map<String, Entry> named(SafeTensorsFile opened) {
    Map<String, Entry> named = new LinkedHashMap<>();
    boolean head = model.parameters().containsKey("lm_head.weight");
    opened
        .entries()
        .forEach((name, entry) -> {
          boolean derived = DERIVED.stream().anyMatch(name::endsWith);
          if (!derived && (head || !name.equals("lm_head.weight"))) {
            String bare =
                model instanceof Gpt && name.startsWith(PREFIX)
                    ? name.substring(PREFIX.length())
                    : name;
            named.put(bare, entry);
          }
        });
    return named;
  }

  private void requireFits(Path file, Map<String, Entry> entries) {
    List<String> differences = new ArrayList<>();
    Set<String> expected = new HashSet<>();
    model
        .parameters()
        .forEach((name, parameter) ->
            parts(name, parameter.shape())
                .forEach((part, shape) -> {
                  expected.add(part);
                  Entry entry = entries.get(part);
                  if (entry == null) {
                    differences.add("no " + part);
                  } else if (!entry.known()
                      || !entry.type().dtype().floating()
                      || !entry.shape().equals(shape)) {
                    differences.add(part + " as " + entry + " where " + shape + " is needed");
                  }
                }));
    entries.keySet().stream()
        .filter(name -> !expected.contains(name))
        .forEach(name -> differences.add("unexpected " + Header.quoted(name)));
    if (!differences.isEmpty()) {
      throw new FileException(
          "weights: "
              + file
              + " does not fit "
              + model.describe()
              + ", got "
              + String.join("; ", differences.stream().limit(4).toList())
              + (differences.size() > 4 ? "; and " + (differences.size() - 4) + " more" : "")
              + "; give the model the sizes of the file's config.json");
    }
  }

  /** A parameter put together from what it was published as. */
  private Tensor own(String name, Map<String, Entry> entries) {
    Tensor parameter = model.parameters().get(name);
    List<Tensor> parts = new ArrayList<>();
    parts(name, parameter.shape())
        .keySet()
        .forEach(part -> {
          Entry entry = entries.get(part);
          parts.add(Tensor.of(parameter.backend(), entry.type(), entry.bytes()));
        });
    Tensor whole =
        parts.size() == 1 ? parts.getFirst() : Tensor.concat(0, parts.toArray(Tensor[]::new));
    if (transposed(name)) {
      return whole.transpose(0, 1);
    }
    int padding = parameter.shape().length(0) - whole.shape().length(0);
    return padding == 0 ? whole : whole.pad(0, 0, padding, 0);
  }
}
