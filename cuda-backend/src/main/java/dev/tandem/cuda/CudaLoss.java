package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.op.Loss;
import java.util.List;

/** Cross-entropies, fused with the log-softmax. */
final class CudaLoss {
  private final Queue queue;

  CudaLoss(Queue queue) {
    this.queue = queue;
  }

  void run(Loss op, List<Operand> in, List<Operand> out) {
    Operand logits = in.getFirst();
    Rows rows = Rows.of(logits);
    if (rows.count() == 0) {
      return;
    }
    switch (op) {
      case Loss.CrossEntropy loss -> {
        Launch launch = rows.kernel(queue, SHORT_CROSS_ENTROPY_F32, CROSS_ENTROPY_F32, in, out);
        launch.float32(loss.smoothing()).faults(site(op, in));
        rows.launch(launch);
      }
      case Loss.CrossEntropyGrad grad -> grad(grad, rows, in, out);
      case Loss.SoftCrossEntropy _ ->
          rows.launch(
              rows.kernel(queue, SHORT_SOFT_CROSS_ENTROPY_F32, SOFT_CROSS_ENTROPY_F32, in, out));
      case Loss.SoftCrossEntropyGrad _ ->
          rows.launch(
              rows.kernel(
                  queue, SHORT_SOFT_CROSS_ENTROPY_GRAD_F32, SOFT_CROSS_ENTROPY_GRAD_F32, in, out));
    }
  }

  /** Where rows are few, each goes to several blocks, for there is nothing to sum. */
  private void grad(Loss.CrossEntropyGrad op, Rows rows, List<Operand> in, List<Operand> out) {
    Launch launch =
        rows.kernel(queue, SHORT_CROSS_ENTROPY_GRAD_F32, CROSS_ENTROPY_GRAD_F32, in, out);
    Pieces pieces =
        rows.isShort()
            ? new Pieces(rows.length(), 1)
            : Pieces.of(
                rows.count(), rows.length(), Launch.THREADS, Operands.lanes(in.getFirst().dtype()));
    launch.int64(pieces.length());
    launch.float32(1 - op.smoothing()).float32(op.smoothing() / rows.length());
    launch.faults(site(op, in));
    launch.over(rows.count() * pieces.count() * (rows.isShort() ? Folds.WARP : Launch.THREADS));
  }

  private static Faults.Site site(Loss op, List<Operand> in) {
    return new Faults.Site(op.name(), in.getFirst().shape().length(1), in.get(1).shape());
  }
}
