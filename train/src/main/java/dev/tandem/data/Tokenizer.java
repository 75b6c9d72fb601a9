package dev.tandem.data;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * Turns text into tokens, numbers from 0 to size - 1, and back. Tokenizers do not change, so any number of
 * threads may use one at once; two are equal when they give equal tokens.
 */
public sealed interface Tokenizer permits ByteTokenizer, CharacterTokenizer, Gpt2Tokenizer {
  /** What configs and files call its kind: bytes, characters or gpt2. */
  String name();

  /** How many different tokens there are. */
  int size();

  /** Throws {@link DataException} at the first symbol that there is no token for. */
  int[] encode(String text);

  /**
   * The UTF-8 that a token stands for: of some tokenizers not a whole character, so that a text that is
   * shown token by token goes through a {@link TokenText}. Throws {@link DataException} at a token outside
   * 0 to size - 1.
   */
  byte[] bytes(int token);

  /** The token between two documents, where there is one. */
  OptionalInt endOfText();

  /**
   * The last place where a text that goes on may be parted: the tokens of what is before it and of what is
   * after it, whatever follows, are together those of the whole. In chars; 0 where there is none.
   */
  default int cut(String text) {
    int end = text.length();
    return end > 0 && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end;
  }

  /**
   * The text of some tokens; what is no UTF-8 becomes U+FFFD. Throws {@link DataException} at a token
   * outside 0 to size - 1.
   */
  default String decode(int[] tokens) {
    ByteArrayOutputStream text = new ByteArrayOutputStream(tokens.length * 4);
    for (int token : tokens) {
      text.writeBytes(bytes(token));
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  /** One token a byte of UTF-8: every text has an encoding. */
  static ByteTokenizer bytes() {
    return new ByteTokenizer();
  }

  /** One token a character, for the characters (Unicode code points) of a text. */
  static CharacterTokenizer characters(String text) {
    return new CharacterTokenizer(text.codePoints().sorted().distinct().boxed().toList());
  }

  /** GPT-2's 50,257 byte pairs. */
  static Gpt2Tokenizer gpt2() {
    return new Gpt2Tokenizer();
  }

  /** The token itself; throws {@link DataException} where it is none of so many. */
  static int checked(int token, int size) {
    if (token < 0 || token >= size) {
      throw new DataException(
          "tokenizer: no such token, got " + token + "; tokens run from 0 to " + (size - 1));
    }
    return token;
  }
}
