package dev.tandem.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** |a - b| <= 1e-4 |b| + 1e-5 max |b| for fractions, to the bit for integers. */
class DisagreementTest {
  private static final float NAN = Float.NaN;
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static final Optional<Disagreement> NONE = Optional.empty();

  private static Optional<Disagreement> floats(float[] got, float... expected) {
    return Disagreement.between(tensor(got), tensor(expected));
  }

  private static HostTensor tensor(float... elements) {
    return tensor(DType.F32, elements.length, MemorySegment.ofArray(elements));
  }

  private static HostTensor tensor(DType dtype, int elements, MemorySegment heap) {
    MemorySegment host = Arena.ofAuto().allocate(heap.byteSize(), Long.BYTES).copyFrom(heap);
    return new HostTensor(new TensorType(dtype, Shape.of(elements)), host);
  }

  private static HostTensor shorts(DType dtype, int... bits) {
    short[] elements = new short[bits.length];
    for (int i = 0; i < bits.length; i++) {
      elements[i] = (short) bits[i];
    }
    return tensor(dtype, elements.length, MemorySegment.ofArray(elements));
  }

  private static Optional<Disagreement> first(long index, long elements) {
    return Optional.of(new Disagreement(index, elements));
  }

  /** Alone, an element has both shares: 1.1e-4 of itself. */
  @Test
  void anElementMayDifferByAShareOfItself() {
    assertEquals(NONE, floats(new float[] {1.000105f}, 1));
    assertEquals(NONE, floats(new float[] {-0.999895f}, -1));
    assertEquals(first(0, 1), floats(new float[] {1.000115f}, 1));
    assertEquals(first(0, 1), floats(new float[] {-0.999885f}, -1));
    assertEquals(first(0, 1), floats(new float[] {-1}, 1));
  }

  @Test
  void aSmallElementMayDifferByAShareOfTheLargest() {
    assertEquals(NONE, floats(new float[] {9e-5f, 10}, 0, 10));
    assertEquals(first(0, 1), floats(new float[] {1.1e-4f, 10}, 0, 10));
    assertEquals(first(0, 1), floats(new float[] {9e-5f, 1}, 0, 1));
  }

  @Test
  void theLargestIsTheSecondsAndFinite() {
    assertEquals(first(1, 1), floats(new float[] {0, 1e30f}, 0, 1));
    assertEquals(first(0, 1), floats(new float[] {1e-3f, INFINITY, 1}, 0, INFINITY, 1));
    assertEquals(first(0, 1), floats(new float[] {1e-3f, NAN, 1}, 0, NAN, 1));
  }

  @Test
  void differencesAreCounted() {
    assertEquals(first(1, 3), floats(new float[] {1, 2, 3, 4, 5}, 1, 0, 3, 0, 0));
    assertEquals(NONE, floats(new float[0]));
  }

  @Test
  void nanMeetsNanAndInfinitiesAreEqual() {
    assertEquals(NONE, floats(new float[] {NAN, INFINITY, -INFINITY}, NAN, INFINITY, -INFINITY));
    float[] numbers = {NAN, 0, INFINITY, -INFINITY};
    for (float a : numbers) {
      for (float b : numbers) {
        assertEquals(
            Float.compare(a, b) == 0 ? NONE : first(0, 1),
            floats(new float[] {a}, b),
            () -> a + " and " + b);
      }
    }
    assertEquals(first(0, 1), floats(new float[] {Float.MAX_VALUE}, INFINITY));
  }

  @Test
  void bothZerosAgree() {
    assertEquals(NONE, floats(new float[] {-0f, 0f}, 0f, -0f));
  }

  @Test
  void doublesToo() {
    HostTensor one = tensor(DType.F64, 1, MemorySegment.ofArray(new double[] {1}));
    HostTensor near = tensor(DType.F64, 1, MemorySegment.ofArray(new double[] {1.0001}));
    HostTensor far = tensor(DType.F64, 1, MemorySegment.ofArray(new double[] {1.0002}));
    assertEquals(NONE, Disagreement.between(near, one));
    assertEquals(first(0, 1), Disagreement.between(far, one));
  }

  /** 0x3F80 is 1 in BF16, 0x3C00 in F16; the next bit pattern is the next number. */
  @Test
  void halvesMayBeNeighbours() {
    assertEquals(
        NONE, Disagreement.between(shorts(DType.BF16, 0x3F81), shorts(DType.BF16, 0x3F80)));
    assertEquals(
        first(1, 1),
        Disagreement.between(
            shorts(DType.BF16, 0x3F80, 0x3F82), shorts(DType.BF16, 0x3F80, 0x3F80)));
    assertEquals(NONE, Disagreement.between(shorts(DType.F16, 0x3C01), shorts(DType.F16, 0x3C00)));
    assertEquals(
        first(0, 1), Disagreement.between(shorts(DType.F16, 0x3C02), shorts(DType.F16, 0x3C00)));
  }

