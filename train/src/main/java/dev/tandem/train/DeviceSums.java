package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/**
 * Running totals that stay on the device until they are asked for, so that measuring a step does not wait for it. Each
 * addition is compensated (Kahan 1965): the totals of a million steps in F32 are as good as those of a few.
 */
final class DeviceSums implements AutoCloseable {
  private final TensorType type;
  private final Tensor totals;

  /** What rounding has added to the totals beyond what it should have. */
  private final Tensor excess;

  DeviceSums(Backend backend, DType dtype, int count) {
    type = new TensorType(dtype, Shape.of(count));
    try (Scope _ = Scope.open()) { // frees the first where there is no room for the second
      totals = Tensor.zeros(backend, type);
      excess = Tensor.zeros(backend, type);
      totals.release();
      excess.release();
    }
  }

  /** Adds one number, of one element, to each total. */
  void add(Tensor... numbers) {
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      Tensor added =
          Tensor.concat(
              0,
              Arrays.stream(numbers)
                  .map(n -> n.cast(type.dtype()).reshape(1))
                  .toArray(Tensor[]::new));
      Tensor corrected = added.sub(excess);
      Tensor sums = totals.add(corrected);
      Tensor.update(new Update.Assign(), excess, sums.sub(totals).sub(corrected));
      Tensor.update(new Update.Assign(), totals, sums);
    }
  }

  /** The totals. Waits for the device. */
  double[] read() {
    double[] sums = totals.toDoubles();
    double[] over = excess.toDoubles();
    for (int i = 0; i < sums.length; i++) {
      // A total that is infinite has an excess of NaN, which says less.
      sums[i] = Double.isFinite(sums[i]) ? sums[i] - over[i] : sums[i];
    }
    return sums;
  }

  void clear() {
    try (Scope _ = Scope.open()) {
      Tensor zeros = Tensor.zeros(totals.backend(), type);
      Tensor.update(new Update.Assign(), totals, zeros);
      Tensor.update(new Update.Assign(), excess, zeros);
    }
  }

  /** For checkpoints. */
  Map<String, Tensor> state() {
    return Map.of("totals", totals, "excess", excess);
  }

  @Override
  public void close() {
    totals.close();
    excess.close();
  }
}
