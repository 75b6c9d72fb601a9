package dev.tandem.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * Makes tokens of text files of any length, a piece at a time: pieces are made into tokens side by side, and
 * handed on in order. Texts are parted where the tokens stay those of the whole ({@link Tokenizer#cut});
 * where there is no such place in a quarter of a million characters, parted all the same, so that memory stays
 * bounded.
 */
final class TextPieces implements AutoCloseable {
  private static final int PIECE = 1 << 17;
  private static final int LONGEST = 1 << 18;

  private final Tokenizer tokenizer;
  private final Consumer<int[]> tokens;
  private final LongConsumer progress;
  private final int threads = Runtime.getRuntime().availableProcessors();
  private final ExecutorService encoders =
      Executors.newFixedThreadPool(
          threads, Thread.ofPlatform().daemon().name("tandem-tokenize ", 0).factory());
  private final Deque<Future<int[]>> begun = new ArrayDeque<>();
  private long bytesRead;

  /**
   * @param tokens takes the tokens, in the order of the text
   * @param progress is told how many bytes of the files have been read, compressed where they are
   */
  TextPieces(Tokenizer tokenizer, Consumer<int[]> tokens, LongConsumer progress) {
    this.tokenizer = tokenizer;
    this.tokens = tokens;
    this.progress = progress;
  }

  /** Hands on the tokens of a file, all of them by the time it returns. */
  void read(Path file) {
    DataFile.checkReadable("text", file);
    try (InputStream in = DataFile.open("text", file, Counted::new)) {
      switch (tokenizer) {
        case ByteTokenizer _ -> readBytes(in);
        case CharacterTokenizer _, Gpt2Tokenizer _ -> readText(in);
      }
      while (!begun.isEmpty()) {
        handOn();
      }
    } catch (IOException e) {
      throw DataFile.unreadable("text", file.toString(), e);
    }
  }

  private void readBytes(InputStream in) throws IOException {
    for (byte[] piece = in.readNBytes(PIECE); piece.length > 0; piece = in.readNBytes(PIECE)) {
      tokens.accept(ByteTokenizer.tokens(piece));
      progress.accept(bytesRead);
    }
  }

  private void readText(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    char[] buffer = new char[PIECE];
    try (Reader reader = DataFile.text(in)) {
      for (int count = reader.read(buffer); count >= 0; count = reader.read(buffer)) {
        text.append(buffer, 0, count);
        if (text.length() >= PIECE) {
          String sofar = text.toString();
          int cut = tokenizer.cut(sofar);
          if (cut == 0 && sofar.length() >= LONGEST) {
            cut = sofar.length() - (Character.isHighSurrogate(buffer[count - 1]) ? 1 : 0);
          }
          if (cut > 0) {
            encode(sofar.substring(0, cut));
            text.delete(0, cut);
          }
        }
      }
    }
    encode(text.toString());
  }

  private void encode(String piece) {
    begun.add(encoders.submit(() -> tokenizer.encode(piece)));
    if (begun.size() > 2 * threads) {
      handOn();
    }
  }

  private void handOn() {
    try {
      tokens.accept(begun.remove().get());
      progress.accept(bytesRead);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        default -> throw new IllegalStateException("tokenize: a piece was not encoded", e);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DataException(
          "tokenize: interrupted, got an interrupt after " + bytesRead + " bytes; begin anew", e);
    }
  }

  /** Ends the threads. What was not handed on is lost. */
  @Override
  public void close() {
    encoders.shutdownNow();
  }

  private final class Counted extends FilterInputStream {
    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      bytesRead += read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] into, int at, int count) throws IOException {
      int read = super.read(into, at, count);
      bytesRead += Math.max(read, 0);
      return read;
    }
  }
}
