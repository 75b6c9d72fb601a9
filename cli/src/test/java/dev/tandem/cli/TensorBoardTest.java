package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.train.EpochReport;
import dev.tandem.train.History;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * Event files as the documents of TensorFlow say they are read, and by TensorBoard itself where a Python has it: TANDEM_TENSORBOARD
 * names that Python, otherwise python3 is asked.
 */
class TensorBoardTest extends CommandTest {
  /** A field of a message: its number, and its value as a varint, fixed bits, or bytes. */
  private record Field(int number, long bits, byte[] bytes) {
    double real() {
      return Double.longBitsToDouble(bits);
    }

    float single() {
      return Float.intBitsToFloat((int) bits);
    }

    String text() {
      return new String(bytes, StandardCharsets.UTF_8);
    }

    List<Field> fields() {
      return TensorBoardTest.fields(bytes);
    }
  }

  /** Reads fields by protobuf.dev's guide to the encoding. */
  private static List<Field> fields(byte[] message) {
    ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    List<Field> fields = new ArrayList<>();
    while (in.hasRemaining()) {
      long tag = varint(in);
      int number = (int) (tag >>> 3);
      switch ((int) tag & 7) {
        case 0 -> fields.add(new Field(number, varint(in), new byte[0]));
        case 1 -> fields.add(new Field(number, in.getLong(), new byte[0]));
        case 5 -> fields.add(new Field(number, in.getInt(), new byte[0]));
        case 2 -> {
          byte[] bytes = new byte[(int) varint(in)];
          in.get(bytes);
          fields.add(new Field(number, 0, bytes));
        }
        default -> throw new AssertionError("no such wire type: " + tag);
      }
    }
    return fields;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  private static Field only(List<Field> fields, int number) {
    List<Field> found = fields.stream().filter(field -> field.number == number).toList();
    assertEquals(1, found.size(), "fields " + number);
    return found.getFirst();
  }

  /** The events of a file whose frames are sound. */
  private static List<List<Field>> events(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<List<Field>> events = new ArrayList<>();
    while (in.hasRemaining()) {
      byte[] data = new byte[(int) in.getLong()];
      in.getInt();
      in.get(data);
      in.getInt();
      events.add(fields(data));
    }
    return events;
  }

  private static Path eventFile(Path run) throws IOException {
    List<Path> files = eventFiles(run);
    assertEquals(1, files.size());
    return files.getFirst();
  }

  private static List<Path> eventFiles(Path run) throws IOException {
    try (Stream<Path> files = Files.list(run)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("events.out.tfevents."))
          .sorted()
          .toList();
    }
  }

  /** By tag and step. */
  private static Map<String, Map<Long, Float>> scalars(Path file) throws IOException {
    Map<String, Map<Long, Float>> scalars = new TreeMap<>();
    for (List<Field> event : events(file)) {
      for (Field summary : event.stream().filter(field -> field.number == 5).toList()) {
        long step = only(event, 2).bits;
        for (Field value : summary.fields()) {
          List<Field> parts = value.fields();
          parts.stream()
              .filter(part -> part.number == 2)
              .forEach(part ->
                  scalars
                      .computeIfAbsent(only(parts, 1).text(), _ -> new TreeMap<>())
                      .put(step, part.single()));
        }
      }
    }
    return scalars;
  }

