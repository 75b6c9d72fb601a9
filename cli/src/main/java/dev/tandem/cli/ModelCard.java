package dev.tandem.cli;

import dev.tandem.data.CsvSchema;
import dev.tandem.data.Normalization;
import dev.tandem.data.Target;
import dev.tandem.io.FileException;
import dev.tandem.io.Onnx;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * What one must know beside the weights to use a model, kept as text in the metadata of model.safetensors: what goes in,
 * how it is scaled, and what comes out. So a prediction needs the run folder and nothing of the training data.
 */
record ModelCard(
    TensorType input,
    Target target,
    Normalization inputs,
    Optional<Normalization> targets,
    Optional<CsvSchema> schema) {
  static final String KEY = "tandem";
  private static final int FORMAT = 1;

  static ModelCard of(RunData data) {
    return new ModelCard(
        data.training().input(),
        data.training().target(),
        data.inputs(),
        data.targets(),
        data.schema());
  }

  /** As metadata of a safetensors file. */
  Map<String, String> metadata() {
    Map<String, Object> card = new LinkedHashMap<>();
    card.put("format", FORMAT);
    // Never Map.of for more than one: its order changes from run to run, and the file must not.
    SequencedMap<String, Object> in = new LinkedHashMap<>();
    in.put("dtype", input.dtype().name());
    in.put("shape", lengths(input.shape()));
    card.put("input", in);
    card.put(
        "target",
        switch (target) {
          case Target.Classes(List<String> names) -> Map.of("classes", names);
          case Target.Numbers(List<String> names) -> Map.of("numbers", names);
          case Target.Tokens(int vocabulary) -> Map.of("tokens", vocabulary);
        });
    card.put("inputs", scale(inputs));
    targets.ifPresent(normalization -> card.put("targets", scale(normalization)));
    schema.ifPresent(csv -> card.put("csv", table(csv)));
    DumpSettings line =
        DumpSettings.builder()
            .setDefaultFlowStyle(FlowStyle.FLOW)
            .setWidth(Integer.MAX_VALUE)
            .build();
    return Map.of(KEY, new Dump(line).dumpToString(card).strip());
  }

  /** Reads what {@link #metadata} wrote. @throws FileException naming the file where it is not that */
  static ModelCard read(Path file, Map<String, String> metadata) {
    String text = metadata.get(KEY);
    if (text == null) {
      throw new FileException(
          "model: "
              + file
              + " was not written by tandem train, got no '"
              + KEY
              + "' in its metadata; give a run folder's model.safetensors");
    }
    try {
      Map<?, ?> card = (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(text);
      if (!Integer.valueOf(FORMAT).equals(card.get("format"))) {
        throw new FileException(
            "model: "
                + file
                + " is of another version of tandem, got format "
                + card.get("format")
                + "; train it again, or use that version");
      }
      Map<?, ?> in = (Map<?, ?>) card.get("input");
      TensorType input =
          new TensorType(DType.valueOf((String) in.get("dtype")), shape(in.get("shape")));
      return new ModelCard(
          input,
          target((Map<?, ?>) card.get("target")),
          scale((Map<?, ?>) card.get("inputs")),
          Optional.ofNullable((Map<?, ?>) card.get("targets")).map(ModelCard::scale),
          Optional.ofNullable((Map<?, ?>) card.get("csv")).map(ModelCard::table));
    } catch (ClassCastException
        | NullPointerException
        | IllegalArgumentException
        | YamlEngineException e) {
      throw new FileException(
          "model: the metadata of "
              + file
              + " are damaged, got "
              + e.getMessage()
              + "; restore the file",
          e);
    }
  }

  /** As an ONNX file tells it. @param output the shape of what the model puts out for a sample */
  Onnx.Use use(Shape output) {
    Onnx.Meaning meaning =
        switch (target) {
          case Target.Classes(List<String> names) ->
              new Onnx.Meaning.Classes(names, output.elements() == 1 && names.size() == 2);
          case Target.Numbers(List<String> names) ->
              new Onnx.Meaning.Numbers(names, targets.flatMap(ModelCard::onnx));
          case Target.Tokens _ -> new Onnx.Meaning.Tokens();
        };
    return new Onnx.Use(input, onnx(inputs), meaning, metadata());
  }

  private static Optional<Onnx.Scale> onnx(Normalization normalization) {
    return normalization.method() == Normalization.Method.NONE
        ? Optional.empty()
        : Optional.of(new Onnx.Scale(normalization.center(), normalization.scale()));
  }

  private static Target target(Map<?, ?> target) {
    if (target.containsKey("classes")) {
      return new Target.Classes(words(target.get("classes")));
    }
    return target.containsKey("numbers")
        ? new Target.Numbers(words(target.get("numbers")))
        : new Target.Tokens((Integer) target.get("tokens"));
  }

  private static Map<String, Object> scale(Normalization normalization) {
    Map<String, Object> scale = new LinkedHashMap<>();
    scale.put("method", normalization.method().name());
    scale.put("sample", lengths(normalization.sample()));
    scale.put("center", normalization.center());
    scale.put("scale", normalization.scale());
    return scale;
  }

  private static Normalization scale(Map<?, ?> scale) {
    return new Normalization(
        Normalization.Method.valueOf((String) scale.get("method")),
        shape(scale.get("sample")),
        numbers(scale.get("center")),
        numbers(scale.get("scale")));
  }

  private static Map<String, Object> table(CsvSchema schema) {
    List<Map<String, Object>> columns = new ArrayList<>();
    for (CsvSchema.Column column : schema.columns()) {
      Map<String, Object> written = new LinkedHashMap<>();
      written.put(
          "place",
          switch (column.place()) {
            case CsvSchema.Place.Named(String name) -> name;
            case CsvSchema.Place.At(int index) -> index;
          });
      written.put("role", column.role().name());
      written.put("kind", column.kind().name());
      written.put("values", column.values());
      columns.add(written);
    }
    Map<String, Object> table = new LinkedHashMap<>();
    table.put("header", schema.header());
    table.put("delimiter", String.valueOf(schema.delimiter()));
    table.put("others", schema.others().name());
    table.put("columns", columns);
    return table;
  }

  private static CsvSchema table(Map<?, ?> table) {
    List<CsvSchema.Column> columns =
        ((List<?>) table.get("columns"))
            .stream()
                .map(entry -> (Map<?, ?>) entry)
                .map(column ->
                    new CsvSchema.Column(
                        column.get("place") instanceof Integer index
                            ? CsvSchema.Place.of(index)
                            : CsvSchema.Place.of((String) column.get("place")),
                        CsvSchema.Role.valueOf((String) column.get("role")),
                        CsvSchema.Kind.valueOf((String) column.get("kind")),
                        words(column.get("values"))))
                .toList();
    return new CsvSchema(
        columns,
        CsvSchema.Others.valueOf((String) table.get("others")),
        (Boolean) table.get("header"),
        ((String) table.get("delimiter")).charAt(0));
  }

  private static List<Integer> lengths(Shape shape) {
    return Arrays.stream(shape.lengths()).boxed().toList();
  }

  private static Shape shape(Object lengths) {
    return Shape.of(((List<?>) lengths).stream().mapToInt(length -> (Integer) length).toArray());
  }

  private static List<String> words(Object list) {
    return ((List<?>) list).stream().map(String.class::cast).toList();
  }

  private static List<Double> numbers(Object list) {
    return ((List<?>) list).stream().map(number -> ((Number) number).doubleValue()).toList();
  }
}
