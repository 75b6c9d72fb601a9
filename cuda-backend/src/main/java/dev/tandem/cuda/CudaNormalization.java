package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.op.Normalization;
import java.util.List;

/** Rescales by statistics: {@link RowNorms} by those of rows, {@link BatchNorms} by those of channels. */
final class CudaNormalization {
  private final Queue queue;
  private final RowNorms rowNorms;
  private final BatchNorms batchNorms;

  CudaNormalization(Queue queue) {
    this.queue = queue;
    rowNorms = new RowNorms(queue);
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
          rowNorms.forward(SHORT_LAYER_NORM_F32, LAYER_NORM_F32, norm.epsilon(), in, out);
      case Normalization.LayerNormGrad _ -> rowNorms.gradients(LAYER_NORM_GRAD_F32, in, out);
      case Normalization.RmsNorm norm ->
          rowNorms.forward(SHORT_RMS_NORM_F32, RMS_NORM_F32, norm.epsilon(), in, out);
      case Normalization.RmsNormGrad _ -> rowNorms.gradients(RMS_NORM_GRAD_F32, in, out);
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
}
