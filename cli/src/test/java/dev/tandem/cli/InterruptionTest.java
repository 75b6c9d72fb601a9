package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.train.History;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Signals need a process of their own. */
@DisabledOnOs(OS.WINDOWS)
class InterruptionTest extends CommandTest {
  /** Surefire's own name comes first: it may start the JVM with a jar that only lists the class path. */
  private static final String CLASS_PATH =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  /**
   * A shell starts what it puts in the background with SIGINT ignored, and a JVM leaves it so: with tests run like that, the
   * process would never hear of it. GNU's env can undo that; elsewhere the tests belong in the foreground.
   */
  private static final List<String> HEARING = hearing();

  private static List<String> hearing() {
    List<String> words = List.of("env", "--default-signal=INT");
    try {
      Process trial =
          new ProcessBuilder(Stream.concat(words.stream(), Stream.of("true")).toList()).start();
      return trial.waitFor() == 0 ? words : List.of();
    } catch (IOException | InterruptedException _) {
      return List.of();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM"})
  void aSignalLeavesARunThatGoesOn(String signal) throws IOException, InterruptedException {
    Path config = file("digits.yaml", DIGITS.replace("epochs: 2", "epochs: 100000"));
    Process process =
        start(Main.class, "train", config.toString(), "--set", "run.folder=" + runs());
    List<String> lines = new ArrayList<>();
    try (BufferedReader output = process.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        lines.add(line);
        if (line.startsWith("epoch      2/")) {
          send(signal, process);
        }
      }
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the process ends");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(Interruption.EXIT, process.exitValue(), () -> String.join("\n", lines));
    Path run = runs().resolve("digits-1");
    assertTrue(
        lines.getLast().endsWith("go on with: tandem train --resume " + run),
        () -> String.join("\n", lines));
    int epochs = History.read(run.resolve("metrics.jsonl")).epochs().size();
    assertTrue(epochs >= 2 && Files.readString(run.resolve("run.json")).contains("INTERRUPTED"));
    assertTrue(
        Files.readString(run.resolve("report.html"))
            .contains("class=\"state interrupted\">interrupted<"));
    run("eval", run).expect(0);
    Result resumed =
        run("train", "--resume", run, "--set", "training.epochs=" + (epochs + 1)).expect(0);
    assertTrue(resumed.out().contains("epoch " + (epochs + 1) + "/" + (epochs + 1)), resumed.out());
  }

  /** Trains, as it were, a step without end. */
  static final class EndlessStep {
    public static void main(String[] arguments) throws InterruptedException {
      try (Interruption _ = Interruption.stops(() -> {}, Terminal.standard())) {
        System.out.println("begun");
        new CountDownLatch(1).await();
      }
    }
  }

  @Test
  void aSecondSignalEndsAStepThatDoesNot() throws IOException, InterruptedException {
    Process process = start(EndlessStep.class);
    try (BufferedReader output = process.inputReader()) {
      await("begun", output);
      send("INT", process);
      await("interrupted: finishing", output);
      assertFalse(process.waitFor(300, TimeUnit.MILLISECONDS), "one signal waits for the step");
      send("INT", process);
      assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the process ends");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(Interruption.EXIT, process.exitValue());
  }

  private static Process start(Class<?> main, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(HEARING);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            CLASS_PATH,
            main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static void send(String signal, Process process)
      throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
  }

  private static void await(String beginning, BufferedReader output) throws IOException {
    String line = output.readLine();
    while (line != null && !line.startsWith(beginning)) {
      line = output.readLine();
    }
    assertNotNull(line, "'" + beginning + "' was said");
  }
}
