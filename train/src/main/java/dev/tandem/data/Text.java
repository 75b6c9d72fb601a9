package dev.tandem.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A text as tokens, held in memory: texts that are too long for that go into {@link TokenShards}. */
public record Text(String name, Tokenizer tokenizer, TokenSequence tokens) {
  private static final long MOST_BYTES = 1 << 30;

  /** The characters of a UTF-8 file, plain or gzip, with the tokenizer learned from it. */
  public static Text characters(Path file) {
    return of(file, CharacterTokenizer.learn(List.of(file)));
  }

  /** The bytes of any file, plain or gzip. */
  public static Text bytes(Path file) {
    return of(file, Tokenizer.bytes());
  }

  /** A file, plain or gzip; UTF-8 but for bytes, which may be anything. */
  public static Text of(Path file, Tokenizer tokenizer) {
    try (InputStream in = DataFile.open("text", file)) {
      if (Files.size(file) > MOST_BYTES) {
        throw new DataException(
            "text: too long to be held in memory, got "
                + Files.size(file)
                + " bytes in "
                + file
                + "; make shards of it with 'tandem tokenize'");
      }
      int[] tokens =
          switch (tokenizer) {
            case ByteTokenizer _ -> ByteTokenizer.tokens(in.readAllBytes());
            case CharacterTokenizer _, Gpt2Tokenizer _ -> tokenizer.encode(characters(in));
          };
      return new Text(
          file.toString(), tokenizer, new TokenSequence.InMemory(tokenizer.size(), tokens));
    } catch (IOException e) {
      throw DataFile.unreadable("text", file.toString(), e);
    }
  }

  /** A text as tokens of a tokenizer. */
  public static Text of(String name, String text, Tokenizer tokenizer) {
    return new Text(
        name, tokenizer, new TokenSequence.InMemory(tokenizer.size(), tokenizer.encode(text)));
  }

  /** Windows of so many tokens, which adjoin. */
  public TokenWindows windows(int length) {
    return TokenWindows.adjoining(name, tokens, length);
  }

  private static String characters(InputStream in) throws IOException {
    try (Reader reader = DataFile.text(in)) {
      StringWriter text = new StringWriter();
      reader.transferTo(text);
      return text.toString();
    }
  }
}
