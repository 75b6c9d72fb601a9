package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which NaN it is does not make two runs different; anything else does. */
final class OutcomeTest {
  private static final List<DType> FLOATING = List.of(DType.F64, DType.F32, DType.BF16, DType.F16);

  @Test
  void anyNanIsAsGoodAsAnother() {
    for (DType dtype : FLOATING) {
      Values x = Values.of(dtype, Shape.of(3), 1, Double.NaN, -0.0);
      assertEquals(Optional.empty(), compared(x, x.bytes(), negated(x, 1)), dtype::toString);
    }
  }

  @Test
  void nanInPlaceOfANumberAndZerosOfOtherSignAreFound() {
    for (DType dtype : FLOATING) {
      Values x = Values.of(dtype, Shape.of(3), 1, Double.NaN, -0.0);
      Values y = Values.of(dtype, Shape.of(3), Double.NaN, Double.NaN, -0.0);
      assertTrue(compared(x, x.bytes(), y.bytes()).isPresent(), dtype::toString);
      assertTrue(compared(x, x.bytes(), negated(x, 2)).isPresent(), dtype::toString);
    }
  }

  private static Optional<String> compared(Values x, MemorySegment one, MemorySegment other) {
    return Outcome.START.same(x.type(), one, other, "two runs differ").failure();
  }

  /** Its bytes with the sign bit of one element the other way. */
  private static MemorySegment negated(Values x, int element) {
    MemorySegment bytes = x.bytes();
    long sign = (element + 1L) * x.dtype().bytes() - 1;
    byte high = bytes.get(ValueLayout.JAVA_BYTE, sign);
    bytes.set(ValueLayout.JAVA_BYTE, sign, (byte) (high ^ 0x80));
    return bytes;
  }
}
