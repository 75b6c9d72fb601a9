package dev.tandem.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A run's record as JSON: the environment of its last leg, from the run's beginning to its end, and, where it was resumed, its legs.
 */
final class RunRecordJson {
  private static final JsonFactory JSON = new JsonFactory();

  private RunRecordJson() {}

  static String write(RunRecord record) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeNumberField("seed", record.seed());
      environment(json, record.last());
      json.writeStringField("started", record.started().toString());
      if (record.end().isPresent()) {
        RunRecord.End end = record.end().get();
        ended(json, record.last());
        json.writeStringField("reason", end.reason().name());
        json.writeNumberField("epochs", end.epochs());
        json.writeStringField("message", end.message());
      }
      if (record.legs().size() > 1) {
        json.writeArrayFieldStart("legs");
        for (RunRecord.Leg leg : record.legs()) {
          json.writeStartObject();
          json.writeStringField("started", leg.started().toString());
          ended(json, leg);
          environment(json, leg);
          json.writeEndObject();
        }
        json.writeEndArray();
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory refused characters", e);
    }
    return text.append("\n").toString();
  }

  private static void environment(JsonGenerator json, RunRecord.Leg leg) throws IOException {
    json.writeStringField("backend", leg.backend());
    json.writeStringField("device", leg.device());
    json.writeObjectFieldStart("versions");
    for (Map.Entry<String, String> version : leg.versions().entrySet()) {
      json.writeStringField(version.getKey(), version.getValue());
    }
    json.writeEndObject();
  }

  private static void ended(JsonGenerator json, RunRecord.Leg leg) throws IOException {
    if (leg.ended().isPresent()) {
      json.writeStringField("ended", leg.ended().get().toString());
    }
  }

  /** What is read of the record, or of a leg of it, which has fewer fields. */
  private static final class Fields {
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Map<String, String> versions = new LinkedHashMap<>();
    private final List<Fields> legs = new ArrayList<>();

    private RunRecord.Leg leg() throws IOException {
      return new RunRecord.Leg(
          Instant.parse(need("started")),
          Optional.ofNullable(values.get("ended")).map(Instant::parse),
          values.getOrDefault("backend", ""),
          values.getOrDefault("device", ""),
          versions);
    }

    private String need(String name) throws IOException {
      String value = values.get(name);
      if (value == null) {
        throw new IOException("no '" + name + "'");
      }
      return value;
    }
  }

  /** Reads what {@link #write} wrote. @throws IOException naming what is wrong with the text */
  static RunRecord read(String text) throws IOException {
    try (JsonParser json = JSON.createParser(text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("not a JSON object");
      }
      Fields fields = fields(json);
      List<RunRecord.Leg> legs = new ArrayList<>();
      for (Fields leg : fields.legs.isEmpty() ? List.of(fields) : fields.legs) {
        legs.add(leg.leg());
      }
      Optional<RunRecord.End> end =
          fields.values.containsKey("reason")
              ? Optional.of(
                  new RunRecord.End(
                      Outcome.Reason.valueOf(fields.need("reason")),
                      Integer.parseInt(fields.need("epochs")),
                      fields.need("message")))
              : Optional.empty();
      return new RunRecord(Long.parseLong(fields.need("seed")), legs, end);
    } catch (IllegalArgumentException | DateTimeException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static Fields fields(JsonParser json) throws IOException {
    Fields fields = new Fields();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (name.equals("versions") && value == JsonToken.START_OBJECT) {
        fields.versions.putAll(fields(json).values);
      } else if (name.equals("legs") && value == JsonToken.START_ARRAY) {
        while (json.nextToken() == JsonToken.START_OBJECT) {
          fields.legs.add(fields(json));
        }
      } else if (value != null && value.isScalarValue()) {
        fields.values.put(name, json.getText());
      } else {
        throw new IOException("'" + name + "' is not what it should be");
      }
    }
    return fields;
  }
}
