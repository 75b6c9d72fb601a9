package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backends;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Mistakes end in one sentence and exit code 2, before a run folder is made. */
class RefusalTest extends CommandTest {
  private static final String CSV =
      """
      backend: cpu
      data:
        source: {kind: csv, file: data.csv, target: kind}
      model: {layers: [linear: 2]}
      training: {batch: 2, epochs: 1}
      """;

  private String refused(Path config, Object... more) {
    String sentence = train(config, more).expect(2).sentence();
    assertFalse(Files.exists(runs()), "nothing was begun");
    return sentence.replace(folder + "/", "");
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          optimizer.learning_rate=1 | --set optimizer.learning_rate=1: optimizer.learning_rate: unknown key; did you mean 'lr'?
          training.batch=5000 | --set training.batch=5000: training.batch: larger than the data, got 5000 for the 1258 training samples; choose at most 1258, or mode: full-batch
          model.layers.3.units=9 | digits.yaml:11: model.layers.3: the network puts out (9), but the data have 10 classes; let the last layer be 'linear: 10'
          model.layers.0=relu | digits.yaml:9: model.layers.1: linear takes features, got pictures (1, 8, 8); put '- flatten' or '- global_avg_pool' before it
          model.layers.1={conv: {channels: 4}} | --set model.layers.1={conv: {channels: 4}}: model.layers.1: conv takes pictures (C, H, W), got (64); put it before '- flatten', with data that are pictures
          model.layers.0={conv: {channels: 4, kernel: 9}} | --set model.layers.0={conv: {channels: 4, kernel: 9}}: model.layers.0: does not fit its input (1, 8, 8): conv2d: the window does not fit the image, got x (2, 1, 8, 8), kernel 9, padding 0, dilation 1 on axis 2; use a smaller kernel or more padding
          model.layers.2={embedding: 4} | --set model.layers.2={embedding: 4}: model.layers.2: embedding takes tokens of a text, got F32 (16); put it first, with data of kind text or tokens
          model.layers.1.units=2000000000 | digits.yaml:9: model.layers.1: too many weights for one tensor, for the input (64); make it smaller
          data.validation=0.9 | --set data.validation=0.9: data.validation: nothing is left to train on, got 0.9 for validation and 0.2 for the test; 0.1 and 0.2 are usual
          schedule.warmup=9 | --set schedule.warmup=9: schedule.warmup: longer than the training, got 9.0 of 2 epochs; choose less
          cuda.memory=much | --set cuda.memory=much: cuda.memory: not a size, got 'much'; write e.g. 8GiB
          cuda.tf32=perhaps | --set cuda.tf32=perhaps: cuda.tf32: neither true nor false, got 'perhaps'; give one of them
          backend=cpu:x | backend: not a device number, got 'cpu:x'; write cpu:0
          """)
  void configsThatFitNoDataOrMachine(String assignment, String expected) throws IOException {
    assertEquals(expected, refused(file("digits.yaml", DIGITS), "--set", assignment));
  }

  @Test
  void aShapeThatFitsNotNamesTheLayersLine() throws IOException {
    Path config =
        file("digits.yaml", DIGITS.replace("    - relu\n", "    - relu\n    - max_pool: 2\n"));
    assertEquals(
        "digits.yaml:11: model.layers.3: max_pool takes pictures (C, H, W), got (16); put it before '- flatten',"
            + " with data that are pictures",
        refused(config));
  }

  @Test
  void aBackendThatIsNotOnTheClassPathIsRefusedWithThoseThatAre() throws IOException {
    String kinds =
        Backends.providers().stream().map(p -> ", " + p.kind()).reduce("", String::concat);
    assertEquals(
        "--backend gpu: backend: no such backend, got 'gpu'; use auto" + kinds,
        refused(file("digits.yaml", DIGITS), "--backend", "gpu"));
  }

  /** The config's word counts before the environment's, and who set that hears of it. */
  @Test
  void anEnvironmentThatIsOverruledIsTold() throws IOException {
    System.setProperty("tandem.backend", "cuda");
    try {
      Result result = train(file("digits.yaml", DIGITS), "--backend", "cpu").expect(0);
      assertTrue(
          result
              .err()
              .lines()
              .anyMatch(
                  "backend: TANDEM_BACKEND=cuda is not used, for --backend cpu says cpu"::equals),
          result.err());
    } finally {
      System.clearProperty("tandem.backend");
    }
  }

  @Test
  void anEmptySectionSaysNothing() throws IOException {
    train(file("digits.yaml", "cuda:\n" + DIGITS)).expect(0);
  }

  /** Auto takes the best there is, tells of what it could not take in one line, and trains. */
  @Test
  void autoTrainsAndSaysOnceWhatItPassesOver() throws IOException {
    var cuda =
        Backends.providers().stream()
            .filter(provider -> provider.kind().equals("cuda"))
            .findFirst()
            .orElseThrow();
    Result result = train(file("digits.yaml", DIGITS), "--backend", "auto").expect(0);
    List<String> lines =
        result.err().lines().filter(line -> line.startsWith("backend: auto")).toList();
    assertEquals(
        cuda.probe().usable()
            ? List.of()
            : List.of("backend: auto passes over cuda: " + cuda.probe().reason()),
        lines);
    assertTrue(result.out().contains("test accuracy"), result.out());
  }

  /** CUDA by name, on whatever machine this is: there is no silent fallback. */
  @Test
  void cudaTrainsOrIsRefusedWithItsReason() throws IOException {
    Path config = file("digits.yaml", DIGITS);
    var cuda =
        Backends.providers().stream()
            .filter(provider -> provider.kind().equals("cuda"))
            .findFirst()
            .orElseThrow();
    if (cuda.probe().usable()) {
      train(config, "--backend", "cuda").expect(0);
    } else {
      assertEquals(
          "backend: cuda cannot be used here: " + cuda.probe().reason(),
          refused(config, "--backend", "cuda"));
    }
  }

  /** 1,258 samples in batches of 419 leave 1 over, in which batch norm finds no variance. */
  @Test
  void aLastBatchThatBatchNormCannotTake() throws IOException {
    Path config =
        file("digits.yaml", DIGITS.replace("    - relu\n", "    - batch_norm\n    - relu\n"));
    assertEquals(
        "--set training.batch=419: training.batch: the smallest batch, of 1 of the 1258 training samples, does not fit"
            + " the network: BatchNorm(16): one value a channel has no variance, got F32 (1, 16); train on larger"
            + " batches, or drop the last, incomplete one",
        refused(config, "--set", "training.batch=419"));
    train(config, "--set", "training.batch=419", "--set", "training.drop_last=true").expect(0);
  }

  @Test
  void aSwitchThatCannotBeReadIsNoDefect() throws IOException {
    Path config = file("digits.yaml", DIGITS);
    System.setProperty("tandem.capture", "no");
    try {
      assertEquals(
          "TANDEM_CAPTURE: not a number, got 'no'; give a whole number of 0 or more",
          refused(config));
    } finally {
      System.clearProperty("tandem.capture");
    }
  }

  @Test
  void aBackendOfTheEnvironmentIsNotTheFilesFault() throws IOException {
    Path config = file("digits.yaml", DIGITS.replace("backend: cpu\n", ""));
    System.setProperty("tandem.backend", "tpu");
    try {
      assertTrue(
          refused(config).startsWith("TANDEM_BACKEND: no such backend, got 'tpu'; use auto"));
    } finally {
      System.clearProperty("tandem.backend");
    }
  }

  @Test
  void aLetterInANumberColumn() throws IOException {
    file("data.csv", "a,b,kind\n1,2,x\n3,o,y\n5,6,x\n");
    String sentence = refused(file("c.yaml", CSV));
    assertTrue(
        sentence.startsWith("csv: ")
            && sentence.contains("'o'")
            && sentence.contains("line 3")
            && sentence.contains("data.csv"),
        sentence);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          a;b;kind | its columns are [a;b;kind]: is the delimiter ';'?
          a,b,sort | its columns are [a, b, sort]
          """)
  void aColumnThatIsNotThereIsTheConfigsMistake(String header, String told) throws IOException {
    file("data.csv", header + "\n");
    assertEquals(
        "c.yaml:3: data.source.target: csv: no such column, got 'kind' for data.csv; " + told,
        refused(file("c.yaml", CSV)));
  }

