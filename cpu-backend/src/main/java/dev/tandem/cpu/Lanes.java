package dev.tandem.cpu;

import dev.tandem.backend.Flag;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vector width of this JVM, a constant to the compiler. Load only where {@link Vectorization#available}. */
final class Lanes {
  static final VectorSpecies<Float> FLOAT =
      Flag.VECTOR_BITS.value().isEmpty()
          ? preferred()
          : VectorSpecies.of(float.class, VectorShape.forBitSize(Flag.VECTOR_BITS.number(0)));

  private Lanes() {}

  /** The widest that the machine has and the kernels know. */
  private static VectorSpecies<Float> preferred() {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    return preferred.vectorBitSize() > Vectorization.MOST_BITS
        ? FloatVector.SPECIES_512
        : preferred;
  }

  static int bits() {
    return FLOAT.vectorBitSize();
  }
}
