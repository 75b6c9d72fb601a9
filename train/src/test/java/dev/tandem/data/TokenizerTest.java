package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TokenizerTest {
  private static final Tokenizer GPT2 = Tokenizer.gpt2();

  private record Golden(String text, int[] tokens) {}

  /** What OpenAI's tokenizer makes of some texts: see gpt2.py. */
  private static List<Golden> goldens() throws IOException {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                TokenizerTest.class.getResourceAsStream("gpt2.txt"), StandardCharsets.US_ASCII))) {
      return lines
          .lines()
          .map(line -> line.split(" ", -1))
          .map(parts ->
              new Golden(
                  new String(HexFormat.of().parseHex(parts[0]), StandardCharsets.UTF_8),
                  Arrays.stream(parts[1].split(","))
                      .filter(number -> !number.isEmpty())
                      .mapToInt(Integer::parseInt)
                      .toArray()))
          .toList();
    }
  }

  /** Characters of all planes and lengths in UTF-8, signs and white space among them; no lone surrogates. */
  private static String drawn(Random random, int most) {
    StringBuilder text = new StringBuilder();
    for (int left = random.nextInt(most); left > 0; left--) {
      int codePoint =
          switch (random.nextInt(5)) {
            case 0 -> random.nextInt(0x80);
            case 1 -> random.nextInt(0x800);
            case 2 -> random.nextInt(0xD800);
            case 3 -> 0x10000 + random.nextInt(0x100000);
            default -> " \n'<|>aé1\u00a0\u3000".codePointAt(random.nextInt(11));
          };
      text.appendCodePoint(codePoint);
    }
    return text.toString();
  }

  @Test
  void gpt2GivesTheIdsOfOpenAisTokenizer() throws IOException {
    assertEquals(420, goldens().size());
    for (Golden golden : goldens()) {
      assertArrayEquals(
          golden.tokens(), GPT2.encode(golden.text()), () -> "of '" + golden.text() + "'");
      assertEquals(golden.text(), GPT2.decode(golden.tokens()));
    }
  }

  /** The ids that everybody prints. */
  @Test
  void gpt2GivesTheIdsThatEverybodyPrints() {
    assertArrayEquals(new int[] {15496, 995}, GPT2.encode("Hello world"));
    assertArrayEquals(new int[] {31373, 220, 50256}, GPT2.encode("hello <|endoftext|>"));
    assertEquals(50_257, GPT2.size());
    assertEquals(OptionalInt.of(50_256), GPT2.endOfText());
    assertEquals("<|endoftext|>", GPT2.decode(new int[] {50_256}));
  }

  @Test
  void textsGoThereAndBack() {
    Random random = new Random(1);
    for (int i = 0; i < 500; i++) {
      String text = "x" + drawn(random, 80);
      for (Tokenizer tokenizer : List.of(GPT2, Tokenizer.bytes(), Tokenizer.characters(text))) {
        int[] tokens = tokenizer.encode(text);
        assertEquals(text, tokenizer.decode(tokens), tokenizer.name());
        assertTrue(IntStream.of(tokens).allMatch(token -> token >= 0 && token < tokenizer.size()));
      }
    }
  }

  @Test
  void charactersAreShownWhenTheyAreWhole() {
    TokenText text = new TokenText(Tokenizer.bytes());
    byte[] smile = "\uD83D\uDE00".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 3; i++) {
      assertEquals("", text.next(smile[i] & 0xFF));
    }
    assertEquals("\uD83D\uDE00", text.next(smile[3] & 0xFF));
    assertEquals("a", text.next('a'));
    assertEquals("", text.next(0xE2));
    assertEquals("\uFFFD", text.end());
    assertEquals("b", text.next('b'), "and can begin anew");
    // A smile of which GPT-2 has no single token comes in parts too.
    int[] parts = GPT2.encode("\uD83E\uDD79");
    assertTrue(parts.length > 1);
    TokenText shown = new TokenText(GPT2);
    for (int i = 0; i < parts.length - 1; i++) {
      assertEquals("", shown.next(parts[i]));
    }
    assertEquals("\uD83E\uDD79", shown.next(parts[parts.length - 1]));
  }

  /** Whatever a model puts out, valid or not: shown token by token it is the same as at once. */
  @Test
  void anyTokensShownOneByOneAreTheTextOfAll() {
    Random random = new Random(2);
    Tokenizer letters = Tokenizer.characters("aäß\uD83D\uDE00\u3042");
    for (Tokenizer tokenizer : List.of(GPT2, Tokenizer.bytes(), letters)) {
      for (int i = 0; i < 300; i++) {
        int[] tokens = random.ints(random.nextInt(30), 0, tokenizer.size()).toArray();
        TokenText text = new TokenText(tokenizer);
        StringBuilder shown = new StringBuilder();
        for (int token : tokens) {
          shown.append(text.next(token));
        }
        assertEquals(tokenizer.decode(tokens), shown.append(text.end()).toString());
      }
    }
  }

  /** A cut is good when whatever follows changes nothing before it. */
  @Test
  void partsThatAreCutGiveTheTokensOfTheWhole() throws IOException {
    Random random = new Random(3);
    int cuts = 0;
    for (Tokenizer tokenizer : List.of(GPT2, Tokenizer.bytes())) {
      for (Golden golden : goldens()) {
        String text = golden.text() + drawn(random, 40);
        for (int end = 0; end <= text.length(); end++) {
          int cut = tokenizer.cut(text.substring(0, end));
          if (cut > 0) {
            cuts++;
            int[] first = tokenizer.encode(text.substring(0, cut));
            int[] second = tokenizer.encode(text.substring(cut));
            int[] both = Arrays.copyOf(first, first.length + second.length);
            System.arraycopy(second, 0, both, first.length, second.length);
            assertArrayEquals(tokenizer.encode(text), both, () -> text + " at " + cut);
          }
        }
      }
    }
    assertTrue(cuts > 10_000, "and there are cuts");
    assertEquals("It was late. The".length(), GPT2.cut("It was late. The cat sat there"));
    assertEquals(0, GPT2.cut("abcdefghijklmnopqrstuvwxyz"));
    assertEquals(1, Tokenizer.bytes().cut("a\uD83D"), "half a pair waits for the other");
  }

  @Test
  void charactersAreLearnedAndSaved() {
    assertEquals(List.of((int) 'a', (int) 'b'), Tokenizer.characters("abba").codePoints());
    CharacterTokenizer learned = Tokenizer.characters("the quick \u00fc \uD83D\uDE00");
    CharacterTokenizer saved = new CharacterTokenizer(learned.codePoints());
    assertArrayEquals(learned.encode("quick"), saved.encode("quick"));
    assertEquals(learned, saved);
  }

  @Test
  void whatIsNotInTheVocabularyIsRefused() {
    Tokenizer ab = Tokenizer.characters("ab");
    refused(
        "tokenizer: a character is not in it, got '\u00e9' (U+00E9) at position 1; it has 2 characters, learn it from a"
            + " text with this one",
        () -> ab.encode("a\u00e9"));
    refused(
        "tokenizer: no such token, got 2; tokens run from 0 to 1",
        () -> ab.decode(new int[] {0, 2}));
    refused(
        "tokenizer: no such token, got -1; tokens run from 0 to 255",
        () -> Tokenizer.bytes().bytes(-1));
    refused(
        "tokenizer: no such token, got 50257; tokens run from 0 to 50256",
        () -> GPT2.bytes(50_257));
    refused(
        "tokenizer: no characters, got an empty list; learn it from a text",
        () -> new CharacterTokenizer(List.of()));
    refused(
        "tokenizer: code points must be sorted and distinct, got 98 before 97; sort them",
        () -> new CharacterTokenizer(List.of(98, 97)));
    refused(
        "tokenizer: not a character, got code point D83D; give UTF-8 text",
        () -> new CharacterTokenizer(List.of(0xD83D)));
  }
}
