package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.train.History;
import dev.tandem.train.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class TrainCommandTest extends CommandTest {

  @Test
  void tellsOfDataLayersEpochsAndTheTest() throws IOException {
    Result result = train(file("digits.yaml", DIGITS)).expect(0);
    List<String> lines = result.out().lines().toList();
    assertEquals(
        "digits: 1,258 training, 180 validation, 359 test samples of F32 (1, 8, 8), 10 classes",
        lines.get(0));
    assertTrue(lines.contains("  Linear(64 -> 16)  (16)         1,040"), result.out());
    assertTrue(lines.stream().anyMatch(line -> line.startsWith("backend: cpu")), result.out());
    assertTrue(
        lines.stream()
            .anyMatch(line ->
                line.matches(
                    "epoch 2/2  train loss \\d\\.\\d{4} accuracy \\d+\\.\\d %  validation loss \\d\\.\\d{4} accuracy \\d+\\.\\d %"
                        + "  lr 0\\.0100  \\d+\\.\\d s  [\\d,]+ samples/s, \\d MiB")),
        result.out());
    assertTrue(
        result
            .lastLine()
            .matches(
                "test accuracy \\d+\\.\\d % \\(\\d+ of 359\\), [\\d,]+ samples/s, run .*digits-1"),
        result.lastLine());
  }

  @Test
  void leavesARunFolderThatCanBeTrainedAgainToTheSameBits() throws IOException {
    Path config = file("digits.yaml", DIGITS);
    train(config, "--seed", 5).expect(0);
    Path first = runs().resolve("digits-1");
    for (String name :
        List.of(
            "config.yaml",
            "run.json",
            "metrics.jsonl",
            "model.safetensors",
            "checkpoint.safetensors")) {
      assertTrue(Files.size(first.resolve(name)) > 0, name);
    }
    assertEquals(2, History.read(first.resolve("metrics.jsonl")).epochs().size());
    train(first.resolve("config.yaml")).expect(0);
    Path second = runs().resolve("digits-2");
    assertArrayEquals(
        Files.readAllBytes(first.resolve("model.safetensors")),
        Files.readAllBytes(second.resolve("model.safetensors")));
    assertEquals(losses(first), losses(second));
    train(config, "--seed", 6).expect(0);
    assertFalse(
        losses(first).equals(losses(runs().resolve("digits-3"))), "another seed, another run");
  }

  private static List<Double> losses(Path run) {
    return History.read(run.resolve("metrics.jsonl")).epochs().stream()
        .map(epoch -> epoch.trainLoss())
        .toList();
  }

  @Test
  void resumesToWhatAnUnbrokenRunWouldHaveBeen() throws IOException {
    Path config = file("digits.yaml", DIGITS);
    train(config, "--set", "training.epochs=4").expect(0);
    train(config).expect(0);
    Path broken = runs().resolve("digits-2");
    Result resumed = run("train", "--resume", broken, "--set", "training.epochs=4").expect(0);
    assertFalse(resumed.out().contains("epoch 2/4"), "epochs that are done are not done again");
    assertTrue(resumed.out().contains("epoch 4/4"), resumed.out());
    assertEquals(losses(runs().resolve("digits-1")), losses(broken));
    assertArrayEquals(
        Files.readAllBytes(runs().resolve("digits-1").resolve("model.safetensors")),
        Files.readAllBytes(broken.resolve("model.safetensors")));
  }

  @Test
  void aFinishedRunIsLeftAsItIs() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    Path run = runs().resolve("digits-1");
    String config = Files.readString(run.resolve("config.yaml"));
    assertEquals(
        "run "
            + run
            + " has trained for all its epochs, 2; to go on, give more: --set training.epochs=4; to measure its model anew: tandem report "
            + run
            + " --evaluate",
        run("train", "--resume", run, "--set", "training.epochs=1").expect(0).lastLine());
    assertEquals(config, Files.readString(run.resolve("config.yaml")));
  }

  @Test
  void aRunKilledWhileItsModelWasMeasuredIsFinished() throws IOException {
    String lastLine = train(file("digits.yaml", DIGITS)).expect(0).lastLine();
    Path run = runs().resolve("digits-1");
    byte[] model = Files.readAllBytes(run.resolve("model.safetensors"));
    String measured = Files.readString(run.resolve("evaluation.json"));
    String metrics = Files.readString(run.resolve("metrics.jsonl"));
    // Killed before its end was written; after that, before the evaluation was; and between that
    // and the report.
    for (int moment = 0; moment < 3; moment++) {
      Files.delete(run.resolve("report.html"));
      if (moment < 2) {
        Files.delete(run.resolve("evaluation.json"));
      }
      if (moment == 0) {
        Files.writeString(
            run.resolve("run.json"),
            Files.readString(run.resolve("run.json")).replaceAll("(?s),\\s*\"ended\".*", "\n}\n"));
      }
      Result resumed = run("train", "--resume", run).expect(0);
      assertEquals(
          lastLine.replaceAll(" samples/s.*", ""),
          resumed.lastLine().replaceAll(" samples/s.*", ""),
          resumed.out());
      assertArrayEquals(model, Files.readAllBytes(run.resolve("model.safetensors")));
      assertEquals(measured, Files.readString(run.resolve("evaluation.json")));
      assertEquals(metrics, Files.readString(run.resolve("metrics.jsonl")));
      assertTrue(Files.readString(run.resolve("report.html")).contains("Confusion matrix"));
      assertTrue(Files.readString(run.resolve("run.json")).contains("MAX_EPOCHS"));
    }
    assertTrue(run("train", "--resume", run).expect(0).lastLine().contains("all its epochs"));
  }

  @Test
  void twoTrainingsCannotWriteOneRun() throws IOException {
    train(file("digits.yaml", DIGITS)).expect(0);
    Path run = runs().resolve("digits-1");
    try (var _ = RunFolder.open(run).lock()) {
      assertEquals(
          "run folder: another training writes there, got " + run + "; wait for it, or stop it",
          run("train", "--resume", run, "--set", "training.epochs=4").expect(2).sentence());
    }
    run("train", "--resume", run, "--set", "training.epochs=3").expect(0);
  }

  @Test
  void tellsOfLargeTargetsAndOfAFileEditedInPlace() throws IOException {
    Path table =
        file("houses.csv", "rooms,price\n1,100000\n2,210000\n3,290000\n4,405000\n5,500000\n");
    Path config =
        file(
            "houses.yaml",
            """
            backend: cpu
            data: {source: {kind: csv, file: houses.csv, target: price, task: numbers}}
            model: {layers: [linear: 1]}
            training: {batch: 2, epochs: 1}
            """);
    String large = "data.source.target: large numbers, 'price' has mean ";
    assertTrue(train(config).expect(0).err().contains(large));
    assertFalse(
        train(config, "--set", "data.source.target_normalization=standardize")
            .expect(0)
            .err()
            .contains(large));

    Path run = runs().resolve("houses-1");
    assertFalse(
        run("train", "--resume", run, "--set", "training.epochs=2")
            .expect(0)
            .err()
            .contains("changed"));
    // The same in another place is no change.
    Path moved =
        Files.copy(table, Files.createDirectory(folder.resolve("moved")).resolve("prices.csv"));
    assertEquals(
        "",
        run(
                "train",
                "--resume",
                run,
                "--set",
                "training.epochs=3",
                "--set",
                "data.source.file=" + moved)
            .expect(0)
            .err()
            .lines()
            .filter(line -> line.contains("changed"))
            .collect(Collectors.joining()));
    Files.writeString(moved, Files.readString(table).replace("210000", "220000"));
    assertTrue(
        run("train", "--resume", run, "--set", "training.epochs=4")
            .expect(0)
            .err()
            .contains("data: changed since the run began, got " + moved));
  }

  @Test
  void stopsEarlyWithTheBestWeights() throws IOException {
    // A rate that ruins what was learned: after the best epoch it only gets worse.
    Result result =
        train(
                file("digits.yaml", DIGITS),
                "--set",
                "training.epochs=60",
                "--set",
                "optimizer.lr=0.05",
                "--set",
                "training.stop.patience=2")
            .expect(0);
    assertTrue(
        result.out().contains("for the loss no longer improved; kept the weights of epoch"),
        result.out());
  }

  @Test
  void everyKindOfLayerLossAndScheduleTrains() throws IOException {
    Path config =
        file(
            "all.yaml",
            """
            backend: cpu
            data:
              source: digits
              normalization: standardize
              augmentation: [shift: 1, flip, crop: 1, rotation: 5]
            model:
              init: orthogonal
              layers:
                - conv: {channels: 4, padding: 1}
                - batch_norm
                - leaky_relu
                - residual: [conv: {channels: 4, padding: 1, groups: 2}, silu]
                - max_pool: {kernel: 3, stride: 1, padding: 1}
                - avg_pool: 2
                - gelu
                - conv: {channels: 8, kernel: 2}
                - global_avg_pool
                - layer_norm
                - linear: 12
                - softplus
                - rms_norm
                - tanh
                - dropout: 0.1
                - linear: {units: 10, bias: false}
            loss: {kind: cross_entropy, smoothing: 0.1}
            optimizer: lion
            schedule: {kind: cosine, warmup: 0.5}
            clip: {kind: norm, limit: 1}
            training: {batch: 256, epochs: 1, drop_last: true}
            """);
    train(config).expect(0);
    for (String schedule : List.of("one_cycle", "plateau", "{kind: step, every: 0.5}")) {
      train(config, "--set", "schedule=" + schedule, "--set", "model.layers=[flatten, linear: 10]")
          .expect(0);
    }
    for (String loss :
        List.of(
            "squared_error",
            "huber",
            "hinge",
            "binary_cross_entropy",
            "absolute_error",
            "kl_divergence")) {
      train(config, "--set", "loss=" + loss, "--set", "model.layers=[flatten, linear: 10]")
          .expect(0);
    }
  }

  @Test
  void learnsNumbersFromACsvFile() throws IOException {
    StringBuilder rows = new StringBuilder("a,b,y\n");
    for (int i = 0; i < 200; i++) {
      double a = i % 20 / 10.0;
      double b = i / 20 / 5.0;
      rows.append(a).append(',').append(b).append(',').append(100 + 30 * a - 20 * b).append('\n');
    }
    file("plane.csv", rows.toString());
    Path config =
        file(
            "plane.yaml",
            """
            backend: cpu
            data:
              source: {kind: csv, file: plane.csv, target: y, task: numbers, target_normalization: standardize}
              normalization: standardize
            model: {layers: [linear: 1]}
            optimizer: {kind: momentum, lr: 0.05}
            training: {batch: 16, epochs: 40}
            """);
    Result result = train(config).expect(0);
    // The plane is in reach of one linear layer: what is left is rounding, in the unit of y.
    assertTrue(
        result
            .lastLine()
            .matches(
                "test mean absolute error \\S*(e-\\d+|0\\.00\\d+), R2 1\\.0000 \\(40 samples\\).*"),
        result.lastLine());
    file("new.csv", "b,a\n0,1\n1,0\n");
    Result predicted =
        run("predict", runs().resolve("plane-1"), "--input", folder.resolve("new.csv")).expect(0);
    List<String> lines = predicted.out().lines().toList();
    assertEquals("sample,y", lines.get(0));
    assertEquals(130, Double.parseDouble(lines.get(1).substring(2)), 0.1);
    assertEquals(80, Double.parseDouble(lines.get(2).substring(2)), 0.1);
  }

  @Test
  void learnsTheNextCharacterOfAText() throws IOException {
    file("text.txt", "abcd ".repeat(400));
    Path config =
        file(
            "text.yaml",
            """
            backend: cpu
            data: {source: {kind: text, file: text.txt, length: 8}}
            model: {layers: [embedding: 8, linear: 5]}
            optimizer: {kind: adam, lr: 0.05}
            training: {batch: 8, epochs: 5}
            """);
    Result result = train(config).expect(0);
    assertTrue(
        result
            .lastLine()
            .matches("test loss [\\d.e-]+, perplexity 1\\.0\\d+, accuracy 100\\.0 % .*"),
        result.lastLine());
    String refused =
        run("predict", runs().resolve("text-1"), "--input", folder.resolve("text.txt"))
            .expect(2)
            .sentence();
    assertTrue(refused.startsWith("predict: the model takes tokens of a text"), refused);
  }
}
