import static dev.tandem.cuda.Kernel.*;

import dev.tandem.cuda.Kernel;
import dev.tandem.op.Indexing;
import dev.tandem.op.Linear;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Size2d;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.util.List;

/** Where indices and windows say: indexing, sorting, pooling, convolution; and products. */
final class KernelIndexCases extends KernelCases {
  KernelIndexCases(int scale, List<KernelCase> cases) {
    super(scale, cases);
    indexing();
    images();
    products();
  }

  private void indexing() {
    int tokens = 512 * scale;
    int words = scale == 1 ? 1024 : 50257;
    TensorType indices = of(DType.I32, tokens);
    for (DType dtype : List.of(DType.F32, DType.BF16, DType.U8)) {
      int bytes = dtype.bytes();
      String bits = "_B" + 8 * bytes;
      String same = bytes == 1 ? "the same for bytes" : "the same for 2-byte elements";
      add("embedding " + dtype, new Indexing.Embedding(), of(dtype, words, 768), indices)
          .size("I", tokens)
          .below(words)
          .partial()
          .part(
              Kernel.valueOf("EMBEDDING" + bits),
              bytes == 4 ? "rows of a table; 4-byte elements" : same,
              bytes(dtype, 2, "n + 4 I"));
      add(
              "gather " + dtype,
              new Indexing.Gather(1),
              of(dtype, 256 * scale, 1024),
              of(DType.I32, 256 * scale, 256))
          .below(1024)
          .partial()
          .part(
              Kernel.valueOf("GATHER" + bits),
              bytes == 4 ? "an element for each index along an axis; 4-byte elements" : same,
              2 * bytes + 4 + " n");
      KernelCase hot =
          add("one_hot " + dtype, new Indexing.OneHot(10, dtype), of(DType.I32, 65536 * scale));
      hot.zeroed(hot.operands().getLast().bytes())
          .size("n", 65536L * scale)
          .below(10)
          .partial()
          .part(
              Kernel.valueOf("ONE_HOT" + bits),
              bytes == 4 ? "a 1 for each index; 4-byte elements" : same,
              bytes + 4 + " n");
    }
    TensorType few = f32(8192 * scale, 8);
    add("gather_grad", new Indexing.GatherGrad(1, 64), few, few.withDType(DType.I32))
        .zeroed(8192L * scale * 64 * 4)
        .size("n", few.elements())
        .below(64)
        .partial()
        .part(GATHER_GRAD_F32, "dx of gather along short lines, a thread a line", "16 n");
    for (DType dtype : NUMBERS) {
      rowSums(dtype, "embedding_grad", tokens, 768, words);
      rowSums(dtype, "embedding_grad, 2 rows", tokens, 768, 2)
          .size("W", Math.ceilDiv(tokens, 64))
          .size("C", 768)
          .size("V", 2)
          .part(
              JOIN_WINDOWS_F32.in(dtype),
              named("sums of the pieces of runs that cross windows", dtype),
              "8 W + 4 W C + " + bytes(dtype, 1, "V C"));
    }
    // 16 bits: two passes. A block of the scan has a whole round of tiles.
    int n = scale == 1 ? 1 << 19 : 1 << 25;
    long tiles = Math.ceilDiv(n, 2048);
    rowSums(DType.F32, "gather_grad, one long line", n, 1, 60_000)
        .size("T", tiles)
        .part(INDEX_KEYS, "keys to sort by, and positions", "12 I")
        .part(DIGIT_COUNTS, "digits of each tile counted; a pass of the sort", "4 I + 1024 T", 2)
        .part(DIGIT_SCAN, "counts to places", "2048 T + 1024", 2)
        .part(DIGIT_SCATTER, "keys and positions to their places", "16 I + 1024 T + 1024", 2);
  }

  /** A gradient that is made by sorting. H: elements of the sums that are hit, where indices are drawn uniformly. */
  private KernelCase rowSums(DType dtype, String name, int indices, int width, int rows) {
    TensorType index = of(DType.I32, indices);
    Op op = width == 1 ? new Indexing.GatherGrad(0, rows) : new Indexing.EmbeddingGrad(rows);
    double hit = rows * -Math.expm1(indices * Math.log1p(-1.0 / rows));
    TensorType dy = width == 1 ? of(dtype, indices) : of(dtype, indices, width);
    return add(named(name, dtype), op, dy, index)
        .zeroed((long) dtype.bytes() * rows * width)
        .below(rows)
        .partial()
        .size("n", (long) indices * width)
        .size("I", indices)
        .size("H", Math.round(hit) * width)
        .part(
            SUM_WINDOWS_F32.in(dtype),
            named("sums of runs of equal keys within a window of 64", dtype),
            bytes(dtype, 1, "n") + " + 8 I + " + bytes(dtype, 1, "H"));
  }

  // ---- images

