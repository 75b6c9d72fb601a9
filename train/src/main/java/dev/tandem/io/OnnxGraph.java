package dev.tandem.io;

import dev.tandem.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A graph of ONNX operators that grows node by node. Numbers of fields and types are those of onnx.proto3
 * (github.com/onnx/onnx/blob/main/onnx/onnx.proto3): GraphProto, NodeProto, AttributeProto, TensorProto, ValueInfoProto.
 */
final class OnnxGraph {
  /** TensorProto.DataType. */
  enum Type {
    FLOAT(1),
    INT64(7),
    DOUBLE(11);

    private final int number;

    Type(int number) {
      this.number = number;
    }
  }

  /** What an attribute may hold. */
  sealed interface Attribute {
    record Float(float value) implements Attribute {}

    record Int(long value) implements Attribute {}

    record Ints(List<Integer> values) implements Attribute {}

    /** A tensor of one float, for ConstantOfShape. */
    record OneFloat(float value) implements Attribute {}
  }

  private final Protobuf graph = new Protobuf();
  private final Map<Tensor, String> names = new IdentityHashMap<>();
  private final Set<Tensor> stored = Collections.newSetFromMap(new IdentityHashMap<>());
  private final Map<List<Long>, String> integers = new HashMap<>();
  private final Set<String> taken = new HashSet<>();

  /** @param weights by name, which the graph keeps */
  OnnxGraph(Map<String, Tensor> weights) {
    weights.forEach((name, tensor) -> names.put(tensor, name));
    taken.addAll(weights.keySet());
  }

  /** Adds a node of one result. Returns its name, which is the wanted one or that with a number. */
  String node(String op, String wanted, List<String> inputs, Map<String, Attribute> attributes) {
    return nodes(op, List.of(wanted), inputs, attributes).getFirst();
  }

  String node(String op, String wanted, String... inputs) {
    return node(op, wanted, List.of(inputs), Map.of());
  }

  /** Adds a node of several results. */
  List<String> nodes(
      String op, List<String> wanted, List<String> inputs, Map<String, Attribute> attributes) {
    List<String> outputs = wanted.stream().map(this::free).toList();
    Protobuf node = new Protobuf();
    inputs.forEach(input -> node.text(1, input));
    outputs.forEach(output -> node.text(2, output));
    node.text(3, outputs.getFirst()).text(4, op);
    attributes.entrySet().stream()
        .sorted(Map.Entry.comparingByKey()) // a map's order changes, a file's must not
        .forEach(entry -> node.message(5, attribute(entry.getKey(), entry.getValue())));
    graph.message(1, node);
    return outputs;
  }

  private String free(String wanted) {
    String name = wanted;
    for (int i = 1; !taken.add(name); i++) {
      name = wanted + "_" + i;
    }
    return name;
  }

  private static Protobuf attribute(String name, Attribute attribute) {
    Protobuf written = new Protobuf().text(1, name);
    return switch (attribute) {
      case Attribute.Float(float value) -> written.number(2, value).integer(20, 1);
      case Attribute.Int(long value) -> written.integer(3, value).integer(20, 2);
      case Attribute.Ints(List<Integer> values) -> {
        values.forEach(value -> written.integer(8, value));
        yield written.integer(20, 7);
      }
      case Attribute.OneFloat(float value) ->
          written
              .message(
                  5,
                  new Protobuf()
                      .integer(1, 1)
                      .integer(2, Type.FLOAT.number)
                      .bytes(9, little(Float.BYTES).putFloat(value).array()))
              .integer(20, 4);
    };
  }

  /** A weight, under its name in the model. */
  String weight(Tensor tensor) {
    String name = names.get(tensor);
    if (name == null) {
      throw new IllegalArgumentException(
          "onnx: a weight does not belong to the model, got " + tensor.type() + "; register it");
    }
    if (stored.add(tensor)) {
      Protobuf written = new Protobuf();
      for (int length : tensor.shape().lengths()) {
        written.integer(1, length);
      }
      written.integer(2, Type.FLOAT.number).text(8, name).floats(9, tensor);
      graph.message(5, written);
    }
    return name;
  }

  /** A constant list of integers, shared by all who need the same. */
  String integers(long... values) {
    List<Long> key = Arrays.stream(values).boxed().toList();
    return integers.computeIfAbsent(
        key,
        _ -> {
          ByteBuffer bytes = little(Long.BYTES * values.length);
          for (long value : values) {
            bytes.putLong(value);
          }
          return constant("integers", Type.INT64, List.of(values.length), bytes.array());
        });
  }

  /** A constant of one integer, without axes. */
  String integer(long value) {
    return constant("integer", Type.INT64, List.of(), little(Long.BYTES).putLong(value).array());
  }

  /** A constant of one F32. */
  String scalar(double value) {
    return constant(
        "scalar", Type.FLOAT, List.of(), little(Float.BYTES).putFloat((float) value).array());
  }

  String floats(String wanted, List<Integer> lengths, float[] values) {
    ByteBuffer bytes = little(Float.BYTES * values.length);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return constant(wanted, Type.FLOAT, lengths, bytes.array());
  }

  String doubles(String wanted, List<Integer> lengths, List<Double> values) {
    ByteBuffer bytes = little(Double.BYTES * values.size());
    values.forEach(bytes::putDouble);
    return constant(wanted, Type.DOUBLE, lengths, bytes.array());
  }

  private String constant(String wanted, Type type, List<Integer> lengths, byte[] bytes) {
    String name = free(wanted);
    Protobuf written = new Protobuf();
    lengths.forEach(length -> written.integer(1, length));
    graph.message(5, written.integer(2, type.number).text(8, name).bytes(9, bytes));
    return name;
  }

  String cast(String x, Type type) {
    return node("Cast", x + ".cast", List.of(x), Map.of("to", new Attribute.Int(type.number)));
  }

  /** Declares an input. @param axes lengths, or names of axes of any length */
  String input(String name, Type type, List<?> axes) {
    graph.message(11, value(free(name), type, axes));
    return name;
  }

  /** Gives a value the name of an output, and declares that. */
  void output(String name, String value, List<?> axes) {
    String output = node("Identity", name, value);
    if (!output.equals(name)) {
      throw new IllegalStateException("onnx: the name of an output is taken, got " + name);
    }
    graph.message(12, value(name, Type.FLOAT, axes));
  }

  private static Protobuf value(String name, Type type, List<?> axes) {
    Protobuf shape = new Protobuf();
    for (Object axis : axes) {
      Protobuf dimension = new Protobuf();
      if (axis instanceof Integer length) {
        dimension.integer(1, length);
      } else {
        dimension.text(2, axis.toString());
      }
      shape.message(1, dimension);
    }
    Protobuf tensor = new Protobuf().integer(1, type.number).message(2, shape);
    return new Protobuf().text(1, name).message(2, new Protobuf().message(1, tensor));
  }

  /** The graph as GraphProto. */
  Protobuf finish(String name) {
    return graph.text(2, name);
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
