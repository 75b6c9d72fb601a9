package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.io.FileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever happens to a run's process or files, there is a checkpoint to go on from, or a sentence that says why not. */
final class KilledRunTest {
  private static final int KILLS = 4;

  @TempDir Path folder;

  /** The process that is killed: trains with a checkpoint after each step, from the last one on. */
  public static final class Victim {
    private Victim() {}

    public static void main(String[] arguments) {
      RunFolder run = RunFolder.open(Path.of(arguments[0]));
      try (Backend backend = Backends.open("cpu", _ -> {});
          Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(100_000))) {
        if (Files.exists(run.checkpoint())) {
          lesson.trainer.resume(run.checkpoint());
        }
        lesson.trainer.listen(
            new RunRecorder(lesson.trainer, run, Map.of(), new Saving(1, OptionalInt.of(1), 3)));
        System.out.println("step " + lesson.trainer.steps());
        lesson.trainer.run();
      }
    }
  }

  @Test
  void aKillAtAnyMomentLeavesACheckpointToGoOnFrom() throws IOException, InterruptedException {
    Random random = new Random(1);
    long before = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "--add-modules",
                  "jdk.incubator.vector",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Victim.class.getName(),
                  folder.toString())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("out.txt").toFile())
              .start();
      try {
        waitForSteps(process, before);
        Thread.sleep(random.nextInt(200));
      } finally {
        process.destroyForcibly();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
      }
      long steps = resumed(folder.resolve("checkpoint.safetensors"));
      assertTrue(steps > before, "killed at step " + steps + ", before that at " + before);
      before = steps;
    }
    List<Path> kept;
    try (Stream<Path> files = Files.list(folder)) {
      kept = files.filter(file -> file.getFileName().toString().startsWith("checkpoint-")).toList();
    }
    // One more where the kill came between keeping a new one and forgetting an old one.
    assertTrue(kept.size() == 3 || kept.size() == 4, kept.toString());
    try (Stream<Path> files = Files.list(folder)) {
      long left = files.filter(file -> file.getFileName().toString().endsWith(".tmp")).count();
      assertTrue(left <= 1, () -> left + " leftovers: the next run takes away those of the last");
    }
    for (Path checkpoint : kept) {
      assertTrue(resumed(checkpoint) > 0);
    }
  }

  /** Until the process has written a checkpoint that is newer than the last kill's. */
  private void waitForSteps(Process process, long before) throws IOException, InterruptedException {
    Path checkpoint = folder.resolve("checkpoint.safetensors");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
    while (!Files.exists(checkpoint) || resumed(checkpoint) <= before) {
      assertTrue(
          process.isAlive() && System.nanoTime() < deadline,
          () -> "the process did not get anywhere:\n" + text(folder.resolve("out.txt")));
      Thread.sleep(20);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** The steps that a checkpoint knows of. */
  private static long resumed(Path checkpoint) {
    try (Backend backend = Backends.open("cpu", _ -> {});
        Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(100_000))) {
      lesson.trainer.resume(checkpoint);
      return lesson.trainer.steps();
    }
  }

  @Test
  void aDamagedCheckpointIsRefusedInASentence() throws IOException {
    Path sound = folder.resolve("sound.safetensors");
    Path damaged = folder.resolve("damaged.safetensors");
    Random random = new Random(2);
    try (Backend backend = Backends.open("cpu", _ -> {});
        Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(1))) {
      lesson.trainer.save(sound);
      byte[] bytes = Files.readAllBytes(sound);
      int header = 8 + (bytes[0] & 0xff | (bytes[1] & 0xff) << 8 | (bytes[2] & 0xff) << 16);
      for (int i = 0; i < 64 + 2000; i++) {
        // Every bit of the header's length, then of the header, and of the numbers.
        long at =
            i < 64
                ? i
                : i % 2 == 0 ? random.nextLong(8L * header) : random.nextLong(8L * bytes.length);
        bytes[(int) (at / 8)] ^= (byte) (1 << (at % 8));
        assertRefused(lesson.trainer, damaged, bytes, "bit " + at);
        bytes[(int) (at / 8)] ^= (byte) (1 << (at % 8));
      }
      for (int i = 0; i < 100; i++) {
        int length = i < 20 ? i : random.nextInt(bytes.length);
        assertRefused(lesson.trainer, damaged, Arrays.copyOf(bytes, length), "cut to " + length);
      }
      assertRefused(
          lesson.trainer, damaged, Arrays.copyOf(bytes, bytes.length + 8), "8 bytes too many");
      lesson.trainer.resume(sound);
    }
  }

  private static void assertRefused(Trainer trainer, Path file, byte[] bytes, String how)
      throws IOException {
    Files.write(file, bytes);
    String sentence =
        assertThrows(FileException.class, () -> trainer.resume(file), how).getMessage();
    assertEquals(1, sentence.lines().count(), how + ": " + sentence);
    assertTrue(sentence.contains(file.getFileName().toString()), how + ": " + sentence);
    assertFalse(sentence.contains("Exception"), how + ": " + sentence);
  }
}
