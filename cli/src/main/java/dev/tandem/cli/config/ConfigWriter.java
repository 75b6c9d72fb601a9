package dev.tandem.cli.config;

import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.StreamDataWriter;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Writes a config with every setting spelled out, defaults too, in the order of the records; it reads back as the same. */
final class ConfigWriter {
  private ConfigWriter() {}

  static String write(Config config) {
    Text text = new Text();
    DumpSettings settings =
        DumpSettings.builder()
            .setWidth(110)
            .setIndent(2)
            .setIndicatorIndent(2)
            .setIndentWithIndicator(true)
            .build();
    new Dump(settings).dumpNode(node(new Schema.Section(Config.class), config, 0), text);
    return text.toString();
  }

  /** Sections at the top are written line by line, what is in them in one line each, and so is each layer. */
  private static Node node(Schema schema, Object value, int depth) {
    return switch (schema) {
      case Schema.Maybe(Schema inner) -> node(inner, ((Optional<?>) value).orElseThrow(), depth);
      case Schema.Numeric _ -> {
        String text = value instanceof Double real ? number(real) : value.toString();
        // The tag that YAML sees in the text, or it would be written out.
        yield plain(text.matches("-?\\d+") ? Tag.INT : Tag.FLOAT, text);
      }
      case Schema.Flag _ -> plain(Tag.BOOL, value.toString());
      case Schema.Words _ -> new ScalarNode(Tag.STR, (String) value, ScalarStyle.PLAIN);
      // Absolute, so that the copy in the run folder still finds its data.
      case Schema.FilePath _ ->
          new ScalarNode(
              Tag.STR, ((Path) value).toAbsolutePath().normalize().toString(), ScalarStyle.PLAIN);
      case Schema.Word _ -> plain(Tag.STR, Schema.name((Enum<?>) value));
      case Schema.Listed listed -> list(listed, (List<?>) value, depth);
      case Schema.Section section -> mapping(tuples(section, value, depth + 1), depth);
      case Schema.Kinds kinds -> kind(kinds, value, depth);
    };
  }

  private static Node list(Schema.Listed listed, List<?> values, int depth) {
    List<Node> entries =
        values.stream().map(value -> node(listed.inner(), value, depth + 1)).toList();
    boolean lines = listed.inner() instanceof Schema.Kinds && depth < 3;
    return new SequenceNode(Tag.SEQ, entries, lines ? FlowStyle.BLOCK : FlowStyle.FLOW);
  }

  private static Node kind(Schema.Kinds kinds, Object value, int depth) {
    Schema.Section section = new Schema.Section(value.getClass());
    Node name = plain(Tag.STR, Schema.name(section.type()));
    List<NodeTuple> settings = tuples(section, value, depth + 1);
    if (settings.isEmpty()) {
      return name;
    }
    if (kinds.choice().named()) {
      return new MappingNode(
          Tag.MAP, List.of(new NodeTuple(name, mapping(settings, 2))), FlowStyle.BLOCK);
    }
    List<NodeTuple> tuples = new ArrayList<>(settings);
    tuples.addFirst(new NodeTuple(plain(Tag.STR, "kind"), name));
    return mapping(tuples, depth);
  }

  private static List<NodeTuple> tuples(Schema.Section section, Object value, int depth) {
    List<NodeTuple> tuples = new ArrayList<>();
    for (Schema.Key key : section.keys()) {
      Object component = component(key, value);
      if (!Optional.empty().equals(component)) {
        tuples.add(new NodeTuple(plain(Tag.STR, key.name()), node(key.schema(), component, depth)));
      }
    }
    return tuples;
  }

  private static Node mapping(List<NodeTuple> tuples, int depth) {
    return new MappingNode(Tag.MAP, tuples, depth < 2 ? FlowStyle.BLOCK : FlowStyle.FLOW);
  }

  private static Object component(Schema.Key key, Object value) {
    try {
      return key.component().getAccessor().invoke(value);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new IllegalStateException("config: " + key.name() + " cannot be read", e);
    }
  }

  private static Node plain(Tag tag, String text) {
    return new ScalarNode(tag, text, ScalarStyle.PLAIN);
  }

  /** The shortest text that reads back as the number: 0.0001, 1e-10. */
  static String number(double value) {
    String text = ConfigReader.plain(value);
    return text.length() <= 8 ? text : Double.toString(value);
  }

  private static final class Text implements StreamDataWriter {
    private final StringBuilder text = new StringBuilder();

    @Override
    public void write(String part) {
      text.append(part);
    }

    @Override
    public void write(String part, int offset, int length) {
      text.append(part, offset, offset + length);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }

  /** The settings of a config by path, for messages that compare runs: {@code optimizer.lr -> 0.01}. */
  static Map<String, String> flat(Config config) {
    Map<String, String> flat = new LinkedHashMap<>();
    flatten("", node(new Schema.Section(Config.class), config, 0), flat);
    return flat;
  }

  private static void flatten(String path, Node node, Map<String, String> flat) {
    switch (node) {
      case MappingNode mapping ->
          mapping
              .getValue()
              .forEach(tuple -> {
                String key = ((ScalarNode) tuple.getKeyNode()).getValue();
                flatten(path.isEmpty() ? key : path + "." + key, tuple.getValueNode(), flat);
              });
      case SequenceNode sequence -> {
        for (int i = 0; i < sequence.getValue().size(); i++) {
          flatten(path + "." + i, sequence.getValue().get(i), flat);
        }
      }
      case ScalarNode scalar -> flat.put(path, scalar.getValue());
      default -> throw new IllegalStateException("config: unexpected node " + node);
    }
  }
}
