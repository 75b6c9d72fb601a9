package dev.tandem.train;

import dev.tandem.data.Batch;
import dev.tandem.data.Values;
import dev.tandem.tensor.Tensor;
import java.util.Map;
import java.util.Optional;

/**
 * Finds what went bad first once a loss or a gradient is not finite: looks through a step in the order in which it computes.
 * Reads whole tensors, for it runs once, at the end.
 */
final class Diagnosis {
  private final Trainer.Setup setup;
  private final int epoch;
  private final long step;
  private final long seen;
  private final String when;

  /**
   * @param step the first bad one, from 1
   * @param seen the step at which that was noticed
   */
  Diagnosis(Trainer.Setup setup, int epoch, long step, long seen) {
    this.setup = setup;
    this.epoch = epoch;
    this.step = step;
    this.seen = seen;
    this.when =
        "training: diverged at epoch "
            + epoch
            + ", step "
            + step
            + (seen > step
                ? " (looked for at step " + seen + "; checkEvery 1 finds the cause exactly)"
                : "");
  }

  /** @param batch the batch of the step; empty once it is gone */
  Divergence of(Optional<Batch> batch, double learningRate) {
    if (seen > step) {
      return late(learningRate);
    }
    return batch
        .flatMap(this::inData)
        .or(() ->
            inTensors(
                Divergence.What.PARAMETER, setup.learner().model().parameters(), learningRate))
        .or(() ->
            inTensors(Divergence.What.BUFFER, setup.learner().model().buffers(), learningRate))
        .or(() -> inGradients(learningRate))
        .orElseGet(() -> inLoss(learningRate));
  }

  private Optional<Divergence> inData(Batch batch) {
    return inData(Divergence.What.INPUTS, "the inputs", batch.inputs(), batch)
        .or(() -> inData(Divergence.What.TARGETS, "the targets", batch.targets(), batch));
  }

  private Optional<Divergence> inData(
      Divergence.What what, String field, Values values, Batch batch) {
    if (values instanceof Values.Floats(_, float[] data)) {
      for (int i = 0; i < data.length; i++) {
        if (!Float.isFinite(data[i])) {
          int row = i / (data.length / batch.size());
          String name = setup.feed().training().dataset().name();
          return found(
              what,
              name,
              "got "
                  + data[i]
                  + " in "
                  + field
                  + " of sample "
                  + batch.indices()[row]
                  + " of "
                  + name
                  + "; remove such samples or fill their gaps, and look at the transforms");
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Divergence> inTensors(
      Divergence.What what, Map<String, Tensor> tensors, double learningRate) {
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      Optional<Double> bad = bad(entry.getValue());
      if (bad.isPresent()) {
        String kind = what == Divergence.What.PARAMETER ? "parameter" : "buffer";
        return found(
            what,
            entry.getKey(),
            "got "
                + bad.get()
                + " in "
                + kind
                + " '"
                + entry.getKey()
                + "' from the update before, at learning rate "
                + learningRate
                + "; lower the learning rate, or clip gradients");
      }
    }
    return Optional.empty();
  }

  private Optional<Divergence> inGradients(double learningRate) {
    for (Map.Entry<String, Tensor> entry : setup.learner().model().parameters().entrySet()) {
      Optional<Double> bad = entry.getValue().gradient().flatMap(Diagnosis::bad);
      if (bad.isPresent()) {
        return found(
            Divergence.What.GRADIENT,
            entry.getKey(),
            "got "
                + bad.get()
                + " in the gradient of parameter '"
                + entry.getKey()
                + "', all parameters being finite, at learning rate "
                + learningRate
                + "; the numbers in between grow too large: lower the learning rate, or clip gradients");
      }
    }
    return Optional.empty();
  }

  /** Steps were done since, on other batches: what broke down is gone. */
  private Divergence late(double learningRate) {
    String name = setup.learner().loss().name();
    return found(
            Divergence.What.LOSS,
            name,
            "got a loss "
                + name
                + " or a gradient norm that is not finite, at learning rate "
                + learningRate
                + "; no weight was changed by that step: lower the learning rate, clip gradients, or look for bad samples")
        .orElseThrow();
  }

  private Divergence inLoss(double learningRate) {
    String name = setup.learner().loss().name();
    return found(
            Divergence.What.LOSS,
            name,
            "got a loss "
                + name
                + " or a gradient norm beyond the range of "
                + setup.learner().dtype()
                + ", parameters and gradients being finite, at learning rate "
                + learningRate
                + "; lower the learning rate, or scale inputs and targets")
        .orElseThrow();
  }

  /** The training loss was finite, and then this was not. */
  Divergence inValidation(double loss) {
    String name = setup.feed().validation().orElseThrow().dataset().name();
    return found(
            Divergence.What.VALIDATION,
            name,
            "got a validation loss of "
                + loss
                + " on "
                + name
                + ", the training loss being finite; look there for numbers that are not, or lower the"
                + " learning rate")
        .orElseThrow();
  }

  private Optional<Divergence> found(Divergence.What what, String name, String sentence) {
    return Optional.of(new Divergence(epoch, step, what, name, when + ", " + sentence));
  }

  private static Optional<Double> bad(Tensor tensor) {
    if (tensor.dtype().floating()) {
      for (double value : tensor.toDoubles()) {
        if (!Double.isFinite(value)) {
          return Optional.of(value);
        }
      }
    }
    return Optional.empty();
  }
}
