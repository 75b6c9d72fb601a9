package dev.tandem.jmh;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.op.Flops;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Makes operands with ordinary numbers in them, and calls on them. */
final class Operands implements AutoCloseable {
  private static final int HALF_BITS = 16;

  private final Backend backend;
  private final Random random = new Random(1);
  private final List<Operand> all = new ArrayList<>();

  Operands(Backend backend) {
    this.backend = backend;
  }

  Backend backend() {
    return backend;
  }

  /** Numbers from -0.5 to 0.5. */
  Operand uniform(TensorType type) {
    float[] values = new float[Math.toIntExact(type.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return written(type, values);
  }

  Operand uniform(int... lengths) {
    return uniform(TensorType.f32(lengths));
  }

  Operand zeros(TensorType type) {
    return written(type, new float[Math.toIntExact(type.elements())]);
  }

  Operand scalar(float value) {
    return written(new TensorType(DType.F32, Shape.scalar()), new float[] {value});
  }

  Operand integers(Shape shape, int below) {
    Operand operand = allocated(new TensorType(DType.I32, shape));
    int[] values = random.ints(shape.elements(), 0, below).toArray();
    backend.write(operand.buffer(), MemorySegment.ofArray(values));
    return operand;
  }

  /** What the op gives, for gradients take what their forward op found. */
  List<Operand> results(Op op, Operand... inputs) {
    List<Operand> outputs =
        op.outputs(Arrays.stream(inputs).map(Operand::type).toList()).stream()
            .map(this::allocated)
            .toList();
    backend.run(op, List.of(inputs), outputs);
    return outputs;
  }

  /** A call of the op, which has been made once: what does not fit has been told. */
  Call call(Op op, Operand... inputs) {
    List<Operand> in = List.of(inputs);
    List<Operand> out = results(op, inputs);
    Runnable work = () -> backend.run(op, in, out);
    return Flops.kind(op) == Flops.Kind.ELEMENTS
        ? new Call(work, 0, (bytes(in) + bytes(out)) / 1e6)
        : new Call(work, Flops.of(op, types(in), types(out)) / 1e6, 0);
  }

  Call call(Update update, List<Operand> operands) {
    update.check(types(operands));
    double bytes = bytes(operands) + bytes(operands.subList(0, update.written()));
    return new Call(() -> backend.update(update, operands), 0, bytes / 1e6);
  }

  /** What became not a number or infinite was not an ordinary run. */
  void checkFinite() {
    for (Operand operand : all) {
      if (operand.dtype() == DType.F32) {
        float[] values = new float[Math.toIntExact(operand.elements())];
        backend.read(operand.buffer(), MemorySegment.ofArray(values));
        for (float value : values) {
          if (!Float.isFinite(value)) {
            throw new IllegalStateException(
                "operands: not finite after the run, got " + value + " in " + operand.type());
          }
        }
      }
    }
  }

  @Override
  public void close() {
    all.forEach(operand -> operand.buffer().close());
    all.clear();
  }

  private Operand written(TensorType type, float[] values) {
    Operand operand = allocated(type);
    MemorySegment source =
        switch (type.dtype()) {
          case F32 -> MemorySegment.ofArray(values);
          case F64 -> {
            double[] wide = new double[values.length];
            Arrays.setAll(wide, i -> values[i]);
            yield MemorySegment.ofArray(wide);
          }
          case BF16 -> {
            short[] halves = new short[values.length];
            for (int i = 0; i < halves.length; i++) {
              halves[i] = (short) (Float.floatToRawIntBits(values[i]) >>> HALF_BITS);
            }
            yield MemorySegment.ofArray(halves);
          }
          case F16, I32, U8 ->
              throw new IllegalArgumentException("operands: no numbers for " + type);
        };
    backend.write(operand.buffer(), source);
    return operand;
  }

  private Operand allocated(TensorType type) {
    Operand operand = new Operand(type, backend.allocate(type));
    all.add(operand);
    return operand;
  }

  private static List<TensorType> types(List<Operand> operands) {
    return operands.stream().map(Operand::type).toList();
  }

  private static double bytes(List<Operand> operands) {
    return operands.stream().mapToLong(operand -> operand.type().bytes()).sum();
  }
}
