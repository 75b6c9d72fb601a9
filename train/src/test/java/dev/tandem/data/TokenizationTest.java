package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static dev.tandem.data.Refusals.refusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.data.Tokenization.Validation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizationTest {
  private static final Validation NONE = new Validation.Share(0);

  @TempDir Path folder;

  private Path text(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static int[] tokens(List<Path> files, Tokenizer tokenizer) {
    TokenShards shards = TokenShards.open(files, tokenizer.size());
    int[] all = new int[(int) shards.size()];
    shards.copy(0, all, 0, all.length);
    return all;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aTextBecomesShardsOfTrainingAndValidation() throws IOException {
    String words = "To be, or not to be: that is the question.\n".repeat(20);
    Path out = folder.resolve("out");
    for (Tokenizer tokenizer :
        List.of(Tokenizer.bytes(), Tokenizer.characters(words), Tokenizer.gpt2())) {
      Path here = out.resolve(tokenizer.name());
      int[] whole = tokenizer.encode(words);
      Tokenization tokenization =
          new Tokenization(
              List.of(text("be.txt", words)), tokenizer, new Validation.Share(0.1), 100);
      List<Long> progress = new ArrayList<>();
      Tokenization.Written written = tokenization.write(here, progress::add);
      int validating = Math.round(whole.length * 0.1f);
      assertEquals(validating, written.validationTokens());
      assertEquals(whole.length, written.tokens());
      assertEquals(words.length(), tokenization.bytes());
      assertEquals(tokenization.bytes(), progress.getLast());
      ShardFolder shards = ShardFolder.of(here);
      assertEquals((whole.length - validating + 99) / 100, shards.training().size());
      assertEquals(written.trainingShards(), shards.training().size());
      assertEquals(written.validationShards(), shards.validation().size());
      assertArrayEquals(
          Arrays.copyOf(whole, whole.length - validating), tokens(shards.training(), tokenizer));
      assertArrayEquals(
          Arrays.copyOfRange(whole, whole.length - validating, whole.length),
          tokens(shards.validation(), tokenizer));
      assertEquals(tokenizer, TokenizerFile.in(here).orElseThrow());
      assertEquals(1024 + 2 * 100, Files.size(shards.training().getFirst()));
      assertTrue(
          names(here).stream().noneMatch(name -> name.endsWith(".tmp")), "nothing is left over");
    }
  }

  @Test
  void textsArePartedByTheEndOfText() throws IOException {
    Path a = text("a.txt", "Hello world");
    Path b = text("b.txt", "Hello");
    Path val = text("val.txt", " world");
    Path out = folder.resolve("out");
    new Tokenization(List.of(a, b), Tokenizer.gpt2(), new Validation.Texts(List.of(val)), 1000)
        .write(out, _ -> {});
    assertEquals(List.of("tokens.json", "train_000000.bin", "val_000000.bin"), names(out));
    assertArrayEquals(
        new int[] {50256, 15496, 995, 50256, 15496},
        tokens(ShardFolder.of(out).training(), Tokenizer.gpt2()));
    assertArrayEquals(new int[] {995}, tokens(ShardFolder.of(out).validation(), Tokenizer.gpt2()));
  }

  /** Longer than many pieces, with characters of all lengths across their borders. */
  @Test
  void longTextsAreReadInPiecesWithTheTokensOfTheWhole() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; text.length() < 900_000; i++) {
      text.append("Wort ").append(i).append(" l\u00e4uft \uD83D\uDE00\u4e2d\u56fd,");
      text.append(i % 97 == 0 ? "<|endoftext|>" : i % 7 == 0 ? "\n\n  " : "  ");
    }
    Path file = text("long.txt", text.toString());
    Path gzip =
        Files.write(
            folder.resolve("long.gz"),
            IdxTest.gzip(text.toString().getBytes(StandardCharsets.UTF_8)));
    for (Tokenizer tokenizer :
        List.of(Tokenizer.gpt2(), Tokenizer.bytes(), Tokenizer.characters(text.toString()))) {
      for (Path from : List.of(file, gzip)) {
        Path out = folder.resolve(tokenizer.name() + from.getFileName());
        new Tokenization(List.of(from), tokenizer, NONE, Tokenization.SHARD_TOKENS)
            .write(out, _ -> {});
        assertArrayEquals(
            tokenizer.encode(text.toString()),
            tokens(ShardFolder.of(out).training(), tokenizer),
            tokenizer.name());
      }
    }
  }

  /** A million letters without a place to cut: memory stays bounded, and nothing is lost. */
  @Test
  void aTextWithoutPlacesToCutIsCutAllTheSame() throws IOException {
    String letters = "\uD83D\uDE00" + "abcdefg".repeat(150_000) + "\uD83D\uDE00";
    Path out = folder.resolve("out");
    new Tokenization(
            List.of(text("letters.txt", letters)),
            Tokenizer.gpt2(),
            NONE,
            Tokenization.SHARD_TOKENS)
        .write(out, _ -> {});
    int[] tokens = tokens(ShardFolder.of(out).training(), Tokenizer.gpt2());
    assertEquals(letters, Tokenizer.gpt2().decode(tokens));
  }

  @Test
  void vocabulariesBeyond16BitsAreWrittenIn32() throws IOException {
    String text =
        IntStream.range(0x10000, 0x10000 + 70_000)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    CharacterTokenizer tokenizer = Tokenizer.characters(text);
    Path out = folder.resolve("out");
    new Tokenization(List.of(text("wide.txt", text)), tokenizer, NONE, 50_000).write(out, _ -> {});
    assertArrayEquals(
        IntStream.range(0, 70_000).toArray(), tokens(ShardFolder.of(out).training(), tokenizer));
    assertEquals(1024 + 4 * 50_000, Files.size(out.resolve("train_000000.bin")));
    assertEquals(tokenizer, TokenizerFile.in(out).orElseThrow());
  }

  @Test
  void whatCannotBeDoneIsRefusedAndLeavesNothing() throws IOException {
    Path a = text("a.txt", "abc abc abc");
    Path out = folder.resolve("out");
    Tokenizer bytes = Tokenizer.bytes();
    refusedWith(
        () ->
            new Tokenization(List.of(folder.resolve("none")), bytes, NONE, 10).write(out, _ -> {}),
        "text: no such file, got ");
    assertTrue(!Files.exists(out), "nothing was begun");
    refused(
        "tokenize: nothing to validate on, got 11 tokens for training and 0 for validation; give a longer text, or"
            + " another share",
        () ->
            new Tokenization(List.of(a), bytes, new Validation.Share(0.01), 10)
                .write(out, _ -> {}));
    Path empty = text("empty.txt", "");
    refusedWith(
        () -> new Tokenization(List.of(empty), bytes, NONE, 10).write(out, _ -> {}),
        "tokenize: nothing to train on, got 0 tokens");
    Path latin = Files.write(folder.resolve("latin.txt"), new byte[] {'a', (byte) 0xE9});
    refusedWith(
        () -> new Tokenization(List.of(a, latin), Tokenizer.gpt2(), NONE, 2).write(out, _ -> {}),
        "text: the text is not UTF-8, got ",
        "latin.txt");
    refusedWith(
        () -> new Tokenization(List.of(a), Tokenizer.characters("ab"), NONE, 2).write(out, _ -> {}),
        "tokenizer: a character is not in it, got 'c'");
    assertEquals(List.of(), names(out));
    new Tokenization(List.of(a), bytes, NONE, 4).write(out, _ -> {});
    refused(
        "tokenize: the folder is not empty, got train_000000.bin in "
            + out
            + "; name another, or remove what is there",
        () -> new Tokenization(List.of(a), bytes, NONE, 4).write(out, _ -> {}));
    refusedWith(
        () -> new Tokenization(List.of(a), bytes, new Validation.Share(1), 4),
        "tokenize: the validation share must be at least 0 and less than 1, got 1.0");
    refusedWith(() -> new Tokenization(List.of(a), bytes, NONE, 0), "tokenize: a shard must have");
    refusedWith(() -> new Tokenization(List.of(), bytes, NONE, 1), "tokenize: no text");
  }

  @Test
  void damagedDescriptionsAreRefused() throws IOException {
    Path file = folder.resolve("tokens.json");
    TokenizerFile.write(file, Tokenizer.characters("a\n\"\\\u0000\uD83D\uDE00"));
    assertEquals(Tokenizer.characters("a\n\"\\\u0000\uD83D\uDE00"), TokenizerFile.read(file));
    String good = Files.readString(file);
    record Damage(String from, String to, String message) {}
    for (Damage damage :
        List.of(
            new Damage(
                "tandem tokens 1",
                "tandem tokens 2",
                "is of another format, got 'tandem tokens 2'"),
            new Damage("characters\",", "words\",", "names an unknown tokenizer, got 'words'"),
            new Damage(
                ": 6", ": 7", "contradicts itself, got a vocabulary of 7 where characters has 6"),
            new Damage("}", "", "is no JSON object, got "),
            new Damage("}", "} []", "goes on after its end, got ["),
            new Damage("{", "[", "is no JSON object, got START_ARRAY"),
            new Damage(": 6", ": [6]", "has a field that is no text or number, got 'vocabulary'"),
            new Damage("\"vocabulary\"", "\"format\"", "is no JSON object, got Duplicate field"))) {
      Files.writeString(file, good.replace(damage.from(), damage.to()));
      refusedWith(() -> TokenizerFile.read(file), "tokens: " + file, damage.message());
    }
    Files.writeString(file, good.replace("\\n", "z"));
    refusedWith(() -> TokenizerFile.read(file), "tokenizer: code points must be sorted");
    Files.write(file, new byte[] {(byte) 0xFF, 0, 1});
    refusedWith(() -> TokenizerFile.read(file), "tokens: " + file);
    refusedWith(() -> TokenizerFile.read(folder), "tokens: the file cannot be read, got ");
  }
}
