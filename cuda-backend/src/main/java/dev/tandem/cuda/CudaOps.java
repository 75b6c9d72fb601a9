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
import java.util.List;

/** Every op and update, each queued by its family. */
final class CudaOps {
  private final Queue queue;
  private final CudaCreation creation;
  private final CudaElementwise elementwise;
  private final CudaReduction reduction;
  private final CudaLinear linear;
  private final CudaPooling pooling;
  private final CudaMovement movement;
  private final CudaIndexing indexing;
  private final CudaNormalization normalization;
  private final CudaLoss loss;
  private final CudaSequence sequence;
  private final CudaFused fused;
  private final CudaStochastic stochastic;
  private final CudaUpdate update;

  CudaOps(Queue queue, CudaOptions options) {
    this.queue = queue;
    creation = new CudaCreation(queue);
    elementwise = new CudaElementwise(queue);
    reduction = new CudaReduction(queue);
    linear = new CudaLinear(queue, options.columns());
    pooling = new CudaPooling(queue);
    movement = new CudaMovement(queue);
    indexing = new CudaIndexing(queue);
    normalization = new CudaNormalization(queue);
    loss = new CudaLoss(queue);
    sequence = new CudaSequence(queue);
    fused = new CudaFused(queue, linear, elementwise, reduction);
    stochastic = new CudaStochastic(queue);
    update = new CudaUpdate(queue);
  }

  void run(Op op, List<Operand> inputs, List<Operand> outputs) {
    if (Widened.needed(op, inputs, outputs)) {
      try (Widened widened = new Widened(queue, elementwise, op.name())) {
        List<Operand> results = widened.outputs(outputs);
        byFamily(op, widened.inputs(inputs), results);
        widened.round(results, outputs);
      }
    } else {
      byFamily(op, inputs, outputs);
    }
  }

  private void byFamily(Op op, List<Operand> inputs, List<Operand> outputs) {
    switch (op) {
      case Creation family -> creation.run(family, outputs.getFirst());
      case Elementwise family -> elementwise.run(family, inputs, outputs.getFirst());
      case Reduction family -> reduction.run(family, inputs, outputs);
      case Linear family -> linear.run(family, inputs, outputs);
      case Pooling family -> pooling.run(family, inputs, outputs);
      case Movement family -> movement.run(family, inputs, outputs);
      case Indexing family -> indexing.run(family, inputs, outputs);
      case Normalization family -> normalization.run(family, inputs, outputs);
      case Loss family -> loss.run(family, inputs, outputs);
      case Sequence family -> sequence.run(family, inputs, outputs);
      case Fused family -> fused.run(family, inputs, outputs);
      case Stochastic family -> stochastic.run(family, inputs, outputs);
    }
  }

  void update(Update what, List<Operand> operands) {
    if (Widened.needed(what, operands)) {
      try (Widened widened = new Widened(queue, elementwise, what.name())) {
        List<Operand> wide = widened.inputs(operands);
        update.run(what, wide);
        widened.round(wide.subList(0, what.written()), operands);
      }
    } else {
      update.run(what, operands);
    }
  }
}
