package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** Runs the command in this process, and keeps what it says. */
abstract class CommandTest {
  /** Digits by one small layer: an epoch takes a blink. */
  static final String DIGITS =
      """
      backend: cpu
      data:
        source: digits
        test: 0.2
        validation: 0.1
      model:
        layers:
          - flatten
          - linear: 16
          - relu
          - linear: 10
      optimizer:
        kind: adam
        lr: 0.01
      training:
        batch: 64
        epochs: 2
      """;

  @TempDir Path folder;

  /** What a command came to. */
  record Result(int code, String out, String err) {
    Result expect(int expected) {
      assertTrue(
          code == expected, () -> "exit code " + code + ", not " + expected + "\n" + out + err);
      return this;
    }

    /** The only line of the error output: no stack trace, no second sentence. */
    String sentence() {
      assertTrue(
          err.strip().lines().count() == 1 && !err.contains("\tat "),
          () -> "not one sentence:\n" + err);
      return err.strip();
    }

    String lastLine() {
      return out.strip().lines().toList().getLast();
    }
  }

  Result run(Object... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    int code = Main.run(terminal, words);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Trains the config, its runs going to this test's folder. */
  Result train(Path config, Object... more) {
    List<Object> words = new ArrayList<>(List.of("train", config, "--set", "run.folder=" + runs()));
    words.addAll(List.of(more));
    return run(words.toArray());
  }

  Path runs() {
    return folder.resolve("runs");
  }

  Path file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }
}
