package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.data.BatchLoader;
import dev.tandem.io.FileException;
import dev.tandem.io.SafeTensors;
import dev.tandem.io.SafeTensorsFile;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.nn.LossFunction;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run leaves in its folder: the same for the same seed, and usable however the run ended. */
class RunRecorderTest {
  @TempDir Path folder;

  /** Without what a clock says. */
  private static List<String> lines(RunFolder run) throws IOException {
    return Files.readAllLines(run.metrics()).stream()
        .map(line -> line.replaceAll(",\"seconds\":[^,]*,\"samples_per_second\":[^}]*", ""))
        .toList();
  }

  private RunFolder record(Backend backend, String name, Stopping stopping) {
    RunFolder run = RunFolder.create(folder, name);
    try (Lesson lesson = Lesson.clouds(backend, stopping)) {
      lesson.trainer.listen(new RunRecorder(lesson.trainer, run, Map.of("mean", "0.5"), 1));
      lesson.trainer.run();
    }
    return run;
  }

  @Test
  void aClockPutBackLetsNoRunEndBeforeItBegan() {
    Instant ahead = Instant.now().plusSeconds(86_400);
    RunRecord.Leg leg = new RunRecord.Leg(ahead, Optional.empty(), "cpu", "some", Map.of());
    RunRecord begun = new RunRecord(1, List.of(leg), Optional.empty());
    Outcome outcome =
        new Outcome(
            Outcome.Reason.INTERRUPTED, new History(List.of()), Optional.empty(), Optional.empty());
    assertEquals(ahead, begun.ended(outcome).last().ended().orElseThrow());
  }

  @OnRealMachines
  void aRunThatIsResumedKeepsItsBeginning(Backend backend) throws IOException {
    RunFolder run = RunFolder.create(folder, "resumed");
    assertEquals(Optional.empty(), run.readRecord());
    Instant longAgo = Instant.parse("2026-01-02T03:04:05Z");
    Instant killed = longAgo.plusSeconds(60);
    RunRecord.Leg first =
        new RunRecord.Leg(longAgo, Optional.empty(), "cuda", "some \"GPU\"", Map.of("java", "25"));
    RunRecord begun = new RunRecord(Long.MAX_VALUE, List.of(first), Optional.empty());
    run.writeRecord(begun);
    assertEquals(begun, run.readRecord().orElseThrow());
    Outcome outcome =
        new Outcome(
            Outcome.Reason.INTERRUPTED, new History(List.of()), Optional.empty(), Optional.empty());
    RunRecord twice = begun.resumed(killed, 7, backend).ended(outcome);
    run.writeRecord(twice);
    assertEquals(twice, run.readRecord().orElseThrow());
    assertEquals(longAgo, twice.started());
    assertEquals(killed, twice.legs().getFirst().ended().orElseThrow(), "the last sign of life");
    assertEquals(backend.name(), twice.last().backend());
    // An end that was written is not moved.
    RunRecord thrice = twice.resumed(Instant.now().plusSeconds(99), 7, backend);
    assertEquals(twice.last(), thrice.legs().get(1));
    assertEquals(3, thrice.legs().size());
    assertEquals(Optional.empty(), thrice.end());
    for (String damaged :
        List.of(
            "",
            "[]",
            "{}",
            "{\"seed\":1}",
            "{\"seed\":1,\"started\":\"yesterday\"}",
            "{\"seed\":1,\"started\":[]}",
            "{\"seed\":\"x\",\"started\":\"2026-01-02T03:04:05Z\"}",
            "{\"seed\":1,\"started\":\"2026-01-02T03:04:05Z\",\"reason\":\"WHIM\"}",
            "{\"seed\":1,\"started\":\"2026-01-02T03:04:05Z\",\"legs\":[{}]}")) {
      Files.writeString(run.record(), damaged);
      FileException refused = assertThrows(FileException.class, run::readRecord, damaged);
      assertTrue(
          refused.getMessage().startsWith("run folder: " + run.record() + " is damaged, got "),
          refused.getMessage());
    }
  }

