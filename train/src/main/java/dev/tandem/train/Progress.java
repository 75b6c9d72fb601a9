package dev.tandem.train;

import java.util.List;

/** How far a run has come, between steps. Together with tensors it is all that a checkpoint holds. */
final class Progress {
  /** Epochs that are done. */
  int epoch;

  /** Batches of the epoch after those that are done. */
  int batch;

  /** Updates in all. */
  long step;

  /** What the present epoch's sums are divided by: terms of the loss, and class numbers compared. */
  long terms;

  long compared;
  double learningRate = Double.NaN;

  History history = new History(List.of());
  double bestLoss = Double.POSITIVE_INFINITY;

  /** From 1; 0 while there is none. */
  int bestEpoch;

  int epochsSinceBest;

  /** Counts a finished epoch's monitored loss; whether it is the best. NaN never is. */
  boolean observe(double loss, double minDelta) {
    boolean best = loss < bestLoss - minDelta;
    if (best) {
      bestLoss = loss;
      bestEpoch = epoch + 1;
      epochsSinceBest = 0;
    } else {
      epochsSinceBest++;
    }
    return best;
  }

  /** Becomes what was saved. Where best weights are to be kept and none came with it, the best so far is forgotten. */
  void takeOver(Progress saved, boolean best) {
    epoch = saved.epoch;
    batch = saved.batch;
    step = saved.step;
    terms = saved.terms;
    compared = saved.compared;
    learningRate = saved.learningRate;
    history = saved.history;
    bestLoss = best ? saved.bestLoss : Double.POSITIVE_INFINITY;
    bestEpoch = best ? saved.bestEpoch : 0;
    epochsSinceBest = best ? saved.epochsSinceBest : 0;
  }

  /** Closes the epoch with its report. */
  void finish(EpochReport report) {
    history = history.then(report);
    epoch++;
    batch = 0;
    terms = 0;
    compared = 0;
  }
}
