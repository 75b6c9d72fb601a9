package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.data.Tokenizer;
import dev.tandem.data.TokenizerFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts and token shards: from a file to a trained model. */
class TokensTest extends CommandTest {
  private static final String LINE = "the cat sat on the mat, and the dog sat by the door.\n";

  /** The next letter from this one: a table, no more. */
  private static final String CONFIG =
      """
      backend: cpu
      data:
        source: {kind: tokens, shards: shards, length: 16}
        validation: 0.1
      model: {layers: [embedding: 16, linear: VOCABULARY]}
      optimizer: {kind: adam, lr: 0.02}
      training: {batch: 8, epochs: 4}
      """;

  private Path config(int vocabulary) throws IOException {
    return file("tokens.yaml", CONFIG.replace("VOCABULARY", Integer.toString(vocabulary)));
  }

  private Path tokenized(String tokenizer, Object... more) throws IOException {
    Path text = file("cat.txt", LINE.repeat(60));
    Object[] words = new Object[6 + more.length];
    Path shards = folder.resolve("shards");
    System.arraycopy(
        new Object[] {"tokenize", text, "--tokenizer", tokenizer, "--out", shards}, 0, words, 0, 6);
    System.arraycopy(more, 0, words, 6, more.length);
    run(words).expect(0);
    return shards;
  }

  private static double number(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertTrue(matcher.find(), () -> pattern + " is not in: " + text);
    return Double.parseDouble(matcher.group(1));
  }

  @Test
  void tokenizeTellsWhatItWrote() throws IOException {
    Path text = file("cat.txt", LINE.repeat(60));
    Path out = folder.resolve("out");
    Result result =
        run(
                "tokenize",
                text,
                "--tokenizer",
                "bytes",
                "--out",
                out,
                "--validation",
                "0.1",
                "--shard-tokens",
                "2000")
            .expect(0);
    List<String> lines = result.out().lines().toList();
    assertEquals("training: 2,862 tokens in 2 shards", lines.get(0));
    assertEquals("validation: 318 tokens in 1 shard", lines.get(1));
    assertTrue(
        lines
            .get(2)
            .matches(
                "tokenize: 3,180 tokens of 256 different bytes from 3,180 bytes in \\d+\\.\\d s, [\\d,]+ tokens/s, folder "
                    + Pattern.quote(out.toString())),
        lines.get(2));
    assertEquals("", result.err());
    assertEquals(
        "tokenize: the folder is not empty, got train_000000.bin in "
            + out
            + "; name another, or remove what is there",
        run("tokenize", text, "--out", out).expect(2).sentence());
  }

  @Test
  void severalTextsAndAValidationTextShareOneVocabulary() throws IOException {
    Path a = file("a.txt", "abc");
    Path b = file("b.txt", "cde");
    Path val = file("val.txt", "xyz");
    Path out = folder.resolve("out");
    Result result =
        run("tokenize", a, b, "--tokenizer", "characters", "--out", out, "--validation", val)
            .expect(0);
    assertTrue(result.out().contains("validation: 3 tokens in 1 shard"), result.out());
    assertEquals(Tokenizer.characters("abcdexyz"), TokenizerFile.in(out).orElseThrow());
  }

  /** A text of later, in the vocabulary of before. */
  @Test
  void aDescriptionServesForOtherTexts() throws IOException {
    Path description = tokenized("characters").resolve("tokens.json");
    Path out = folder.resolve("out");
    run("tokenize", file("a.txt", "the mat"), "--tokenizer", description, "--out", out).expect(2);
    run(
            "tokenize",
            file("a.txt", "the mat"),
            "--tokenizer",
            description,
            "--out",
            out,
            "--validation",
            "0")
        .expect(0);
    assertArrayEquals(
        Files.readAllBytes(description), Files.readAllBytes(out.resolve("tokens.json")));
    assertTrue(
        run("tokenize", file("b.txt", "zebra"), "--tokenizer", description, "--out", runs())
            .expect(2)
            .sentence()
            .startsWith("tokenizer: a character is not in it, got 'z'"));
    assertTrue(
        run("tokenize", file("b.txt", "zebra"), "--tokenizer", "gpt3", "--out", runs())
            .expect(2)
            .err()
            .startsWith(
                "no such tokenizer, got 'gpt3'; use gpt2, bytes, characters, or a tokens.json"));
  }

