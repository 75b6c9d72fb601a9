package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Operand;
import dev.tandem.op.Fused;
import dev.tandem.op.Linear;
import dev.tandem.op.Loss;
import dev.tandem.op.Normalization;
import dev.tandem.op.Op;
import dev.tandem.op.Pooling;
import dev.tandem.op.Reduction;
import dev.tandem.op.Sequence;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** One op with its inputs, to be run in F32 on several numbers of threads and in F64. */
final class Trial {
  private final Op op;
  private final List<TensorType> types = new ArrayList<>();
  private final List<double[]> values = new ArrayList<>();
  private final Random random = new Random(7);

  Trial(Op op) {
    this.op = op;
  }

  /** Adds an input of random numbers in [low, high). */
  Trial input(Shape shape, double low, double high) {
    double[] numbers = new double[(int) shape.elements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) (low + (high - low) * random.nextDouble());
    }
    return values(shape, numbers);
  }

  Trial values(Shape shape, double... numbers) {
    types.add(new TensorType(DType.F32, shape));
    values.add(numbers);
    return this;
  }

  Trial labels(double... labels) {
    types.add(new TensorType(DType.I32, Shape.of(labels.length)));
    values.add(labels);
    return this;
  }

  Trial indices(Shape shape, double... indices) {
    types.add(new TensorType(DType.I32, shape));
    values.add(indices);
    return this;
  }

  /** The results in F32, after checking that 1, 2 and 3 threads agree in every bit. */
  List<double[]> f32() {
    List<double[]> one = run(DType.F32, 1);
    for (int threads = 2; threads <= 3; threads++) {
      List<double[]> more = run(DType.F32, threads);
      for (int i = 0; i < one.size(); i++) {
        assertArrayEquals(
            one.get(i), more.get(i), op.name() + " result " + i + " on " + threads + " threads");
      }
    }
    return one;
  }

  List<double[]> f64() {
    return run(DType.F64, 2);
  }

  /** Checks each F32 result against F64: the error may be so many parts of 1 plus the value. */
  void agrees(double tolerance) {
    List<double[]> expected = f64();
    List<double[]> actual = f32();
    for (int i = 0; i < expected.size(); i++) {
      assertClose(
          op.name() + " " + types + " result " + i, expected.get(i), actual.get(i), tolerance);
    }
  }

  static void assertClose(String what, double[] expected, double[] actual, double tolerance) {
    assertEquals(expected.length, actual.length, what);
    for (int i = 0; i < expected.length; i++) {
      if (!(Math.abs(expected[i] - actual[i]) <= tolerance * (1 + Math.abs(expected[i])))
          && Double.compare(expected[i], actual[i]) != 0) {
        throw new AssertionError(
            what + " differs at " + i + ": expected " + expected[i] + ", got " + actual[i]);
      }
    }
  }

  private List<double[]> run(DType floating, int threads) {
    BufferPool pool = new BufferPool();
    try (Parallel parallel = new Parallel(threads)) {
      List<TensorType> inputTypes =
          types.stream().map(t -> t.dtype() == DType.F32 ? t.withDType(floating) : t).toList();
      List<Operand> inputs = new ArrayList<>();
      for (int i = 0; i < inputTypes.size(); i++) {
        inputs.add(filled(pool, inputTypes.get(i), values.get(i)));
      }
      List<Operand> outputs =
          op.outputs(inputTypes).stream().map(type -> filled(pool, type, null)).toList();
      switch (op) {
        case Linear linear -> new CpuLinear(parallel, pool).run(linear, inputs, outputs);
        case Pooling pooling -> new CpuPooling(parallel).run(pooling, inputs, outputs);
        case Normalization normalization ->
            new CpuNormalization(parallel).run(normalization, inputs, outputs);
        case Loss loss -> new CpuLoss(parallel).run(loss, inputs, outputs);
        case Sequence sequence -> new CpuSequence(parallel, pool).run(sequence, inputs, outputs);
        case Fused fused -> fused(parallel, pool).run(fused, inputs, outputs);
        case Reduction reduction ->
            new CpuReduction(parallel, pool).run(reduction, inputs, outputs);
        default -> throw new IllegalArgumentException(op.name());
      }
      return outputs.stream().map(Trial::numbers).toList();
    }
  }

  private static CpuFused fused(Parallel parallel, BufferPool pool) {
    CpuLinear linear = new CpuLinear(parallel, pool);
    CpuElementwise elementwise = new CpuElementwise(parallel, pool);
    CpuReduction reduction = new CpuReduction(parallel, pool);
    return new CpuFused(
        parallel, pool, new BiasedProducts(parallel, pool, linear, elementwise, reduction));
  }

  /** An operand with these values, or with NaN, so that what is not written shows. */
  private static Operand filled(BufferPool pool, TensorType type, double[] numbers) {
    Operand operand = new Operand(type, pool.allocate(type));
    for (int i = 0; i < type.elements(); i++) {
      double number = numbers == null ? Double.NaN : numbers[i];
      switch (type.dtype()) {
        case F32 -> Operands.f32(operand)[i] = (float) number;
        case F64 -> Operands.f64(operand)[i] = number;
        case I32 -> Operands.i32(operand)[i] = (int) number;
        default -> throw new IllegalArgumentException(type.toString());
      }
    }
    return operand;
  }

  private static double[] numbers(Operand operand) {
    double[] numbers = new double[(int) operand.elements()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] =
          switch (operand.dtype()) {
            case F32 -> Operands.f32(operand)[i];
            case F64 -> Operands.f64(operand)[i];
            case I32 -> Operands.i32(operand)[i];
            default -> throw new IllegalArgumentException(operand.type().toString());
          };
    }
    return numbers;
  }
}
