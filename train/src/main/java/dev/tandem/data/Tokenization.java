package dev.tandem.data;

import dev.tandem.io.AtomicFile;
import dev.tandem.io.FileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongConsumer;

/**
 * Makes a folder of token shards of texts of any length: {@code train_000000.bin} and on, {@code
 * val_000000.bin} and on, in llm.c's layout, and last {@code tokens.json}, so that a folder without it was
 * not finished. Where there are several texts and the tokenizer has an end of text, each text begins with
 * that token.
 *
 * @param texts for training, in this order
 * @param validation what validates
 * @param shardTokens the most tokens a shard, up to 2^31 - 1
 */
public record Tokenization(
    List<Path> texts, Tokenizer tokenizer, Validation validation, int shardTokens) {
  /** llm.c's own shards have so many. */
  public static final int SHARD_TOKENS = 100_000_000;

  /** What validates. */
  public sealed interface Validation {
    /** Such a share of all tokens, from 0 up to but not 1, cut off at the end. */
    record Share(double share) implements Validation {}

    /** Texts of their own. */
    record Texts(List<Path> texts) implements Validation {
      /** Copies what it is given: later changes do not reach it. */
      public Texts {
        texts = List.copyOf(texts);
      }
    }
  }

  /** What was written. */
  public record Written(
      long trainingTokens, int trainingShards, long validationTokens, int validationShards) {
    /** How many tokens there are in all. */
    public long tokens() {
      return trainingTokens + validationTokens;
    }
  }

  /** Throws {@link DataException} where a setting is out of range. */
  public Tokenization {
    texts = List.copyOf(texts);
    if (texts.isEmpty()) {
      throw new DataException("tokenize: no text, got an empty list; name at least one file");
    }
    if (validation instanceof Validation.Share(double share) && !(share >= 0 && share < 1)) {
      throw new DataException(
          "tokenize: the validation share must be at least 0 and less than 1, got "
              + share
              + "; 0.05 is usual");
    }
    if (shardTokens < 1) {
      throw new DataException(
          "tokenize: a shard must have at least 1 token, got "
              + shardTokens
              + "; "
              + SHARD_TOKENS
              + " are usual");
    }
  }

  /** How many bytes there are to be read, compressed where they are: what progress runs up to. */
  public long bytes() {
    long bytes = 0;
    for (Path file : allTexts()) {
      DataFile.checkReadable("text", file);
      try {
        bytes += Files.size(file);
      } catch (IOException e) {
        throw DataFile.unreadable("text", file.toString(), e);
      }
    }
    return bytes;
  }

  private List<Path> allTexts() {
    List<Path> all = new ArrayList<>(texts);
    if (validation instanceof Validation.Texts(List<Path> more)) {
      all.addAll(more);
    }
    return all;
  }

  /**
   * Writes the folder, which is made if need be and must hold no shards yet. After a failure the shards that
   * were written are gone. Texts are read once through; their tokens wait in a temporary file in the folder.
   *
   * @param progress is told how many bytes have been read
   * @throws DataException where a text cannot be read or made into tokens
   * @throws FileException where the folder cannot be written
   */
  public Written write(Path folder, LongConsumer progress) {
    long total = bytes(); // a file that is not there is told before the folder is made
    prepare(folder);
    List<Path> written = new ArrayList<>();
    try (Spool spool = Spool.in(folder, ShardFormat.of(tokenizer.size()))) {
      try (TextPieces pieces = new TextPieces(tokenizer, spool::add, progress)) {
        encode(texts, pieces, spool);
        long border = spool.size();
        long validating =
            switch (validation) {
              case Validation.Share(double share) -> Math.round(share * border);
              case Validation.Texts(List<Path> more) -> {
                encode(more, pieces, spool);
                yield spool.size() - border;
              }
            };
        progress.accept(total);
        long training = spool.size() - validating;
        check(training, validating);
        int trainingShards = shards(folder, "train", spool, 0, training, written);
        int validationShards = shards(folder, "val", spool, training, validating, written);
        TokenizerFile.write(folder.resolve(TokenizerFile.NAME), tokenizer);
        return new Written(training, trainingShards, validating, validationShards);
      }
    } catch (RuntimeException | Error e) {
      remove(written, e);
      throw e;
    }
  }

  private void encode(List<Path> files, TextPieces pieces, Spool spool) {
    for (Path file : files) {
      if (files.size() > 1) {
        tokenizer.endOfText().ifPresent(end -> spool.add(new int[] {end}));
      }
      pieces.read(file);
    }
  }

  private void check(long training, long validating) {
    if (training == 0 || validating == 0 && !validation.equals(new Validation.Share(0))) {
      throw new DataException(
          "tokenize: nothing "
              + (training == 0 ? "to train on" : "to validate on")
              + ", got "
              + training
              + " tokens for training and "
              + validating
              + " for validation; give a longer text, or another share");
    }
  }

  private static void prepare(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw FileException.of("tokenize", folder, "cannot be made", e);
    }
    List<Path> there = ShardFolder.shards(folder);
    if (!there.isEmpty() || Files.exists(folder.resolve(TokenizerFile.NAME))) {
      throw new DataException(
          "tokenize: the folder is not empty, got "
              + (there.isEmpty() ? TokenizerFile.NAME : there.getFirst().getFileName())
              + " in "
              + folder
              + "; name another, or remove what is there");
    }
  }

  /** Writes the count tokens from a place on as shards. @return how many shards */
  private int shards(
      Path folder, String part, Spool spool, long from, long count, List<Path> written) {
    int shards = 0;
    for (long done = 0; done < count; done += shardTokens, shards++) {
      Path file = folder.resolve(String.format(Locale.ROOT, "%s_%06d.bin", part, shards));
      long start = from + done;
      int here = (int) Math.min(shardTokens, count - done);
      AtomicFile.write(
          file,
          channel -> {
            ByteBuffer header = spool.format().header(here);
            while (header.hasRemaining()) {
              channel.write(header);
            }
            spool.copy(start, here, channel);
          });
      written.add(file);
    }
    return shards;
  }

  private static void remove(List<Path> files, Throwable failure) {
    for (Path file : files) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
  }
}
