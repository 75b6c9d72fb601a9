package dev.tandem.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * Opens files that may be compressed: gzip is known by its first two bytes, whatever the file is called.
 */
final class DataFile {
  private static final int BUFFER = 1 << 16;

  private DataFile() {}

  /** The file's bytes, decompressed if need be. The reader named is the first word of messages. */
  static InputStream open(String reader, Path file) {
    return open(reader, file, UnaryOperator.identity());
  }

  /** As {@link #open(String, Path)}. @param watched is put about the bytes as they are on the disk */
  static InputStream open(String reader, Path file, UnaryOperator<InputStream> watched) {
    checkReadable(reader, file);
    try {
      InputStream raw = watched.apply(Files.newInputStream(file));
      try {
        return decompressed(raw);
      } catch (IOException | RuntimeException broken) {
        raw.close();
        throw broken;
      }
    } catch (IOException e) {
      throw unreadable(reader, file.toString(), e);
    }
  }

  /** The stream's bytes, decompressed if they begin like gzip. */
  static InputStream decompressed(InputStream raw) throws IOException {
    BufferedInputStream in = new BufferedInputStream(raw, BUFFER);
    return compressed(in) ? new BufferedInputStream(new GZIPInputStream(in, BUFFER), BUFFER) : in;
  }

  /** Whether a file begins like gzip. */
  static boolean compressed(String reader, Path file) {
    checkReadable(reader, file);
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return compressed(in);
    } catch (IOException e) {
      throw unreadable(reader, file.toString(), e);
    }
  }

  private static boolean compressed(InputStream in) throws IOException {
    in.mark(2);
    boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
    in.reset();
    return gzip;
  }

  /**
   * The stream as UTF-8 text without its byte order mark; bytes that are not UTF-8 are an IOException.
   */
  static Reader text(InputStream in) throws IOException {
    in.mark(3);
    boolean marked = in.read() == 0xEF && in.read() == 0xBB && in.read() == 0xBF;
    if (!marked) {
      in.reset();
    }
    return new InputStreamReader(
        in,
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT));
  }

  /** One sentence for what a read failed with. */
  static DataException unreadable(String reader, String file, IOException e) {
    return switch (e) {
      case CharacterCodingException _ ->
          new DataException(
              reader + ": the text is not UTF-8, got " + file + "; convert it to UTF-8", e);
      case EOFException _ ->
          new DataException(
              reader
                  + ": the compressed file ends too early, got "
                  + file
                  + "; fetch or copy it again",
              e);
      case ZipException _ ->
          new DataException(
              reader
                  + ": the compressed file is damaged, got "
                  + file
                  + " ("
                  + e.getMessage()
                  + "); fetch or copy it again",
              e);
      default ->
          new DataException(
              reader
                  + ": the file cannot be read, got "
                  + file
                  + " ("
                  + e.getMessage()
                  + "); check the path and its permissions",
              e);
    };
  }

  static void checkReadable(String reader, Path file) {
    if (!Files.exists(file)) {
      throw new DataException(reader + ": no such file, got " + file + "; check the path");
    }
    if (Files.isDirectory(file)) {
      throw new DataException(
          reader + ": a folder where a file should be, got " + file + "; name the file in it");
    }
    if (!Files.isReadable(file)) {
      throw new DataException(
          reader + ": the file may not be read, got " + file + "; check its permissions");
    }
  }
}
