package dev.tandem.cuda.driver;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A cuBLAS whose C functions are written in Java and whose device memory is the host's. Signatures are those of cublas_api.h;
 * a product is worked out from nothing but the arguments as they arrive.
 */
final class FakeCublas implements SymbolLookup, AutoCloseable {
  static final long HANDLE = 0x5EED_0000_0001L;
  static final int VERSION = 130102;

  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final AddressLayout POINTER = ValueLayout.ADDRESS;

  private static final int R_32F = 0;
  private static final int R_64F = 1;
  private static final int R_16F = 2;
  private static final int R_16BF = 14;
  private static final int COMPUTE_16F = 64;
  private static final int COMPUTE_64F = 70;

  private final Arena arena = Arena.ofShared();
  private final Map<String, MemorySegment> functions = new HashMap<>();
  private final List<String> calls = new ArrayList<>();

  /** What the next calls return, by function; 0 for those not named. */
  final Map<String, Integer> statuses = new HashMap<>();

  /** cublasComputeType_t and cublasGemmAlgo_t of the last product. */
  int compute;

  int algorithm;

  FakeCublas() {
    add("cublasCreate_v2", POINTER);
    add("cublasDestroy_v2", POINTER);
    add("cublasGetVersion_v2", POINTER, POINTER);
    add("cublasGetProperty", INT, POINTER);
    add("cublasSetStream_v2", POINTER, POINTER);
    add("cublasSetWorkspace_v2", POINTER, POINTER, LONG);
    add("cublasSetMathMode", POINTER, INT);
    add("cublasSetPointerMode_v2", POINTER, INT);
    for (ValueLayout size : List.of(INT, LONG)) {
      String suffix = size == INT ? "" : "_64";
      add(
          "cublasGemmEx" + suffix,
          POINTER,
          INT,
          INT,
          size,
          size,
          size,
          POINTER,
          POINTER,
          INT,
          size,
          POINTER,
          INT,
          size,
          POINTER,
          POINTER,
          INT,
          size,
          INT,
          INT);
      add(
          "cublasGemmStridedBatchedEx" + suffix,
          POINTER,
          INT,
          INT,
          size,
          size,
          size,
          POINTER,
          POINTER,
          INT,
          size,
          LONG,
          POINTER,
          INT,
          size,
          LONG,
          POINTER,
          POINTER,
          INT,
          size,
          LONG,
          size,
          INT,
          INT);
    }
  }