  @Test
  void notANumberInData() throws IOException {
    file("data.csv", "a,b,kind\n1,2,x\n3,NaN,y\n5,6,x\n");
    String sentence = refused(file("c.yaml", CSV));
    assertTrue(sentence.contains("NaN") && sentence.contains("line 3"), sentence);
  }

  @Test
  void anEmptyDataSet() throws IOException {
    file("data.csv", "");
    assertEquals(
        "csv: no samples, got an empty file data.csv; give at least one line of data",
        refused(file("c.yaml", CSV)));
    file("data.csv", "a,b,kind\n");
    assertEquals(
        "csv: no samples, got only a header in data.csv; give at least one line of data",
        refused(file("c.yaml", CSV)));
  }

  @Test
  void aLabelOutsideTheClasses() throws IOException {
    file("data.csv", "a,b,kind\n1,2,x\n3,4,z\n5,6,y\n");
    String sentence = refused(file("c.yaml", CSV), "--set", "data.source.classes=[x, y]");
    assertTrue(sentence.contains("'z'") && sentence.contains("line 3"), sentence);
    idx("images", 4, 3, 3);
    labels("labels", 0, 1, 0, 7);
    sentence = refused(file("i.yaml", idxConfig()));
    assertEquals(
        "idx: label outside the classes, got 7 for sample 3 in labels; labels run from 0 to 1",
        sentence);
  }

