package dev.tandem.data;

/**
 * A change to a batch's arrays in place, before the batch is handed out. Must depend on nothing but the
 * batch's values, its sample indices and the epoch: batches are made ahead of time on another thread.
 */
public interface Transform {
  /**
   * Throws {@link DataException} when the transform does not fit the data set; called once, when a
   * loader is made.
   */
  void check(Dataset dataset);

  /** Changes the batch in place; the epoch, counted from 0, decides draws. */
  void apply(Batch batch, int epoch);
}
