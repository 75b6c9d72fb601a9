package dev.tandem.cli.report;

import dev.tandem.io.FileException;
import dev.tandem.shape.Shape;
import dev.tandem.train.Distribution;
import dev.tandem.train.History;
import dev.tandem.train.RunFolder;
import dev.tandem.train.RunSampler.Distributions;
import dev.tandem.train.RunSampler.Point;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What the files of a run folder tell, while the run goes on as after it: files that are not there yet count as empty, and the last line
 * of one that is being written as not there.
 *
 * @param name the run's, for people
 * @param config config.yaml; empty where there is none
 * @param record run.json; empty where there is none
 * @param touched when training last wrote a file
 */
public record RunFiles(
    String name,
    String config,
    Json record,
    History history,
    List<Point> points,
    List<Distributions> distributions,
    Optional<Examined> examined,
    Instant touched) {

  /** What has become of the run. */
  public enum State {
    RUNNING,
    FINISHED,
    INTERRUPTED,
    DIVERGED,
    /** No end was written, and nothing else for a while: it was killed, or its machine stopped. */
    LOST
  }

  /** How long a run may be silent, beside three times its longest epoch. */
  private static final Duration SILENCE = Duration.ofMinutes(2);

  /** Moments outside these years are damage, and some have no date. */
  private static final Instant LATEST = Instant.parse("9999-12-31T00:00:00Z");

  /** @throws FileException where the folder holds no run, or a file of it is damaged */
  public static RunFiles read(RunFolder folder) {
    return read(folder, folder.path().toAbsolutePath().normalize().getFileName().toString());
  }

  /** @param name what pages call it */
  public static RunFiles read(RunFolder folder, String name) {
    requireRun(folder);
    return new RunFiles(
        name,
        text(folder.config()),
        json(folder.record()),
        history(folder),
        points(folder.steps()),
        distributions(folder.distributions()),
        examined(folder.evaluation()),
        folder.lastSign());
  }

  /** What a list of runs needs: the rest is left out. */
  public static RunFiles brief(RunFolder folder, String name) {
    requireRun(folder);
    return new RunFiles(
        name,
        "",
        json(folder.record()),
        history(folder),
        List.of(),
        List.of(),
        Optional.empty(),
        folder.lastSign());
  }

  private static History history(RunFolder folder) {
    return History.parse(folder.metrics(), finished(text(folder.metrics())));
  }

  private static void requireRun(RunFolder folder) {
    if (!Files.exists(folder.record()) && !Files.exists(folder.metrics())) {
      throw new FileException(
          "report: no run is in the folder, got "
              + folder.path()
              + " without run.json and metrics.jsonl; give the folder that training printed");
    }
  }

  State state() {
    return switch (record.text("reason")) {
      case "" -> silent() ? State.LOST : State.RUNNING;
      case "INTERRUPTED" -> State.INTERRUPTED;
      case "DIVERGED" -> State.DIVERGED;
      default -> State.FINISHED;
    };
  }

  private boolean silent() {
    double longest =
        history.epochs().stream().mapToDouble(e -> e.timing().seconds()).max().orElse(0);
    Duration patience = SILENCE.plusMillis((long) Math.min(3e9, 3000 * longest));
    return touched.plus(patience).isBefore(Instant.now());
  }

  /** A time that the run ran without a break. @param ended now, or the last sign of life, where no end was written */
  record Leg(Instant started, Instant ended, String device) {
    /** Of clocks that were put back, 0. */
    double seconds() {
      Duration took = Duration.between(started, ended);
      return Math.max(0, took.toSeconds() + took.toNanosPart() / 1e9);
    }
  }

  /** One, and one more for each time that the run was resumed, as far as they are known. */
  List<Leg> legs() {
    Instant until = state() == State.RUNNING ? Instant.now() : touched;
    List<Json> told = record.objects("legs");
    List<Leg> legs = new ArrayList<>();
    for (Json leg : told.isEmpty() ? List.of(record) : told) {
      instant(leg, "started")
          .ifPresent(begin ->
              legs.add(new Leg(begin, instant(leg, "ended").orElse(until), leg.text("device"))));
    }
    return legs;
  }

  /** When the run began, where that is known. */
  Optional<Instant> started() {
    return instant(record, "started");
  }

  /** Seconds of all its legs together, the breaks between them left out. */
  Optional<Double> seconds() {
    return legs().stream().map(Leg::seconds).reduce(Double::sum);
  }

  private static Optional<Instant> instant(Json of, String name) {
    try {
      return of.has(name)
          ? Optional.of(Instant.parse(of.text(name)))
              .filter(at -> at.isAfter(Instant.EPOCH) && at.isBefore(LATEST))
          : Optional.empty();
    } catch (DateTimeParseException _) {
      return Optional.empty();
    }
  }

  /** Changes when a file of the folder does. */
  public static String version(RunFolder folder) {
    StringBuilder version = new StringBuilder();
    files(folder)
        .forEach(file -> {
          try {
            version
                .append(Files.getLastModifiedTime(file).toMillis())
                .append('-')
                .append(Files.size(file));
          } catch (IOException _) {
            // Not there yet.
          }
          version.append('.');
        });
    return Integer.toHexString(version.toString().hashCode());
  }

  private static Stream<Path> files(RunFolder folder) {
    return Stream.of(
        folder.config(),
        folder.record(),
        folder.metrics(),
        folder.steps(),
        folder.distributions(),
        folder.evaluation());
  }

  /** The contents, with U+FFFD for what is no UTF-8; nothing of a file that is not there. */
  private static String text(Path file) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
          .toString();
    } catch (NoSuchFileException _) {
      return "";
    } catch (IOException e) {
      throw FileException.of("report", file, "cannot be read", e);
    }
  }

  /** Without the line that is being written. */
  private static String finished(String text) {
    return text.substring(0, text.lastIndexOf('\n') + 1);
  }

  private static Json json(Path file) {
    String text = text(file);
    return text.isBlank() ? new Json(Map.of()) : undamaged(file, () -> Json.parse(text));
  }

  private static List<Point> points(Path file) {
    List<Point> points = new ArrayList<>();
    for (Json line : lines(file)) {
      points.add(
          new Point(
              (long) line.number("step"),
              line.number("epoch"),
              line.number("loss"),
              line.number("learning_rate")));
    }
    return points;
  }

  private static List<Distributions> distributions(Path file) {
    List<Distributions> all = new ArrayList<>();
    for (Json line : lines(file)) {
      all.add(
          undamaged(
              file,
              () ->
                  new Distributions(
                      (int) line.number("epoch"),
                      (long) line.number("step"),
                      distributions(line.object("weights")),
                      distributions(line.object("gradients")))));
    }
    return all;
  }

  private static Map<String, Distribution> distributions(Json all) {
    Map<String, Distribution> read = new TreeMap<>();
    for (String name : all.fields().keySet()) {
      Json one = all.object(name);
      read.put(
          name,
          new Distribution(
              Shape.of(Arrays.stream(one.numbers("shape")).mapToInt(n -> (int) n).toArray()),
              one.number("least"),
              one.number("most"),
              one.number("mean"),
              one.number("deviation"),
              one.has("broken") ? (long) one.number("broken") : 0,
              Arrays.stream(one.numbers("counts")).mapToLong(n -> (long) n).toArray()));
    }
    return read;
  }

  private static List<Json> lines(Path file) {
    List<Json> lines = new ArrayList<>();
    for (String line : finished(text(file)).lines().filter(line -> !line.isBlank()).toList()) {
      lines.add(undamaged(file, () -> Json.parse(line)));
    }
    return lines;
  }

  private static Optional<Examined> examined(Path file) {
    String text = text(file);
    return text.isBlank()
        ? Optional.empty()
        : Optional.of(undamaged(file, () -> Examined.read(text)));
  }

  private interface Reading<T> {
    T read() throws IOException;
  }

  /** What is read of a file, or, where it is not what was written, a sentence: of a shape for example whose lengths are negative. */
  private static <T> T undamaged(Path file, Reading<T> reading) {
    try {
      return reading.read();
    } catch (IOException | IllegalArgumentException | ArithmeticException e) {
      throw new FileException(
          "report: "
              + file
              + " is damaged, got "
              + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
              + "; remove the file, or the line",
          e);
    }
  }
}
