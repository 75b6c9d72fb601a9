package dev.tandem.cpu;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.XOR;

import dev.tandem.op.Philox;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorSpecies;

/** {@link Philox} with a block a lane. */
final class VectorPhilox {
  private static final VectorSpecies<Integer> LANES =
      VectorSpecies.of(int.class, Lanes.FLOAT.vectorShape());
  private static final VectorSpecies<Long> PAIRS =
      VectorSpecies.of(long.class, Lanes.FLOAT.vectorShape());
  private static final int WIDTH = LANES.length();
  private static final long MULTIPLIER_0 = Integer.toUnsignedLong(Philox.MULTIPLIER_0);
  private static final long MULTIPLIER_1 = Integer.toUnsignedLong(Philox.MULTIPLIER_1);
  private static final long LOW = 0xFFFFFFFFL;

  private VectorPhilox() {}

  /** As {@link Kernels#philox}, for whole vectors of blocks; returns how many blocks those are. */
  static int words(long key, long draw, long first, int[] words, int count) {
    int end = LANES.loopBound(count);
    IntVector lanes = IntVector.zero(LANES).addIndex(1);
    // There is no multiplication of 32 by 32 to 64 bits, so odd and even lanes are multiplied as
    // longs.
    for (int i = 0; i < end; i += WIDTH) {
      IntVector c0 = lanes.add((int) first + i);
      IntVector c1 = IntVector.broadcast(LANES, (int) (first >>> 32));
      IntVector c2 = IntVector.broadcast(LANES, (int) draw);
      IntVector c3 = IntVector.broadcast(LANES, (int) (draw >>> 32));
      int k0 = (int) key;
      int k1 = (int) (key >>> 32);
      for (int round = 0; round < Philox.ROUNDS; round++) {
        LongVector x0 = c0.reinterpretAsLongs();
        LongVector even0 = x0.and(LOW).mul(LongVector.broadcast(PAIRS, MULTIPLIER_0));
        LongVector odd0 = x0.lanewise(LSHR, 32).mul(LongVector.broadcast(PAIRS, MULTIPLIER_0));
        LongVector x2 = c2.reinterpretAsLongs();
        LongVector even2 = x2.and(LOW).mul(LongVector.broadcast(PAIRS, MULTIPLIER_1));
        LongVector odd2 = x2.lanewise(LSHR, 32).mul(LongVector.broadcast(PAIRS, MULTIPLIER_1));
        c0 =
            even2
                .lanewise(LSHR, 32)
                .or(odd2.and(~LOW))
                .reinterpretAsInts()
                .lanewise(XOR, c1)
                .lanewise(XOR, k0);
        c2 =
            even0
                .lanewise(LSHR, 32)
                .or(odd0.and(~LOW))
                .reinterpretAsInts()
                .lanewise(XOR, c3)
                .lanewise(XOR, k1);
        c1 = even2.and(LOW).or(odd2.lanewise(LSHL, 32)).reinterpretAsInts();
        c3 = even0.and(LOW).or(odd0.lanewise(LSHL, 32)).reinterpretAsInts();
        k0 += Philox.WEYL_0;
        k1 += Philox.WEYL_1;
      }
      c0.intoArray(words, i);
      c1.intoArray(words, count + i);
      c2.intoArray(words, 2 * count + i);
      c3.intoArray(words, 3 * count + i);
    }
    return end;
  }
}
