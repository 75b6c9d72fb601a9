package dev.tandem.optim;

import dev.tandem.backend.Backend;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.util.Map;

/**
 * The factor that lifts a loss, and with it all gradients, into the range of F16 before backward. It halves when gradients overflow,
 * and doubles after 2,000 steps without. Lies on the device, as does the decision: {@link Update.LossScale}. Micikevicius et al.
 * 2017, arXiv:1710.03740, section 3.2; the numbers are those of PyTorch's GradScaler.
 */
public final class LossScale implements AutoCloseable {
  /** The scale that training starts with. */
  public static final double INITIAL = 1 << 16;

  private static final Update STEP = new Update.LossScale(2, 0.5, 2000);
  private static final TensorType SCALAR = new TensorType(DType.F32, Shape.scalar());

  private final Tensor scale;
  private final Tensor streak;

  /** At {@link #INITIAL}, on this device. */
  public LossScale(Backend backend) {
    try (Scope _ = Scope.open()) { // frees the first where there is no room for the second
      scale = Tensor.full(backend, SCALAR, INITIAL);
      streak = Tensor.zeros(backend, SCALAR.withDType(DType.I32));
      scale.release();
      streak.release();
    }
  }

  /** The present factor, F32 (), owned by this. */
  public Tensor scale() {
    return scale;
  }

  /** Goes by the norm of the scaled gradients, F32 (): after the step that it belongs to. */
  public void observe(Tensor norm) {
    Tensor.update(STEP, scale, streak, norm);
  }

  /** For checkpoints; writing to them restores it. */
  public Map<String, Tensor> state() {
    return Map.of("scale", scale, "streak", streak);
  }

  @Override
  public void close() {
    scale.close();
    streak.close();
  }
}
