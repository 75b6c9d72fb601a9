package dev.tandem.data;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Path;

/**
 * A text as overlapping or adjoining windows of tokens. A sample's input is I32 (T), its target the
 * token after each, I32 (T): the same window one place later.
 *
 * @param tokens the whole text
 * @param length T, tokens a window
 * @param stride from the start of a window to the start of the next; equal to length, windows adjoin and
 *     no token is an input twice. Where they overlap, split in order: a random split would put the same
 *     text on both sides.
 */
public record Text(String name, Vocabulary vocabulary, int[] tokens, int length, int stride)
    implements Dataset {

  /** Throws {@link DataException} when the text is too short for one window. */
  public Text {
    if (length < 1 || stride < 1) {
      throw new DataException(
          "text: window length and stride must be at least 1, got "
              + length
              + " and "
              + stride
              + "; 64 to 1024 tokens are usual");
    }
    if (tokens.length <= length) {
      throw new DataException(
          "text: shorter than one window and the token after it, got "
              + tokens.length
              + " tokens in "
              + name
              + " for windows of "
              + length
              + "; use shorter windows or a longer text");
    }
  }

  /** The characters of a UTF-8 file, plain or gzip, with the vocabulary learned from it. */
  public static Text characters(Path file, int length) {
    String text = read(file);
    if (text.isEmpty()) {
      throw new DataException(
          "text: no samples, got an empty file " + file + "; give it some text");
    }
    return of(file.toString(), text, Vocabulary.learn(text), length);
  }

  /** The bytes of any file, plain or gzip. */
  public static Text bytes(Path file, int length) {
    try (InputStream in = DataFile.open("text", file)) {
      int[] tokens = Vocabulary.Bytes.tokens(in.readAllBytes());
      return new Text(file.toString(), Vocabulary.bytes(), tokens, length, length);
    } catch (IOException e) {
      throw DataFile.unreadable("text", file.toString(), e);
    }
  }

  /** A UTF-8 file, plain or gzip, in a vocabulary learned before. */
  public static Text of(Path file, Vocabulary vocabulary, int length) {
    return of(file.toString(), read(file), vocabulary, length);
  }

  /** A text in a vocabulary. */
  public static Text of(String name, String text, Vocabulary vocabulary, int length) {
    return new Text(name, vocabulary, vocabulary.encode(text), length, length);
  }

  /** The same text with another stride. */
  public Text every(int otherStride) {
    return new Text(name, vocabulary, tokens, length, otherStride);
  }

  @Override
  public int size() {
    return (tokens.length - 1 - length) / stride + 1;
  }

  @Override
  public TensorType input() {
    return new TensorType(DType.I32, Shape.of(length));
  }

  @Override
  public Target.Tokens target() {
    return new Target.Tokens(vocabulary.size());
  }

  @Override
  public void readInputs(int[] indices, int from, int count, Values rows) {
    copyWindows(0, indices, from, count, rows);
  }

  @Override
  public void readTargets(int[] indices, int from, int count, Values rows) {
    copyWindows(1, indices, from, count, rows);
  }

  private void copyWindows(int offset, int[] indices, int from, int count, Values rows) {
    int[] into = ((Values.Ints) rows).data();
    for (int i = 0; i < count; i++) {
      System.arraycopy(tokens, indices[from + i] * stride + offset, into, i * length, length);
    }
  }

  private static String read(Path file) {
    try (InputStream in = DataFile.open("text", file);
        Reader reader = DataFile.text(in)) {
      StringWriter text = new StringWriter();
      reader.transferTo(text);
      return text.toString();
    } catch (IOException e) {
      throw DataFile.unreadable("text", file.toString(), e);
    }
  }
}
