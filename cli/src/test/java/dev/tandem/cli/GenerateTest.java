package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.Assignment;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.train.History;
import dev.tandem.train.RunFolder;
import dev.tandem.train.RunRecorder;
import dev.tandem.train.StepReport;
import dev.tandem.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Language models from a text to more text, and to and from Hugging Face's files. */
class GenerateTest extends CommandTest {
  private static final Path HUGGING_FACE =
      Stream.of("../src-test", "src-test")
          .map(folder -> Path.of(folder, "src/test/resources/golden/huggingface"))
          .filter(Files::isDirectory)
          .findFirst()
          .orElseThrow();

  private static final String CONFIG =
      """
      backend: cpu
      data:
        source: {kind: text, tokens: TOKENS, length: 16}
        validation: 0.1
        test: 0
      model: {layers: [gpt: {layers: 1, heads: 2, channels: 32, dropout: 0.1, recompute: true}]}
      optimizer: {kind: adamw, lr: 0.01}
      clip: {kind: norm, limit: 1}
      training: {batch: 8, epochs: 4, epoch_steps: 15, decay: matrices}
      """;

  private static final String LINE =
      "the cat sat on the mat, and the dog sat by the d\u00F6\u00F6r.\n";

  private Path text() throws IOException {
    return file("cat.txt", LINE.repeat(60));
  }

  private Path config(String tokens) throws IOException {
    return file("cat.yaml", CONFIG.replace("TOKENS", tokens));
  }

  private Path trained(String tokens) throws IOException {
    Result result = train(config(tokens), "--data", text()).expect(0);
    assertTrue(
        result
            .lastLine()
            .matches(
                "validation loss [\\d.]+, perplexity [\\d.]+, accuracy [\\d.]+ % \\(\\d+ windows\\), [\\d,]+ tokens/s, run .*"),
        result.lastLine());
    assertTrue(
        result
            .out()
            .lines()
            .anyMatch(line ->
                line.matches(
                    "epoch 4/4  train loss [\\d.]+ perplexity [\\d.]+  validation loss [\\d.]+ perplexity [\\d.]+ accuracy [\\d.]+ %"
                        + "  lr [\\d.e-]+  [\\d.]+ s  [\\d,]+ tokens/s, \\d+ MiB")),
        result.out());
    return runs().resolve("cat-1");
  }

  @Test
  void aTextIsContinuedAsItWasLearned() throws IOException {
    Path run = trained("characters");
    Result once = run("generate", run, "--prompt", "the cat", "--tokens", "60").expect(0);
    assertTrue(once.out().startsWith("the cat"), once.out());
    assertEquals(7 + 60 + 1, once.out().length(), once.out());
    assertTrue(
        once.err().matches("generate: 60 tokens in \\d+\\.\\d s, [\\d.e+]+ tokens/s\n"),
        once.err());
    assertEquals(
        once.out(), run("generate", run, "--prompt", "the cat", "--tokens", "60").out(), "a seed");
    assertNotEquals(
        once.out(),
        run("generate", run, "--prompt", "the cat", "--tokens", "60", "--seed", "2").out());
    String greedy =
        run("generate", run, "--prompt", "the cat", "--tokens", "20", "--temperature", "0")
            .expect(0)
            .out();
    assertEquals(
        greedy,
        run(
                "generate",
                run,
                "--prompt-file",
                file("p.txt", "the cat"),
                "--tokens",
                "20",
                "--top-k",
                "1")
            .expect(0)
            .out());
    assertEquals(
        greedy,
        run(
                "generate",
                run.resolve("model.safetensors"),
                "--prompt",
                "the cat",
                "--tokens",
                "20",
                "--top-p",
                "0.0001")
            .expect(0)
            .out());
    assertEquals(11, run("generate", run, "--tokens", "10").expect(0).out().length(), "no prompt");
  }

  /** A character of two bytes comes whole or as U+FFFD, and what is written is UTF-8. */
  @Test
  void bytesComeAsWholeCharacters() throws IOException {
    Path run = trained("bytes");
    String out =
        run("generate", run, "--prompt", "the d\u00F6", "--tokens", "40", "--temperature", "0.5")
            .expect(0)
            .out();
    assertTrue(out.startsWith("the d\u00F6"), out);
  }

