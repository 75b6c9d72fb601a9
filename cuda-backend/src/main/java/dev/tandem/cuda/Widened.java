package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Creation;
import dev.tandem.op.Elementwise;
import dev.tandem.op.Fused;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Movement;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * Operands of BF16 and F16 in F32, for what has no kernels of its own in those types: inputs are widened, results rounded once when
 * all is done. So such a call takes the memory of its operands in F32 besides.
 */
final class Widened implements AutoCloseable {
  private final Queue queue;
  private final CudaElementwise elementwise;
  private final String op;
  private final List<Scratch> open = new ArrayList<>();

  Widened(Queue queue, CudaElementwise elementwise, String op) {
    this.queue = queue;
    this.elementwise = elementwise;
    this.op = op;
  }

  /** Whether an op has operands that its family does not take as they are. */
  static boolean needed(Op op, List<Operand> inputs, List<Operand> outputs) {
    return (anyHalf(inputs) || anyHalf(outputs)) && !takesHalves(op);
  }

  static boolean needed(Update what, List<Operand> operands) {
    return anyHalf(operands) && !takesHalves(what);
  }

  private static boolean anyHalf(List<Operand> operands) {
    for (Operand operand : operands) {
      if (operand.dtype().half()) {
        return true;
      }
    }
    return false;
  }

  private static boolean takesHalves(Op op) {
    return switch (op) {
      case Fused.BiasedConv2d _ -> false;
      case Creation _, Elementwise _, Movement _, Sequence _, Fused _, Stochastic _ -> true;
      case Reduction family ->
          switch (family) {
            case Reduction.Sum _, Reduction.Mean _, Reduction.GlobalNorm _ -> true;
            case Reduction.Max _, Reduction.Min _, Reduction.ArgMax _ -> false;
          };
      case Linear family ->
          switch (family) {
            case Linear.Matmul _ -> true;
            case Linear.Conv2d _, Linear.Conv2dGradInput _, Linear.Conv2dGradWeight _ -> false;
          };
      case Pooling _ -> false;
      case Indexing family ->
          switch (family) {
            case Indexing.Embedding _,
                Indexing.EmbeddingGrad _,
                Indexing.Gather _,
                Indexing.OneHot _ ->
                true;
            // Of few indices each is added to what is there, which a half would round every time.
            case Indexing.GatherGrad _ -> false;
          };
      case Normalization family ->
          switch (family) {
            case Normalization.Rows _,
                Normalization.RowsGrad _,
                Normalization.LayerNorm _,
                Normalization.LayerNormGrad _,
                Normalization.RmsNorm _,
                Normalization.RmsNormGrad _ ->
                true;
            case Normalization.BatchNorm _,
                Normalization.BatchNormGrad _,
                Normalization.BatchNormInference _ ->
                false;
          };
      case Loss family ->
          switch (family) {
            case Loss.CrossEntropy _, Loss.CrossEntropyGrad _ -> true;
            case Loss.SoftCrossEntropy _, Loss.SoftCrossEntropyGrad _ -> false;
          };
    };
  }

  private static boolean takesHalves(Update what) {
    return switch (what) {
      case Update.Assign _,
          Update.Accumulate _,
          Update.Scale _,
          Update.Increment _,
          Update.IncrementIfFinite _,
          Update.LossScale _,
          Update.NextDraw _,
          Update.Many _ ->
          true;
      case Update.RunningAverage _, Update.ClampInPlace _, Update.Optimizer _ -> false;
    };
  }

  /** What is read: halves as F32, others as they are. */
  List<Operand> inputs(List<Operand> operands) {
    List<Operand> wide = outputs(operands);
    for (int i = 0; i < wide.size(); i++) {
      if (operands.get(i).dtype().half()) {
        cast(operands.get(i), wide.get(i));
      }
    }
    return wide;
  }

  /** What is written: room in F32 for halves, others as they are. */
  List<Operand> outputs(List<Operand> operands) {
    List<Operand> wide = new ArrayList<>();
    for (Operand operand : operands) {
      if (operand.dtype().half()) {
        TensorType type = operand.type().withDType(DType.F32);
        Scratch scratch = queue.scratch(type.bytes(), op + ", operands in F32");
        open.add(scratch);
        wide.add(new Operand(type, scratch));
      } else {
        wide.add(operand);
      }
    }
    return wide;
  }

  /** Rounds what was written into the operands that it stands for. */
  void round(List<Operand> wide, List<Operand> operands) {
    for (int i = 0; i < wide.size(); i++) {
      if (operands.get(i).dtype().half()) {
        cast(wide.get(i), operands.get(i));
      }
    }
  }

  private void cast(Operand from, Operand to) {
    if (to.elements() > 0) {
      elementwise.cast(from, to);
    }
  }

  @Override
  public void close() {
    open.forEach(Scratch::close);
  }
}