  @OnRealMachines
  void oneSeedGivesOneRun(Backend backend) throws IOException {
    RunFolder first = record(backend, "a", Stopping.afterEpochs(4));
    RunFolder second = record(backend, "b", Stopping.afterEpochs(4));
    assertEquals(4, lines(first).size());
    assertEquals(lines(first), lines(second));
    assertArrayEquals(Files.readAllBytes(first.model()), Files.readAllBytes(second.model()));
    assertTrue(Files.size(first.checkpoint()) > Files.size(first.model()));
  }

  /** More threads than this machine has cores, one, and some in between: the same bits. */
  @Test
  void theNumberOfThreadsDoesNotMatter() throws IOException {
    List<byte[]> models = new ArrayList<>();
    List<List<String>> metrics = new ArrayList<>();
    String before = System.getProperty("tandem.threads");
    try {
      for (String threads : List.of("1", "2", "5")) {
        System.setProperty("tandem.threads", threads);
        try (Backend backend = Backends.open("cpu", _ -> {})) {
          assertTrue(backend.description().contains(threads + " thread"), backend.description());
          RunFolder run = record(backend, "threads", Stopping.afterEpochs(3));
          models.add(Files.readAllBytes(run.model()));
          metrics.add(lines(run));
        }
      }
    } finally {
      if (before == null) {
        System.clearProperty("tandem.threads");
      } else {
        System.setProperty("tandem.threads", before);
      }
    }
    for (int i = 1; i < models.size(); i++) {
      assertEquals(metrics.getFirst(), metrics.get(i));
      assertArrayEquals(models.getFirst(), models.get(i));
    }
  }

