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
    for (DType dtype : NUMBERS) {
      fold(
          dtype,
          new Reduction.Sum(List.of(0), false),
          new Reduction.Sum(List.of(1), false),
          "sum",
          List.of(SUM_FEW_F32, SUM_SHORT_ROWS_F32, SUM_ROWS_F32, SUM_COLUMNS_F32));
    }
    fold(
        DType.F32,
        new Reduction.Max(List.of(0), false),
        new Reduction.Max(List.of(1), false),
        "largest",
        List.of(MAX_FEW_F32, MAX_SHORT_ROWS_F32, MAX_ROWS_F32, MAX_COLUMNS_F32));
    fold(
        DType.F32,
        new Reduction.Min(List.of(0), false),
        new Reduction.Min(List.of(1), false),
        "smallest",
        List.of(MIN_FEW_F32, MIN_SHORT_ROWS_F32, MIN_ROWS_F32, MIN_COLUMNS_F32));
    Op columns = new Reduction.ArgMax(0, false);
    byWay(
        DType.F32,
        "place of the largest",
        columns,
        new Reduction.ArgMax(1, false),
        List.of(ARG_MAX_FEW_F32, ARG_MAX_SHORT_ROWS_F32, ARG_MAX_ROWS_F32));
    int across = 2048 * scale;
    folded(DType.F32, "arg_max, columns", columns, 128, across)
        .part(
            ARG_MAX_COLUMNS_F32,
            "place of the largest of a column, a tile for each strip of columns",
            "4 n + 4 C");
    folded(DType.F32, "arg_max of all", columns, FLAT * scale, 1)
        .size("P", pieces(1, (long) FLAT * scale, 256, 4))
        .partial()
        .part(ARG_MAX_KEYS_OF_ROWS_F32, "key of the largest of each piece of a row", "4 n + 8 R P")
        .size("R", 1);
    folded(DType.F32, "arg_max, long columns", columns, 1024 * scale, 256)
        .size("P", pieces(1, 1024L * scale, 4, 1))
        .part(
            ARG_MAX_KEYS_OF_COLUMNS_F32,
            "key of the largest of each piece of a column",
            "4 n + 8 P C")
        .part(ARG_MAX_OF_KEYS_B64, "place of the largest from its pieces' keys", "8 P C + 4 C");
  }

  private void fold(DType dtype, Op columns, Op rows, String what, List<Kernel> kernels) {
    byWay(dtype, what, columns, rows, kernels);
    int high = dtype.half() ? 8 : 4; // threads of a tile below one another
    folded(dtype, columns.name() + ", columns", columns, 1024 * scale, 256)
        .size("P", pieces(1, 1024L * scale, high, 1))
        .partial()
        .part(
            kernels.get(3).in(dtype),
            named(what + " of each piece of a column, a tile for each", dtype),
            bytes(dtype, 1, "n") + " + 4 P C");
  }

  private void byWay(DType dtype, String what, Op columns, Op rows, List<Kernel> kernels) {
    String op = columns.name();
    String n = bytes(dtype, 1, "n");
    String few = dtype.half() ? " of a column of few, a thread each or for eight" : " of a column of few, a thread each or for four";
    folded(dtype, op + ", few rows", columns, 16, 16384 * scale)
        .part(kernels.get(0).in(dtype), named(what + few, dtype), n + " + " + bytes(dtype, 1, "C"));
    folded(dtype, op + ", short rows", rows, 256 * scale, 1024)
        .part(
            kernels.get(1).in(dtype),
            named(what + " of a row up to 4 KiB, a warp each", dtype),
            n + " + " + bytes(dtype, 1, "R"));
    folded(dtype, op + ", rows", rows, 64 * scale, 4096)
        .part(
            kernels.get(2).in(dtype),
            named(what + " of a row or a piece of one, a block each", dtype),
            n + " + " + bytes(dtype, 1, "R"));
  }

  private KernelCase folded(DType dtype, String name, Op op, int rows, int columns) {
    TensorType x = of(dtype, rows, columns);
    return add(named(name, dtype), op, x).size("n", x.elements()).size("R", rows).size("C", columns);
  }

  // ---- rows

  private void rows() {
    for (DType dtype : NUMBERS) {
      softmax(
          dtype,
          "a warp a row",
          of(dtype, 256 * scale, 1024),
          SHORT_SOFTMAX_F32,
          SHORT_SOFTMAX_GRAD_F32,
          SHORT_LOG_SOFTMAX_F32,
          SHORT_LOG_SOFTMAX_GRAD_F32);
      softmax(
          dtype,
          "a block a row",
          of(dtype, 64 * scale, 4096),
          SOFTMAX_F32,
          SOFTMAX_GRAD_F32,
          LOG_SOFTMAX_F32,
          LOG_SOFTMAX_GRAD_F32);
      norm(dtype, "a warp a row", of(dtype, 256 * scale, 768), SHORT_LAYER_NORM_F32, SHORT_RMS_NORM_F32);
      norm(dtype, "a block a row", of(dtype, 64 * scale, 3200), LAYER_NORM_F32, RMS_NORM_F32);
      normGrads(dtype);
    }
  }

  private void normGrads(DType dtype) {
    int r = 256 * scale;
    TensorType x = of(dtype, r, 768);
    TensorType c = of(dtype, 768);
    long length = Math.ceilDiv(Math.ceilDiv(r, 256), 8) * 8L;
    String n = bytes(dtype, 3, "n");
    String gamma = bytes(dtype, 1, "C");
    add(named("layer_norm_grad", dtype), new Normalization.LayerNormGrad(), x, c, f32(r), f32(r), x)
        .size("R", r)
        .size("C", 768)
        .size("P", Math.ceilDiv(r, length))
        .partial()
        .positive()
        .part(
            LAYER_NORM_GRAD_F32.in(dtype),
            named("dx of layer norm, and each block's part of dgamma and dbeta", dtype),
            n + " + 8 R + " + gamma + " + 8 P C");
    add(named("rms_norm_grad", dtype), new Normalization.RmsNormGrad(), x, c, f32(r), x)
        .size("R", r)
        .size("C", 768)
        .size("P", Math.ceilDiv(r, length))
        .partial()
        .positive()
        .part(
            RMS_NORM_GRAD_F32.in(dtype),
            named("dx of RMS norm, and each block's part of dgamma", dtype),
            n + " + 4 R + " + gamma + " + 4 P C");
  }

  private void softmax(DType dtype, String way, TensorType x, Kernel... kernels) {
    String forward = bytes(dtype, 2, "n");
    String backward = bytes(dtype, 3, "n");
    add(named("softmax, " + way, dtype), new Normalization.Softmax(), x)
        .part(kernels[0].in(dtype), named("softmax, " + way, dtype), forward);
    add(named("softmax_grad, " + way, dtype), new Normalization.SoftmaxGrad(), x, x)
        .part(kernels[1].in(dtype), named("dx of softmax, " + way, dtype), backward);
    add(named("log_softmax, " + way, dtype), new Normalization.LogSoftmax(), x)
        .part(kernels[2].in(dtype), named("logarithm of softmax, " + way, dtype), forward);
    add(named("log_softmax_grad, " + way, dtype), new Normalization.LogSoftmaxGrad(), x, x)
        .part(kernels[3].in(dtype), named("dx of the logarithm of softmax, " + way, dtype), backward);
  }

  private void norm(DType dtype, String way, TensorType x, Kernel layer, Kernel rms) {
    int rows = x.shape().length(0);
    int columns = x.shape().length(1);
    TensorType c = of(dtype, columns);
    String n = bytes(dtype, 2, "n");
    add(named("layer_norm, " + way, dtype), new Normalization.LayerNorm(EPSILON), x, c, c)
        .size("R", rows)
        .size("C", columns)
        .part(
            layer.in(dtype),
            named("layer norm with mean and rstd, " + way, dtype),
            n + " + 8 R + " + bytes(dtype, 2, "C"));
    add(named("rms_norm, " + way, dtype), new Normalization.RmsNorm(EPSILON), x, c)
        .size("R", rows)
        .size("C", columns)
        .part(
            rms.in(dtype),
            named("RMS norm with rstd, " + way, dtype),
            n + " + 4 R + " + bytes(dtype, 1, "C"));
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
    String warp = "a warp a row";
    String block = "a block a row";
    for (DType dtype : NUMBERS) {
      loss(dtype, warp, 256 * scale, 1000, SHORT_CROSS_ENTROPY_F32, SHORT_CROSS_ENTROPY_GRAD_F32);
      loss(dtype, block, 8 * scale, 50257, CROSS_ENTROPY_F32, CROSS_ENTROPY_GRAD_F32);
    }
    softLoss(
        warp, 256 * scale, 1000, SHORT_SOFT_CROSS_ENTROPY_F32, SHORT_SOFT_CROSS_ENTROPY_GRAD_F32);
    softLoss(block, 8 * scale, 50257, SOFT_CROSS_ENTROPY_F32, SOFT_CROSS_ENTROPY_GRAD_F32);
  }

  private void loss(DType dtype, String way, int rows, int classes, Kernel... kernels) {
    TensorType x = of(dtype, rows, classes);
    TensorType r = f32(rows);
    TensorType labels = of(DType.I32, rows);
    add(named("cross_entropy, " + way, dtype), new Loss.CrossEntropy(0), x, labels)
        .size("n", x.elements())
        .size("R", rows)
        .below(classes)
        .part(
            kernels[0].in(dtype),
            named("cross-entropy of labels, with log-softmax, " + way, dtype),
            bytes(dtype, 1, "n") + " + 12 R");
    add(named("cross_entropy_grad, " + way, dtype), new Loss.CrossEntropyGrad(0), x, labels, r, r)
        .size("R", rows)
        .below(classes)
        .part(
            kernels[1].in(dtype),
            named("its dlogits", dtype),
            bytes(dtype, 2, "n") + " + 12 R");
  }

  private void softLoss(String way, int rows, int classes, Kernel... kernels) {
    TensorType x = f32(rows, classes);
    TensorType r = f32(rows);
    add("soft_cross_entropy, " + way, new Loss.SoftCrossEntropy(), x, x)
        .size("n", x.elements())
        .size("R", rows)
        .positive()
        .part(kernels[0], "cross-entropy of probabilities, with log-softmax, " + way, "8 n + 8 R");
    add("soft_cross_entropy_grad, " + way, new Loss.SoftCrossEntropyGrad(), x, x, r, r)
        .size("R", rows)
        .positive()
        .part(kernels[1], "its dlogits", "12 n + 8 R");
  }
}
