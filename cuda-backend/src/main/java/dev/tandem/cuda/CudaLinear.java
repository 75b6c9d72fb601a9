package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.Product.Place;
import dev.tandem.op.Linear;
import dev.tandem.shape.Shape;
import java.util.List;

/** Matrix products by cuBLAS, and convolutions as products. */
final class CudaLinear {
  private final Queue queue;
  private final CudaConv2d conv2d;

  CudaLinear(Queue queue, long columnBytes) {
    this.queue = queue;
    conv2d = new CudaConv2d(queue, columnBytes);
  }

  void run(Linear op, List<Operand> in, List<Operand> out) {
    Operand y = out.getFirst();
    if (!(op instanceof Linear.Matmul)) { // columns are unfolded in F32 alone
      Operands.requireF32(op.name(), y);
    }
    if (y.elements() == 0) {
      return;
    }
    switch (op) {
      case Linear.Matmul matmul -> matmul(matmul, in.get(0), in.get(1), y);
      case Linear.Conv2d conv -> conv2d.forward(conv.geometry(), in.get(0), in.get(1), y);
      case Linear.Conv2dGradInput grad ->
          conv2d.gradInput(grad.geometry(), in.get(0), in.get(1), y);
      case Linear.Conv2dGradWeight grad ->
          conv2d.gradWeight(grad.geometry(), in.get(0), in.get(1), y);
    }
  }

  private void matmul(Linear.Matmul op, Operand a, Operand b, Operand y) {
    Shape batch = y.shape().part(0, y.shape().rank() - 2);
    long m = y.shape().length(-2);
    long n = y.shape().length(-1);
    long k = a.shape().length(op.transposeA() ? -2 : -1);
    if (k == 0) { // a sum of nothing
      queue.zero(Operands.address(y), y.type().bytes());
      return;
    }
    Shape ofA = a.shape().part(0, a.shape().rank() - 2);
    Shape ofB = b.shape().part(0, b.shape().rank() - 2);
    if (ofB.elements() == 1 && !op.transposeA()) {
      // All products share B, so their rows make one tall A. Here a has all axes of the batch.
      m *= batch.elements();
      batch = ofA = ofB = Shape.scalar();
    }
    Strides places =
        Strides.of(
            op.name(),
            batch,
            scaled(Strides.stretched(ofA, batch), m * k),
            scaled(Strides.stretched(ofB, batch), k * n),
            scaled(batch.strides(), m * n));
    Place placeA = Place.of(a, places.stride(0, 0));
    Place placeB = Place.of(b, places.stride(1, 0));
    Place placeY = Place.of(y, places.stride(2, 0));
    // The innermost axis of the batch is one call; those further out are gone through here.
    long[] at = new long[3];
    int calls = Math.toIntExact(batch.elements() / places.length(0));
    for (int call = 0; call < calls; call++) {
      places.locate(call, at);
      queue.multiply(
          new Product(
              op.transposeA(),
              op.transposeB(),
              m,
              n,
              k,
              placeA.plus(at[0]),
              placeB.plus(at[1]),
              placeY.plus(at[2]),
              0,
              (int) places.length(0)));
    }
  }

  private static long[] scaled(long[] strides, long elements) {
    for (int i = 0; i < strides.length; i++) {
      strides[i] *= elements;
    }
    return strides;
  }
}
