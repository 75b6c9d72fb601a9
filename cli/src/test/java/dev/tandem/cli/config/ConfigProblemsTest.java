package dev.tandem.cli.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigProblemsTest {
  private static final String GOOD =
      """
      data:
        source: digits
      model:
        layers:
          - flatten
          - linear: 10
      optimizer:
        kind: adam
        lr: 0.01
      """;

  @TempDir Path folder;

  /** What is said of a config, with the file called x.yaml. */
  private String refused(String yaml, String... assignments) throws IOException {
    Path file = Files.writeString(folder.resolve("x.yaml"), yaml);
    ConfigException refused =
        assertThrows(
            ConfigException.class,
            () -> LoadedConfig.read(file, Stream.of(assignments).map(Assignment::of).toList()));
    return refused.getMessage().replace(file.toString(), "x.yaml");
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          lr: fast             | x.yaml:9: optimizer.lr: not a number, got 'fast'; give e.g. 0.001
          lr: "0.1"            | x.yaml:9: optimizer.lr: not a number, got the text '0.1'; remove the quotes
          lr:                  | x.yaml:9: optimizer.lr: nothing written; give a number, e.g. 0.001
          lr: -1               | x.yaml:9: optimizer.lr: must be at least 0, got -1; give e.g. 0.001
          lr: .nan             | x.yaml:9: optimizer.lr: not a number, got '.nan'; give e.g. 0.001
          lr: 1e999            | x.yaml:9: optimizer.lr: too large a number, got 1e999; give e.g. 0.001
          lr: [1, 2]           | x.yaml:9: optimizer.lr: not a number, got a list; give e.g. 0.001
          lr: {a: 1}           | x.yaml:9: optimizer.lr: not a number, got keys; give e.g. 0.001
          beta1: 1             | x.yaml:9: optimizer.beta1: must be less than 1, got 1; give e.g. 0.9
          learning_rate: 0.1   | x.yaml:9: optimizer.learning_rate: unknown key of adam; did you mean 'lr'?
          wieght_decay: 0.1    | x.yaml:9: optimizer.wieght_decay: unknown key of adam; did you mean 'weight_decay'?
          """)
  void namesFileLineKeyAndRemedy(String line, String expected) throws IOException {
    assertEquals(expected, refused(GOOD.replace("lr: 0.01", line)));
  }

  @Test
  void listsTheKeysWhereNoneIsNear() throws IOException {
    assertEquals(
        "x.yaml:10: colour: unknown key; valid keys: name, seed, backend, precision, cuda, data, model, loss, optimizer, schedule, clip,"
            + " training, run",
        refused(GOOD + "colour: red\n"));
  }

  @ParameterizedTest(name = "{0} -> {1}")
  @CsvSource({
    "epochs: 5, training.epochs",
    "Batch_Size: 5, training.batch",
    "learning_rate: 0.1, optimizer.lr",
    "normalize: standardize, data.normalization",
    "patience: 5, training.stop.patience"
  })
  void aKeyThatBelongsFurtherDownIsNamedThere(String line, String path) throws IOException {
    String key = line.substring(0, line.indexOf(':'));
    assertEquals(
        "x.yaml:10: " + key + ": unknown key; did you mean '" + path + "'?",
        refused(GOOD + line + "\n"));
    assertEquals(
        "--set epochs=5: epochs: unknown key; did you mean 'training.epochs'?",
        refused(GOOD, "epochs=5"));
  }

  @Test
  void wholeNumbersAreWholeAndFit() throws IOException {
    assertEquals(
        "x.yaml:10: seed: not a whole number, got 1.5; give e.g. 1", refused(GOOD + "seed: 1.5\n"));
    assertEquals(
        "x.yaml:10: training.batch: too large a number, got 99999999999; give e.g. 32",
        refused(GOOD + "training: {batch: 99999999999}\n"));
    assertEquals(
        "x.yaml:10: training.batch: must be at least 1, got 0; give e.g. 32",
        refused(GOOD + "training: {batch: 0}\n"));
  }

  @Test
  void wordsAreOfTheirList() throws IOException {
    assertEquals(
        "x.yaml:10: training.mode: no such value, got 'minibatch'; did you mean 'mini-batch'?",
        refused(GOOD + "training: {mode: minibatch}\n"));
    assertEquals(
        "x.yaml:10: training.mode: no such value, got 'all'; valid values: online, mini-batch, full-batch",
        refused(GOOD + "training: {mode: all}\n"));
    assertEquals(
        "x.yaml:8: optimizer: no such optimizer, got 'adma'; did you mean 'adam'?",
        refused(GOOD.replace("adam", "adma")));
    assertEquals(
        "x.yaml:10: loss: no such loss, got 'mse'; did you mean 'squared_error'?",
        refused(GOOD + "loss: mse\n"));
    assertEquals(
        "x.yaml:5: model.layers.0: no such layer, got 'flaten'; did you mean 'flatten'?",
        refused(GOOD.replace("flatten", "flaten")));
    assertEquals(
        "x.yaml:2: data.source.download: neither true nor false, got 'yes'; give one of them",
        refused(GOOD.replace("digits", "{kind: fashion-mnist, download: yes}")));
  }

  @Test
  void requiredKeysAreNamedWithTheirMeaning() throws IOException {
    assertEquals("x.yaml:1: model: missing: the network", refused("data: {source: digits}\n"));
    assertEquals(
        "x.yaml:6: model.layers.1.units: missing: how many it puts out; give e.g. 10",
        refused(GOOD.replace("linear: 10", "linear:")));
    assertEquals(
        "x.yaml:8: optimizer: missing key 'kind'; valid kinds: sgd, momentum, nesterov, adagrad, rms_prop, adam,"
            + " adamw, lion",
        refused(GOOD.replace("  kind: adam\n", "")));
  }

  @Test
  void aLayerIsOneLayer() throws IOException {
    assertEquals(
        "x.yaml:6: model.layers.1: not one layer, got the keys linear, bias; write '- linear: 10' or"
            + " '- conv: {channels: 16}'",
        refused(GOOD.replace("linear: 10", "{linear: 10, bias: false}")));
    assertEquals(
        "x.yaml:4: model: no layers, got an empty list; give e.g. [flatten, linear: 10]",
        refused("data: {source: digits}\nmodel:\n  # none\n  layers: []\n"));
  }

  @Test
  void allProblemsAreReportedInTheOrderOfTheFile() throws IOException {
    String yaml =
        GOOD.replace("digits", "digitz").replace("0.01", "fast") + "seed: -1\nbackends: cpu\n";
    assertEquals(
        """
        x.yaml:2: data.source: no such data source, got 'digitz'; did you mean 'digits'?
        x.yaml:9: optimizer.lr: not a number, got 'fast'; give e.g. 0.001
        x.yaml:10: seed: must be at least 0, got -1; give e.g. 1
        x.yaml:11: backends: unknown key; did you mean 'backend'?\
        """,
        refused(yaml));
  }

  @Test
  void aKeyWrittenTwiceIsRefusedWithBothPlaces() throws IOException {
    assertEquals(
        "x.yaml:10: optimizer.lr: written twice, first at x.yaml:9; remove one",
        refused(GOOD + "  lr: 0.1\n"));
  }

  @Test
  void whatIsNotYamlIsSaidWithItsLine() throws IOException {
    assertEquals(
        "x.yaml:2: not YAML: while parsing a flow sequence: expected ',' or ']', but got <stream end>",
        refused("data: [1, 2\n"));
    assertTrue(
        refused("data:\n\tsource: digits\n").startsWith("x.yaml:2: not YAML: "),
        "a tab as indentation");
    assertEquals(
        "x.yaml:1: not a config, got nothing in it; see 'tandem help config' for its keys",
        refused(""));
    assertEquals(
        "x.yaml:1: not a config, got a list; see 'tandem help config' for its keys",
        refused("- 1\n"));
    assertEquals(
        "x.yaml:3: a second document begins here; a file holds one config, remove what follows '---'",
        refused("data: 1\nmodel: 2\n---\nname: x\n"));
    assertEquals(
        "x.yaml:1: tags are not used in configs, got 'tag:yaml.org,2002:str'; remove it",
        refused("name: !!str x\n"));
  }

  @Test
  void aFileThatCannotBeReadIsNamed() throws IOException {
    Path missing = folder.resolve("none.yaml");
    assertEquals(
        missing + ": no such file; check the path",
        assertThrows(ConfigException.class, () -> LoadedConfig.read(missing, List.of()))
            .getMessage());
    assertEquals(
        folder + ": a folder where a config should be; name the .yaml file in it",
        assertThrows(ConfigException.class, () -> LoadedConfig.read(folder, List.of()))
            .getMessage());
    Path latin = Files.write(folder.resolve("latin.yaml"), new byte[] {'a', ':', ' ', (byte) 0xE4});
    assertEquals(
        latin + ": the text is not UTF-8; convert it",
        assertThrows(ConfigException.class, () -> LoadedConfig.read(latin, List.of()))
            .getMessage());
  }

  @Test
  void aSmallTextCannotStandForTooMuch() throws IOException {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 12; i++) {
      bomb.append(
          "a%d: &a%d [*a%d, *a%d, *a%d, *a%d]\n".formatted(i, i, i - 1, i - 1, i - 1, i - 1));
    }
    assertEquals(
        "x.yaml:7: more than 20000 values once aliases are followed; no config needs that",
        refused(bomb.toString()));
    assertEquals(
        "x.yaml:1: no such anchor before this alias, got '*a'; write the value out",
        refused("a: &a [*a]\n"));
    assertEquals(
        "x.yaml:1: nested more than 40 levels deep; no config needs that",
        refused("a: " + "[".repeat(100_000) + "\n"));
  }

  @Test
  void overridesAreCheckedLikeTheFile() throws IOException {
    assertEquals(
        "--set optimizer.lr=fast: optimizer.lr: not a number, got 'fast'; give e.g. 0.001",
        refused(GOOD, "optimizer.lr=fast"));
    assertEquals(
        "--set optimizer.momentun=0.9: optimizer.momentun: unknown key; did you mean 'momentum'?",
        refused(GOOD, "optimizer=momentum", "optimizer.momentun=0.9"));
    assertEquals(
        "--set optimiser.lr=1: optimiser: unknown key; did you mean 'optimizer'?",
        refused(GOOD, "optimiser.lr=1"));
    assertEquals(
        "--set model.layers.2.units=3: model.layers.2: no such entry; its entries are 0 to 1",
        refused(GOOD, "model.layers.2.units=3"));
    assertEquals(
        "--set model.layers.first=relu: model.layers.first: no such entry; its entries are 0 to 1",
        refused(GOOD, "model.layers.first=relu"));
    assertEquals(
        "--set seed.a=1: seed.a: unknown key; 'seed' is a value, not keys",
        refused(GOOD, "seed.a=1"));
    assertEquals(
        "--set seed: not an assignment; write --set optimizer.lr=0.01", refused(GOOD, "seed"));
    assertEquals(
        "--set seed=: seed: nothing written; give a whole number, e.g. 1", refused(GOOD, "seed="));
    assertTrue(refused(GOOD, "seed=[1").startsWith("--set seed=[1: not YAML: "));
  }

  @Test
  void whateverIsWrittenIsReadOrRefused() throws IOException {
    Path file = folder.resolve("x.yaml");
    String alphabet = "ab:,-[]{}#&*!|>'\"%@`?~ \n\t0.9e\u00e9\u0000\ufeff";
    Random random = new Random(1);
    int refused = 0;
    for (int round = 0; round < 3000; round++) {
      StringBuilder text = new StringBuilder(GOOD);
      for (int change = random.nextInt(4); change >= 0; change--) {
        int at = random.nextInt(text.length());
        char c = alphabet.charAt(random.nextInt(alphabet.length()));
        switch (random.nextInt(4)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, c);
          case 2 -> text.setCharAt(at, c);
          default -> text.insert(at, GOOD, 0, random.nextInt(GOOD.length()));
        }
      }
      Files.writeString(file, text);
      try {
        LoadedConfig.read(file, List.of());
      } catch (ConfigException e) {
        refused++;
        for (String line : e.getMessage().split("\n")) {
          assertTrue(line.startsWith(file + ":"), () -> line + "\nof\n" + text);
        }
      } catch (RuntimeException e) {
        throw new AssertionError("neither read nor refused:\n" + text, e);
      }
    }
    assertTrue(refused > 1000, "most changes break something");
  }
}
