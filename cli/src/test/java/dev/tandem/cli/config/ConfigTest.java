package dev.tandem.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.data.Normalization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConfigTest {
  private static final String ALL =
      """
      name: everything
      seed: 7
      backend: cpu
      data:
        source: {kind: idx, images: a.gz, labels: sub/b.gz, classes: [cat, dog]}
        validation: 0.25
        test: 0
        normalization: min_max
        augmentation: [shift: 3, flip, rotation: {degrees: 5}]
      model:
        layers:
          - conv: {channels: 4, padding: 1}
          - batch_norm
          - residual: [conv: {channels: 4, padding: 1, bias: false}, relu]
          - residual: {layers: [residual: [relu]]}
          - max_pool: 2
          - flatten
          - linear: 2
        init: {kind: normal, deviation: 0.1}
      loss: {kind: cross_entropy, smoothing: 0.1}
      optimizer: {kind: nesterov, lr: 1e-2}
      schedule: {kind: cosine, warmup: 0.5}
      clip: {kind: norm, limit: 1}
      training:
        mode: full-batch
        epochs: 3
        stop: {target_loss: 0.01, patience: 2, gradient_norm: 1e-12}
      run: {folder: results}
      """;

  @TempDir Path folder;

  private LoadedConfig read(String yaml, String... assignments) throws IOException {
    return LoadedConfig.read(
        Files.writeString(folder.resolve("x.yaml"), yaml),
        Stream.of(assignments).map(Assignment::of).toList());
  }

  @Test
  void everyValueArrives() throws IOException {
    Config config = read(ALL).config();
    assertEquals(Optional.of("everything"), config.name());
    assertEquals(7, config.seed());
    assertEquals(
        new DataConfig.Idx(
            folder.resolve("a.gz"),
            folder.resolve("sub/b.gz"),
            Optional.empty(),
            Optional.empty(),
            List.of("cat", "dog")),
        config.data().source());
    assertEquals(Normalization.Method.MIN_MAX, config.data().normalization());
    assertEquals(
        List.of(new DataConfig.Shift(3), new DataConfig.Flip(0.5), new DataConfig.Rotation(5)),
        config.data().augmentation());
    assertEquals(new ModelConfig.Conv(4, 3, 1, 1, 1, 1, true), config.model().layers().get(0));
    assertEquals(
        new ModelConfig.Residual(
            List.of(new ModelConfig.Conv(4, 3, 1, 1, 1, 1, false), new ModelConfig.Relu())),
        config.model().layers().get(2));
    assertEquals(new ModelConfig.MaxPool(2, Optional.empty(), 0), config.model().layers().get(4));
    assertEquals(new ModelConfig.Normal(0, 0.1), config.model().init());
    assertEquals(Optional.of(new LossConfig.CrossEntropy(0.1)), config.loss());
    assertEquals(new OptimizerConfig.Nesterov(0.01, 0.9, 0), config.optimizer());
    assertEquals(new ScheduleConfig.Cosine(0, 0.5), config.schedule());
    assertEquals(new ClipConfig.Norm(1), config.clip());
    assertEquals(TrainingConfig.Mode.FULL_BATCH, config.training().mode());
    assertEquals(
        new TrainingConfig.StopConfig(Optional.of(0.01), 2, 0, Optional.of(1e-12)),
        config.training().stop());
    assertEquals("results", config.run().folder());
  }

  @Test
  void whatIsNotWrittenHasItsDefault() throws IOException {
    Config config =
        read("data: {source: digits}\nmodel: {layers: [flatten, linear: 10]}\n").config();
    assertEquals(Optional.of("x"), config.name(), "the file's name");
    assertEquals(Optional.of("auto"), config.backend());
    assertEquals(new OptimizerConfig.Adam(0.001, 0.9, 0.999, 1e-8, 0), config.optimizer());
    assertEquals(new ScheduleConfig.Constant(0), config.schedule());
    assertEquals(Optional.empty(), config.loss());
    assertEquals(32, config.training().batch());
    assertEquals(TrainingConfig.Mode.MINI_BATCH, config.training().mode());
  }

  @Test
  void theResolvedConfigReadsBackAsTheSame() throws IOException {
    LoadedConfig first = read(ALL);
    LoadedConfig second = read(first.yaml());
    assertEquals(first.config(), second.config());
    assertEquals(first.yaml(), second.yaml());
    assertTrue(first.yaml().contains("    - conv: {channels: 4, kernel: 3,"), first.yaml());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("examples")
  void examplesAreValidAndResolve(Path example) throws IOException {
    boolean anyText = example.endsWith("gpt-char.yaml");
    LoadedConfig loaded =
        LoadedConfig.read(
            example,
            List.of(),
            anyText ? Optional.of(Path.of("a.txt").toAbsolutePath()) : Optional.empty());
    assertEquals(loaded.config(), read(loaded.yaml()).config());
  }

  static Stream<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("..", "examples").toAbsolutePath().normalize())) {
      return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
    }
  }

  @Test
  void textIsKeptAsWritten() throws IOException {
    String yaml =
        """
        name: "12"
        data:
          source: {kind: csv, file: "a b: c.csv", target: "true", ignore: ["null", "#x", ""], delimiter: "\\t"}
        model: {layers: [linear: 2]}
        """;
    LoadedConfig first = read(yaml);
    assertEquals(Optional.of("12"), first.config().name());
    DataConfig.Csv csv = (DataConfig.Csv) first.config().data().source();
    assertEquals(List.of("true"), csv.target());
    assertEquals(List.of("null", "#x", ""), csv.ignore());
    assertEquals("\t", csv.delimiter());
    assertEquals(first.config(), read(first.yaml()).config());
  }

  @Test
  void overridesReachEveryKindOfKey() throws IOException {
    Config config =
        read(
                ALL,
                "optimizer.lr=0.5",
                "model.layers.6.units=3",
                "model.layers.4.kernel=4",
                "model.layers.2.layers.0.conv={channels: 9}",
                "model.layers.1.momentum=0.2",
                "data.augmentation=[]",
                "training.stop.patience=9",
                "schedule=constant",
                "schedule.warmup=2",
                "clip=none",
                "loss.smoothing=0",
                "model.layers.5=relu",
                "seed=8",
                "seed=9")
            .config();
    assertEquals(0.5, config.optimizer().lr());
    assertEquals(new ModelConfig.Linear(3, true), config.model().layers().get(6));
    assertEquals(new ModelConfig.MaxPool(4, Optional.empty(), 0), config.model().layers().get(4));
    assertEquals(
        new ModelConfig.Conv(9, 3, 1, 0, 1, 1, true),
        ((ModelConfig.Residual) config.model().layers().get(2)).layers().getFirst());
    assertEquals(new ModelConfig.BatchNorm(0.2, 1e-5), config.model().layers().get(1));
    assertEquals(new ModelConfig.Relu(), config.model().layers().get(5));
    assertEquals(List.of(), config.data().augmentation());
    assertEquals(9, config.training().stop().patience());
    assertEquals(new ScheduleConfig.Constant(2), config.schedule());
    assertEquals(new ClipConfig.None(), config.clip());
    assertEquals(Optional.of(new LossConfig.CrossEntropy(0)), config.loss());
    assertEquals(9, config.seed(), "the last one wins");
  }

  @Test
  void overridesOfDefaultsSpellThemOut() throws IOException {
    String yaml = "data: {source: digits}\nmodel: {layers: [flatten, linear: 10]}\n";
    assertEquals(
        new OptimizerConfig.Adam(0.1, 0.9, 0.999, 1e-8, 0),
        read(yaml, "optimizer.lr=0.1").config().optimizer());
    assertEquals(
        new OptimizerConfig.Sgd(0.1, 0),
        read(yaml, "optimizer.kind=sgd", "optimizer.lr=0.1").config().optimizer());
    assertEquals(4, read(yaml, "training.batch=4").config().training().batch());
  }

  @Test
  void pathsOfOptionsAreRelativeToWhereTheyAreTyped() throws IOException {
    Config config = read(ALL, "data.source.images=other.gz").config();
    assertEquals(Path.of("other.gz"), ((DataConfig.Idx) config.data().source()).images());
  }

  @Test
  void placesAreTheLinesOfTheFile() throws IOException {
    LoadedConfig loaded = read(ALL, "model.layers.6.units=3");
    Path file = folder.resolve("x.yaml");
    assertEquals(file + ":14", loaded.place("model.layers.2.layers.0").toString());
    assertEquals(file + ":25", loaded.place("training.mode").toString());
    assertEquals("--set model.layers.6.units=3", loaded.place("model.layers.6.units").toString());
  }

  @Test
  void aliasesStandForTheirAnchor() throws IOException {
    Config config =
        read("""
        data: {source: digits}
        model:
          layers:
            - &wide {linear: 16}
            - relu
            - *wide
        """)
            .config();
    assertEquals(config.model().layers().get(0), config.model().layers().get(2));
  }

  @Test
  void theReferenceTellsOfEveryKey() {
    List<String> lines = ConfigReference.text().lines().toList();
    assertTrue(
        lines.contains("      lr                  learning rate; default 0.001; at least 0"),
        "adam's rate");
    assertTrue(
        lines.contains("    - conv                convolution of pictures (C, H, W)"), "a layer");
    assertTrue(lines.stream().noneMatch(line -> line.length() > 160), "lines are short");
  }
}
