package dev.tandem.train;

import dev.tandem.data.Values;

/** How far targets lie from the mean of their output, in one pass (Welford 1962). */
final class TargetSpread {
  private long rows;
  private double[] means;
  private double squares;

  /** targets: (N, k). */
  void add(Values.Floats targets) {
    int outputs = targets.shape().length(-1);
    if (means == null) {
      means = new double[outputs];
    }
    for (int from = 0; from < targets.data().length; from += outputs) {
      rows++;
      for (int k = 0; k < outputs; k++) {
        double distance = targets.data()[from + k] - means[k];
        means[k] += distance / rows;
        squares += distance * (targets.data()[from + k] - means[k]);
      }
    }
  }

  /** The sum of (t - mean of its output)^2 over all targets. */
  double sumOfSquares() {
    return squares;
  }
}
