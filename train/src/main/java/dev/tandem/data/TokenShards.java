package dev.tandem.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Files of tokens, mapped into memory, as one sequence: what one file ends with, the next goes on from. Read
 * are files with a header of llm.c's (16 or 32 bits a token) and nanoGPT's without one (16 bits).
 */
public final class TokenShards implements TokenSequence {
  /** Tokens at the start of each file that are looked at when it is opened: a wrong file shows at once. */
  private static final int LOOKED_AT = 1 << 16;

  private final List<TokenShard> shards;

  /** Where each shard begins in the sequence, and the end of the last. */
  private final long[] starts;

  private final int vocabulary;

  private TokenShards(List<TokenShard> shards, int vocabulary) {
    this.shards = shards;
    this.vocabulary = vocabulary;
    starts = new long[shards.size() + 1];
    for (int i = 0; i < shards.size(); i++) {
      starts[i + 1] = starts[i] + shards.get(i).size();
    }
  }

  /**
   * Opens files, whose tokens follow each other in this order. Throws {@link DataException} naming the file
   * that is damaged or, in its first tokens, does not fit the vocabulary; a token that does not fit farther
   * on is found when it is read.
   */
  public static TokenShards open(List<Path> files, int vocabulary) {
    if (files.isEmpty()) {
      throw new DataException("tokens: no shards, got no files; name at least one .bin file");
    }
    if (vocabulary < 1) {
      throw new DataException(
          "tokens: the vocabulary must have at least 1 token, got "
              + vocabulary
              + "; GPT-2's has 50257");
    }
    List<TokenShard> shards = new ArrayList<>();
    for (Path file : files) {
      TokenShard shard = TokenShard.open(file);
      int looked = (int) Math.min(shard.size(), LOOKED_AT);
      shard.copy(0, new int[looked], 0, looked, vocabulary);
      shards.add(shard);
    }
    return new TokenShards(shards, vocabulary);
  }

  @Override
  public long size() {
    return starts[shards.size()];
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public void copy(long from, int[] into, int at, int count) {
    Objects.checkFromIndexSize(from, count, size());
    int found = Arrays.binarySearch(starts, from);
    int shard = found >= 0 ? found : -found - 2;
    int done = 0;
    while (done < count) {
      long within = from + done - starts[shard];
      int here = (int) Math.min(count - done, shards.get(shard).size() - within);
      shards.get(shard).copy(within, into, at + done, here, vocabulary);
      done += here;
      shard++;
    }
  }
}
