package dev.tandem.learning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Backend;
import dev.tandem.conformance.OracleBackend;
import dev.tandem.conformance.TestBackends;
import dev.tandem.nn.Init;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;

/** What these tests run on, and short ways to put numbers in and to compare what comes out. */
public final class Machines {
  private static final Backend ORACLE = new OracleBackend();

  private Machines() {}

  /** The oracle, which is the definition, and every backend of this machine. */
  public static Stream<Named<Backend>> all() {
    return Stream.concat(Stream.of(Named.of("oracle", ORACLE)), real());
  }

  /** Every backend of this machine: those that round as their element type does. */
  public static Stream<Named<Backend>> real() {
    return TestBackends.available().stream().map(backend -> Named.of(backend.name(), backend));
  }

  /** Those that compute in F64. */
  public static Stream<Named<Backend>> doubles() {
    return all().filter(backend -> backend.getPayload().supports(DType.F64));
  }

  public static Init init(Backend backend, DType dtype, long seed) {
    return new Init(backend, dtype, new Random(seed));
  }

  /** A tensor of the element type with these numbers. */
  public static Tensor tensor(Backend backend, DType dtype, double[] numbers, int... lengths) {
    return dtype == DType.F64
        ? Tensor.of(backend, numbers.clone(), lengths)
        : Tensor.of(backend, floats(numbers), lengths);
  }

  /** Overwrites an F32 or F64 tensor. */
  public static void set(Tensor tensor, double... numbers) {
    tensor.write(
        tensor.dtype() == DType.F64
            ? MemorySegment.ofArray(numbers.clone())
            : MemorySegment.ofArray(floats(numbers)));
  }

  public static float[] floats(double... numbers) {
    float[] floats = new float[numbers.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) numbers[i];
    }
    return floats;
  }

  /** Each |actual - expected| is at most tolerance * max(1, |expected|). */
  public static void assertNear(double[] expected, double[] actual, double tolerance, String what) {
    assertEquals(expected.length, actual.length, what + ": number of elements");
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * Math.max(1, Math.abs(expected[i]));
      assertEquals(expected[i], actual[i], allowed, what + " [" + i + "]");
    }
  }

  public static void assertNear(double[] expected, Tensor actual, double tolerance, String what) {
    assertNear(expected, actual.toDoubles(), tolerance, what);
  }
}
