package dev.tandem.data;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import java.util.OptionalInt;

/**
 * GPT-2's byte pair encoding, also called r50k: 256 bytes, 50,000 merges and the end of a text. Radford et
 * al. 2019, Language Models are Unsupervised Multitask Learners, section 2.2. Where a text says
 * {@code <|endoftext|>}, it means that token, as corpora that come in one file do.
 */
public record Gpt2Tokenizer() implements Tokenizer {
  private static final String END_OF_TEXT = "<|endoftext|>";
  private static final int BYTE_PAIRS = 50_256;
  private static final int NEXT_LINE = 0x85;

  /** Loaded when it is first needed: the merges are most of a megabyte. */
  private static final class Loaded {
    static final Encoding ENCODING =
        Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);
  }

  /** What a code point is to the pattern that parts a text before pairs are merged. */
  private enum Kind {
    LETTER,
    NUMBER,
    SPACE,
    OTHER;

    static Kind of(int codePoint) {
      return switch (Character.getType(codePoint)) {
        case Character.UPPERCASE_LETTER,
            Character.LOWERCASE_LETTER,
            Character.TITLECASE_LETTER,
            Character.MODIFIER_LETTER,
            Character.OTHER_LETTER ->
            LETTER;
        case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
            NUMBER;
        case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
            SPACE;
        case Character.CONTROL ->
            codePoint >= '\t' && codePoint <= '\r' || codePoint == NEXT_LINE ? SPACE : OTHER;
        default -> OTHER;
      };
    }
  }

  @Override
  public String name() {
    return "gpt2";
  }

  @Override
  public int size() {
    return BYTE_PAIRS + 1;
  }

  @Override
  public int[] encode(String text) {
    int at = text.indexOf(END_OF_TEXT);
    if (at < 0) {
      return Loaded.ENCODING.encodeOrdinary(text).toArray();
    }
    IntArrayList tokens = new IntArrayList();
    int from = 0;
    for (; at >= 0; at = text.indexOf(END_OF_TEXT, from)) {
      append(tokens, text.substring(from, at));
      tokens.add(BYTE_PAIRS);
      from = at + END_OF_TEXT.length();
    }
    append(tokens, text.substring(from));
    return tokens.toArray();
  }

  private static void append(IntArrayList tokens, String text) {
    IntArrayList more = Loaded.ENCODING.encodeOrdinary(text);
    for (int i = 0; i < more.size(); i++) {
      tokens.add(more.get(i));
    }
  }

  @Override
  public byte[] bytes(int token) {
    IntArrayList one = new IntArrayList(1);
    one.add(Tokenizer.checked(token, size()));
    return Loaded.ENCODING.decodeBytes(one);
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.of(BYTE_PAIRS);
  }

  /**
   * Pairs are merged within the words of {@code '(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+|
   * ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}. No word has something else after a letter or a number, none has white
   * space or a number after a sign, and only white space looks ahead.
   */
  @Override
  public int cut(String text) {
    // What begins nearer to the end than this might become an end of text.
    int at = text.length() - END_OF_TEXT.length();
    if (at > 0 && Character.isLowSurrogate(text.charAt(at))) {
      at--;
    }
    while (at > 0) {
      int before = text.codePointBefore(at);
      Kind last = Kind.of(before);
      Kind next = Kind.of(text.codePointAt(at));
      boolean between =
          switch (last) {
            case LETTER, NUMBER -> next != last;
            case OTHER -> next == Kind.NUMBER || next == Kind.SPACE;
            case SPACE -> false;
          };
      if (between && !withinEndOfText(text, at)) {
        return at;
      }
      at -= Character.charCount(before);
    }
    return 0;
  }

  private static boolean withinEndOfText(String text, int at) {
    int start = text.lastIndexOf(END_OF_TEXT, at - 1);
    return start >= 0 && at < start + END_OF_TEXT.length();
  }
}