  /** Below 2^-14 F16 numbers lie 2^-24 apart, whatever they are; 0x7BFF is the largest, 0x7C00 infinity. */
  @Test
  void theLeastAndTheLargestF16HaveNeighboursToo() {
    assertEquals(NONE, Disagreement.between(shorts(DType.F16, 1), shorts(DType.F16, 0)));
    assertEquals(first(0, 1), Disagreement.between(shorts(DType.F16, 2), shorts(DType.F16, 0)));
    assertEquals(NONE, Disagreement.between(shorts(DType.F16, 0x7C00), shorts(DType.F16, 0x7BFF)));
    assertEquals(NONE, Disagreement.between(shorts(DType.F16, 0x7BFF), shorts(DType.F16, 0x7C00)));
    assertEquals(
        first(0, 1), Disagreement.between(shorts(DType.F16, 0x7C00), shorts(DType.F16, 0x7BFD)));
    assertEquals(
        first(0, 1), Disagreement.between(shorts(DType.F16, 0xFC00), shorts(DType.F16, 0x7BFF)));
    assertEquals(
        first(0, 1), Disagreement.between(shorts(DType.F16, 0x7E00), shorts(DType.F16, 0x7C00)));
  }

  /** The other is 1.5 exactly rounded; its neighbour is rounding, the one after that only with the other's error to excuse it. */
  @Test
  void whatHalvesRoundOffIsAllowedAnElement() {
    HostTensor exact = tensor(DType.F64, 2, MemorySegment.ofArray(new double[] {1.502, 1e-6}));
    HostTensor other = shorts(DType.BF16, 0x3FC0, 0x3586); // 1.5, 9.98e-7
    assertEquals(
        NONE, Disagreement.beyondRounding(shorts(DType.BF16, 0x3FC1, 0x3586), other, exact, 0));
    assertEquals(
        first(0, 1),
        Disagreement.beyondRounding(shorts(DType.BF16, 0x3FC3, 0x3586), other, exact, 0));
    assertEquals(
        first(1, 1), // 2e-6: beside 1.5 little, but twice itself
        Disagreement.beyondRounding(shorts(DType.BF16, 0x3FC0, 0x3606), other, exact, 0));
    HostTensor off = shorts(DType.BF16, 0x3FC3, 0x3586);
    assertEquals(
        NONE, Disagreement.beyondRounding(shorts(DType.BF16, 0x3FC5, 0x3586), off, exact, 0));
  }

  @Test
  void integersAreEqual() {
    int large = 1_000_000_000;
    HostTensor expected = tensor(DType.I32, 2, MemorySegment.ofArray(new int[] {large, -1}));
    HostTensor got = tensor(DType.I32, 2, MemorySegment.ofArray(new int[] {large + 1, -1}));
    assertEquals(NONE, Disagreement.between(expected, expected));
    assertEquals(first(0, 1), Disagreement.between(got, expected));
    HostTensor bytes = tensor(DType.U8, 2, MemorySegment.ofArray(new byte[] {0, -1}));
    HostTensor others = tensor(DType.U8, 2, MemorySegment.ofArray(new byte[] {0, -2}));
    assertEquals(NONE, Disagreement.between(bytes, bytes));
    assertEquals(first(1, 1), Disagreement.between(others, bytes));
    assertEquals("255", bytes.text(1));
  }

  /** Beside the exact 3e-9 the other is off by 1e-9, so 8e-9 and 2^-21 of the largest input are rounding. */
  @Test
  void whatIsLeftOfCancellationIsJudgedByTheOthersError() {
    HostTensor exact = tensor(DType.F64, 1, MemorySegment.ofArray(new double[] {3e-9}));
    HostTensor other = tensor(4e-9f);
    assertEquals(first(0, 1), floats(new float[] {-4e-9f}, 4e-9f));
    assertEquals(NONE, Disagreement.beyondRounding(tensor(-4e-9f), other, exact, 0));
    assertEquals(first(0, 1), Disagreement.beyondRounding(tensor(1.3e-8f), other, exact, 0));
    assertEquals(NONE, Disagreement.beyondRounding(tensor(1.3e-8f), other, exact, 0.01));
    assertEquals(first(0, 1), Disagreement.beyondRounding(tensor(NAN), other, exact, 0.01));
  }
}
