package dev.tandem.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * One token a character, that is a Unicode code point, of those that it knows.
 *
 * @param codePoints sorted, each once; a code point's place is its token
 */
public record CharacterTokenizer(List<Integer> codePoints) implements Tokenizer {
  private static final int BUFFER = 1 << 16;

  /** Throws {@link DataException} when the list is empty, unsorted, or holds what is no character. */
  public CharacterTokenizer {
    codePoints = List.copyOf(codePoints);
    if (codePoints.isEmpty()) {
      throw new DataException("tokenizer: no characters, got an empty list; learn it from a text");
    }
    for (int i = 0; i < codePoints.size(); i++) {
      int codePoint = codePoints.get(i);
      if (!Character.isValidCodePoint(codePoint)
          || Character.getType(codePoint) == Character.SURROGATE) {
        throw new DataException(
            String.format(
                Locale.ROOT,
                "tokenizer: not a character, got code point %X; give UTF-8 text",
                codePoint));
      }
      if (i > 0 && codePoint <= codePoints.get(i - 1)) {
        throw new DataException(
            "tokenizer: code points must be sorted and distinct, got "
                + codePoints.get(i - 1)
                + " before "
                + codePoint
                + "; sort them");
      }
    }
  }

  /** The characters of UTF-8 files, plain or gzip, which are read once through and not kept. */
  public static CharacterTokenizer learn(List<Path> files) {
    BitSet met = new BitSet();
    char[] buffer = new char[BUFFER];
    for (Path file : files) {
      try (InputStream in = DataFile.open("text", file);
          Reader reader = DataFile.text(in)) {
        int high = 0; // of a pair whose other half the next buffer begins with
        for (int count = reader.read(buffer); count >= 0; count = reader.read(buffer)) {
          for (int i = 0; i < count; i++) {
            char c = buffer[i];
            if (Character.isHighSurrogate(c)) {
              high = c;
            } else {
              met.set(Character.isLowSurrogate(c) ? Character.toCodePoint((char) high, c) : c);
            }
          }
        }
      } catch (IOException e) {
        throw DataFile.unreadable("text", file.toString(), e);
      }
    }
    if (met.isEmpty()) {
      throw new DataException(
          "text: no characters, got nothing in "
              + String.join(", ", files.stream().map(Path::toString).toList())
              + "; give it some text");
    }
    return new CharacterTokenizer(met.stream().boxed().toList());
  }

  @Override
  public String name() {
    return "characters";
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
                Locale.ROOT,
                "tokenizer: a character is not in it, got '%s' (U+%04X) at position %d; it has %d characters,"
                    + " learn it from a text with this one",
                Character.toString(characters[i]),
                characters[i],
                i,
                sorted.length));
      }
    }
    return tokens;
  }

  @Override
  public byte[] bytes(int token) {
    int codePoint = codePoints.get(Tokenizer.checked(token, size()));
    return Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public OptionalInt endOfText() {
    return OptionalInt.empty();
  }
}
