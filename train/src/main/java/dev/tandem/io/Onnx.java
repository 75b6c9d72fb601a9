package dev.tandem.io;

import dev.tandem.io.OnnxGraph.Type;
import dev.tandem.nn.Module;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Models as ONNX files (onnx.ai), which onnxruntime and others run without Tandem. A file holds the network as it computes in
 * evaluation: dropout does nothing, batch norm uses its running statistics. Weights keep their names, and are F32 whatever the model
 * was trained in. The batch may have any size, and so may sequences.
 *
 * <pre>
 *   input          F32 (batch, ...) in the units of the data, or I64 (batch, length): tokens
 *   logits         F32 (batch, classes), or (batch, length, vocabulary)
 *   probabilities  F32 (batch, classes), of models that tell classes
 *   output         F32 (batch, numbers) in the units of the data, of models that predict numbers
 * </pre>
 *
 * <p>The change of scale that the model was trained with is part of the graph, in F64 as in training: give it raw features.
 */
public final class Onnx {
  /** The version of the default operators: the first with LayerNormalization, which runtimes of 2022 and later know. */
  public static final int OPERATORS = 17;

  /** The version of the format that came with these operators (onnx 1.12). */
  private static final int FORMAT = 8;

  /** Protobuf's readers take no message of 2 GiB or more. */
  private static final long LARGEST = Integer.MAX_VALUE;

  private static final String BATCH = "batch";

  private Onnx() {}

  /**
   * A change of scale: (x - center) / scale, a group of a sample's elements each; see Normalization.
   *
   * @param center one a group; the elements fall into groups of equal length, row-major
   * @param scale as many
   */
  public record Scale(List<Double> center, List<Double> scale) {
    /** Copies the lists. @throws IllegalArgumentException if they differ in length, or are empty */
    public Scale {
      center = List.copyOf(center);
      scale = List.copyOf(scale);
      if (center.size() != scale.size() || center.isEmpty()) {
        throw new IllegalArgumentException(
            "onnx: a change of scale has a center and a scale for each group, got "
                + center.size()
                + " and "
                + scale.size()
                + "; give as many of both");
      }
    }
  }

  /** What a model's outputs are. */
  public sealed interface Meaning {
    /** Classes. @param single whether the model puts out one logit, of the second of two classes, instead of one a class */
    record Classes(List<String> names, boolean single) implements Meaning {
      /** Copies the names. @throws IllegalArgumentException if one logit is to tell other than two classes */
      public Classes {
        names = List.copyOf(names);
        if (single && names.size() != 2) {
          throw new IllegalArgumentException(
              "onnx: one logit tells two classes, got "
                  + names
                  + "; let the model put out one a class");
        }
      }
    }

    /** Numbers. @param scale that of the targets in training, which the graph undoes */
    record Numbers(List<String> names, Optional<Scale> scale) implements Meaning {
      /** Copies the names. */
      public Numbers {
        names = List.copyOf(names);
      }
    }

    /** Logits of the next token, at each position. */
    record Tokens() implements Meaning {}
  }

  /**
   * How a model is used.
   *
   * @param sample one sample's type; of F32 the batch's axis comes before it, I32 stands for tokens (T)
   * @param scale that of the inputs in training
   * @param metadata kept in the file beside what is written anyway: classes, numbers (names, a line each), producer
   */
  public record Use(
      TensorType sample, Optional<Scale> scale, Meaning meaning, Map<String, String> metadata) {
    /** Copies the metadata. */
    public Use {
      metadata = Map.copyOf(metadata);
    }
  }

  /**
   * Writes the model. It computes nothing: any backend will do.
   *
   * @throws FileException naming the file where it cannot be written, the layer that has no ONNX form or does not take what it gets,
   *     or what the model puts out where that is not what it is said to mean
   */
  public static void write(Path file, Module model, Use use) {
    Map<String, Tensor> weights = new LinkedHashMap<>(model.parameters());
    weights.putAll(model.buffers());
    OnnxGraph graph = new OnnxGraph(weights);
    boolean tokens = !use.sample().dtype().floating();
    Shape sample = use.sample().shape();
    String input =
        graph.input(
            "input", tokens ? Type.INT64 : Type.FLOAT, tokens ? sequence() : batchOf(sample));
    String x = use.scale().map(scale -> scaled(graph, input, scale, sample)).orElse(input);
    OnnxLayers.Value y =
        new OnnxLayers(graph).layer("", model, new OnnxLayers.Value(x, Shape.of(1).then(sample)));
    checkOutput(y.shape().part(1, y.shape().rank()), use);
    outputs(graph, y, use.meaning());
    Protobuf whole =
        new Protobuf()
            .integer(1, FORMAT)
            .text(2, "Tandem")
            .message(7, graph.finish("tandem"))
            .message(8, new Protobuf().text(1, "").integer(2, OPERATORS));
    metadata(use)
        .forEach((key, value) -> whole.message(14, new Protobuf().text(1, key).text(2, value)));
    if (whole.size() > LARGEST) {
      throw new FileException(
          "onnx: the model is too large for one file, got "
              + whole.size()
              + " bytes for "
              + file
              + "; the format ends at "
              + LARGEST
              + ", export --hf has no limit");
    }
    AtomicFile.write(file, whole::writeTo);
  }

