package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static dev.tandem.data.Refusals.refusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTest {
  @TempDir Path folder;

  private static int[] tokens(Text text) {
    int[] all = new int[(int) text.tokens().size()];
    text.tokens().copy(0, all, 0, all.length);
    return all;
  }

  @Test
  void filesAreReadAsCharactersBytesOrPairs() throws IOException {
    String text = "n\u00e4h\uD83D\uDE00n";
    byte[] bytes = ("\uFEFF" + text).getBytes(StandardCharsets.UTF_8);
    for (byte[] content : List.of(bytes, IdxTest.gzip(bytes))) {
      Path file = Files.write(folder.resolve("t.txt"), content);
      Text characters = Text.characters(file);
      assertEquals(4, characters.tokenizer().size());
      assertEquals(text, characters.tokenizer().decode(tokens(characters)));
      Text raw = Text.bytes(file);
      assertEquals(256, raw.tokens().vocabulary());
      assertEquals(bytes.length, raw.tokens().size());
      assertEquals(0xEF, tokens(raw)[0]);
      assertArrayEquals(tokens(characters), tokens(Text.of(file, characters.tokenizer())));
      assertArrayEquals(Tokenizer.gpt2().encode(text), tokens(Text.of(file, Tokenizer.gpt2())));
    }
  }

  /** The first half of a pair at the end of a reader's buffer, the other at the start of the next. */
  @Test
  void charactersAreLearnedAcrossBuffers() throws IOException {
    for (int before = 0; before < 4; before++) {
      String text = "a".repeat((1 << 16) - 2 + before) + "\uD83D\uDE00" + "b";
      Path file = Files.writeString(folder.resolve("long.txt"), text);
      assertEquals(Tokenizer.characters(text), CharacterTokenizer.learn(List.of(file)));
    }
    Path more = Files.writeString(folder.resolve("more.txt"), "xyz");
    assertEquals(6, CharacterTokenizer.learn(List.of(folder.resolve("long.txt"), more)).size());
  }

  @Test
  void badTextsAreRefused() throws IOException {
    Path empty = Files.write(folder.resolve("empty"), new byte[0]);
    refused(
        "text: no characters, got nothing in " + empty + "; give it some text",
        () -> Text.characters(empty));
    refusedWith(() -> Text.characters(folder.resolve("none")), "text: no such file, got ");
    refusedWith(() -> Text.bytes(folder), "text: a folder where a file should be, got ");
    Path latin = Files.write(folder.resolve("latin"), new byte[] {'a', (byte) 0xE9, 'b'});
    refusedWith(() -> Text.characters(latin), "text: the text is not UTF-8, got ", "latin");
    refusedWith(
        () -> Text.of(latin, Tokenizer.gpt2()), "text: the text is not UTF-8, got ", "latin");
    refusedWith(
        () -> new TokenSequence.InMemory(3, new int[] {0, 3}),
        "tokens: a token outside the vocabulary, got 3 at position 1");
  }
}
