package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.op.Normalization;
import dev.tandem.shape.DType;
import java.util.List;

/** Rescales by statistics of rows; {@link BatchNorms} does so by statistics of channels. */
final class CudaNormalization {
  // Blocks for the gradients of norms over rows: two for each multiprocessor of a large device, so
  // that the rows that they look at
  // twice stay in its cache.
  private static final int GRAD_BLOCKS = 256;
  private static final int WARPS = Launch.THREADS / Folds.WARP;
  // What kernels take by fours begins on 16 bytes, and as common.cuh has it, on these.
  private static final long ALIGNMENT = 256;

  private final Queue queue;
  private final Folds folds;
  private final BatchNorms batchNorms;

  CudaNormalization(Queue queue) {
    this.queue = queue;
    folds = new Folds(queue);
    batchNorms = new BatchNorms(queue);
  }

  void run(Normalization op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Normalization.Softmax _ -> softmax(SHORT_SOFTMAX_F32, SOFTMAX_F32, in, out);
      case Normalization.SoftmaxGrad _ ->
          softmax(SHORT_SOFTMAX_GRAD_F32, SOFTMAX_GRAD_F32, in, out);
      case Normalization.LogSoftmax _ -> softmax(SHORT_LOG_SOFTMAX_F32, LOG_SOFTMAX_F32, in, out);
      case Normalization.LogSoftmaxGrad _ ->
          softmax(SHORT_LOG_SOFTMAX_GRAD_F32, LOG_SOFTMAX_GRAD_F32, in, out);
      case Normalization.LayerNorm norm ->
          norm(SHORT_LAYER_NORM_F32, LAYER_NORM_F32, norm.epsilon(), in, out);
      case Normalization.LayerNormGrad _ -> normGrad(LAYER_NORM_GRAD_F32, in, out);
      case Normalization.RmsNorm norm ->
          norm(SHORT_RMS_NORM_F32, RMS_NORM_F32, norm.epsilon(), in, out);
      case Normalization.RmsNormGrad _ -> normGrad(RMS_NORM_GRAD_F32, in, out);
      case Normalization.BatchNorm norm -> batchNorms.forward(norm.epsilon(), in, out);
      case Normalization.BatchNormGrad norm -> batchNorms.gradients(norm.epsilon(), in, out);
      case Normalization.BatchNormInference norm ->
          batchNorms.inference(norm.epsilon(), in, out.getFirst());
    }
  }

  private void softmax(Kernel ofShort, Kernel ofLong, List<Operand> in, List<Operand> out) {
    Rows rows = Rows.of(in.getFirst());
    if (out.getFirst().elements() > 0) {
      rows.launch(rows.kernel(queue, ofShort, ofLong, in, out));
    }
  }

  private void norm(
      Kernel ofShort, Kernel ofLong, double epsilon, List<Operand> in, List<Operand> out) {
    Rows rows = Rows.of(in.getFirst());
    if (rows.count() == 0) {
      return;
    }
    // Rows of no elements have statistics too: the kernels divide 0 by 0.
    Launch launch = rows.kernel(queue, ofShort, ofLong, in, out).float32(epsilon);
    launch.over(rows.count() * (rows.isShort() ? Folds.WARP : Launch.THREADS));
  }

  /** results: dx, dgamma and, of layer norm, dbeta. */
  private void normGrad(Kernel kernel, List<Operand> in, List<Operand> out) {
    Rows rows = Rows.of(in.getFirst());
    List<Operand> weights = out.subList(1, out.size());
    if (in.getFirst().elements() == 0) {
      weights.forEach(dgamma -> queue.zero(Operands.address(dgamma), dgamma.type().bytes()));
      return;
    }
    long length = Math.ceilDiv(Math.ceilDiv(rows.count(), GRAD_BLOCKS), WARPS) * (long) WARPS;
    long pieces = Math.ceilDiv(rows.count(), length);
    long bytes = pieces * rows.length() * Float.BYTES;
    long apart = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    try (Scratch parts = queue.scratch(weights.size() * apart, "parts of dgamma and dbeta")) {
      Launch launch = queue.kernel(kernel.in(in.getFirst().dtype()));
      in.forEach(launch::read);
      launch.write(out.getFirst());
      for (int i = 0; i < weights.size(); i++) {
        launch.readWrite(parts.address() + i * apart, bytes);
      }
      launch.int64(rows.count()).int64(rows.length()).int64(length);
      launch.over(pieces * Launch.THREADS);
      Folds.Box box = new Folds.Box(1, pieces, rows.length());
      for (int i = 0; i < weights.size(); i++) {
        Folds.Place part = new Folds.Place(parts.address() + i * apart, bytes, DType.F32);
        folds.fold(Fold.SUM, box, part, Folds.Place.of(weights.get(i)), 1);
      }
    }
  }
}