  @Test
  void aTruncatedIdxFile() throws IOException {
    Path images = idx("images", 4, 3, 3);
    labels("labels", 0, 1, 0, 1);
    byte[] whole = Files.readAllBytes(images);
    Files.write(images, Arrays.copyOf(whole, whole.length - 5));
    String sentence = refused(file("i.yaml", idxConfig()));
    assertTrue(
        sentence.startsWith("idx: the file is too short for its header, got 31 bytes"), sentence);
  }

  private static String idxConfig() {
    return """
    backend: cpu
    data: {source: {kind: idx, images: images, labels: labels, classes: [a, b]}}
    model: {layers: [flatten, linear: 2]}
    """;
  }

  /** Black pictures. */
  private Path idx(String name, int count, int height, int width) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(0x0803);
    out.writeInt(count);
    out.writeInt(height);
    out.writeInt(width);
    out.write(new byte[count * height * width]);
    return Files.write(folder.resolve(name), bytes.toByteArray());
  }

  private void labels(String name, int... labels) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(0x0801);
    out.writeInt(labels.length);
    for (int label : labels) {
      out.writeByte(label);
    }
    Files.write(folder.resolve(name), bytes.toByteArray());
  }

  @Test
  void missingDataAreAnsweredWithTheThreeWaysToGetThem() throws IOException {
    String sentence =
        refused(
            file(
                "f.yaml",
                DIGITS
                    .replace("digits", "{kind: fashion-mnist, folder: nowhere}")
                    .replace("  test: 0.2\n", "")));
    assertTrue(
        sentence.startsWith("fashion-mnist: the data are not there, got folder nowhere"), sentence);
    sentence = refused(file("m.yaml", CSV));
    assertEquals("csv: no such file, got data.csv; check the path", sentence);
  }

  @Test
  void aRunFolderThatCannotBeMade() throws IOException {
    Path blocked = file("blocked", "a file");
    String sentence =
        run("train", file("digits.yaml", DIGITS), "--set", "run.folder=" + blocked)
            .expect(2)
            .sentence();
    assertTrue(sentence.startsWith("run folder: " + blocked + " cannot be made"), sentence);
    assertEquals("a file", Files.readString(blocked));
    sentence = train(file("digits.yaml", DIGITS), "--set", "name=a/b").expect(2).sentence();
    assertEquals(
        "run folder: the name cannot be a folder's, got 'a/b'; use letters, digits, ., _ and -",
        sentence);
  }

  @Test
  void aCheckpointOfAnotherNetwork() throws IOException {
    Path config = file("digits.yaml", DIGITS);
    train(config).expect(0);
    Path run = runs().resolve("digits-1");
    byte[] before = Files.readAllBytes(run.resolve("checkpoint.safetensors"));
    String sentence =
        run("train", "--resume", run, "--set", "model.layers.1.units=20").expect(2).sentence();
    assertTrue(
        sentence.contains("checkpoint.safetensors") && sentence.contains("(16, 64)"), sentence);
    assertEquals(
        -1,
        Arrays.mismatch(before, Files.readAllBytes(run.resolve("checkpoint.safetensors"))),
        "what was there is not lost");
    sentence = run("eval", run, "--set", "model.layers.1.units=20").expect(2).sentence();
    assertTrue(sentence.contains("model.safetensors") && sentence.contains("(16, 64)"), sentence);
    sentence = run("train", "--resume", folder.resolve("none")).expect(2).sentence();
    assertTrue(sentence.startsWith("run folder: no such folder"), sentence);
  }

  @Test
  void divergenceNamesStepAndParameterAndKeepsTheFolder() throws IOException {
    Result result =
        train(file("digits.yaml", DIGITS), "--set", "optimizer={kind: sgd, lr: 1e30}").expect(1);
    assertTrue(result.err().startsWith("training: diverged at epoch 1, step "), result.err());
    assertTrue(Files.exists(runs().resolve("digits-1").resolve("run.json")));
    assertFalse(result.err().contains("\tat "), result.err());
  }

  @Test
  void usageMistakesShowTheUsage() {
    assertTrue(
        run("trian", "x.yaml").expect(2).err().matches("(?s).*Did you mean: .*tandem train.*"),
        "a command misspelt");
    assertTrue(
        run("train").expect(2).err().contains("give a config, or --resume with a run folder"));
    assertTrue(
        run("train", "x.yaml", "--sed", "1").expect(2).err().contains("--seed"),
        "an option misspelt");
    assertEquals(
        "none.yaml: no such file; check the path", run("train", "none.yaml").expect(2).sentence());
    assertTrue(run().expect(2).err().contains("Commands:"));
  }

  @Test
  void debuggingShowsWhereAMistakeWasFound() {
    System.setProperty("tandem.debug", "1");
    try {
      String shown = run("train", "none.yaml").expect(2).err();
      assertTrue(shown.contains("\tat dev.tandem.cli"), shown);
      assertTrue(shown.strip().endsWith("none.yaml: no such file; check the path"), shown);
    } finally {
      System.clearProperty("tandem.debug");
    }
  }
}
