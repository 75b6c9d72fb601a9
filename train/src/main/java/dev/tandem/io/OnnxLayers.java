package dev.tandem.io;

import dev.tandem.io.OnnxGraph.Attribute;
import dev.tandem.nn.Activation;
import dev.tandem.nn.AvgPool2d;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Dropout;
import dev.tandem.nn.Embedding;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.GlobalAvgPool2d;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.LayerNorm;
import dev.tandem.nn.Linear;
import dev.tandem.nn.Llama;
import dev.tandem.nn.MaxPool2d;
import dev.tandem.nn.Module;
import dev.tandem.nn.Residual;
import dev.tandem.nn.RmsNorm;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Linear.Conv2dGeometry;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Pooling.Window;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The ONNX form of each layer, as it computes in evaluation: operators of the default domain, version {@link Onnx#OPERATORS}. */
final class OnnxLayers {
  private final OnnxGraph graph;

  OnnxLayers(OnnxGraph graph) {
    this.graph = graph;
  }

  /** A value of the graph. @param shape that of a batch of one sample */
  record Value(String name, Shape shape) {}

  /**
   * Adds a layer's nodes.
   *
   * @param at the layer's name in the model, empty for the whole
   * @throws FileException naming the layer where it has no ONNX form
   */
  Value layer(String at, Module layer, Value x) {
    return switch (layer) {
      case Sequential sequential -> {
        Value y = x;
        for (Map.Entry<String, Module> part : sequential.children().entrySet()) {
          y = layer(join(at, part.getKey()), part.getValue(), y);
        }
        yield y;
      }
      case Residual residual -> {
        Module shortcut = residual.children().get("shortcut");
        Value straight = shortcut == null ? x : layer(join(at, "shortcut"), shortcut, x);
        Value bent = layer(join(at, "branch"), residual.children().get("branch"), x);
        yield new Value(
            graph.node("Add", join(at, "sum"), straight.name(), bent.name()),
            Shape.broadcast(join(at, "sum"), straight.shape(), bent.shape()));
      }
      case Linear linear -> linear(at, linear, x);
      case Conv2d conv -> conv(at, conv, x);
      case BatchNorm norm ->
          same(
              x,
              graph.node(
                  "BatchNormalization",
                  join(at, "y"),
                  List.of(
                      x.name(),
                      weight(norm, "weight"),
                      weight(norm, "bias"),
                      graph.weight(norm.buffers().get("running_mean")),
                      graph.weight(norm.buffers().get("running_var"))),
                  Map.of("epsilon", epsilon(norm.options().epsilon()))));
      case LayerNorm norm ->
          same(
              x,
              layerNorm(
                  at, x.name(), weight(norm, "weight"), weight(norm, "bias"), norm.epsilon()));
      case RmsNorm norm -> same(x, rmsNorm(at, x.name(), weight(norm, "weight"), norm.epsilon()));
      case MaxPool2d pool ->
          new Value(
              graph.node("MaxPool", join(at, "y"), List.of(x.name()), window(pool.window(), false)),
              output(new Pooling.MaxPool2d(pool.window()), x.shape()));
      case AvgPool2d pool ->
          new Value(
              graph.node(
                  "AveragePool", join(at, "y"), List.of(x.name()), window(pool.window(), true)),
              output(new Pooling.AvgPool2d(pool.window()), x.shape()));
      case GlobalAvgPool2d _ ->
          new Value(
              flat(at, graph.node("GlobalAveragePool", join(at, "mean"), x.name())),
              x.shape().part(0, 2));
      case Flatten _ ->
          x.shape().rank() == 2
              ? x
              : new Value(flat(at, x.name()), Shape.of(1, Math.toIntExact(x.shape().elements())));
      case Dropout _ -> x;
      case Embedding embedding ->
          new Value(
              graph.node("Gather", join(at, "y"), weight(embedding, "weight"), x.name()),
              x.shape().then(Shape.of(embedding.parameters().get("weight").shape().length(1))));
      case Activation activation -> same(x, activation(at, activation.kind(), x.name()));
      case Gpt gpt ->
          new Value(
              new OnnxTransformer(graph, this, at).gpt(gpt, x.name()),
              x.shape().then(Shape.of(gpt.vocabulary())));
      case Llama llama ->
          new Value(
              new OnnxTransformer(graph, this, at).llama(llama, x.name()),
              x.shape().then(Shape.of(llama.vocabulary())));
      default ->
          throw new FileException(
              "onnx: a layer has no ONNX form, got "
                  + layer.describe()
                  + (at.isEmpty() ? "" : " as '" + at + "'")
                  + "; build it of layers that have one");
    };
  }

  private static Value same(Value x, String y) {
    return new Value(y, x.shape());
  }

  /** The shape of an op's first result. */
  private static Shape output(Op op, Shape... inputs) {
    return op.outputs(Arrays.stream(inputs).map(shape -> new TensorType(DType.F32, shape)).toList())
        .getFirst()
        .shape();
  }

  private String weight(Module layer, String name) {
    return graph.weight(layer.parameters().get(name));
  }

  static String join(String at, String name) {
    return at.isEmpty() ? name : at + "." + name;
  }

  private String flat(String at, String x) {
    return graph.node("Flatten", join(at, "y"), List.of(x), Map.of("axis", new Attribute.Int(1)));
  }

  private Value linear(String at, Linear linear, Value x) {
    Tensor weight = linear.parameters().get("weight");
    Tensor bias = linear.parameters().get("bias");
    int last = x.shape().rank() - 1;
    if (x.shape().length(last) != weight.shape().length(1)) {
      throw new FileException(
          "onnx: a layer does not take what it gets, got "
              + linear.describe()
              + (at.isEmpty() ? "" : " as '" + at + "'")
              + " on "
              + x.shape().part(1, last + 1)
              + "; name the type of the samples that the model was trained with");
    }
    Shape y = x.shape().with(last, weight.shape().length(0));
    if (last != 1) {
      return new Value(product(at, x.name(), weight, bias), y);
    }
    List<String> inputs =
        bias == null
            ? List.of(x.name(), graph.weight(weight))
            : List.of(x.name(), graph.weight(weight), graph.weight(bias));
    return new Value(
        graph.node("Gemm", join(at, "y"), inputs, Map.of("transB", new Attribute.Int(1))), y);
  }

  /** x W^T + b for x of any rank. The weight keeps its form (out, in): runtimes turn a constant once, when they load. */
  String product(String at, String x, Tensor weight, Tensor bias) {
    String turned =
        graph.node(
            "Transpose",
            join(at, "weight_turned"),
            List.of(graph.weight(weight)),
            Map.of("perm", new Attribute.Ints(List.of(1, 0))));
    String y = graph.node("MatMul", join(at, "product"), x, turned);
    return bias == null ? y : graph.node("Add", join(at, "y"), y, graph.weight(bias));
  }

  private Value conv(String at, Conv2d conv, Value x) {
    Tensor weight = conv.parameters().get("weight");
    Tensor bias = conv.parameters().get("bias");
    Conv2dGeometry geometry = conv.geometry();
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    attributes.put(
        "kernel_shape",
        new Attribute.Ints(List.of(weight.shape().length(2), weight.shape().length(3))));
    attributes.put("strides", both(geometry.stride()));
    attributes.put("pads", around(geometry.padding()));
    attributes.put("dilations", both(geometry.dilation()));
    attributes.put("group", new Attribute.Int(geometry.groups()));
    List<String> inputs =
        bias == null
            ? List.of(x.name(), graph.weight(weight))
            : List.of(x.name(), graph.weight(weight), graph.weight(bias));
    return new Value(
        graph.node("Conv", join(at, "y"), inputs, attributes),
        output(new dev.tandem.op.Linear.Conv2d(geometry), x.shape(), weight.shape()));
  }

  private static Map<String, Attribute> window(Window window, boolean mean) {
    Map<String, Attribute> attributes = new LinkedHashMap<>();
    attributes.put("kernel_shape", both(window.kernel()));
    attributes.put("strides", both(window.stride()));
    attributes.put("pads", around(window.padding()));
    if (mean) {
      attributes.put("count_include_pad", new Attribute.Int(1));
    }
    return attributes;
  }

  private static Attribute both(Size2d size) {
    return new Attribute.Ints(List.of(size.height(), size.width()));
  }

  private static Attribute around(Size2d size) {
    return new Attribute.Ints(List.of(size.height(), size.width(), size.height(), size.width()));
  }

  private static Attribute epsilon(double epsilon) {
    return new Attribute.Float((float) epsilon);
  }

  String layerNorm(String at, String x, String weight, String bias, double epsilon) {
    return graph.node(
        "LayerNormalization",
        join(at, "y"),
        List.of(x, weight, bias),
        Map.of("axis", new Attribute.Int(-1), "epsilon", epsilon(epsilon)));
  }

  String rmsNorm(String at, String x, String weight, double epsilon) {
    String mean =
        graph.node(
            "ReduceMean",
            join(at, "mean_square"),
            List.of(graph.node("Mul", join(at, "square"), x, x)),
            Map.of("axes", new Attribute.Ints(List.of(-1)), "keepdims", new Attribute.Int(1)));
    String root =
        graph.node(
            "Sqrt",
            join(at, "root"),
            graph.node("Add", join(at, "shifted"), mean, graph.scalar(epsilon)));
    return graph.node("Mul", join(at, "y"), graph.node("Div", join(at, "unit"), x, root), weight);
  }

  String activation(String at, Activation.Kind kind, String x) {
    String y = join(at, "y");
    return switch (kind) {
      case RELU -> graph.node("Relu", y, x);
      case LEAKY_RELU ->
          graph.node(
              "LeakyRelu", y, List.of(x), Map.of("alpha", new Attribute.Float((float) 0.01)));
      case SIGMOID -> graph.node("Sigmoid", y, x);
      case TANH -> graph.node("Tanh", y, x);
      case SOFTPLUS -> graph.node("Softplus", y, x);
      case SILU -> graph.node("Mul", y, x, graph.node("Sigmoid", join(at, "gate"), x));
      case GELU ->
          gelu(
              at,
              x,
              graph.node(
                  "Erf",
                  join(at, "erf"),
                  graph.node("Div", join(at, "scaled"), x, graph.scalar(Math.sqrt(2)))));
      case GELU_TANH -> {
        String square = graph.node("Mul", join(at, "square"), x, x);
        String cubic =
            graph.node("Mul", join(at, "cubic"), square, graph.scalar(Elementwise.GeluTanh.KAPPA));
        String factor = graph.node("Add", join(at, "factor"), cubic, graph.scalar(1));
        String inner =
            graph.node(
                "Mul",
                join(at, "inner"),
                graph.node("Mul", join(at, "scaled"), x, graph.scalar(Elementwise.GeluTanh.BETA)),
                factor);
        yield gelu(at, x, graph.node("Tanh", join(at, "tanh"), inner));
      }
    };
  }

  /** x / 2 (1 + bend). */
  private String gelu(String at, String x, String bend) {
    String half = graph.node("Mul", join(at, "half"), x, graph.scalar(0.5));
    return graph.node(
        "Mul", join(at, "y"), half, graph.node("Add", join(at, "gate"), bend, graph.scalar(1)));
  }
}