  private void images() {
    TensorType x = f32(4 * scale, 64, 32, 32);
    Pooling.Window halving = Pooling.Window.of(2);
    TensorType y = f32(4 * scale, 64, 16, 16);
    pool("max_pool2d", new Pooling.MaxPool2d(halving), x, x)
        .part(MAX_POOL2D_F32, "max-pooling with indices", "4 n + 8 m");
    pool(
            "max_pool2d_grad",
            new Pooling.MaxPool2dGrad(halving, x.shape()),
            x,
            y,
            y.withDType(DType.I32))
        .part(MAX_POOL2D_GRAD_F32, "dx of max-pooling", "4 n + 8 m");
    pool("avg_pool2d", new Pooling.AvgPool2d(halving), x, x)
        .part(AVG_POOL2D_F32, "average pooling", "4 n + 4 m");
    pool("avg_pool2d_grad", new Pooling.AvgPool2dGrad(halving, x.shape()), x, y)
        .part(AVG_POOL2D_GRAD_F32, "dx of average pooling", "4 n + 4 m");
    Linear.Conv2dGeometry same =
        new Linear.Conv2dGeometry(Size2d.of(1), Size2d.of(1), Size2d.of(1), 1);
    TensorType w = f32(64, 64, 3, 3);
    double flops = 2.0 * x.elements() * 64 * 9;
    convolution("conv2d", new Linear.Conv2d(same), flops, x, w)
        .part(IM2COL_F32, "images unfolded to columns", "4 n + 4 m");
    convolution("conv2d_grad_input", new Linear.Conv2dGradInput(same, x.shape()), flops, w, x)
        .part(COL2IM_F32, "columns folded back to images", "4 n + 4 m");
    convolution("conv2d_grad_weight", new Linear.Conv2dGradWeight(same, w.shape()), flops, x, x)
        .part(IM2COL_F32, "", "4 n + 12 m");
    depthwise("", x, x, 3, 1);
    depthwise(", stride 2", x, y, 3, 2);
    depthwise(", 5 x 5", x, x, 5, 1);
  }

  /** A window for each channel. n: pixels, m: elements of the result, F: weights. */
  private void depthwise(String which, TensorType x, TensorType y, int kernel, int stride) {
    int channels = x.shape().length(1);
    TensorType w = f32(channels, 1, kernel, kernel);
    Linear.Conv2dGeometry geometry =
        new Linear.Conv2dGeometry(Size2d.of(stride), Size2d.of(kernel / 2), Size2d.of(1), channels);
    String bytes = "4 n + 4 m + 4 F";
    add("depthwise conv2d" + which, new Linear.Conv2d(geometry), x, w)
        .size("n", x.elements())
        .size("m", y.elements())
        .size("F", w.elements())
        .part(DEPTHWISE_CONV2D_F32, "convolution of each channel by windows of its own", bytes);
    add(
            "depthwise conv2d_grad_input" + which,
            new Linear.Conv2dGradInput(geometry, x.shape()),
            w,
            y)
        .size("m", y.elements())
        .size("F", w.elements())
        .part(DEPTHWISE_CONV2D_GRAD_INPUT_F32, "its dx", bytes);
    // Pieces of strips of 4 rows.
    long places = 4L * scale * Math.ceilDiv(y.shape().length(2), 4) * 4 * y.shape().length(3);
    add(
            "depthwise conv2d_grad_weight" + which,
            new Linear.Conv2dGradWeight(geometry, w.shape()),
            x,
            y)
        .size("n", x.elements())
        .size("m", y.elements())
        .size("F", w.elements())
        .size("P", pieces(channels, places, 256, 4))
        .partial()
        .part(
            DEPTHWISE_CONV2D_GRAD_WEIGHT_F32,
            "its dw, of each piece of the places of all images",
            "4 n + 4 m + 4 P F");
  }

  /** n: elements of the image, m: of its windows. */
  private KernelCase pool(String name, Op op, TensorType image, TensorType... inputs) {
    return add(name, op, inputs).size("n", image.elements()).size("m", image.elements() / 4);
  }

  /** n: elements of the columns, m: pixels. */
  private KernelCase convolution(String name, Op op, double flops, TensorType... inputs) {
    long pixels = 4L * scale * 64 * 32 * 32;
    return add(name, op, inputs).size("n", 9 * pixels).size("m", pixels).partial().flops(flops);
  }

  private void products() {
    if (scale == 1) {
      return; // cuBLAS has no PTX here
    }
    product("matmul 8192x768x3072", 8192, 768, 3072, false, false);
    product("matmul 768x8192x3072, A^T", 768, 8192, 3072, true, false);
    product("matmul 8192x3072x768, B^T", 8192, 3072, 768, false, true);
    product("matmul 4096x4096x4096", 4096, 4096, 4096, false, false);
    add(
            "matmul 96 of 1024x64x1024, B^T",
            new Linear.Matmul(false, true),
            f32(96, 1024, 64),
            f32(96, 1024, 64))
        .flops(2.0 * 96 * 1024 * 64 * 1024);
  }

  private void product(String name, int m, int k, int n, boolean ta, boolean tb) {
    add(name, new Linear.Matmul(ta, tb), ta ? f32(k, m) : f32(m, k), tb ? f32(n, k) : f32(k, n))
        .flops(2.0 * m * k * n);
  }
}
