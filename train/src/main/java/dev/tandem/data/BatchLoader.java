package dev.tandem.data;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.OptionalLong;

/**
 * Makes batches from a data set. The order of epoch e, and its samples where they are drawn
 * anew, depend on the shuffle seed and e alone, never on
 * threads or on epochs before it, so a resumed run sees the batches that an unbroken one would have
 * seen. Immutable; the methods that change a setting return a new loader.
 *
 * @param batchSize samples a batch, from 1 to the size of the data set
 * @param shuffleSeed empty keeps the data set's own order in every epoch, and draws no samples
 * @param most batches an epoch, at most: the first of its order
 * @param dropLast leaves out the last batch of an epoch when it is smaller than the others
 * @param transforms applied in this order; pictures are augmented before they are normalised, for
 *     augmentation fills with zeros
 * @param prefetch batches made ahead on a daemon thread; 0 makes each when it is asked for
 */
public record BatchLoader(
    Dataset dataset,
    int batchSize,
    OptionalLong shuffleSeed,
    int most,
    boolean dropLast,
    List<Transform> transforms,
    int prefetch) {

  /** Throws {@link DataException} when a setting does not fit the data set. */
  public BatchLoader {
    transforms = List.copyOf(transforms);
    if (batchSize < 1) {
      throw new DataException(
          "batch size: must be at least 1, got " + batchSize + "; choose 1 to " + dataset.size());
    }
    if (batchSize > dataset.size()) {
      throw new DataException(
          "batch size: larger than the data, got "
              + batchSize
              + " for the "
              + dataset.size()
              + " samples of "
              + dataset.name()
              + "; choose at most "
              + dataset.size()
              + ", or full batch");
    }
    if (most < 1) {
      throw new DataException(
          "epoch: must have at least 1 batch, got " + most + "; leave the limit out for all");
    }
    if (prefetch < 0) {
      throw new DataException(
          "prefetch: must not be negative, got " + prefetch + "; 0 turns it off, 2 is usual");
    }
    transforms.forEach(transform -> transform.check(dataset));
  }

  /**
   * Batches of so many samples in the data set's own order, the last perhaps smaller, made when asked
   * for.
   */
  public static BatchLoader of(Dataset dataset, int batchSize) {
    return new BatchLoader(
        dataset, batchSize, OptionalLong.empty(), Integer.MAX_VALUE, false, List.of(), 0);
  }

  /** The whole data set as one batch. */
  public static BatchLoader full(Dataset dataset) {
    return of(dataset, dataset.size());
  }

  /** Shuffles each epoch anew by a Fisher-Yates shuffle keyed with (seed, epoch). */
  public BatchLoader shuffled(long seed) {
    return new BatchLoader(
        dataset, batchSize, OptionalLong.of(seed), most, dropLast, transforms, prefetch);
  }

  /** Every batch has batchSize samples; those left over at the end of an epoch are not used in it. */
  public BatchLoader droppingLast() {
    return new BatchLoader(dataset, batchSize, shuffleSeed, most, true, transforms, prefetch);
  }

  /** Ends an epoch after so many batches; the next has an order of its own. */
  public BatchLoader atMost(int batches) {
    return new BatchLoader(
        dataset, batchSize, shuffleSeed, batches, dropLast, transforms, prefetch);
  }

  /** Applies one more transform after those already there. */
  public BatchLoader with(Transform transform) {
    List<Transform> more = new ArrayList<>(transforms);
    more.add(transform);
    return new BatchLoader(dataset, batchSize, shuffleSeed, most, dropLast, more, prefetch);
  }

  /** Makes up to so many batches ahead on a daemon thread that lives as long as the epoch. */
  public BatchLoader prefetching(int batches) {
    return new BatchLoader(dataset, batchSize, shuffleSeed, most, dropLast, transforms, batches);
  }

  /** How many batches an epoch has. */
  public int batches() {
    int whole = dataset.size() / batchSize;
    return Math.min(most, dropLast || dataset.size() % batchSize == 0 ? whole : whole + 1);
  }

  /** How many samples an epoch uses. */
  public int samples() {
    return (int) Math.min((long) batches() * batchSize, dataset.size());
  }

  /** The batches of an epoch. */
  public Batches epoch(int epoch) {
    return epoch(epoch, 0);
  }

  /** The batches of an epoch from the given one on: how a run resumes in the middle of an epoch. */
  public Batches epoch(int epoch, int firstBatch) {
    if (epoch < 0) {
      throw new DataException(
          "epoch: must not be negative, got " + epoch + "; the first epoch is 0");
    }
    if (firstBatch < 0 || firstBatch > batches()) {
      throw new DataException(
          "epoch: no such batch, got "
              + firstBatch
              + "; an epoch of "
              + dataset.name()
              + " has "
              + batches());
    }
    Batches here = new InTurn(this, epoch, firstBatch);
    return prefetch == 0 ? here : new Prefetch(here, prefetch, dataset.name());
  }

  /** The order of an epoch: a permutation of 0 to size - 1. */
  public int[] order(int epoch) {
    int[] order = new int[dataset.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    if (shuffleSeed.isPresent()) {
      Draws.shuffle(order, Draws.of(shuffleSeed.getAsLong(), Draws.Purpose.SHUFFLE, epoch));
    }
    return order;
  }

  private Dataset samples(int epoch) {
    return shuffleSeed.isPresent() ? dataset.drawn(shuffleSeed.getAsLong(), epoch) : dataset;
  }

  private Batch batch(Dataset samples, int[] order, int number, int epoch) {
    int from = number * batchSize;
    Batch batch = samples.read(order, from, Math.min(batchSize, samples.size() - from));
    for (Transform transform : transforms) {
      transform.apply(batch, epoch);
    }
    return batch;
  }

  /** Makes each batch when it is asked for. */
  private static final class InTurn implements Batches {
    private final BatchLoader loader;
    private final int epoch;
    private final Dataset samples;
    private final int[] order;
    private int next;
    private boolean closed;

    InTurn(BatchLoader loader, int epoch, int firstBatch) {
      this.loader = loader;
      this.epoch = epoch;
      this.samples = loader.samples(epoch);
      this.order = loader.order(epoch);
      this.next = firstBatch;
    }

    @Override
    public boolean hasNext() {
      return !closed && next < loader.batches();
    }

    @Override
    public Batch next() {
      if (!hasNext()) {
        throw new NoSuchElementException("the epoch has no more batches");
      }
      return loader.batch(samples, order, next++, epoch);
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