  @Test
  void whatCannotBeContinuedIsRefused() throws IOException {
    Path run = trained("characters");
    assertTrue(
        run("generate", run, "--prompt", "zebra")
            .expect(2)
            .sentence()
            .startsWith("tokenizer: a character is not in it, got 'z' (U+007A) at position 0"));
    for (String mistake :
        List.of(
            "--temperature -1: the temperature must be finite and not negative, got -1.0",
            "--top-k -1: top-k must not be negative, got -1",
            "--top-p 0: top-p must lie above 0 and up to 1, got 0.0",
            "--tokens 0: --tokens must be at least 1, got 0")) {
      String[] sides = mistake.split(": ", 2);
      String[] option = sides[0].split(" ");
      assertTrue(
          run("generate", run, option[0], option[1]).expect(2).err().startsWith(sides[1]), mistake);
    }
    run("generate", run, "--prompt", "a", "--prompt-file", "b").expect(2);
    assertEquals(
        "prompt: nowhere.txt cannot be read, got no such file or folder; check the path",
        run("generate", run, "--prompt-file", "nowhere.txt").expect(2).sentence());
    assertEquals(
        "run folder: no such folder, got nowhere; give the folder that training printed",
        run("generate", "nowhere").expect(2).sentence());
    assertEquals(
        "generate: the model is as Hugging Face publishes it, got "
            + HUGGING_FACE.resolve("gpt2")
            + "; first 'tandem import' it into a folder of Tandem's",
        run("generate", HUGGING_FACE.resolve("gpt2")).expect(2).sentence());
    train(file("digits.yaml", DIGITS), "--set", "training.epochs=1").expect(0);
    Path digits = runs().resolve("digits-1");
    String sentence = run("generate", digits).expect(2).sentence();
    assertTrue(
        sentence.startsWith(
            "model: "
                + digits.resolve("model.safetensors")
                + " is no language model, got Sequential("),
        sentence);
    sentence = run("export", digits, "--hf", folder.resolve("hf")).expect(2).sentence();
    assertTrue(sentence.contains("is no language model"), sentence);
    assertTrue(Files.notExists(folder.resolve("hf")));
    assertTrue(
        train(config("characters"))
            .expect(2)
            .sentence()
            .endsWith("give e.g. shakespeare.txt, or name yours by --data"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2-published", "llama", "llama-bf16", "llama-tied"})
  void modelsComeFromHuggingFaceAndGoBack(String name) throws IOException {
    Path source = HUGGING_FACE.resolve(name);
    Path model = folder.resolve("model");
    Result imported = run("import", source, "--out", model).expect(0);
    assertTrue(imported.out().startsWith("import: "), imported.out());
    assertTrue(imported.out().contains("tokens unknown"), imported.out());
    String once =
        run("generate", model, "--backend", "cpu", "--prompt", "1 2 3", "--tokens", "9")
            .expect(0)
            .out();
    assertTrue(once.matches("1 2 3( \\d+){9}\n"), once);
    assertTrue(
        run("generate", model, "--backend", "cpu", "--prompt", "1 99")
            .expect(2)
            .sentence()
            .contains("must be numbers below"));
    Path back = folder.resolve("back");
    run("export", model, "--backend", "cpu", "--hf", back).expect(0);
    Path again = folder.resolve("again");
    run("import", back.resolve("model.safetensors"), "--out", again).expect(0);
    assertArrayEquals(
        Files.readAllBytes(model.resolve("model.safetensors")),
        Files.readAllBytes(again.resolve("model.safetensors")));
    assertTrue(
        run("import", source, "--out", model)
            .expect(2)
            .sentence()
            .startsWith("import: the folder is not empty, got config.yaml in "));
  }

  @Test
  void whatCannotBeImportedIsRefused() throws IOException {
    Path out = folder.resolve("out");
    Path source = HUGGING_FACE.resolve("gpt2");
    assertEquals(
        "import: the tokenizer is another model's, got 256 tokens of bytes where the model has 67; leave --tokenizer out"
            + " where there is none that fits",
        run("import", source, "--out", out, "--tokenizer", "bytes").expect(2).sentence());
    assertTrue(
        run("import", source, "--out", out, "--tokenizer", "words")
            .expect(2)
            .err()
            .startsWith("no such tokenizer, got 'words'"));
    assertTrue(run("import", folder, "--out", out).expect(2).sentence().startsWith("config: "));
    Path sharded = Files.createDirectory(folder.resolve("sharded"));
    Files.copy(source.resolve("config.json"), sharded.resolve("config.json"));
    file("sharded/model.safetensors.index.json", "{}");
    assertTrue(
        run("import", sharded, "--out", out)
            .expect(2)
            .sentence()
            .startsWith("import: the weights lie in several files"));
    assertTrue(Files.notExists(out), "nothing was begun");
  }

  /** From a run's weights, from an imported folder's, and from Hugging Face's own file. */
  @Test
  void trainingBeginsWithGivenWeights() throws IOException {
    Path run = trained("characters");
    Path text = text();
    double drawn = firstLoss(run);
    Path config = config("characters");
    train(config, "--data", text, "--init", run).expect(0);
    double given = firstLoss(runs().resolve("cat-2"));
    assertTrue(given < 0.7 * drawn, drawn + " -> " + given);
    Path hf = folder.resolve("hf");
    run("export", run, "--hf", hf).expect(0);
    String bare = "model.layers.0.padded=false";
    train(config, "--data", text, "--init", hf, "--set", bare).expect(0);
    // Padding has been made unlikely, so without it little changes.
    assertEquals(given, firstLoss(runs().resolve("cat-3")), 0.03 * given);
    train(
            config,
            "--data",
            text,
            "--init",
            hf.resolve("model.safetensors"),
            "--set",
            bare,
            "--set",
            "precision=bf16")
        .expect(0);
    assertEquals(given, firstLoss(runs().resolve("cat-4")), 0.06 * given, "rounded");
    assertTrue(
        train(config, "--data", text, "--init", hf)
            .expect(2)
            .sentence()
            .endsWith(
                "has no rows for padding, got 19 tokens where the model has 128 rows; write padded: false to the layer's settings"),
        "its logits would be 0, above all others");
    Path short1 = file("short.txt", "the cat sat on the mat. ".repeat(40));
    train(config, "--data", short1, "--init", run).expect(0); // with the model's characters
    assertTrue(
        train(config, "--data", text, "--init", run, "--set", "model.layers.0.layers=2")
            .expect(2)
            .sentence()
            .startsWith("load: " + run.resolve("model.safetensors") + " does not fit, got "));
    assertTrue(
        train(
                config,
                "--data",
                text,
                "--init",
                hf,
                "--set",
                bare,
                "--set",
                "model.layers.0.layers=2")
            .expect(2)
            .sentence()
            .startsWith("weights: " + hf.resolve("model.safetensors") + " does not fit "));
    assertTrue(
        run("train", "--resume", run, "--init", run)
            .expect(2)
            .err()
            .startsWith("--init is for a run that begins"));
    // A resumed run has weights of its own, whether or not the others are still there.
    Files.delete(hf.resolve("model.safetensors"));
    run("train", "--resume", runs().resolve("cat-3"), "--set", "training.epochs=5").expect(0);
    run("eval", runs().resolve("cat-4"), "--part", "validation").expect(0);
  }

  @Test
  void anImportedFolderTrainsOn() throws IOException {
    Path hf = folder.resolve("hf");
    run("export", trained("bytes"), "--hf", hf).expect(0);
    Path model = folder.resolve("model");
    run("import", hf, "--out", model, "--tokenizer", "bytes").expect(0);
    assertTrue(
        run("generate", model, "--backend", "cpu", "--prompt", "the", "--tokens", "5")
            .expect(0)
            .out()
            .startsWith("the"));
    Result result =
        train(model.resolve("config.yaml"), "--data", text(), "--backend", "cpu").expect(0);
    assertTrue(firstLoss(runs().resolve("config-1")) < 3, "far from ln 256 = 5.5: " + result.out());
  }

  private static double firstLoss(Path run) throws IOException {
    String line = Files.readAllLines(run.resolve("metrics.jsonl")).getFirst();
    return Double.parseDouble(line.replaceFirst(".*\"train_loss\":([\\d.]+).*", "$1"));
  }

  /** Broken off in the middle of an epoch, as a signal does, and gone on with from the command line. */
  @ParameterizedTest
  @ValueSource(strings = {"f32", "bf16", "f16"})
  void aBrokenRunGoesOnToTheBit(String precision) throws IOException {
    Path text = text();
    Path config = config("characters");
    List<String> settings =
        List.of("precision=" + precision, "training.rounding=stochastic", "training.micro_batch=4");
    Object[] words = settings.stream().flatMap(s -> Stream.of("--set", s)).toArray();
    Object[] all = Stream.concat(Stream.of("--data", text), Stream.of(words)).toArray();
    train(config, all).expect(0);
    RunFolder broken = RunFolder.create(runs(), "cat");
    LoadedConfig loaded =
        LoadedConfig.read(
            config, settings.stream().map(Assignment::of).toList(), Optional.of(text));
    Prepared prepared = Prepared.of(loaded);
    try (Backend backend = ConfigOptions.open(loaded, _ -> {});
        Session session = Session.begun(prepared, backend)) {
      broken.writeConfig(loaded.yaml());
      broken.writeTokenizer(prepared.data().tokenizer().orElseThrow());
      session
          .trainer()
          .listen(
              new RunRecorder(
                  session.trainer(), broken, ModelCard.of(prepared.data()).metadata(), 1))
          .listen(
              new TrainingListener() {
                @Override
                public void step(StepReport report) {
                  if (report.step() == 22) {
                    session.trainer().requestStop();
                  }
                }
              });
      session.trainer().run();
    }
    run("train", "--resume", broken.path()).expect(0);
    RunFolder whole = RunFolder.open(runs().resolve("cat-1"));
    assertArrayEquals(Files.readAllBytes(whole.model()), Files.readAllBytes(broken.model()));
    assertEquals(untimed(whole), untimed(broken));
  }

  private static List<String> untimed(RunFolder run) throws IOException {
    assertEquals(4, History.read(run.metrics()).epochs().size());
    return Files.readAllLines(run.metrics()).stream()
        .map(line -> line.replaceFirst("\"seconds\":.*", ""))
        .toList();
  }
}