  @Test
  void withoutTheFlagThereIsNoEventFile() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    assertEquals(List.of(), eventFiles(runs().resolve("digits-1")));
  }

  @Test
  void scalarsHistogramsAndTheConfigAreThere() throws IOException {
    train(file("digits.yaml", DIGITS), "--tensorboard").expect(0);
    Path run = runs().resolve("digits-1");
    List<List<Field>> events = events(eventFile(run));
    assertEquals("brain.Event:2", only(events.getFirst(), 3).text());
    Map<String, Map<Long, Float>> scalars = scalars(eventFile(run));
    for (EpochReport epoch : History.read(run.resolve("metrics.jsonl")).epochs()) {
      long step = epoch.steps();
      assertEquals((float) epoch.trainLoss(), scalars.get("loss/training").get(step));
      assertEquals(
          (float) epoch.validation().orElseThrow().loss(),
          scalars.get("loss/validation").get(step));
      assertEquals((float) epoch.gradientNorm(), scalars.get("training/gradient_norm").get(step));
    }
    assertEquals(40, scalars.get("step/loss").size(), "two epochs of twenty steps");
    // Of 64 x 16 weights, after the last epoch.
    Field histogram = null;
    String config = "";
    for (List<Field> event : events) {
      for (Field summary : event.stream().filter(field -> field.number == 5).toList()) {
        for (Field value : summary.fields()) {
          List<Field> parts = value.fields();
          if (only(parts, 1).text().equals("weights/1.weight")) {
            histogram = only(parts, 5);
          }
          if (only(parts, 1).text().equals("config/text_summary")) {
            config = only(only(parts, 8).fields(), 8).text();
            assertEquals(
                "text", only(only(only(parts, 9).fields(), 1).fields(), 1).text(), "plugin");
          }
        }
      }
    }
    List<Field> bins = histogram.fields();
    assertEquals(1024, only(bins, 3).real());
    ByteBuffer counts = ByteBuffer.wrap(only(bins, 7).bytes).order(ByteOrder.LITTLE_ENDIAN);
    double all = 0;
    while (counts.hasRemaining()) {
      all += counts.getDouble();
    }
    assertEquals(1024, all);
    assertEquals(only(bins, 6).bytes.length, only(bins, 7).bytes.length, "a limit a bucket");
    assertTrue(only(bins, 1).real() < 0 && only(bins, 2).real() > 0);
    assertTrue(config.contains("    seed: 1\n"), config);
  }

  @Test
  void aRunThatGoesOnSaysFromWhereOn() throws IOException {
    Path config = file("digits.yaml", DIGITS);
    train(config, "--tensorboard").expect(0);
    Path run = runs().resolve("digits-1");
    // The config of the run remembers the flag.
    run("train", "--resume", run, "--set", "training.epochs=3").expect(0);
    List<Path> files = eventFiles(run);
    assertEquals(2, files.size());
    List<Field> begin = events(files.getLast()).get(1);
    assertEquals(41, only(begin, 2).bits);
    assertEquals(1, only(only(begin, 7).fields(), 1).bits, "SessionLog.START");
    assertFalse(scalars(files.getLast()).get("loss/training").containsKey(40L));
  }

  /** Prints every scalar as TensorBoard's own reader gives it: tag, step, value; and how many values a histogram has. */
  private static final String READER =
      """
      import sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'histograms': 0, 'tensors': 0})
      events.Reload()
      tags = events.Tags()
      for tag in tags['scalars']:
          for e in events.Scalars(tag):
              print('scalar', tag, e.step, repr(e.value))
      for tag in tags['histograms']:
          for e in events.Histograms(tag):
              h = e.histogram_value
              print('histogram', tag, e.step, h.num, sum(h.bucket), len(h.bucket_limit) == len(h.bucket))
      for tag in tags['tensors']:
          e = events.Tensors(tag)[0]
          print('text', tag, e.step, 'seed: 1' in e.tensor_proto.string_val[0].decode())
      """;

  private static String python() throws IOException, InterruptedException {
    String named = System.getenv().getOrDefault("TANDEM_TENSORBOARD", "python3");
    try {
      Process trial =
          new ProcessBuilder(named, "-c", "import tensorboard")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return trial.waitFor() == 0 ? named : "";
    } catch (IOException _) {
      return "";
    }
  }

  @Test
  void tensorBoardReadsTheSame() throws IOException, InterruptedException {
    String python = python();
    if (python.isEmpty()) {
      System.out.println(
          "tensorboard: its own reader read 0 files (no Python with tensorboard; TANDEM_TENSORBOARD names one)");
      Assumptions.abort("no Python with tensorboard");
    }
    train(file("digits.yaml", DIGITS), "--tensorboard").expect(0);
    Path run = runs().resolve("digits-1");
    run("train", "--resume", run, "--set", "training.epochs=3").expect(0);
    Process reader =
        new ProcessBuilder(python, "-c", READER, run.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    List<String> lines;
    try (var output = reader.inputReader()) {
      lines = output.lines().toList();
    }
    assertTrue(reader.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, reader.exitValue());
    Map<String, Float> read = new TreeMap<>();
    lines.stream()
        .map(line -> line.split(" "))
        .filter(words -> words[0].equals("scalar"))
        .forEach(words -> read.put(words[1] + " " + words[2], Float.parseFloat(words[3])));
    Map<String, Float> expected = new TreeMap<>();
    for (Path file : eventFiles(run)) {
      scalars(file)
          .forEach((tag, steps) ->
              steps.forEach((step, value) -> expected.put(tag + " " + step, value)));
    }
    assertEquals(expected, read);
    assertTrue(lines.contains("histogram weights/1.weight 20 1024.0 1024.0 True"), lines::toString);
    assertTrue(lines.contains("text config/text_summary 0 True"), lines::toString);
    System.out.println("tensorboard: its own reader read 2 files, " + read.size() + " scalars");
  }
}
