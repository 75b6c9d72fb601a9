package dev.tandem.train;

import dev.tandem.data.BatchLoader;
import dev.tandem.data.Dataset;

/** How many samples an update learns from. */
public enum BatchMode {
  /** One: an update a sample, as the delta rule was first stated. Noisy, and slow on wide devices. */
  ONLINE,
  /** A few: the usual compromise between noise and speed. */
  MINI_BATCH,
  /** All: the true gradient of the training loss, one update an epoch. */
  FULL_BATCH;

  /** A loader of such batches in the data set's own order. The batch size counts only for {@link #MINI_BATCH}. */
  public BatchLoader loader(Dataset data, int batchSize) {
    return switch (this) {
      case ONLINE -> BatchLoader.of(data, 1);
      case MINI_BATCH -> BatchLoader.of(data, batchSize);
      case FULL_BATCH -> BatchLoader.full(data);
    };
  }
}
