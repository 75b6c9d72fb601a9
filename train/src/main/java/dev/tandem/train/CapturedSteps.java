package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.CapturedStep;
import dev.tandem.data.Batch;
import dev.tandem.data.Values;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Steps recorded once a batch shape and replayed as a whole, where the backend can: the host then writes a batch and gives one
 * command instead of some hundred.
 */
final class CapturedSteps implements AutoCloseable {
  /** Steps of a shape that are done as they are before one is captured; the odd last batch of an only epoch never is. */
  private static final int FIRST_PLAIN = 2;

  private record Shapes(Shape inputs, Shape targets) {}

  /** A recorded step, and the tensors that it takes its batch from. */
  private record Recorded(
      Tensor inputs, Tensor targets, CapturedStep step, TrainingStep.Counts counts)
      implements AutoCloseable {
    @Override
    public void close() {
      step.close();
      inputs.close();
      targets.close();
    }
  }

  private final Backend backend;
  private final TrainingStep step;
  private final Consumer<String> notes;
  private final Map<Shapes, Integer> seen = new HashMap<>();
  private final Map<Shapes, Recorded> recorded = new HashMap<>();
  private boolean on;

  /** @param notes takes the line that is said when steps turn out not to be capturable */
  CapturedSteps(Backend backend, TrainingStep step, boolean wanted, Consumer<String> notes) {
    this.backend = backend;
    this.step = step;
    this.notes = notes;
    on = wanted && backend.captures();
  }

  /** Does the step if it is, or now becomes, a captured one; empty where it is to be done as it is. */
  Optional<TrainingStep.Counts> run(Batch batch) {
    if (!on) {
      return Optional.empty();
    }
    Shapes shapes = new Shapes(batch.inputs().shape(), batch.targets().shape());
    Recorded known = recorded.get(shapes);
    if (known != null && !known.step.ready()) {
      stop("others need their memory; TANDEM_CAPTURE=0 does without from the start");
      return Optional.empty();
    }
    if (known != null) {
      Upload.overwrite(known.inputs, batch.inputs());
      Upload.overwrite(known.targets, batch.targets());
      known.step.replay();
      return Optional.of(known.counts);
    }
    return seen.merge(shapes, 1, Integer::sum) > FIRST_PLAIN
        ? Optional.of(record(shapes, batch))
        : Optional.empty();
  }

  /** Does the step for the first time, and records it. */
  private TrainingStep.Counts record(Shapes shapes, Batch batch) {
    TrainingStep.Counts[] counts = new TrainingStep.Counts[1];
    int[] calls = new int[1];
    Tensor inputs = held(batch.inputs());
    Tensor targets = null;
    boolean kept = false;
    try {
      targets = held(batch.targets());
      Tensor labels = targets;
      CapturedStep captured =
          backend.capture(() -> {
            calls[0]++;
            counts[0] = step.run(inputs, labels, TrainingStep.Course.STRAIGHT);
          });
      recorded.put(shapes, new Recorded(inputs, labels, captured, counts[0]));
      kept = true;
    } catch (BackendException e) {
      if (calls[0] < 2) {
        throw e; // the step itself failed
      }
      stop(e.getMessage());
    } finally {
      if (!kept) {
        inputs.close();
        if (targets != null) {
          targets.close();
        }
      }
    }
    return counts[0];
  }

  /** From here on steps are done as they are. */
  private void stop(String reason) {
    close();
    notes.accept("training: steps are not captured: " + reason);
  }

  /** A tensor outside of all scopes. */
  private Tensor held(Values values) {
    return Upload.raw(backend, values).release();
  }

  @Override
  public void close() {
    recorded.values().forEach(Recorded::close);
    recorded.clear();
    on = false;
  }
}
