package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Pooling;
import java.util.List;

/** Folds windows of images. */
final class CudaPooling {
  private final Queue queue;

  CudaPooling(Queue queue) {
    this.queue = queue;
  }

  void run(Pooling op, List<Operand> in, List<Operand> out) {
    Operand first = in.getFirst();
    Operand y = out.getFirst();
    Operands.requireF32(op.name(), y);
    if (y.elements() == 0) {
      return;
    }
    switch (op) {
      case Pooling.MaxPool2d pool -> {
        Launch launch = queue.kernel(Kernel.MAX_POOL2D_F32).read(first).write(y).write(out.get(1));
        over(launch, pool.window(), first, y, y);
      }
      case Pooling.MaxPool2dGrad grad -> {
        Launch launch =
            queue.kernel(Kernel.MAX_POOL2D_GRAD_F32).read(first).read(in.get(1)).write(y);
        over(launch, grad.window(), y, first, y);
      }
      case Pooling.AvgPool2d pool ->
          over(
              queue.kernel(Kernel.AVG_POOL2D_F32).read(first).write(y), pool.window(), first, y, y);
      case Pooling.AvgPool2dGrad grad ->
          over(
              queue.kernel(Kernel.AVG_POOL2D_GRAD_F32).read(first).write(y),
              grad.window(),
              y,
              first,
              y);
    }
  }

  /** @param image the tensor of x's shape; folded: of y's; result: the one that is written, a thread for each element */
  private void over(
      Launch launch, Pooling.Window window, Operand image, Operand folded, Operand result) {
    launch
        .int64(result.elements())
        .int32(image.shape().length(2))
        .int32(image.shape().length(3))
        .int32(folded.shape().length(2))
        .int32(folded.shape().length(3))
        .int32(window.kernel().height())
        .int32(window.kernel().width())
        .int32(window.stride().height())
        .int32(window.stride().width())
        .int32(window.padding().height())
        .int32(window.padding().width())
        .wide(result.elements())
        .over(result.elements());
  }
}
