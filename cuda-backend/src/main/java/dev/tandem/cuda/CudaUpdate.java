package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import java.util.List;

/** Works in place: an optimizer's step in one pass over weight, states and gradient. */
final class CudaUpdate {
  private final Queue queue;
  private final ManyUpdates many;

  CudaUpdate(Queue queue) {
    this.queue = queue;
    many = new ManyUpdates(queue);
  }

  void run(Update op, List<Operand> operands) {
    Operand target = operands.getFirst();
    if (target.elements() == 0 && !(op instanceof Update.Many)) {
      return;
    }
    switch (op) {
      case Update.Assign _ -> queue.copy(target, operands.get(1));
      case Update.Accumulate _ ->
          changing(ACCUMULATE_F32.in(target.dtype()), operands)
              .over(target.elements(), target.dtype());
      case Update.RunningAverage average ->
          f32(op, RUNNING_AVERAGE_F32, operands)
              .float32(average.weight())
              .over(target.elements(), target.dtype());
      case Update.ClampInPlace clamp ->
          f32(op, CLAMP_IN_PLACE_F32, operands)
              .float32(clamp.low())
              .float32(clamp.high())
              .over(target.elements(), target.dtype());
      case Update.Scale _ ->
          changing(SCALE_F32.in(target.dtype()), operands).over(target.elements(), target.dtype());
      case Update.Increment _ -> queue.kernel(INCREMENT_I32).readWrite(target).over(1);
      case Update.IncrementIfFinite _ -> {
        Operands.requireF32(op.name(), operands.get(1));
        queue.kernel(INCREMENT_IF_FINITE_I32).readWrite(target).read(operands.get(1)).over(1);
      }
      case Update.LossScale scale ->
          queue
              .kernel(LOSS_SCALE_F32)
              .readWrite(target)
              .readWrite(operands.get(1))
              .read(operands.get(2))
              .float32(scale.growth())
              .float32(scale.backoff())
              .int32(scale.interval())
              .over(1);
      case Update.Many steps -> many.run(steps, operands);
      case Update.NextDraw _ -> queue.kernel(NEXT_DRAW_I32).readWrite(target).over(1);
      case Update.Optimizer optimizer -> step(optimizer, operands);
    }
  }

  private void step(Update.Optimizer op, List<Operand> operands) {
    Kernel kernel =
        switch (op) {
          case Update.Sgd _ -> SGD_F32;
          case Update.Momentum _ -> MOMENTUM_F32;
          case Update.Adagrad _ -> ADAGRAD_F32;
          case Update.RmsProp _ -> RMS_PROP_F32;
          case Update.Adam _ -> ADAM_F32;
          case Update.Lion _ -> LION_F32;
        };
    attributes(f32(op, kernel, operands), op).over(operands.getFirst().elements(), DType.F32);
  }

  /** What the rule's kernels take besides tensors. */
  static Launch attributes(Launch launch, Update.Optimizer op) {
    return switch (op) {
      case Update.Sgd sgd -> launch.float32(sgd.weightDecay());
      case Update.Momentum momentum ->
          launch
              .float32(momentum.momentum())
              .int32(momentum.nesterov() ? 1 : 0)
              .float32(momentum.weightDecay());
      case Update.Adagrad adagrad ->
          launch.float32(adagrad.epsilon()).float32(adagrad.weightDecay());
      case Update.RmsProp rmsProp ->
          launch
              .float32(rmsProp.alpha())
              .float32(1 - rmsProp.alpha())
              .float32(rmsProp.epsilon())
              .float32(rmsProp.weightDecay());
      case Update.Adam adam ->
          launch
              .float32(adam.beta1())
              .float32(1 - adam.beta1())
              .float32(Math.log(adam.beta1()))
              .float32(adam.beta2())
              .float32(1 - adam.beta2())
              .float32(Math.log(adam.beta2()))
              .float32(adam.epsilon())
              .float32(adam.decoupled() ? 0 : adam.weightDecay())
              .float32(adam.decoupled() ? adam.weightDecay() : 0);
      case Update.Lion lion ->
          launch
              .float32(lion.beta1())
              .float32(1 - lion.beta1())
              .float32(lion.beta2())
              .float32(1 - lion.beta2())
              .float32(lion.weightDecay());
    };
  }

  private Launch f32(Update op, Kernel kernel, List<Operand> operands) {
    Operands.requireF32(op.name(), operands.getFirst());
    return changing(kernel, operands, op.written());
  }

  private Launch changing(Kernel kernel, List<Operand> operands) {
    return changing(kernel, operands, 1);
  }

  /** All operands, of which the first are written, and the number of elements. */
  private Launch changing(Kernel kernel, List<Operand> operands, int written) {
    Launch launch = queue.kernel(kernel);
    for (int i = 0; i < operands.size(); i++) {
      if (i < written) {
        launch.readWrite(operands.get(i));
      } else {
        launch.read(operands.get(i));
      }
    }
    return launch.int64(operands.getFirst().elements());
  }
}
