package dev.tandem.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Writes what a {@link RunSampler} saw to steps.jsonl and distributions.jsonl of a run folder, a line of JSON each. Points are
 * gathered for a second; a process that is killed loses those.
 */
public final class CurveFiles implements RunSampler.Sink {
  private static final JsonFactory JSON = new JsonFactory();
  private static final long GATHERED_NANOS = 1_000_000_000;

  private final RunFolder folder;
  private final StringBuilder gathered = new StringBuilder();
  private long written = System.nanoTime();

  /** Writes into the folder, which must be there when the run begins. */
  public CurveFiles(RunFolder folder) {
    this.folder = folder;
  }

  @Override
  public void begin(long steps) {
    cut(folder.steps(), steps);
    cut(folder.distributions(), steps);
  }

  /** Takes away lines of later steps than these, which a run that goes on does again, and the half of a line that a kill may leave. */
  private static void cut(Path file, long steps) {
    String kept = "";
    if (steps > 0 && Files.exists(file)) {
      try {
        kept =
            Files.readString(file, StandardCharsets.UTF_8)
                .lines()
                .filter(line -> step(line) <= steps)
                .map(line -> line + "\n")
                .collect(Collectors.joining());
      } catch (IOException e) {
        throw FileException.of("run folder", file, "cannot be read", e);
      }
    }
    AtomicFile.text(file, kept);
  }

  /** The step of a line, or more than any where the line is none. */
  private static long step(String line) {
    long step = Long.MAX_VALUE;
    try (JsonParser json = JSON.createParser(line)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Long.MAX_VALUE;
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals("step")) {
          step = json.getLongValue();
        }
        json.skipChildren();
      }
      return json.currentToken() == JsonToken.END_OBJECT ? step : Long.MAX_VALUE;
    } catch (IOException _) {
      return Long.MAX_VALUE;
    }
  }

  @Override
  public void point(RunSampler.Point point) {
    gathered.append(
        line(json -> {
          json.writeNumberField("step", point.step());
          json.writeNumberField("epoch", point.epoch());
          number(json, "loss", point.loss());
          number(json, "learning_rate", point.learningRate());
        }));
    if (System.nanoTime() - written > GATHERED_NANOS) {
      flush();
    }
  }

  @Override
  public void epoch(EpochReport report) {
    flush();
  }

  @Override
  public void distributions(RunSampler.Distributions seen) {
    append(
        folder.distributions(),
        line(json -> {
          json.writeNumberField("epoch", seen.epoch());
          json.writeNumberField("step", seen.step());
          write(json, "weights", seen.weights());
          write(json, "gradients", seen.gradients());
        }));
  }

  @Override
  public void end(Outcome outcome) {
    flush();
  }

  private static void write(JsonGenerator json, String name, Map<String, Distribution> all)
      throws IOException {
    json.writeObjectFieldStart(name);
    for (Map.Entry<String, Distribution> one : all.entrySet()) {
      Distribution d = one.getValue();
      json.writeObjectFieldStart(one.getKey());
      json.writeFieldName("shape");
      json.writeArray(d.shape().lengths(), 0, d.shape().rank());
      json.writeNumberField("least", d.least());
      json.writeNumberField("most", d.most());
      json.writeNumberField("mean", d.mean());
      json.writeNumberField("deviation", d.deviation());
      if (d.broken() > 0) {
        json.writeNumberField("broken", d.broken());
      }
      json.writeFieldName("counts");
      json.writeArray(d.counts(), 0, d.counts().length);
      json.writeEndObject();
    }
    json.writeEndObject();
  }

  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }

  private interface Fields {
    void writeTo(JsonGenerator json) throws IOException;
  }

  private static String line(Fields fields) {
    StringWriter line = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(line)) {
      json.writeStartObject();
      fields.writeTo(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory refused characters", e);
    }
    return line.append('\n').toString();
  }

  private void flush() {
    if (!gathered.isEmpty()) {
      append(folder.steps(), gathered.toString());
      gathered.setLength(0);
    }
    written = System.nanoTime();
  }

  private static void append(Path file, String text) {
    try {
      Files.writeString(
          file, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw FileException.of("run folder", file, "cannot be written", e);
    }
  }
}
