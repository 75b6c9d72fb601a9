package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Linear;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;

/** Matrix products and convolutions. F32, BF16 and F16 run in tiles; F64, for gradient checks, in plain loops. */
final class CpuLinear {
  private final Parallel parallel;
  private final Gemm gemm;
  private final HalfProducts halfProducts;
  private final CpuConv2d conv2d;

  CpuLinear(Parallel parallel, BufferPool pool) {
    this.parallel = parallel;
    GemmKernels kernels = GemmKernels.best();
    RowKernels rows = RowKernels.best();
    gemm = new Gemm(parallel, pool, kernels, rows);
    halfProducts = new HalfProducts(parallel, pool, gemm);
    conv2d =
        new CpuConv2d(
            new CpuConv2d.Machine(parallel, pool, kernels, rows, TileKernels.best()), gemm);
  }

  void run(Linear op, List<Operand> in, List<Operand> out) {
    switch (op) {
      case Linear.Matmul matmul -> matmul(matmul, in.get(0), in.get(1), out.getFirst());
      case Linear.Conv2d conv ->
          conv2d.forward(conv, in.get(0), in.get(1), out.getFirst(), PlaneEpilogue.NONE);
      case Linear.Conv2dGradInput grad ->
          conv2d.gradInput(grad, in.get(0), in.get(1), out.getFirst());
      case Linear.Conv2dGradWeight grad ->
          conv2d.gradWeight(grad, in.get(0), in.get(1), out.getFirst());
    }
  }

  /** As {@link CpuConv2d#forward}. */
  boolean conv2d(Linear.Conv2d op, Operand x, Operand w, Operand y, PlaneEpilogue epilogue) {
    return conv2d.forward(op, x, w, y, epilogue);
  }

  /** x (n, in) times w (out, in) transposed, of F32. */
  void affine(Operand x, Operand w, Operand y, Gemm.Epilogue epilogue) {
    int rows = y.shape().length(0);
    int columns = y.shape().length(1);
    int depth = x.shape().length(1);
    gemm.multiply(
        new Gemm.Product(
            rows,
            columns,
            depth,
            Matrix.rows(Operands.f32(x), 0, depth),
            Matrix.rows(Operands.f32(w), 0, depth).transposed(),
            Matrix.rows(Operands.f32(y), 0, columns)),
        epilogue);
  }

  /** The sizes of a batch of products, and where each one's operands start, in elements. */
  private record Batch(int m, int n, int k, int[] aAt, int[] bAt) {
    int count() {
      return aAt.length;
    }
  }

  private void matmul(Linear.Matmul op, Operand a, Operand b, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    Batch batch = batch(op, a.shape(), b.shape(), y.shape());
    if (y.dtype() == DType.F64) {
      matmulF64(op, batch, a, b, y);
      return;
    }
    DType dtype = y.dtype();
    Object as = Operands.array(a);
    Object bs = Operands.array(b);
    Object ys = Operands.array(y);
    long work = (long) batch.m * batch.n * batch.k;
    // Large products share themselves out; of small ones, each thread takes some.
    boolean whole = batch.count() >= 2 * parallel.threads() && work < Gemm.WORK_A_TASK * 64;
    int grain =
        whole ? Math.clamp(Gemm.WORK_A_TASK / Math.max(1, work), 1, batch.count()) : batch.count();
    parallel.range(
        batch.count(),
        grain,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            Matrix left = Matrix.rows(dtype, as, batch.aAt[i], op.transposeA() ? batch.m : batch.k);
            Matrix right =
                Matrix.rows(dtype, bs, batch.bAt[i], op.transposeB() ? batch.k : batch.n);
            Matrix result = Matrix.rows(dtype, ys, i * batch.m * batch.n, batch.n);
            Gemm.Product product =
                new Gemm.Product(
                    batch.m,
                    batch.n,
                    batch.k,
                    op.transposeA() ? left.transposed() : left,
                    op.transposeB() ? right.transposed() : right,
                    result);
            if (dtype.half()) {
              halfProducts.multiply(product);
            } else {
              gemm.multiply(product);
            }
          }
        });
  }

  private void matmulF64(Linear.Matmul op, Batch batch, Operand a, Operand b, Operand y) {
    double[] as = Operands.f64(a);
    double[] bs = Operands.f64(b);
    double[] ys = Operands.f64(y);
    int m = batch.m, n = batch.n, k = batch.k;
    int aRow = op.transposeA() ? 1 : k, aColumn = op.transposeA() ? m : 1;
    int bRow = op.transposeB() ? 1 : n, bColumn = op.transposeB() ? k : 1;
    parallel.range(
        batch.count() * m,
        Math.max(1, (1 << 14) / Math.max(1, n * k)),
        (from, to) -> {
          for (int row = from; row < to; row++) {
            int i = row / m;
            int aAt = batch.aAt[i] + row % m * aRow;
            for (int j = 0; j < n; j++) {
              double sum = 0;
              for (int p = 0, bAt = batch.bAt[i] + j * bColumn; p < k; p++, bAt += bRow) {
                sum += as[aAt + p * aColumn] * bs[bAt];
              }
              ys[row * n + j] = sum;
            }
          }
        });
  }

  private static Batch batch(Linear.Matmul op, Shape a, Shape b, Shape y) {
    int m = y.length(-2);
    int n = y.length(-1);
    int k = a.length(op.transposeA() ? -2 : -1);
    Shape axes = y.part(0, y.rank() - 2);
    if (b.elements(0, b.rank() - 2) == 1 && !op.transposeA()) {
      // All products share B, so their rows make one tall A. Here a has all axes of the batch.
      return new Batch(Math.toIntExact(axes.elements() * m), n, k, new int[1], new int[1]);
    }
    return new Batch(m, n, k, starts(a, axes, m * k), starts(b, axes, k * n));
  }

  /** Where the matrix for each place of the batch starts, with axes of length 1 stretched. */
  private static int[] starts(Shape matrices, Shape batch, int elements) {
    int[] starts = new int[(int) batch.elements()];
    int step = elements;
    int inner = 1;
    for (int axis = 1; axis <= matrices.rank() - 2; axis++) {
      int length = matrices.length(-2 - axis);
      int places = batch.length(-axis);
      if (length > 1) {
        for (int i = 0; i < starts.length; i++) {
          starts[i] += i / inner % places * step;
        }
      }
      inner *= places;
      step *= length;
    }
    return starts;
  }
}
