package dev.tandem.cpu;

import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.S2I;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** BF16 numbers by vectors: whole ones only, each method returns how many elements it has done. */
final class VectorHalf {
  private static final VectorSpecies<Float> FLOATS = Lanes.FLOAT;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
  private static final int WIDTH = FLOATS.length();

  private VectorHalf() {}

  /** As {@link Kernels#widenBf16}. */
  static int widen(short[] x, int xAt, float[] y, int yAt, int count) {
    int end = FLOATS.loopBound(count);
    for (int i = 0; i < end; i += WIDTH) {
      IntVector bits =
          (IntVector) ShortVector.fromArray(SHORTS, x, xAt + i).convertShape(S2I, INTS, 0);
      bits.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(y, yAt + i);
    }
    return end;
  }

  /** As {@link Kernels#roundBf16}. */
  static int round(float[] x, int xAt, short[] y, int yAt, int count) {
    int end = FLOATS.loopBound(count);
    for (int i = 0; i < end; i += WIDTH) {
      FloatVector number = FloatVector.fromArray(FLOATS, x, xAt + i);
      IntVector bits = number.reinterpretAsInts();
      IntVector high = bits.lanewise(LSHR, 16);
      IntVector rounded = bits.add(0x7FFF).add(high.and(1)).lanewise(LSHR, 16);
      IntVector kept = rounded.blend(high.or(0x40), number.compare(NE, number).cast(INTS));
      ((ShortVector) kept.convertShape(I2S, SHORTS, 0)).intoArray(y, yAt + i);
    }
    return end;
  }
}
