package dev.tandem.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Turns text into tokens, numbers from 0 to size - 1, and back. */
public sealed interface Vocabulary {
  int size();

  /** Throws {@link DataException} at the first symbol that the vocabulary does not have. */
  int[] encode(String text);

  /** Throws {@link DataException} at a token outside 0 to size - 1. */
  String decode(int[] tokens);

  /** The distinct characters (Unicode code points) of a text, sorted. */
  static Characters learn(String text) {
    return new Characters(text.codePoints().sorted().distinct().boxed().toList());
  }

  /** The 256 bytes, for text as UTF-8: every text has an encoding. */
  static Bytes bytes() {
    return new Bytes();
  }

  /**
   * One token a Unicode code point.
   *
   * @param codePoints sorted, each once; a code point's place is its token
   */
  record Characters(List<Integer> codePoints) implements Vocabulary {
    public Characters {
      codePoints = List.copyOf(codePoints);
      if (codePoints.isEmpty()) {
        throw new DataException(
            "vocabulary: no characters, got an empty list; learn it from a text");
      }
      for (int i = 1; i < codePoints.size(); i++) {
        if (codePoints.get(i) <= codePoints.get(i - 1)) {
          throw new DataException(
              "vocabulary: code points must be sorted and distinct, got "
                  + codePoints.get(i - 1)
                  + " before "
                  + codePoints.get(i)
                  + "; sort them");
        }
      }
    }

    @Override
    public int size() {
      return codePoints.size();
    }

    @Override
    public int[] encode(String text) {
      int[] sorted = codePoints.stream().mapToInt(Integer::intValue).toArray();
      int[] characters = text.codePoints().toArray();
      int[] tokens = new int[characters.length];
      for (int i = 0; i < characters.length; i++) {
        tokens[i] = Arrays.binarySearch(sorted, characters[i]);
        if (tokens[i] < 0) {
          throw new DataException(
              String.format(
                  "vocabulary: a character is not in it, got '%s' (U+%04X) at position %d; it has %d characters,"
                      + " learn it from a text with this one",
                  Character.toString(characters[i]), characters[i], i, sorted.length));
        }
      }
      return tokens;
    }

    @Override
    public String decode(int[] tokens) {
      StringBuilder text = new StringBuilder();
      for (int token : tokens) {
        text.appendCodePoint(codePoints.get(checked(token, size())));
      }
      return text.toString();
    }
  }

  /** One token a byte of UTF-8. */
  record Bytes() implements Vocabulary {
    @Override
    public int size() {
      return 256;
    }

    @Override
    public int[] encode(String text) {
      return tokens(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String decode(int[] tokens) {
      byte[] bytes = new byte[tokens.length];
      for (int i = 0; i < tokens.length; i++) {
        bytes[i] = (byte) checked(tokens[i], size());
      }
      return new String(bytes, StandardCharsets.UTF_8);
    }

    static int[] tokens(byte[] bytes) {
      int[] tokens = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        tokens[i] = bytes[i] & 0xFF;
      }
      return tokens;
    }
  }

  private static int checked(int token, int size) {
    if (token < 0 || token >= size) {
      throw new DataException(
          "vocabulary: no such token, got " + token + "; tokens run from 0 to " + (size - 1));
    }
    return token;
  }
}
