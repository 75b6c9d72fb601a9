package dev.tandem.train;

import dev.tandem.data.Values;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.function.UnaryOperator;

/** Asks a learner's model for predictions, computed as in evaluation and brought to the host. */
public final class Predictor {
  private final Learner learner;

  /** Predicts with the learner's model, which stays the caller's. */
  public Predictor(Learner learner) {
    this.learner = learner;
  }

  /** What the model puts out, a row a sample. inputs: (N, sample...). */
  public float[][] outputs(Values inputs) {
    return rows(inputs, UnaryOperator.identity());
  }

  /**
   * The probability of each class, a row a sample: softmax of the outputs, or, of a model with one output a sample, the
   * sigmoid, which is the probability of class 1.
   */
  public float[][] probabilities(Values inputs) {
    return rows(
        inputs, y -> y.shape().elements() == y.shape().length(0) ? y.sigmoid() : y.softmax(-1));
  }

  /** The class that the model puts first, for each sample. */
  public int[] classes(Values inputs) {
    boolean training = learner.model().training();
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      Tensor y = forward(inputs);
      return Upload.classes(learner.loss(), y, inputs.shape().part(0, 1)).toInts();
    } finally {
      learner.model().training(training);
    }
  }

  private float[][] rows(Values inputs, UnaryOperator<Tensor> finish) {
    boolean training = learner.model().training();
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      Tensor y = forward(inputs);
      double[] flat = finish.apply(y.cast(y.dtype().statistics())).toDoubles();
      int count = inputs.shape().length(0);
      float[][] rows = new float[count][count == 0 ? 0 : flat.length / count];
      for (int i = 0; i < flat.length; i++) {
        rows[i / rows[0].length][i % rows[0].length] = (float) flat[i];
      }
      return rows;
    } finally {
      learner.model().training(training);
    }
  }

  private Tensor forward(Values inputs) {
    learner.model().training(false);
    return learner.model().forward(Upload.values(learner.backend(), learner.dtype(), inputs));
  }
}
