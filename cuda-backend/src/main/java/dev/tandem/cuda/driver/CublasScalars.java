package dev.tandem.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A handle's alpha and beta in native memory, where cuBLAS reads them before a call returns. Whoever hands the addresses on
 * keeps this reachable meanwhile.
 */
final class CublasScalars {
  private static final long BETA = 8;

  private final MemorySegment values = Arena.ofAuto().allocate(2 * BETA, BETA);

  /** Writes both in the type that the product's compute type asks for. */
  void set(Gemm gemm) {
    set(gemm.compute().scalars(), 0, gemm.alpha());
    set(gemm.compute().scalars(), BETA, gemm.beta());
  }

  private void set(DataType type, long at, double value) {
    switch (type) {
      case F64 -> values.set(ValueLayout.JAVA_DOUBLE, at, value);
      case F32 -> values.set(ValueLayout.JAVA_FLOAT, at, (float) value);
      case F16 -> values.set(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16((float) value));
      case BF16 -> throw new IllegalStateException("gemm: no compute type has scalars in BF16");
    }
  }

  long alpha() {
    return values.address();
  }

  long beta() {
    return values.address() + BETA;
  }
}