  private static void checkOutput(Shape output, Use use) {
    boolean fits =
        switch (use.meaning()) {
          case Meaning.Classes(List<String> names, boolean single) ->
              output.equals(Shape.of(single ? 1 : names.size()));
          case Meaning.Numbers(List<String> names, _) -> output.equals(Shape.of(names.size()));
          case Meaning.Tokens _ ->
              output.rank() == 2 && output.length(0) == use.sample().shape().length(0);
        };
    if (!fits) {
      throw new FileException(
          "onnx: the model's output is not what it is said to mean, got "
              + output
              + " a sample for "
              + said(use.meaning())
              + "; let both agree");
    }
    if (use.meaning() instanceof Meaning.Numbers(_, Optional<Scale> scale)
        && scale.isPresent()
        && scale.get().center().size() != 1
        && scale.get().center().size() != output.length(0)) {
      throw new FileException(
          "onnx: the outputs' change of scale does not fit them, got "
              + scale.get().center().size()
              + " groups for "
              + output.length(0)
              + " numbers; give one for all, or one for each");
    }
  }

  private static String said(Meaning meaning) {
    return switch (meaning) {
      case Meaning.Classes(List<String> names, boolean single) ->
          single ? "one logit of two classes" : "logits of " + names.size() + " classes";
      case Meaning.Numbers(List<String> names, _) ->
          names.size() + (names.size() == 1 ? " number" : " numbers");
      case Meaning.Tokens _ -> "logits at each position";
    };
  }

  private static List<?> sequence() {
    return List.of(BATCH, "length");
  }

  private static List<?> batchOf(Shape sample) {
    List<Object> axes = new ArrayList<>(List.of(BATCH));
    Arrays.stream(sample.lengths()).forEach(axes::add);
    return axes;
  }

  /** In F64, for a center far from 0 cancels: as training computes it, so to the same bits. */
  private static String scaled(OnnxGraph graph, String x, Scale scale, Shape sample) {
    Broadcast by = Broadcast.of(scale, sample);
    String wide = graph.cast(x, Type.DOUBLE);
    String shifted =
        graph.node(
            "Sub",
            "input.centered",
            wide,
            graph.doubles("input.center", by.lengths(), by.center()));
    return graph.cast(
        graph.node(
            "Div", "input.scaled", shifted, graph.doubles("input.scale", by.lengths(), by.scale())),
        Type.FLOAT);
  }

  private static String unscaled(OnnxGraph graph, String y, Scale scale) {
    List<Integer> lengths = List.of(scale.center().size());
    String wide =
        graph.node(
            "Mul",
            "output.scaled",
            graph.cast(y, Type.DOUBLE),
            graph.doubles("output.scale", lengths, scale.scale()));
    return graph.cast(
        graph.node(
            "Add",
            "output.centered",
            wide,
            graph.doubles("output.center", lengths, scale.center())),
        Type.FLOAT);
  }

  /** Groups as a constant that broadcasts over a batch of samples. */
  private record Broadcast(List<Integer> lengths, List<Double> center, List<Double> scale) {
    static Broadcast of(Scale scale, Shape sample) {
      int groups = scale.center().size();
      List<Integer> lengths = new ArrayList<>();
      if (groups > 1 && groups != sample.elements()) {
        // A channel each: ones for the axes inside.
        lengths.add(groups);
        for (int axis = 1; axis < sample.rank(); axis++) {
          lengths.add(1);
        }
        if (groups != sample.length(0)) {
          throw new FileException(
              "onnx: the change of scale fits neither elements nor channels, got "
                  + groups
                  + " groups for samples "
                  + sample
                  + "; give one for each of either");
        }
      } else if (groups > 1) {
        Arrays.stream(sample.lengths()).forEach(lengths::add);
      }
      return new Broadcast(lengths, scale.center(), scale.scale());
    }
  }

  private static void outputs(OnnxGraph graph, OnnxLayers.Value y, Meaning meaning) {
    switch (meaning) {
      case Meaning.Classes(List<String> names, boolean single) -> {
        graph.output("logits", y.name(), List.of(BATCH, single ? 1 : names.size()));
        graph.output(
            "probabilities", probabilities(graph, y.name(), single), List.of(BATCH, names.size()));
      }
      case Meaning.Numbers(List<String> names, Optional<Scale> scale) ->
          graph.output(
              "output",
              scale.map(by -> unscaled(graph, y.name(), by)).orElse(y.name()),
              List.of(BATCH, names.size()));
      case Meaning.Tokens _ ->
          graph.output("logits", y.name(), List.of(BATCH, "length", "vocabulary"));
    }
  }

  private static String probabilities(OnnxGraph graph, String logits, boolean single) {
    if (single) {
      String second = graph.node("Sigmoid", "second", logits);
      return graph.node(
          "Concat",
          "both",
          List.of(graph.node("Sub", "first", graph.scalar(1), second), second),
          Map.of("axis", new OnnxGraph.Attribute.Int(-1)));
    }
    return graph.node(
        "Softmax", "softmax", List.of(logits), Map.of("axis", new OnnxGraph.Attribute.Int(-1)));
  }

  private static Map<String, String> metadata(Use use) {
    Map<String, String> metadata = new TreeMap<>(use.metadata());
    switch (use.meaning()) {
      case Meaning.Classes(List<String> names, _) ->
          metadata.put("classes", String.join("\n", names));
      case Meaning.Numbers(List<String> names, _) ->
          metadata.put("numbers", String.join("\n", names));
      case Meaning.Tokens _ -> {}
    }
    return metadata;
  }
}
