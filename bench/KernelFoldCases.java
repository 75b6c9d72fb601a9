import static dev.tandem.cuda.Kernel.*;

import dev.tandem.cuda.Kernel;
import dev.tandem.op.Loss;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Reduction;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.List;

/** Along rows, columns and channels: reductions, softmaxes, norms, losses. */
final class KernelFoldCases extends KernelCases {
  private static final double EPSILON = 1e-5;

  KernelFoldCases(int scale, List<KernelCase> cases) {
    super(scale, cases);
    reductions();
    rows();
    batchNorms();
    losses();
  }

  // ---- folds

  private void reductions() {
    fold(
        new Reduction.Sum(List.of(0), false),
        new Reduction.Sum(List.of(1), false),
        "sum",
        List.of(SUM_FEW_F32, SUM_SHORT_ROWS_F32, SUM_ROWS_F32, SUM_COLUMNS_F32));
    fold(
        new Reduction.Max(List.of(0), false),
        new Reduction.Max(List.of(1), false),
        "largest",
        List.of(MAX_FEW_F32, MAX_SHORT_ROWS_F32, MAX_ROWS_F32, MAX_COLUMNS_F32));
    fold(
        new Reduction.Min(List.of(0), false),
        new Reduction.Min(List.of(1), false),
        "smallest",
        List.of(MIN_FEW_F32, MIN_SHORT_ROWS_F32, MIN_ROWS_F32, MIN_COLUMNS_F32));
    Op columns = new Reduction.ArgMax(0, false);
    byWay(
        "place of the largest",
        columns,
        new Reduction.ArgMax(1, false),
        List.of(ARG_MAX_FEW_F32, ARG_MAX_SHORT_ROWS_F32, ARG_MAX_ROWS_F32));
    int across = 2048 * scale;
    folded("arg_max, columns", columns, 128, across)
        .part(
            ARG_MAX_COLUMNS_F32,
            "place of the largest of a column, a tile for each strip of columns",
            "4 n + 4 C");
    folded("arg_max of all", columns, FLAT * scale, 1)
        .size("P", pieces(1, (long) FLAT * scale, 256, 4))
        .partial()
        .part(ARG_MAX_KEYS_OF_ROWS_F32, "key of the largest of each piece of a row", "4 n + 8 R P")
        .size("R", 1);
    folded("arg_max, long columns", columns, 1024 * scale, 256)
        .size("P", pieces(1, 1024L * scale, 4, 1))
        .part(
            ARG_MAX_KEYS_OF_COLUMNS_F32,
            "key of the largest of each piece of a column",
            "4 n + 8 P C")
        .part(ARG_MAX_OF_KEYS_B64, "place of the largest from its pieces' keys", "8 P C + 4 C");
  }

  private void fold(Op columns, Op rows, String what, List<Kernel> kernels) {
    byWay(what, columns, rows, kernels);
    folded(columns.name() + ", columns", columns, 1024 * scale, 256)
        .size("P", pieces(1, 1024L * scale, 4, 1))
        .partial()
        .part(kernels.get(3), what + " of each piece of a column, a tile for each", "4 n + 4 P C");
  }

  private void byWay(String what, Op columns, Op rows, List<Kernel> kernels) {
    String op = columns.name();
    folded(op + ", few rows", columns, 16, 16384 * scale)
        .part(kernels.get(0), what + " of a column of few, a thread each or for four", "4 n + 4 C");
    folded(op + ", short rows", rows, 256 * scale, 1024)
        .part(kernels.get(1), what + " of a row up to 1024, a warp each", "4 n + 4 R");
    folded(op + ", rows", rows, 64 * scale, 4096)
        .part(kernels.get(2), what + " of a row or a piece of one, a block each", "4 n + 4 R");
  }

  private KernelCase folded(String name, Op op, int rows, int columns) {
    TensorType x = f32(rows, columns);
    return add(name, op, x).size("n", x.elements()).size("R", rows).size("C", columns);
  }

  // ---- rows

  private void rows() {
    softmax(
        "a warp a row",
        256 * scale,
        1024,
        SHORT_SOFTMAX_F32,
        SHORT_SOFTMAX_GRAD_F32,
        SHORT_LOG_SOFTMAX_F32,
        SHORT_LOG_SOFTMAX_GRAD_F32);
    softmax(
        "a block a row",
        64 * scale,
        4096,
        SOFTMAX_F32,
        SOFTMAX_GRAD_F32,
        LOG_SOFTMAX_F32,
        LOG_SOFTMAX_GRAD_F32);
    norm("a warp a row", 256 * scale, 768, SHORT_LAYER_NORM_F32, SHORT_RMS_NORM_F32);
    norm("a block a row", 128 * scale, 1600, LAYER_NORM_F32, RMS_NORM_F32);
    int r = 256 * scale;
    TensorType x = f32(r, 768);
    long length = Math.ceilDiv(Math.ceilDiv(r, 256), 8) * 8L;
    add("layer_norm_grad", new Normalization.LayerNormGrad(), x, f32(768), f32(r), f32(r), x)
        .size("R", r)
        .size("C", 768)
        .size("P", Math.ceilDiv(r, length))
        .partial()
        .positive()
        .part(
            LAYER_NORM_GRAD_F32,
            "dx of layer norm, and each block's part of dgamma and dbeta",
            "12 n + 8 R + 4 C + 8 P C");
    add("rms_norm_grad", new Normalization.RmsNormGrad(), x, f32(768), f32(r), x)
        .size("R", r)
        .size("C", 768)
        .size("P", Math.ceilDiv(r, length))
        .partial()
        .positive()
        .part(
            RMS_NORM_GRAD_F32,
            "dx of RMS norm, and each block's part of dgamma",
            "12 n + 4 R + 4 C + 4 P C");
  }

