package dev.tandem.train;

import dev.tandem.tensor.Tensor;

/**
 * A step that was just done. Only good during the call that hands it over.
 *
 * @param epoch from 1
 * @param batch from 1, within the epoch
 * @param batches how many the epoch has
 * @param step from 1, all epochs together
 * @param samples in the batch
 * @param learningRate of the update
 * @param meanLoss of the batch before the update, one number on the device
 */
public record StepReport(
    int epoch,
    int batch,
    int batches,
    long step,
    int samples,
    double learningRate,
    Tensor meanLoss) {

  /** The mean loss of the batch before the update. Waits for the device: a listener that asks at every step slows it down. */
  public double loss() {
    return meanLoss.item();
  }
}