  @OnRealMachines
  void theModelOfEarlyStoppingIsTheBest(Backend backend) {
    RunFolder run = RunFolder.create(folder, "best");
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(9).withPatience(1, 0.1))) {
      lesson.trainer.listen(new RunRecorder(lesson.trainer, run, Map.of(), 2));
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.NO_IMPROVEMENT, outcome.reason());
      Map<String, List<Double>> restored = lesson.weights();
      SafeTensors.load(run.model(), Learner.weights(lesson.model));
      assertEquals(restored, lesson.weights());
      assertEquals(Lesson.untimed(outcome.history()), Lesson.untimed(History.read(run.metrics())));
    }
  }

  @OnRealMachines
  void anInterruptedRunLeavesAFolderToGoOnFrom(Backend backend) throws IOException {
    RunFolder whole = record(backend, "whole", Stopping.afterEpochs(3));
    for (int steps : new int[] {2, 10}) {
      RunFolder run = RunFolder.create(folder, "broken");
      try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(3))) {
        lesson
            .trainer
            .listen(new RunRecorder(lesson.trainer, run, Map.of("mean", "0.5"), 1))
            .listen(new CheckpointTest.StopAfter(lesson.trainer, steps));
        assertEquals(Outcome.Reason.INTERRUPTED, lesson.trainer.run().reason());
      }
      assertEquals(steps / 6, lines(run).size());
      try (SafeTensorsFile model = SafeTensors.open(run.model())) {
        assertEquals(Set.of("mean", "crc32c"), model.metadata().keySet());
        assertEquals("0.5", model.metadata().get("mean"));
      }
      // What a killed process may leave: metrics of an epoch that the checkpoint does not know,
      // half a line of the next.
      Files.writeString(run.metrics(), Files.readString(run.metrics()) + "{\"epoch\":9,\"tra");
      try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(3))) {
        lesson.trainer.resume(run.checkpoint());
        lesson.trainer.listen(new RunRecorder(lesson.trainer, run, Map.of("mean", "0.5"), 1));
        lesson.trainer.run();
      }
      assertEquals(lines(whole), lines(run));
      assertArrayEquals(Files.readAllBytes(whole.model()), Files.readAllBytes(run.model()));
      assertEquals(
          Set.of("metrics.jsonl", "model.safetensors", "checkpoint.safetensors"), files(run));
    }
  }

  @OnRealMachines
  void aRunThatDivergesKeepsTheModelOfItsLastGoodEpoch(Backend backend) throws IOException {
    RunFolder run = RunFolder.create(folder, "diverged");
    try (Lesson lesson =
        Lesson.of(
            Lesson.straight(backend),
            new LossFunction.SquaredError(),
            optimizer -> Descent.constant(optimizer, 0.1),
            Feed.of(BatchLoader.of(Lesson.line(32), 8)),
            Stopping.afterEpochs(9))) {
      lesson.trainer.listen(new RunRecorder(lesson.trainer, run, Map.of(), 1));
      List<byte[]> models = new ArrayList<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void epoch(EpochReport report) {
              if (report.epoch() == 2) {
                Machines.set(lesson.model.parameters().get("0.bias"), Double.NaN);
              }
            }
          });
      Outcome outcome = lesson.trainer.run();
      assertEquals(Outcome.Reason.DIVERGED, outcome.reason());
      assertEquals(2, lines(run).size());
      models.add(Files.readAllBytes(run.model()));
      SafeTensors.load(run.model(), Learner.weights(lesson.model));
      assertTrue(
          lesson.weights().values().stream().flatMap(List::stream).allMatch(Double::isFinite));
      RunRecord record = RunRecord.starting(7, backend).ended(outcome);
      run.writeRecord(record);
      String json = Files.readString(run.record());
      assertTrue(
          json.contains("\"seed\" : 7")
              && json.contains("\"reason\" : \"DIVERGED\"")
              && json.contains(backend.name())
              && json.contains("\"java\""),
          json);
    }
  }

  @OnRealMachines
  void aFolderThatGoesAwayEndsTheRunWithASentence(Backend backend) throws IOException {
    RunFolder run = RunFolder.create(folder, "gone");
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(5))) {
      lesson.trainer.listen(new RunRecorder(lesson.trainer, run, Map.of(), 1));
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void epoch(EpochReport report) {
              try {
                for (String file : files(run)) {
                  Files.delete(run.path().resolve(file));
                }
                Files.delete(run.path());
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            }
          });
      FileException refused = assertThrows(FileException.class, lesson.trainer::run);
      assertEquals(
          "metrics: "
              + run.metrics()
              + " cannot be written, got no such file or folder; check the path",
          refused.getMessage());
    }
  }

  @Test
  void foldersAreNumbered() {
    RunFolder first = RunFolder.create(folder.resolve("runs"), "digits");
    RunFolder second = RunFolder.create(folder.resolve("runs"), "digits");
    assertNotEquals(first, second);
    assertEquals(
        "digits-1 digits-2", first.path().getFileName() + " " + second.path().getFileName());
    assertEquals(second, RunFolder.open(second.path()));
    first.writeConfig("seed: 1\n");
    assertTrue(Files.exists(first.config()));
  }

  @Test
  void foldersThatCannotBeAreRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    for (Path parent : List.of(file, file.resolve("below"))) {
      FileException refused =
          assertThrows(FileException.class, () -> RunFolder.create(parent, "digits"));
      assertTrue(
          refused.getMessage().matches("run folder: .*file.* cannot be made, got .+; .+"),
          refused.getMessage());
    }
    FileException name = assertThrows(FileException.class, () -> RunFolder.create(folder, "../up"));
    assertEquals(
        "run folder: the name cannot be a folder's, got '../up'; use letters, digits, ., _ and -",
        name.getMessage());
    FileException missing = assertThrows(FileException.class, () -> RunFolder.open(file));
    assertTrue(
        missing.getMessage().startsWith("run folder: no such folder, got "), missing.getMessage());
    assertFalse(Files.exists(folder.resolve("up-1")));
  }

  private static Set<String> files(RunFolder run) throws IOException {
    try (Stream<Path> files = Files.list(run.path())) {
      return new TreeSet<>(files.map(file -> file.getFileName().toString()).toList());
    }
  }
}