  private void softmax(String way, int rows, int columns, Kernel... kernels) {
    TensorType x = f32(rows, columns);
    add("softmax, " + way, new Normalization.Softmax(), x)
        .part(kernels[0], "softmax, " + way, "8 n");
    add("softmax_grad, " + way, new Normalization.SoftmaxGrad(), x, x)
        .part(kernels[1], "dx of softmax, " + way, "12 n");
    add("log_softmax, " + way, new Normalization.LogSoftmax(), x)
        .part(kernels[2], "logarithm of softmax, " + way, "8 n");
    add("log_softmax_grad, " + way, new Normalization.LogSoftmaxGrad(), x, x)
        .part(kernels[3], "dx of the logarithm of softmax, " + way, "12 n");
  }

  private void norm(String way, int rows, int columns, Kernel layer, Kernel rms) {
    TensorType x = f32(rows, columns);
    TensorType c = f32(columns);
    add("layer_norm, " + way, new Normalization.LayerNorm(EPSILON), x, c, c)
        .size("R", rows)
        .size("C", columns)
        .part(layer, "layer norm with mean and rstd, " + way, "8 n + 8 R + 8 C");
    add("rms_norm, " + way, new Normalization.RmsNorm(EPSILON), x, c)
        .size("R", rows)
        .size("C", columns)
        .part(rms, "RMS norm with rstd, " + way, "8 n + 4 R + 4 C");
  }

  private void batchNorms() {
    long pieces = pieces(64, 4096L * scale, 256, 4);
    batchNorm(
        f32(4 * scale, 64, 32, 32),
        pieces,
        "a block a piece of a channel",
        BATCH_NORM_PLANES_F32,
        BATCH_NORM_GRAD_PLANES_F32);
    batchNorm(
        f32(1024 * scale, 256),
        pieces(8, 1024L * scale, 8, 1),
        "planes shorter than 32, by columns",
        BATCH_NORM_COLUMNS_F32,
        BATCH_NORM_GRAD_COLUMNS_F32);
  }

  private void batchNorm(TensorType x, long pieces, String way, Kernel forward, Kernel backward) {
    int channels = x.shape().length(1);
    TensorType c = f32(channels);
    add("batch_norm, " + way, new Normalization.BatchNorm(EPSILON), x, c, c)
        .size("C", channels)
        .size("P", pieces)
        .part(forward, "parts of batch statistics, " + way, "4 n + 16 P C")
        .part(BATCH_NORM_FINISH_F32, "statistics of channels from their parts", "16 P C + 28 C")
        .part(BATCH_NORM_RESCALE_F32, "batch norm, the statistics being known", "8 n + 12 C");
    if (x.shape().rank() == 4) {
      add("batch_norm_inference", new Normalization.BatchNormInference(EPSILON), x, c, c, c, c)
          .size("C", channels)
          .positive()
          .part(BATCH_NORM_INFERENCE_F32, "batch norm by running statistics", "8 n + 16 C");
    }
    add("batch_norm_grad, " + way, new Normalization.BatchNormGrad(EPSILON), x, c, c, c, x)
        .size("C", channels)
        .size("P", pieces)
        .positive()
        .part(backward, "parts of the sums over dy, " + way, "8 n + 4 C + 8 P C")
        .part(BATCH_NORM_GRAD_FINISH_F32, "dgamma, dbeta and slopes from the parts", "8 P C + 28 C")
        .part(BATCH_NORM_GRAD_RESCALE_F32, "dx of batch norm", "12 n + 16 C");
  }

  private void losses() {
    loss(
        "a warp a row",
        256 * scale,
        1000,
        SHORT_CROSS_ENTROPY_F32,
        SHORT_CROSS_ENTROPY_GRAD_F32,
        SHORT_SOFT_CROSS_ENTROPY_F32,
        SHORT_SOFT_CROSS_ENTROPY_GRAD_F32);
    loss(
        "a block a row",
        8 * scale,
        50257,
        CROSS_ENTROPY_F32,
        CROSS_ENTROPY_GRAD_F32,
        SOFT_CROSS_ENTROPY_F32,
        SOFT_CROSS_ENTROPY_GRAD_F32);
  }

  private void loss(String way, int rows, int classes, Kernel... kernels) {
    TensorType x = f32(rows, classes);
    TensorType r = f32(rows);
    TensorType labels = of(DType.I32, rows);
    add("cross_entropy, " + way, new Loss.CrossEntropy(0), x, labels)
        .size("n", x.elements())
        .size("R", rows)
        .below(classes)
        .part(kernels[0], "cross-entropy of labels, with log-softmax, " + way, "4 n + 12 R");
    add("cross_entropy_grad, " + way, new Loss.CrossEntropyGrad(0), x, labels, r, r)
        .size("R", rows)
        .below(classes)
        .part(kernels[1], "its dlogits", "8 n + 12 R");
    add("soft_cross_entropy, " + way, new Loss.SoftCrossEntropy(), x, x)
        .size("n", x.elements())
        .size("R", rows)
        .positive()
        .part(kernels[2], "cross-entropy of probabilities, with log-softmax, " + way, "8 n + 8 R");
    add("soft_cross_entropy_grad, " + way, new Loss.SoftCrossEntropyGrad(), x, x, r, r)
        .size("R", rows)
        .positive()
        .part(kernels[3], "its dlogits", "12 n + 8 R");
  }
}
