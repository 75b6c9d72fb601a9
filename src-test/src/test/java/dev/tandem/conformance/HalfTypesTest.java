package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Operand;
import dev.tandem.op.Op;
import dev.tandem.op.Update.Many;
import dev.tandem.op.Update.Masters;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The cases in BF16 and F16 themselves, on the oracle, which rounds once: what a backend is asked for can be done, and what is two units off
 * is found.
 */
final class HalfTypesTest {
  @TestFactory
  Stream<DynamicTest> theOracleItselfAgrees() {
    Backend oracle = new OracleBackend();
    return trials()
        .map(trial ->
            DynamicTest.dynamicTest(
                trial.label(),
                () -> trial.run(oracle).failure().ifPresent(f -> fail(trial.label() + ", " + f))));
  }

  private static Stream<Trial> trials() {
    return Stream.concat(
        OpCases.all().stream()
            .flatMap(sample -> halves(sample.dtypes()).map(half -> new OpTrial(sample, half))),
        UpdateCases.all().stream()
            .flatMap(sample -> halves(sample.dtypes()).map(half -> new UpdateTrial(sample, half))));
  }

  private static Stream<DType> halves(List<DType> dtypes) {
    return dtypes.stream().filter(DType::half);
  }

  @Test
  void twoUnitsOffAreFound() {
    Set<String> ops = Set.of("tanh", "add", "matmul", "sum", "layer_norm", "cross_entropy_grad");
    int tried = 0;
    for (OpCase sample : OpCases.all()) {
      if (ops.contains(sample.op().name())) {
        for (DType half : halves(sample.dtypes()).toList()) {
          OpTrial trial = new OpTrial(sample, half);
          Outcome outcome = trial.run(twoUnitsOff());
          assertTrue(outcome.failure().isPresent(), trial::label);
          assertTrue(outcome.fraction() > 1, trial::label);
          tried++;
        }
      }
    }
    assertTrue(tried >= 18, "each of these is there in both types: " + tried);
  }

  /** The oracle, but for one number of each op's first result: the largest, which is no rest of larger terms. */
  private static Backend twoUnitsOff() {
    Backend oracle = new OracleBackend();
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (_, method, arguments) -> {
              try {
                Object answer = method.invoke(oracle, arguments);
                if (method.getName().equals("run") && arguments[0] instanceof Op) {
                  Operand y = (Operand) ((List<?>) arguments[2]).getFirst();
                  Values values = Values.from(oracle, y);
                  int at = largest(values.data());
                  double x = values.data()[at];
                  values.data()[at] = x + 4 * Rounding.halfUnit(y.dtype(), x);
                  oracle.write(y.buffer(), values.bytes());
                }
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private static int largest(double[] x) {
    return IntStream.range(0, x.length)
        .filter(i -> Double.isFinite(x[i]))
        .boxed()
        .max(Comparator.comparingDouble(i -> Math.abs(x[i])))
        .orElseThrow();
  }

  /** The share of those that are rounded away from 0 is the part that is cut off. */
  @Test
  void stochasticRoundingIsUnbiasedAndBetweenNeighbours() {
    int draws = 1 << 16;
    for (DType half : OpCase.HALVES) {
      double unit = Rounding.epsilon(half);
      for (double part : new double[] {0, 0.25, 0.7}) {
        float master = (float) -(1 + part * unit);
        int away = 0;
        for (int random = 0; random < draws; random++) {
          double w = Rounding.stochastically(half, master, random * 0x9E3779B9);
          assertTrue(w == -1 || w == -1 - unit, () -> half + " of " + master + ": " + w);
          away += w == -1 ? 0 : 1;
        }
        assertEquals(part, (double) away / draws, 0.01, half + " of " + master);
      }
    }
  }

  @Test
  void stochasticRoundingAtTheEnds() {
    assertEquals(0x1p-23, Rounding.stochastically(DType.F16, 0x1.8p-24f, 0x1fff));
    assertEquals(-0.0, Rounding.stochastically(DType.F16, -0x1p-25f, 0));
    assertEquals(0x1p-133, Rounding.stochastically(DType.BF16, 0x1p-133f, 0xffff_0000));
    assertEquals(65_504, Rounding.stochastically(DType.F16, 65_505, 0));
    assertEquals(Double.POSITIVE_INFINITY, Rounding.stochastically(DType.F16, 65_535, 0x1fff));
    for (DType half : OpCase.HALVES) {
      for (float x : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
        assertEquals(x, (float) Rounding.stochastically(half, x, -1));
      }
    }
  }

  /** A rule that drew nothing would pass wherever its neighbours are to nearest. */
  @Test
  void stochasticCasesDifferFromThoseToNearest() {
    UpdateCase sample =
        UpdateCases.all().stream()
            .filter(c -> c.update().toString().contains(Masters.ROUNDED_STOCHASTICALLY.name()))
            .filter(c -> c.operands(DType.BF16).getFirst().shape().equals(Shape.of(3, 257)))
            .findFirst()
            .orElseThrow();
    List<Values> operands = sample.operands(DType.BF16);
    Oracle.update(sample.update(), operands);
    Values master = operands.get(((Many) sample.update()).group() - 1);
    int others = 0;
    for (int i = 0; i < master.data().length; i++) {
      others +=
          master.as(DType.F32).as(DType.BF16).data()[i] == operands.getFirst().data()[i] ? 0 : 1;
    }
    // Bits decide against the nearest one in a quarter of cases on average.
    assertEquals(0.25, (double) others / master.data().length, 0.06);
  }
}