  @SuppressWarnings("restricted")
  private void add(String name, MemoryLayout... parameters) {
    FunctionDescriptor shape = FunctionDescriptor.of(INT, parameters);
    try {
      MethodHandle answer =
          MethodHandles.lookup()
              .findVirtual(
                  FakeCublas.class,
                  "answer",
                  MethodType.methodType(int.class, String.class, Object[].class));
      MethodHandle target =
          MethodHandles.insertArguments(answer, 0, this, name)
              .asCollector(Object[].class, parameters.length)
              .asType(shape.toMethodType());
      functions.put(name, Linker.nativeLinker().upcallStub(target, shape, arena));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Takes a function away. */
  void remove(String name) {
    functions.remove(name);
  }

  /** The functions called, with their arguments but for products, in order; empty again afterwards. */
  List<String> calls() {
    List<String> until = List.copyOf(calls);
    calls.clear();
    return until;
  }

  @Override
  public Optional<MemorySegment> find(String name) {
    return Optional.ofNullable(functions.get(name));
  }

  @Override
  public void close() {
    arena.close();
  }

  private int answer(String name, Object[] arguments) {
    int status = statuses.getOrDefault(name, 0);
    switch (name) {
      case "cublasCreate_v2" -> {
        calls.add(name);
        at(arguments[0], 8).set(LONG, 0, status == 0 ? HANDLE : 0);
      }
      case "cublasGetVersion_v2" -> {
        calls.add(name + " " + number(arguments[0]));
        at(arguments[1], 4).set(INT, 0, VERSION);
      }
      case "cublasGetProperty" -> {
        // Major, minor, patch.
        int[] parts = {13, 1, 2};
        at(arguments[1], 4).set(INT, 0, parts[(int) arguments[0]]);
      }
      case "cublasGemmEx", "cublasGemmEx_64" -> {
        calls.add(name);
        if (status == 0) {
          product(arguments);
        }
      }
      case "cublasGemmStridedBatchedEx", "cublasGemmStridedBatchedEx_64" -> {
        calls.add(name);
        if (status == 0) {
          batch(arguments);
        }
      }
      default -> {
        StringBuilder line = new StringBuilder(name);
        for (Object argument : arguments) {
          line.append(' ').append(number(argument));
        }
        calls.add(line.toString());
      }
    }
    return status;
  }

  private static long number(Object argument) {
    return argument instanceof MemorySegment pointer
        ? pointer.address()
        : ((Number) argument).longValue();
  }

  @SuppressWarnings("restricted")
  private static MemorySegment at(Object pointer, long bytes) {
    return ((MemorySegment) pointer).reinterpret(bytes);
  }

  /** A matrix of an argument list: where, of which type, and how far its columns lie apart. */
  private record Operand(long address, int type, long leading) {
    Operand plus(long elements) {
      return new Operand(address + elements * width(type), type, leading);
    }

    double get(boolean transpose, long row, long column) {
      return read(
          address + (transpose ? row * leading + column : column * leading + row) * width(type),
          type);
    }
  }

  private void product(Object[] x) {
    compute = (int) x[17];
    algorithm = (int) x[18];
    multiply(
        x,
        new Operand(number(x[7]), (int) x[8], number(x[9])),
        new Operand(number(x[10]), (int) x[11], number(x[12])),
        (MemorySegment) x[13],
        new Operand(number(x[14]), (int) x[15], number(x[16])));
  }

  private void batch(Object[] x) {
    compute = (int) x[21];
    algorithm = (int) x[22];
    Operand a = new Operand(number(x[7]), (int) x[8], number(x[9]));
    Operand b = new Operand(number(x[11]), (int) x[12], number(x[13]));
    Operand c = new Operand(number(x[16]), (int) x[17], number(x[18]));
    for (long i = 0; i < number(x[20]); i++) {
      multiply(
          x,
          a.plus(i * number(x[10])),
          b.plus(i * number(x[14])),
          (MemorySegment) x[15],
          c.plus(i * number(x[19])));
    }
  }

  private void multiply(Object[] x, Operand a, Operand b, MemorySegment betaAt, Operand c) {
    boolean transposeA = operation((int) x[1]);
    boolean transposeB = operation((int) x[2]);
    double alpha = scalar((MemorySegment) x[6]);
    double beta = scalar(betaAt);
    for (long column = 0; column < number(x[4]); column++) {
      for (long row = 0; row < number(x[3]); row++) {
        double sum = 0;
        for (long p = 0; p < number(x[5]); p++) {
          sum += a.get(transposeA, row, p) * b.get(transposeB, p, column);
        }
        double before = beta == 0 ? 0 : beta * c.get(false, row, column);
        long address = c.address + (column * c.leading + row) * width(c.type);
        write(address, c.type, alpha * sum + before);
      }
    }
  }

  private static boolean operation(int code) {
    if (code != 0 && code != 1) {
      throw new AssertionError("cublasOperation_t " + code);
    }
    return code == 1;
  }

  private double scalar(MemorySegment pointer) {
    int type =
        switch (compute) {
          case COMPUTE_16F -> R_16F;
          case COMPUTE_64F -> R_64F;
          default -> R_32F;
        };
    return read(pointer.address(), type);
  }

  private static int width(int type) {
    return switch (type) {
      case R_64F -> 8;
      case R_32F -> 4;
      case R_16F, R_16BF -> 2;
      default -> throw new AssertionError("cudaDataType " + type);
    };
  }

  static double read(long address, int type) {
    MemorySegment at = at(MemorySegment.ofAddress(address), width(type));
    return switch (type) {
      case R_64F -> at.get(ValueLayout.JAVA_DOUBLE, 0);
      case R_32F -> at.get(ValueLayout.JAVA_FLOAT, 0);
      case R_16F -> Float.float16ToFloat(at.get(ValueLayout.JAVA_SHORT, 0));
      default -> Float.intBitsToFloat(at.get(ValueLayout.JAVA_SHORT, 0) << 16);
    };
  }

  /** Tests' numbers are whole and small, so that no type rounds them. */
  static void write(long address, int type, double value) {
    MemorySegment at = at(MemorySegment.ofAddress(address), width(type));
    switch (type) {
      case R_64F -> at.set(ValueLayout.JAVA_DOUBLE, 0, value);
      case R_32F -> at.set(ValueLayout.JAVA_FLOAT, 0, (float) value);
      case R_16F -> at.set(ValueLayout.JAVA_SHORT, 0, Float.floatToFloat16((float) value));
      default ->
          at.set(
              ValueLayout.JAVA_SHORT, 0, (short) (Float.floatToRawIntBits((float) value) >>> 16));
    }
  }
}
