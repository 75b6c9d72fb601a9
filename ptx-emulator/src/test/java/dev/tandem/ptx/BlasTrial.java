package dev.tandem.ptx;

import dev.tandem.cuda.driver.DataType;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Gemm.Matrix;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.DoubleSupplier;

/** Device memory for {@link EmulatedBlas} that knows which bytes were written, and the queue of work given to it. */
final class BlasTrial implements EmulatedBlas.Memory {
  /** Where the one allocation begins. */
  static final long BASE = 0x7000_0000L;

  /** Work as it was given to the queue. */
  record Given(Stream stream, String what, Runnable work) {}

  /** A stream that nobody calls: work comes through the queue. */
  static Stream stream() {
    return (Stream)
        Proxy.newProxyInstance(
            Stream.class.getClassLoader(),
            new Class<?>[] {Stream.class},
            (self, method, arguments) -> {
              if (method.getName().equals("toString")) {
                return "a stream";
              }
              throw new AssertionError("called " + method);
            });
  }

  private final MemorySegment bytes;
  private final BitSet written = new BitSet();
  private final List<Given> queue = new ArrayList<>();
  private long next = BASE;

  BlasTrial(int size) {
    bytes = MemorySegment.ofArray(new byte[size]);
  }

  /** A handle that gives its work to this. */
  EmulatedBlas blas() {
    EmulatedBlas blas =
        new EmulatedBlas(this, (stream, what, work) -> queue.add(new Given(stream, what, work)));
    blas.stream(stream());
    return blas;
  }

  List<Given> queue() {
    return queue;
  }

  /** Multiplies now. */
  void run(Gemm gemm) {
    EmulatedBlas blas = blas();
    blas.gemm(gemm);
    queue.removeLast().work().run();
  }

  @Override
  public MemorySegment read(long address, long count) {
    MemorySegment piece = piece(address, count);
    int from = (int) (address - BASE);
    if (written.nextClearBit(from) < from + count) {
      throw new AssertionError("read before it was written: " + (address - BASE));
    }
    return piece.asReadOnly();
  }

  @Override
  public MemorySegment write(long address, long count) {
    MemorySegment piece = piece(address, count);
    written.set((int) (address - BASE), (int) (address - BASE + count));
    return piece;
  }

  private MemorySegment piece(long address, long count) {
    if (address < BASE || address + count > BASE + bytes.byteSize()) {
      throw new DriverException("access", DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, "");
    }
    return bytes.asSlice(address - BASE, count);
  }

  /** How many bytes have a content. */
  int initialised() {
    return written.cardinality();
  }

  /** A place for {@code batch} matrices of {@code stride} elements each, and no content. */
  Matrix place(DataType type, long leading, long stride, int batch) {
    Matrix matrix = new Matrix(next, type, leading, stride);
    next += Math.ceilDiv(Math.max(1, stride * batch) * type.bytes(), 256L) * 256;
    return matrix;
  }

  /** Fills rows and columns, leaving what lies between columns as it was. */
  Matrix fill(Matrix matrix, int rows, int columns, int batch, DoubleSupplier values) {
    for (int i = 0; i < batch; i++) {
      for (int column = 0; column < columns; column++) {
        for (int row = 0; row < rows; row++) {
          set(matrix, i, row, column, values.getAsDouble());
        }
      }
    }
    return matrix;
  }

  private static long address(Matrix matrix, int i, int row, int column) {
    return matrix.address()
        + (i * matrix.stride() + column * matrix.leadingDimension() + row) * matrix.type().bytes();
  }

  void set(Matrix matrix, int i, int row, int column, double value) {
    MemorySegment at = write(address(matrix, i, row, column), matrix.type().bytes());
    switch (matrix.type()) {
      case F64 -> at.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 0, value);
      case F32 -> at.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, (float) value);
      case F16 -> at.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, Float.floatToFloat16((float) value));
      // Values of tests have eight bits, or what is cut off here was never there.
      case BF16 ->
          at.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              0,
              (short) (Float.floatToRawIntBits((float) value) >>> 16));
    }
  }

  double get(Matrix matrix, int i, int row, int column) {
    MemorySegment at = read(address(matrix, i, row, column), matrix.type().bytes());
    return switch (matrix.type()) {
      case F64 -> at.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 0);
      case F32 -> at.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
      case F16 -> Float.float16ToFloat(at.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0));
      case BF16 -> Float.intBitsToFloat(at.get(ValueLayout.JAVA_SHORT_UNALIGNED, 0) << 16);
    };
  }
}
