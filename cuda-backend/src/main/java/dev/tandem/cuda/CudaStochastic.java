package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Stochastic;
import java.util.List;

/** Draws random numbers on the device. */
final class CudaStochastic {
  private final Queue queue;

  CudaStochastic(Queue queue) {
    this.queue = queue;
  }

  void run(Stochastic op, List<Operand> in, List<Operand> out) {
    Operand y = out.getFirst();
    if (y.elements() == 0) {
      return;
    }
    switch (op) {
      case Stochastic.Dropout dropout ->
          queue
              .kernel(Kernel.DROPOUT_F32.in(y.dtype()))
              .read(in.get(0))
              .read(in.get(1))
              .write(y)
              .write(out.get(1))
              .int64(y.elements())
              // Exact: a word's number is a multiple of 2^-24, so it is at least p where its
              // multiple is at least this.
              .int32((int) Math.ceil(dropout.p() * 0x1p24))
              .float32(1 / (1 - dropout.p()))
              .over(y.elements(), y.dtype());
      case Stochastic.DropoutGrad grad ->
          queue
              .kernel(Kernel.DROPOUT_GRAD_F32.in(y.dtype()))
              .read(in.get(0))
              .read(in.get(1))
              .write(y)
              .int64(y.elements())
              .float32(1 / (1 - grad.p()))
              .over(y.elements(), y.dtype());
    }
  }
}
