package dev.tandem.conformance;

import dev.tandem.op.Loss;
import dev.tandem.op.Loss.CrossEntropy;
import dev.tandem.op.Loss.CrossEntropyGrad;
import dev.tandem.op.Loss.SoftCrossEntropy;
import dev.tandem.op.Loss.SoftCrossEntropyGrad;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The definition of the fused losses. Gradients are the {@link Slope} of the loss, a row at a time. */
final class OracleLoss {
  private OracleLoss() {}

  static List<double[]> run(Loss op, List<Values> inputs) {
    Values logits = inputs.getFirst();
    double[] targets = inputs.get(1).data();
    int rows = logits.shape().length(0);
    int classes = logits.shape().length(1);
    double[] loss = new double[rows];
    double[] lse = new double[rows];
    double[] dlogits = new double[logits.data().length];
    for (int n = 0; n < rows; n++) {
      double[] row = Arrays.copyOfRange(logits.data(), n * classes, (n + 1) * classes);
      int start = n * classes;
      ToDoubleFunction<double[]> lossOfRow =
          switch (op) {
            case CrossEntropy forward -> hard(op, forward.smoothing(), targets[n], classes);
            case CrossEntropyGrad grad -> hard(op, grad.smoothing(), targets[n], classes);
            case SoftCrossEntropy _ -> soft(Arrays.copyOfRange(targets, start, start + classes));
            case SoftCrossEntropyGrad _ ->
                soft(Arrays.copyOfRange(targets, start, start + classes));
          };
      switch (op) {
        case CrossEntropy _, SoftCrossEntropy _ -> {
          loss[n] = lossOfRow.applyAsDouble(row);
          lse[n] = OracleNormalization.logSumExp(row);
        }
        case CrossEntropyGrad _, SoftCrossEntropyGrad _ -> {
          double[] slope = Slope.gradient(lossOfRow, row, Slope.WIDE);
          for (int c = 0; c < classes; c++) {
            dlogits[start + c] = inputs.get(3).data()[n] * slope[c];
          }
        }
      }
    }
    return switch (op) {
      case CrossEntropy _, SoftCrossEntropy _ -> List.of(loss, lse);
      case CrossEntropyGrad _, SoftCrossEntropyGrad _ -> List.of(dlogits);
    };
  }

  private static ToDoubleFunction<double[]> hard(
      Loss op, double smoothing, double target, int classes) {
    int index = OracleIndexing.index(op, target, classes);
    return x ->
        OracleNormalization.logSumExp(x)
            - (1 - smoothing) * x[index]
            - (smoothing == 0 ? 0 : smoothing * Arrays.stream(x).sum() / x.length);
  }

  private static ToDoubleFunction<double[]> soft(double[] targets) {
    return x -> {
      double lse = OracleNormalization.logSumExp(x);
      double loss = 0;
      for (int c = 0; c < x.length; c++) {
        loss += targets[c] * (lse - x[c]);
      }
      return loss;
    };
  }
}