  /** From text to shards to a model that knows more than at the start, with its tokenizer beside it. */
  @ParameterizedTest
  @CsvSource({"characters, 18", "bytes, 256", "gpt2, 50257"})
  void aTokenizedFolderIsLearned(String tokenizer, int vocabulary) throws IOException {
    Path shards = tokenized(tokenizer);
    Result result = train(config(vocabulary)).expect(0);
    List<String> epochs = Files.readAllLines(runs().resolve("tokens-1").resolve("metrics.jsonl"));
    String loss = "\"train_loss\"\\s*:\\s*([\\d.]+)";
    double first = number(loss, epochs.getFirst());
    double last = number(loss, epochs.getLast());
    assertTrue(first <= Math.log(vocabulary) * 1.05, "begins near chance: " + first);
    assertTrue(last < first * 0.9, first + " -> " + last);
    assertTrue(result.lastLine().startsWith("validation loss"), result.lastLine());
    Tokenizer beside = TokenizerFile.in(shards).orElseThrow();
    assertEquals(vocabulary, beside.size());
    assertEquals(beside, TokenizerFile.read(runs().resolve("tokens-1").resolve("tokens.json")));
  }

  /** The windows of epochs 3 and 4 follow from the seed alone. */
  @ParameterizedTest
  @CsvSource({"random", "'{kind: random, number: 50}'", "shuffled", "sequential"})
  void aResumedRunEndsInTheSameBits(String windows) throws IOException {
    tokenized("characters");
    Path config = config(18);
    String set = "data.source.windows=" + windows;
    train(config, "--set", set).expect(0);
    train(config, "--set", set, "--set", "training.epochs=2").expect(0);
    Path halfWay = runs().resolve("tokens-2");
    run("train", "--resume", halfWay, "--set", "training.epochs=4").expect(0);
    assertArrayEquals(
        Files.readAllBytes(runs().resolve("tokens-1").resolve("model.safetensors")),
        Files.readAllBytes(halfWay.resolve("model.safetensors")));
    assertTrue(
        run("train", "--resume", halfWay, "--seed", "2", "--set", "training.epochs=6").code()
            == (windows.equals("sequential") ? 0 : 2),
        "another seed would draw other windows");
  }

  @Test
  void textsTakeTheSameWindows() throws IOException {
    Path text = file("cat.txt", LINE.repeat(60));
    Path config =
        file(
            "text.yaml",
            CONFIG
                .replace("kind: tokens, shards: shards", "kind: text, file: nowhere.txt")
                .replace("VOCABULARY", "18"));
    Result result =
        train(
                config,
                "--data",
                text,
                "--set",
                "data.source.windows={kind: random, number: 40}",
                "--set",
                "data.source.validation_windows=7",
                "--set",
                "data.test=0")
            .expect(0);
    assertTrue(
        result.out().contains("40 training, 7 validation samples of I32 (16)"), result.out());
    assertTrue(result.lastLine().contains("(7 windows)"), result.lastLine());
    // The model's own vocabulary, not one learned from the other text, which has 5 characters.
    Path other = file("other.txt", "at the ".repeat(30));
    Path model = runs().resolve("text-1");
    String measured = run("eval", model, "--data", other, "--part", "training").expect(0).out();
    assertTrue(measured.startsWith(other + " (training): loss "), measured);
    Path strange = file("strange.txt", "zzz ".repeat(30));
    assertTrue(
        run("eval", model, "--data", strange, "--part", "training")
            .expect(2)
            .sentence()
            .startsWith("tokenizer: a character is not in it, got 'z' (U+007A) at position 0"));
  }

  @Test
  void dataGoesWhereTheSourceHasAPlaceForIt() throws IOException {
    Path shards = tokenized("bytes");
    Path elsewhere = folder.resolve("elsewhere");
    Files.move(shards, elsewhere);
    Path config = config(256);
    assertEquals(
        "tokens: no such folder, got " + shards + "; 'tandem tokenize' makes one of a text",
        train(config).expect(2).sentence());
    train(config, "--data", elsewhere).expect(0);
    Path one = elsewhere.resolve("train_000000.bin");
    assertTrue(
        train(config, "--data", one).expect(0).lastLine().startsWith("validation loss"),
        "cut from the end of the only file");
    Result none = train(config, "--data", one, "--set", "data.validation=0").expect(0);
    assertTrue(none.lastLine().startsWith("training loss"), none.lastLine());
    Path val = elsewhere.resolve("val_000000.bin");
    for (Path validation : List.of(val, elsewhere)) {
      Result both =
          train(config, "--data", one, "--set", "data.source.validation_shards=" + validation)
              .expect(0);
      assertTrue(both.out().contains("188 training, 9 validation"), both.out());
    }
    assertEquals(
        "--data x: data.source: no one file or folder holds these data, got kind digits; leave --data out, or use one of"
            + " fashion-mnist, mnist, csv, text, tokens",
        train(file("digits.yaml", DIGITS), "--data", "x").expect(2).sentence());
  }

