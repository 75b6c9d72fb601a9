package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A full disk, a folder that may not be written, a signal at any moment: what was written before stays good, and a sentence says why. */
@EnabledOnOs(OS.LINUX)
class UnluckyTest extends CommandTest {
  private static final String CLASS_PATH =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  /** A checkpoint of some 240 KiB: the weights, and the two moments of each. */
  private static final String WIDE = DIGITS.replace("linear: 16", "linear: 256");

  /** What a shell's ulimit -f lets a file have: more than the JVM's own, less than the checkpoint. */
  private static final int MOST_KIB = 128;

  private static final int EPOCHS = 80;
  private static final int MOST_STARTS = 9;

  @Test
  void aFullDiskLeavesTheCheckpointBefore() throws IOException, InterruptedException {
    Path config = file("digits.yaml", WIDE);
    train(config).expect(0);
    Path run = runs().resolve("digits-1");
    byte[] checkpoint = Files.readAllBytes(run.resolve("checkpoint.safetensors"));
    assertTrue(checkpoint.length > MOST_KIB * 1024, "the limit would not be met");
    Result full =
        started(
            List.of("bash", "-c", "ulimit -f " + MOST_KIB + "; exec \"$0\" \"$@\""),
            "train",
            "--resume",
            run,
            "--set",
            "training.epochs=4");
    assertEquals(2, full.code(), full::err);
    assertTrue(
        full.sentence().startsWith("write: ") && full.err().contains("cannot be written, got "),
        full.err());
    assertArrayEquals(checkpoint, Files.readAllBytes(run.resolve("checkpoint.safetensors")));
    assertNoLeftovers(run);
    run("eval", run).expect(0);
    run("train", "--resume", run, "--set", "training.epochs=4").expect(0);
  }

