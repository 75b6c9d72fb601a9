package dev.tandem.io;

import dev.tandem.io.OnnxGraph.Attribute;
import dev.tandem.nn.Activation;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.LayerNorm;
import dev.tandem.nn.Llama;
import dev.tandem.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * The ONNX form of the language models: from token ids I64 (B, T) to logits (B, T, vocabulary), B and T of any size, T up to the
 * context. Rows that pad the vocabulary give no logits.
 */
final class OnnxTransformer {
  private final OnnxGraph graph;
  private final OnnxLayers layers;
  private final String at;

  OnnxTransformer(OnnxGraph graph, OnnxLayers layers, String at) {
    this.graph = graph;
    this.layers = layers;
    this.at = at;
  }

  /** What the blocks of a model have in common. @param cosines, sines: (1, T, 1, D / 2), null without rotary positions */
  private record Heads(int heads, int keyHeads, int channels, String cosines, String sines) {
    int length() {
      return channels / heads;
    }
  }

  String gpt(Gpt gpt, String ids) {
    Gpt.Config config = gpt.config();
    Map<String, Tensor> weights = gpt.parameters();
    Heads heads = new Heads(config.heads(), config.heads(), config.channels(), null, null);
    String length = length(ids);
    String mask = mask(length);
    Tensor table = weights.get("wte.weight");
    String x =
        graph.node(
            "Add",
            name("embedded"),
            graph.node("Gather", name("wte.y"), graph.weight(table), ids),
            first(graph.weight(weights.get("wpe.weight")), length, "wpe.y"));
    for (int i = 0; i < config.layers(); i++) {
      String block = "h." + i + ".";
      String norm = layerNorm(weights, block + "ln_1", x);
      String attended =
          attention(weights, block + "attn.", List.of("c_attn", "c_proj"), norm, heads, mask);
      String middle = graph.node("Add", name(block + "middle"), x, attended);
      String inner =
          product(weights, block + "mlp.c_fc", layerNorm(weights, block + "ln_2", middle));
      String gelu = layers.activation(name(block + "mlp.gelu"), Activation.Kind.GELU_TANH, inner);
      x =
          graph.node(
              "Add", name(block + "y"), middle, product(weights, block + "mlp.c_proj", gelu));
    }
    return logits(gpt, layers.product(name("head"), layerNorm(weights, "ln_f", x), table, null));
  }

  String llama(Llama llama, String ids) {
    Llama.Config config = llama.config();
    Map<String, Tensor> weights = llama.parameters();
    String length = length(ids);
    String mask = mask(length);
    Heads heads =
        new Heads(
            config.heads(),
            config.keyHeads(),
            config.channels(),
            turns(config, length, true),
            turns(config, length, false));
    Tensor table = weights.get("model.embed_tokens.weight");
    String x = graph.node("Gather", name("model.embed_tokens.y"), graph.weight(table), ids);
    for (int i = 0; i < config.layers(); i++) {
      String block = "model.layers." + i + ".";
      String norm = rmsNorm(weights, block + "input_layernorm", x, config.epsilon());
      String attended =
          attention(
              weights, block + "self_attn.", List.of("qkv_proj", "o_proj"), norm, heads, mask);
      String middle = graph.node("Add", name(block + "middle"), x, attended);
      String second =
          rmsNorm(weights, block + "post_attention_layernorm", middle, config.epsilon());
      String gate =
          layers.activation(
              name(block + "mlp.silu"),
              Activation.Kind.SILU,
              product(weights, block + "mlp.gate_proj", second));
      String gated =
          graph.node(
              "Mul",
              name(block + "mlp.gated"),
              gate,
              product(weights, block + "mlp.up_proj", second));
      x =
          graph.node(
              "Add", name(block + "y"), middle, product(weights, block + "mlp.down_proj", gated));
    }
    String y = rmsNorm(weights, "model.norm", x, config.epsilon());
    return logits(
        llama,
        config.tied()
            ? layers.product(name("head"), y, table, null)
            : product(weights, "lm_head", y));
  }

  private String name(String part) {
    return OnnxLayers.join(at, part);
  }

  /** T, a list of one. */
  private String length(String ids) {
    return graph.node(
        "Shape",
        name("length"),
        List.of(ids),
        Map.of("start", new Attribute.Int(1), "end", new Attribute.Int(2)));
  }

  /** (T, T): 0 where a position may look, minus infinity above the diagonal. */
  private String mask(String length) {
    String square =
        graph.node(
            "ConstantOfShape",
            name("infinities"),
            List.of(
                graph.node(
                    "Concat",
                    name("square"),
                    List.of(length, length),
                    Map.of("axis", new Attribute.Int(0)))),
            Map.of("value", new Attribute.OneFloat(Float.NEGATIVE_INFINITY)));
    return graph.node(
        "Trilu",
        name("mask"),
        List.of(square, graph.integer(1)),
        Map.of("upper", new Attribute.Int(1)));
  }

  /** The first rows of a table, as many as there are positions. */
  private String first(String table, String length, String wanted) {
    return graph.node("Slice", name(wanted), table, graph.integers(0), length, graph.integers(0));
  }

