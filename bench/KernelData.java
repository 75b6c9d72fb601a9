import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Random operands of cases. Scalars are 1: learning rates, factors, step counts. */
final class KernelData {
  /** Operands begin at different places of what was drawn. */
  private static final int STEP = 4099;

  private static final int MOST_OPERANDS = 8;

  private final Backend backend;
  private final float[][] drawn = {{}, {}};

  KernelData(Backend backend) {
    this.backend = backend;
  }

  /** The operands of a case, results included. */
  List<Operand> operands(KernelCase each) {
    List<Operand> operands = new ArrayList<>();
    for (TensorType type : each.operands()) {
      Operand operand = new Operand(type, backend.allocate(type));
      backend.write(operand.buffer(), elements(each, type, operands.size()));
      operands.add(operand);
    }
    return operands;
  }

  private MemorySegment elements(KernelCase each, TensorType type, int operand) {
    int count = Math.toIntExact(type.elements());
    SplittableRandom random = new SplittableRandom(operand);
    return switch (type.dtype()) {
      case F32 -> {
        float[] floats =
            type.shape().rank() == 0 ? new float[] {1} : floats(each.allPositive(), count);
        long first = type.shape().rank() == 0 ? 0 : (long) operand * STEP;
        yield MemorySegment.ofArray(floats).asSlice(first * Float.BYTES, type.bytes());
      }
      case I32 ->
          MemorySegment.ofArray(
              type.shape().rank() == 0
                  ? new int[] {1}
                  : random.ints(count, 0, each.bound()).toArray());
      case U8 -> {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        for (int i = 0; i < count; i++) {
          bytes[i] &= 1; // masks
        }
        yield MemorySegment.ofArray(bytes);
      }
      case BF16, F16 -> {
        float[] numbers =
            type.shape().rank() == 0 ? new float[] {1} : floats(each.allPositive(), count);
        short[] halves = new short[count];
        for (int i = 0; i < count; i++) {
          float number = numbers[type.shape().rank() == 0 ? 0 : operand * STEP + i];
          halves[i] =
              type.dtype() == DType.F16
                  ? Float.floatToFloat16(number)
                  : (short) (Float.floatToRawIntBits(number) >>> 16); // cut off, for any will do
        }
        yield MemorySegment.ofArray(halves);
      }
      case F64 ->
          throw new IllegalStateException(each.name() + ": no such operands, got " + type);
    };
  }

  /** Numbers of (-2, 2), or (0.05, 2), at least so many and a step for each operand. */
  private float[] floats(boolean positive, int count) {
    int which = positive ? 1 : 0;
    if (drawn[which].length < count + MOST_OPERANDS * STEP) {
      SplittableRandom random = new SplittableRandom(which);
      float[] floats = new float[count + MOST_OPERANDS * STEP];
      for (int i = 0; i < floats.length; i++) {
        floats[i] =
            positive
                ? 0.05f + 1.95f * (float) random.nextDouble()
                : (float) random.nextDouble(-2, 2);
      }
      drawn[which] = floats;
    }
    return drawn[which];
  }
}
