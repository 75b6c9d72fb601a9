package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.tandem.conformance.Values;
import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.ComputeType;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Gemm.Matrix;
import dev.tandem.cuda.driver.MathMode;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Products of halves and of TF32 that every driver's cuBLAS must give to the bit: elements are whole numbers of at most 15, so that
 * sums are exact in F32 in any order, also by parts, and the result's own rounding is the only one.
 */
final class HalfProducts {
  private static final long WORKSPACE = 4 << 20;

  /** Element types of operands and result, and in what they are multiplied. */
  private record Types(DType operands, DType result, ComputeType compute) {}

  private static final List<Types> TYPES =
      List.of(
          new Types(DType.BF16, DType.BF16, ComputeType.F32),
          new Types(DType.BF16, DType.F32, ComputeType.F32),
          new Types(DType.F16, DType.F16, ComputeType.F32),
          new Types(DType.F16, DType.F32, ComputeType.F32),
          new Types(DType.F32, DType.F32, ComputeType.F32),
          new Types(DType.F32, DType.F32, ComputeType.F32_FAST_TF32));

  /** @param lead elements between columns beyond those of a column; odd ones leave columns unaligned */
  private record Layout(int m, int n, int k, int lead, int batch) {}

  private static final List<Layout> LAYOUTS =
      List.of(
          new Layout(1, 1, 1, 0, 1),
          new Layout(16, 24, 32, 0, 1),
          new Layout(7, 5, 33, 0, 1),
          new Layout(13, 9, 11, 3, 1),
          new Layout(8, 16, 8, 8, 3),
          new Layout(3, 6, 5, 1, 4),
          // Few results of many terms, which are summed by parts: parts in halves would show.
          new Layout(8, 8, 4096, 0, 1));

  private final Context context;
  private final Stream stream;
  private final Blas blas;
  private final SplittableRandom random = new SplittableRandom(11);

  private HalfProducts(Context context, Stream stream, Blas blas) {
    this.context = context;
    this.stream = stream;
    this.blas = blas;
  }

  static void check(Driver driver) {
    try (Context context = driver.devices().getFirst().open();
        Stream stream = context.stream();
        DeviceMemory workspace = context.allocate(WORKSPACE);
        Blas blas = context.blas()) {
      blas.stream(stream);
      blas.workspace(workspace.address(), workspace.bytes());
      blas.mathMode(MathMode.DEFAULT, true);
      HalfProducts products = new HalfProducts(context, stream, blas);
      for (Types types : TYPES) {
        for (Layout layout : LAYOUTS) {
          for (int flags = 0; flags < 8; flags++) {
            products.check(
                types, layout, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0 ? 1 : 0);
          }
        }
      }
    }
  }

  /** Column-major matrices of a batch, and what they hold, gaps too. */
  private record Matrices(Values values, int leading, int stride) {
    int place(int i, boolean transposed, int row, int column) {
      return i * stride + (transposed ? row * leading + column : column * leading + row);
    }
  }

  private Matrices drawn(DType dtype, int rows, int columns, Layout layout) {
    int leading = rows + layout.lead;
    int stride = leading * columns + layout.lead;
    double[] data = new double[stride * layout.batch];
    for (int i = 0; i < data.length; i++) {
      data[i] = random.nextInt(-15, 16);
    }
    return new Matrices(Values.of(dtype, Shape.of(data.length), data), leading, stride);
  }

  private void check(Types types, Layout at, boolean ta, boolean tb, int beta) {
    Matrices a = drawn(types.operands, ta ? at.k : at.m, ta ? at.m : at.k, at);
    Matrices b = drawn(types.operands, tb ? at.n : at.k, tb ? at.k : at.n, at);
    Matrices c = drawn(types.result, at.m, at.n, at);
    double[] expected = c.values.data().clone();
    for (int i = 0; i < at.batch; i++) {
      for (int row = 0; row < at.m; row++) {
        for (int column = 0; column < at.n; column++) {
          int place = c.place(i, false, row, column);
          double sum = beta == 0 ? 0 : expected[place];
          for (int p = 0; p < at.k; p++) {
            sum +=
                a.values.data()[a.place(i, ta, row, p)]
                    * b.values.data()[b.place(i, tb, p, column)];
          }
          expected[place] = sum;
        }
      }
    }
    try (DeviceMemory left = upload(a.values);
        DeviceMemory right = upload(b.values);
        DeviceMemory result = upload(c.values)) {
      Gemm gemm =
          new Gemm(
              ta,
              tb,
              at.m,
              at.n,
              at.k,
              1,
              matrix(left, types.operands, a),
              matrix(right, types.operands, b),
              beta,
              matrix(result, types.result, c),
              types.compute,
              at.batch);
      blas.gemm(gemm);
      assertArrayEquals(
          Values.of(types.result, c.values.shape(), expected).data(),
          download(result, c.values).data(),
          () -> gemm + ", transposed " + ta + " " + tb + ", beta " + beta);
    }
  }

  private static Matrix matrix(DeviceMemory memory, DType dtype, Matrices matrices) {
    DataType type = DataType.valueOf(dtype.name());
    return new Matrix(memory.address(), type, matrices.leading, matrices.stride);
  }

  private DeviceMemory upload(Values values) {
    MemorySegment bytes = values.bytes();
    DeviceMemory memory = context.allocate(bytes.byteSize());
    try (PinnedMemory host = context.pin(bytes.byteSize())) {
      host.segment().copyFrom(bytes);
      stream.upload(memory.address(), host, 0, bytes.byteSize());
      stream.synchronize();
    }
    return memory;
  }

  private Values download(DeviceMemory memory, Values like) {
    try (PinnedMemory host = context.pin(memory.bytes())) {
      stream.download(host, 0, memory.address(), memory.bytes());
      stream.synchronize();
      return Values.of(like.type(), host.segment());
    }
  }
}
