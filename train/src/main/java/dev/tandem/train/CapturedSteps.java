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
    Tensor inputs = held(batch.inputs());
    Tensor targets = held(batch.targets());
    TrainingStep.Counts[] counts = new TrainingStep.Counts[1];
    int[] calls = new int[1];
    try {
      CapturedStep captured =
          backend.capture(() -> {
            calls[0]++;
            counts[0] = step.run(inputs, targets, TrainingStep.Course.STRAIGHT);
          });
      recorded.put(shapes, new Recorded(inputs, targets, captured, counts[0]));
    } catch (BackendException e) {
      inputs.close();
      targets.close();
      if (calls[0] < 2) {
        throw e; // the step itself failed
      }
      on = false;
      notes.accept("training: steps are not captured: " + e.getMessage());
    }
    return counts[0];
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
