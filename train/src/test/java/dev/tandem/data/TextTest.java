package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static dev.tandem.data.Refusals.refusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTest {
  @TempDir Path folder;

  private static int[] inputs(Dataset data, int sample) {
    return ((Values.Ints) data.read(new int[] {sample}, 0, 1).inputs()).data();
  }

  private static int[] targets(Dataset data, int sample) {
    return ((Values.Ints) data.read(new int[] {sample}, 0, 1).targets()).data();
  }

  @Test
  void targetsAreTheNextTokens() {
    Text text = Text.of("abc", "abcdefgh", Vocabulary.learn("abcdefgh"), 3);
    assertEquals(2, text.size());
    assertEquals(new TensorType(DType.I32, Shape.of(3)), text.input());
    assertEquals(text.input(), text.targetType());
    assertEquals(new Target.Tokens(8), text.target());
    assertArrayEquals(new int[] {0, 1, 2}, inputs(text, 0));
    assertArrayEquals(new int[] {1, 2, 3}, targets(text, 0));
    assertArrayEquals(new int[] {3, 4, 5}, inputs(text, 1));
    assertArrayEquals(new int[] {4, 5, 6}, targets(text, 1));
  }

  @Test
  void everyWindowEndsWithinTheText() {
    for (int length = 1; length < 8; length++) {
      for (int stride = 1; stride < 9; stride++) {
        Text text = Text.of("t", "01234567", Vocabulary.learn("01234567"), length).every(stride);
        int last = (text.size() - 1) * stride;
        assertEquals(last + length, targets(text, text.size() - 1)[length - 1]);
        assertEquals(true, last + stride + length > 7, "one more window would have fitted");
      }
    }
  }

  @Test
  void filesAreReadAsCharactersOrBytes() throws IOException {
    byte[] bytes = "\uFEFFn\u00e4h\uD83D\uDE00n".getBytes(StandardCharsets.UTF_8);
    for (byte[] content : List.of(bytes, IdxTest.gzip(bytes))) {
      Path file = Files.write(folder.resolve("t.txt"), content);
      Text characters = Text.characters(file, 4);
      assertEquals(4, characters.vocabulary().size());
      assertEquals("n\u00e4h\uD83D\uDE00n", characters.vocabulary().decode(characters.tokens()));
      Text raw = Text.bytes(file, 4);
      assertEquals(256, raw.vocabulary().size());
      assertEquals(bytes.length, raw.tokens().length);
      assertEquals(0xEF, raw.tokens()[0]);
      assertArrayEquals(characters.tokens(), Text.of(file, characters.vocabulary(), 4).tokens());
    }
  }

  @Test
  void vocabulariesGoThereAndBack() {
    String text = "the quick brown \u00fc \uD83D\uDE00";
    for (Vocabulary vocabulary : List.of(Vocabulary.learn(text), Vocabulary.bytes())) {
      assertEquals(text, vocabulary.decode(vocabulary.encode(text)));
    }
    assertEquals(List.of((int) 'a', (int) 'b'), Vocabulary.learn("abba").codePoints());
    Vocabulary.Characters saved = new Vocabulary.Characters(Vocabulary.learn(text).codePoints());
    assertArrayEquals(Vocabulary.learn(text).encode(text), saved.encode(text));
  }

  @Test
  void badTextsAreRefused() throws IOException {
    Vocabulary ab = Vocabulary.learn("ab");
    refused(
        "vocabulary: a character is not in it, got '\u00e9' (U+00E9) at position 1; it has 2 characters, learn it from"
            + " a text with this one",
        () -> ab.encode("a\u00e9"));
    refused(
        "vocabulary: no such token, got 2; tokens run from 0 to 1",
        () -> ab.decode(new int[] {0, 2}));
    refused(
        "vocabulary: no such token, got -1; tokens run from 0 to 255",
        () -> Vocabulary.bytes().decode(new int[] {-1}));
    refused(
        "vocabulary: no characters, got an empty list; learn it from a text",
        () -> new Vocabulary.Characters(List.of()));
    refused(
        "vocabulary: code points must be sorted and distinct, got 98 before 97; sort them",
        () -> new Vocabulary.Characters(List.of(98, 97)));
    refused(
        "text: shorter than one window and the token after it, got 3 tokens in t for windows of 3; use shorter windows or"
            + " a longer text",
        () -> Text.of("t", "aba", ab, 3));
    refusedWith(
        () -> Text.of("t", "aba", ab, 0),
        "text: window length and stride must be at least 1, got 0 and 0");
    Path empty = Files.write(folder.resolve("empty"), new byte[0]);
    refusedWith(() -> Text.characters(empty, 3), "text: no samples, got an empty file ");
    refusedWith(() -> Text.characters(folder.resolve("none"), 3), "text: no such file, got ");
    Path latin = Files.write(folder.resolve("latin"), new byte[] {'a', (byte) 0xE9, 'b'});
    refusedWith(() -> Text.characters(latin, 1), "text: the text is not UTF-8, got ", "latin");
  }
}