  /** Cosines or sines of {@link dev.tandem.op.Sequence.Rotary}, as (1, T, 1, D / 2). */
  private String turns(Llama.Config config, String length, boolean cosines) {
    int pairs = config.channels() / config.heads() / 2;
    float[] table = new float[config.context() * pairs];
    for (int t = 0; t < config.context(); t++) {
      for (int i = 0; i < pairs; i++) {
        double angle = t * Math.pow(config.base(), -(double) i / pairs);
        table[t * pairs + i] = (float) (cosines ? Math.cos(angle) : Math.sin(angle));
      }
    }
    String wanted = cosines ? "cosines" : "sines";
    String whole = graph.floats(name(wanted), List.of(config.context(), pairs), table);
    return graph.node(
        "Unsqueeze",
        name(wanted + ".y"),
        first(whole, length, wanted + ".first"),
        graph.integers(0, 2));
  }

  /** @param names of the two products: queries, keys and values; then the mix of the heads */
  private String attention(
      Map<String, Tensor> weights,
      String part,
      List<String> names,
      String x,
      Heads heads,
      String mask) {
    int length = heads.length();
    int keys = heads.keyHeads();
    int shared = heads.heads() / keys;
    List<String> split =
        graph.nodes(
            "Split",
            List.of(name(part + "q"), name(part + "k"), name(part + "v")),
            List.of(
                product(weights, part + names.get(0), x),
                graph.integers(
                    (long) heads.heads() * length, (long) keys * length, (long) keys * length)),
            Map.of("axis", new Attribute.Int(-1)));
    String q = rotated(part + "q", split.get(0), heads.heads(), heads);
    String k = rotated(part + "k", split.get(1), keys, heads);
    // Heads that share keys lie on an axis of their own, over which the products broadcast.
    String queries =
        turned(part + "queries", reshaped(part + "q5", q, keys, shared, length), 0, 2, 3, 1, 4);
    String keyed = turned(part + "keys", reshaped(part + "k5", k, keys, 1, length), 0, 2, 3, 4, 1);
    String valued =
        turned(
            part + "values", reshaped(part + "v5", split.get(2), keys, 1, length), 0, 2, 3, 1, 4);
    String scores =
        graph.node(
            "Mul",
            name(part + "scores"),
            graph.node("MatMul", name(part + "products"), queries, keyed),
            graph.scalar(1 / Math.sqrt(length)));
    String shares =
        graph.node(
            "Softmax",
            name(part + "shares"),
            List.of(graph.node("Add", name(part + "masked"), scores, mask)),
            Map.of("axis", new Attribute.Int(-1)));
    String gathered = graph.node("MatMul", name(part + "gathered"), shares, valued);
    String y =
        graph.node(
            "Reshape",
            name(part + "y"),
            turned(part + "by_position", gathered, 0, 3, 1, 2, 4),
            graph.integers(0, 0, heads.channels()));
    return product(weights, part + names.get(1), y);
  }

  /** (B, T, heads D), its heads turned by their position where there are such. */
  private String rotated(String part, String x, int count, Heads heads) {
    if (heads.cosines() == null) {
      return x;
    }
    int half = heads.length() / 2;
    String byHead =
        graph.node(
            "Reshape", name(part + ".heads"), x, graph.integers(0, 0, count, heads.length()));
    List<String> halves =
        graph.nodes(
            "Split",
            List.of(name(part + ".first"), name(part + ".second")),
            List.of(byHead, graph.integers(half, half)),
            Map.of("axis", new Attribute.Int(-1)));
    String first =
        graph.node(
            "Sub",
            name(part + ".a"),
            graph.node("Mul", name(part + ".ac"), halves.get(0), heads.cosines()),
            graph.node("Mul", name(part + ".bs"), halves.get(1), heads.sines()));
    String second =
        graph.node(
            "Add",
            name(part + ".b"),
            graph.node("Mul", name(part + ".bc"), halves.get(1), heads.cosines()),
            graph.node("Mul", name(part + ".as"), halves.get(0), heads.sines()));
    return graph.node(
        "Concat",
        name(part + ".turned"),
        List.of(first, second),
        Map.of("axis", new Attribute.Int(-1)));
  }

  /** As (B, T, heads, shared, D). */
  private String reshaped(String wanted, String x, int heads, int shared, int length) {
    return graph.node("Reshape", name(wanted), x, graph.integers(0, 0, heads, shared, length));
  }

  private String turned(String wanted, String x, Integer... axes) {
    return graph.node(
        "Transpose", name(wanted), List.of(x), Map.of("perm", new Attribute.Ints(List.of(axes))));
  }

  private String product(Map<String, Tensor> weights, String part, String x) {
    return layers.product(
        name(part), x, weights.get(part + ".weight"), weights.get(part + ".bias"));
  }

  private String layerNorm(Map<String, Tensor> weights, String part, String x) {
    return layers.layerNorm(
        name(part),
        x,
        graph.weight(weights.get(part + ".weight")),
        graph.weight(weights.get(part + ".bias")),
        LayerNorm.EPSILON);
  }

  private String rmsNorm(Map<String, Tensor> weights, String part, String x, double epsilon) {
    return layers.rmsNorm(name(part), x, graph.weight(weights.get(part + ".weight")), epsilon);
  }

  private String logits(LanguageModel model, String padded) {
    return model.vocabulary() == model.paddedVocabulary()
        ? padded
        : graph.node(
            "Slice",
            name("of_tokens"),
            padded,
            graph.integers(0),
            graph.integers(model.vocabulary()),
            graph.integers(-1));
  }
}
