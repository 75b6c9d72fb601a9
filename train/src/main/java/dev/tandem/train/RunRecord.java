package dev.tandem.train;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.tandem.backend.Backend;
import dev.tandem.backend.Flag;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a run needs to be repeated, and how it ended: run.json of its folder.
 *
 * @param device the backend's own description
 * @param versions of Tandem, Java and the operating system; the machine's processors, the heap's limit, and switches that were set
 * @param ended absent while the run goes on, or where it was killed
 */
public record RunRecord(
    long seed,
    String backend,
    String device,
    Map<String, String> versions,
    Instant started,
    Optional<End> ended) {

  /** How and when a run ended. */
  public record End(Instant at, Outcome.Reason reason, int epochs, String message) {}

  /** Copies what it is given: later changes do not reach it. */
  public RunRecord {
    versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
  }

  /** A run that starts now. */
  public static RunRecord starting(long seed, Backend backend) {
    Map<String, String> versions = new LinkedHashMap<>();
    versions.put(
        "tandem",
        Optional.ofNullable(RunRecord.class.getPackage().getImplementationVersion())
            .orElse("unpacked"));
    versions.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
    versions.put(
        "os",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + " "
            + System.getProperty("os.arch"));
    versions.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    versions.put("heap", Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB");
    for (Flag flag : Flag.values()) {
      flag.value().ifPresent(value -> versions.put("TANDEM_" + flag.name(), value));
    }
    return new RunRecord(
        seed, backend.name(), backend.description(), versions, now(), Optional.empty());
  }

  /** The same run, ended now. */
  public RunRecord ended(Outcome outcome) {
    // A clock that was put back meanwhile must not let the run end before it began.
    Instant at = now().isBefore(started) ? started : now();
    End end = new End(at, outcome.reason(), outcome.history().epochs().size(), outcome.message());
    return new RunRecord(seed, backend, device, versions, started, Optional.of(end));
  }

  private static Instant now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS);
  }

  String json() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      json.writeStartObject();
      json.writeNumberField("seed", seed);
      json.writeStringField("backend", backend);
      json.writeStringField("device", device);
      json.writeObjectFieldStart("versions");
      for (Map.Entry<String, String> version : versions.entrySet()) {
        json.writeStringField(version.getKey(), version.getValue());
      }
      json.writeEndObject();
      json.writeStringField("started", started.toString());
      if (ended.isPresent()) {
        json.writeStringField("ended", ended.get().at().toString());
        json.writeStringField("reason", ended.get().reason().name());
        json.writeNumberField("epochs", ended.get().epochs());
        json.writeStringField("message", ended.get().message());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory refused characters", e);
    }
    return text.append("\n").toString();
  }
}