  /** nanoGPT's folder has no description: somebody has to say what the tokens are. */
  @Test
  void shardsOfOthersNeedAWordOnTheirTokens() throws IOException {
    Path shards = Files.createDirectory(folder.resolve("shards"));
    byte[] tokens = new byte[2 * 4000];
    for (int i = 0; i < 4000; i++) {
      tokens[2 * i] = (byte) (i % 7);
    }
    Files.write(shards.resolve("train.bin"), tokens);
    Files.write(shards.resolve("val.bin"), java.util.Arrays.copyOf(tokens, 400));
    Path config = config(7);
    assertEquals(
        config
            + ":3: data.source: nothing tells what the tokens are, got no tokens.json in "
            + shards
            + "; give tokenizer: gpt2, or vocabulary: 50257",
        train(config).expect(2).sentence());
    Result learned = train(config, "--set", "data.source.vocabulary=7").expect(0);
    assertTrue(learned.lastLine().contains("accuracy 100"), learned.lastLine());
    assertFalse(Files.exists(runs().resolve("tokens-1").resolve("tokens.json")));
    assertEquals(
        "tokens: "
            + shards.resolve("train.bin")
            + " holds a token outside the vocabulary of 5, got 5 at position 5; name the tokenizer that made the file, or"
            + " write it anew",
        train(config, "--set", "data.source.vocabulary=5").expect(2).sentence());
    assertEquals(
        "--set data.source.tokenizer=characters: data.source: which characters there are only tokens.json tells, got"
            + " tokenizer: characters; put tokens.json beside the shards, or give the size of the vocabulary",
        train(config, "--set", "data.source.tokenizer=characters")
            .expect(2)
            .sentence()
            .replaceFirst("^.*:3: ", "--set data.source.tokenizer=characters: "));
    TokenizerFile.write(shards.resolve("tokens.json"), Tokenizer.characters("abcdefg"));
    assertEquals(
        "--set data.source.tokenizer=bytes: data.source.tokenizer: tokens.json beside the shards says otherwise, got bytes"
            + " where it says characters; remove one of them",
        train(config, "--set", "data.source.tokenizer=bytes").expect(2).sentence());
    assertEquals(
        "--set data.source.vocabulary=6: data.source.vocabulary: smaller than the tokenizer's, got 6 where characters has"
            + " 7; leave it out",
        train(config, "--set", "data.source.vocabulary=6").expect(2).sentence());
    train(config).expect(0);
    TokenizerFile.write(shards.resolve("tokens.json"), Tokenizer.characters("tuvwxyz"));
    assertTrue(
        run("eval", runs().resolve("tokens-2"), "--part", "validation")
            .expect(2)
            .sentence()
            .endsWith(
                "the tokens are others than the run was trained on, got 7 characters where it has 7 characters; make"
                    + " shards with the run's tokens.json, or of the run's own text"));
  }

  @Test
  void whatCannotBeTokenizedIsRefused() throws IOException {
    Path text = file("cat.txt", LINE);
    Path out = folder.resolve("out");
    assertEquals(
        "text: no such file, got nowhere.txt; check the path",
        run("tokenize", "nowhere.txt", "--out", out).expect(2).sentence());
    assertEquals(
        "tokenize: the validation share must be at least 0 and less than 1, got 1.5; 0.05 is usual",
        run("tokenize", text, "--out", out, "--validation", "1.5").expect(2).sentence());
    assertEquals(
        "text: no such file, got half; check the path",
        run("tokenize", text, "--out", out, "--validation", "half").expect(2).sentence());
    assertEquals(
        "tokenize: a shard must have at least 1 token, got 0; 100000000 are usual",
        run("tokenize", text, "--out", out, "--shard-tokens", "0").expect(2).sentence());
    assertTrue(run("tokenize", text).expect(2).err().contains("--out"));
    assertTrue(run("tokenize", "--out", out).expect(2).err().contains("TEXT"));
    assertTrue(
        run("tokenize", text, "--out", text).expect(2).sentence().startsWith("tokenize: " + text));
    assertFalse(Files.exists(out));
  }
}