  @Test
  void aFolderThatMayNotBeWrittenIsNamed() throws IOException, InterruptedException {
    Path config = file("digits.yaml", DIGITS);
    train(config).expect(0);
    Path run = runs().resolve("digits-1");
    byte[] checkpoint = Files.readAllBytes(run.resolve("checkpoint.safetensors"));
    List<String> plain = plainUser();
    var before = Files.getPosixFilePermissions(run);
    Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      Result denied = started(plain, "train", "--resume", run, "--set", "training.epochs=4");
      assertEquals(2, denied.code(), denied::err);
      assertTrue(denied.sentence().contains("permission denied"), denied.err());
    } finally {
      Files.setPosixFilePermissions(run, before);
    }
    assertArrayEquals(checkpoint, Files.readAllBytes(run.resolve("checkpoint.safetensors")));
    Path config2 = file("secret.yaml", DIGITS);
    Files.setPosixFilePermissions(config2, Set.of());
    Result unread = started(plain, "train", config2);
    assertEquals(2, unread.code(), unread::err);
    assertTrue(unread.sentence().contains("permission"), unread.err());
  }

  /** What a command begins with that obeys permissions: root may do anything, unless it gives that up. */
  private static List<String> plainUser() throws InterruptedException {
    List<String> plain =
        "root".equals(System.getProperty("user.name"))
            ? List.of(
                "setpriv",
                "--bounding-set=-dac_override,-dac_read_search",
                "--inh-caps=-dac_override,-dac_read_search")
            : List.of();
    assumeTrue(plain.isEmpty() || works(plain), "unlucky: root, and no setpriv to be less");
    return plain;
  }

  @Test
  void aFolderThatMayNotBeReadHidesNoOtherRun() throws IOException, InterruptedException {
    List<String> plain = plainUser();
    for (String name : List.of("digits-1", "secret/digits-2")) {
      file("runs/" + name + "/run.json", "{\"seed\":1}");
    }
    Path secret = runs().resolve("secret");
    var before = Files.getPosixFilePermissions(secret);
    Files.setPosixFilePermissions(secret, Set.of());
    Process process =
        new ProcessBuilder(command(plain, List.of("ui", runs(), "--port", "0")))
            .redirectErrorStream(true)
            .start();
    try (BufferedReader output = process.inputReader()) {
      Optional<MatchResult> address = Optional.empty();
      for (String line = output.readLine();
          line != null;
          line = address.isEmpty() ? output.readLine() : null) {
        address = Pattern.compile("http://\\S+").matcher(line).results().findFirst();
      }
      try (InputStream page = URI.create(address.orElseThrow().group()).toURL().openStream()) {
        String list = new String(page.readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(list.contains("<a href=\"/run/digits-1\">"), list);
        assertFalse(list.contains("digits-2"), list);
      }
    } finally {
      process.destroyForcibly();
      Files.setPosixFilePermissions(secret, before);
    }
  }

  private static boolean works(List<String> prefix) throws InterruptedException {
    try {
      List<String> words = new ArrayList<>(prefix);
      words.add("true");
      return new ProcessBuilder(words).start().waitFor() == 0;
    } catch (IOException _) {
      return false;
    }
  }

  /**
   * Each start is ended by SIGTERM at a moment of its own, from the JVM's first to the last evaluation, and goes on where the one
   * before it stopped. In the end the model is the one of a run that nothing disturbed, to the bit, and so is what it made of the test
   * samples.
   */
  @Test
  void aSignalAtAnyMomentLosesNothing() throws IOException, InterruptedException {
    String config =
        DIGITS.replace("epochs: 2", "epochs: " + EPOCHS).replace("batch: 64", "batch: 16");
    Path undisturbed = folder.resolve("undisturbed");
    Path file = file("digits.yaml", config);
    run("train", file, "--set", "run.folder=" + undisturbed).expect(0);
    Random random = new Random(3);
    TreeMap<Integer, Integer> codes = new TreeMap<>();
    int code = -1;
    for (int start = 0; code != 0; start++) {
      Optional<Path> run = resumable();
      List<Object> words =
          run.isPresent()
              ? List.of("train", "--resume", run.get())
              : List.of("train", file, "--set", "run.folder=" + runs());
      Path said = folder.resolve("said-" + start + ".txt");
      Process process =
          new ProcessBuilder(command(List.of(), words))
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
      try {
        if (start < MOST_STARTS) {
          // The first ones before the folder is there; then anywhere after its first lines.
          if (start >= 3) {
            waitForOutput(process, said);
          }
          process.waitFor(
              start < 3 ? 150L * (start + 1) : random.nextInt(600), TimeUnit.MILLISECONDS);
          process.destroy(); // SIGTERM
        }
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the process ends");
      } finally {
        process.destroyForcibly();
      }
      code = process.exitValue();
      codes.merge(code, 1, Integer::sum);
      String output = Files.readString(said);
      // 143 where no run had begun or all was written: the JVM's own end.
      assertTrue(Set.of(0, Interruption.EXIT, 143).contains(code), () -> codes + "\n" + output);
      assertFalse(output.contains("\tat ") || output.contains("unexpected"), output);
      if (code == Interruption.EXIT) {
        assertTrue(resumable().isPresent(), () -> "a run that says 130 can go on:\n" + output);
      }
    }
    Path run = resumable().orElseThrow();
    assertArrayEquals(
        Files.readAllBytes(undisturbed.resolve("digits-1").resolve("model.safetensors")),
        Files.readAllBytes(run.resolve("model.safetensors")),
        () -> "bits differ after " + codes);
    assertEquals(
        Files.readString(undisturbed.resolve("digits-1").resolve("evaluation.json")),
        Files.readString(run.resolve("evaluation.json")),
        () -> "measured after " + codes);
    assertTrue(Files.readString(run.resolve("run.json")).contains("MAX_EPOCHS"), "the end");
    assertTrue(Files.readString(run.resolve("report.html")).contains("finished"), "the report");
    assertTrue(codes.containsKey(Interruption.EXIT), () -> "no signal met a run: " + codes);
  }

  private static void waitForOutput(Process process, Path said)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (process.isAlive()
        && !Files.readString(said).contains("backend: ")
        && System.nanoTime() < deadline) {
      Thread.sleep(10);
    }
  }

  /** The run that has something to go on from. */
  private Optional<Path> resumable() throws IOException {
    if (!Files.exists(runs())) {
      return Optional.empty();
    }
    try (Stream<Path> found = Files.list(runs())) {
      return found
          .filter(run -> Files.exists(run.resolve("checkpoint.safetensors")))
          .max(Path::compareTo);
    }
  }

  private static void assertNoLeftovers(Path run) throws IOException {
    try (Stream<Path> files = Files.list(run)) {
      assertEquals(List.of(), files.filter(file -> file.toString().endsWith(".tmp")).toList());
    }
  }

  private static List<String> command(List<String> prefix, List<?> arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:-UsePerfData",
            "-Dtandem.warm.up=0",
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            CLASS_PATH,
            Main.class.getName()));
    arguments.forEach(argument -> command.add(argument.toString()));
    return command;
  }

  /** Runs the command in a process of its own. */
  private Result started(List<String> prefix, Object... arguments)
      throws IOException, InterruptedException {
    Path err = folder.resolve("err.txt");
    Process process =
        new ProcessBuilder(command(prefix, List.of(arguments))).redirectError(err.toFile()).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the process ends");
    return new Result(process.exitValue(), out, withoutJvm(Files.readString(err)));
  }

  /** What the command said, without the JVM's word on the incubator module. */
  private static String withoutJvm(String err) {
    return String.join(
        "\n", err.lines().filter(line -> !line.startsWith("WARNING: Using incubator")).toList());
  }
}
