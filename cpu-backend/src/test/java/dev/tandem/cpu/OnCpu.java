package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Op;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** A backend with tensors that are given and read as numbers, whatever their element type. */
final class OnCpu implements AutoCloseable {
  private final CpuBackend backend;

  OnCpu(int threads) {
    backend = new CpuBackend(threads);
  }

  CpuBackend backend() {
    return backend;
  }

  Operand tensor(DType dtype, Shape shape, double... numbers) {
    Operand operand = empty(new TensorType(dtype, shape));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host =
          arena.allocate(Math.max(1, operand.type().bytes())).asSlice(0, operand.type().bytes());
      for (int i = 0; i < numbers.length; i++) {
        switch (dtype) {
          case F32 -> host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) numbers[i]);
          case F64 -> host.setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i, numbers[i]);
          case I32 -> host.setAtIndex(ValueLayout.JAVA_INT, i, (int) numbers[i]);
          case U8 -> host.set(ValueLayout.JAVA_BYTE, i, (byte) (int) numbers[i]);
          case BF16, F16 ->
              host.setAtIndex(ValueLayout.JAVA_SHORT, i, HalfTable.of(dtype).bits(numbers[i]));
        }
      }
      backend.write(operand.buffer(), host);
    }
    return operand;
  }

  Operand empty(TensorType type) {
    return new Operand(type, backend.allocate(type));
  }

  /** The op's results, its inputs having been checked as a tensor would have them checked. */
  List<Operand> run(Op op, Operand... inputs) {
    List<Operand> outputs = new ArrayList<>();
    for (TensorType type : op.outputs(List.of(inputs).stream().map(Operand::type).toList())) {
      outputs.add(empty(type));
    }
    backend.run(op, List.of(inputs), outputs);
    return outputs;
  }

  /** The numbers of the op's first result. */
  double[] numbers(Op op, Operand... inputs) {
    return numbers(run(op, inputs).getFirst());
  }

  void update(Update update, Operand... operands) {
    update.check(List.of(operands).stream().map(Operand::type).toList());
    backend.update(update, List.of(operands));
  }

  double[] numbers(Operand operand) {
    double[] numbers = new double[(int) operand.elements()];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host =
          arena.allocate(Math.max(1, operand.type().bytes())).asSlice(0, operand.type().bytes());
      backend.read(operand.buffer(), host);
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] =
            switch (operand.dtype()) {
              case F32 -> host.getAtIndex(ValueLayout.JAVA_FLOAT, i);
              case F64 -> host.getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i);
              case I32 -> host.getAtIndex(ValueLayout.JAVA_INT, i);
              case U8 -> host.get(ValueLayout.JAVA_BYTE, i) & 0xFF;
              case BF16, F16 ->
                  HalfTable.of(operand.dtype()).number(host.getAtIndex(ValueLayout.JAVA_SHORT, i));
            };
      }
    }
    return numbers;
  }

  @Override
  public void close() {
    backend.close();
  }
}
