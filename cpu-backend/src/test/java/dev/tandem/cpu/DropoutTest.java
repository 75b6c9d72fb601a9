package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Operand;
import dev.tandem.op.Philox;
import dev.tandem.op.Stochastic;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class DropoutTest {
  /** From the file kat_vectors of Random123 1.14, philox4x32 10. */
  @Test
  void philoxGivesItsKnownAnswers() {
    answers(0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    answers(-1, -1, -1, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    answers(
        0x299f31d0_a4093822L,
        0x85a308d3_243f6a88L,
        0x03707344_13198a2eL,
        0xd16cfe09,
        0x94fdcceb,
        0x5001e420,
        0x24126ea1);
  }

  private static void answers(long key, long low, long high, int... expected) {
    int[] words = new int[4];
    Philox.block(key, low, high, words);
    assertArrayEquals(expected, words);
  }

  @Test
  void keepsAsDocumented() {
    int[] state = {0x12345678, -5, 42, 7};
    double p = 0.3;
    int count = 4 * 3000 + 3;
    try (OnCpu cpu = new OnCpu(2)) {
      for (DType dtype : new DType[] {DType.F32, DType.F64}) {
        Operand x =
            cpu.tensor(
                dtype, Shape.of(count), DoubleStream.generate(() -> 7).limit(count).toArray());
        Operand states =
            cpu.tensor(DType.I32, Shape.of(4), Arrays.stream(state).asDoubleStream().toArray());
        List<Operand> results = cpu.run(new Stochastic.Dropout(p), x, states);
        double[] y = cpu.numbers(results.get(0));
        double[] mask = cpu.numbers(results.get(1));
        double kept = dtype == DType.F32 ? 7 * (float) (1 / (1 - p)) : 7 * (1 / (1 - p));
        int[] words = new int[4];
        for (int i = 0; i < count; i++) {
          Philox.block(0xfffffffb_12345678L, i / 4, 0x7_0000002aL, words);
          boolean keep = (words[i % 4] >>> 8) * 0x1p-24 >= p;
          assertEquals(keep ? 1 : 0, mask[i], "mask " + i);
          assertEquals(keep ? kept : 0, y[i], 1e-6, "element " + i);
        }
        assertEquals(1 - p, Arrays.stream(mask).average().orElseThrow(), 0.02);
        assertArrayEquals(y, cpu.numbers(new Stochastic.DropoutGrad(p), x, results.get(1)));
        cpu.update(new Update.NextDraw(), states);
        double[] next = cpu.numbers(cpu.run(new Stochastic.Dropout(p), x, states).get(1));
        Philox.block(0xfffffffb_12345678L, 0, 0x7_0000002bL, words);
        assertEquals((words[0] >>> 8) * 0x1p-24 >= p ? 1 : 0, next[0]);
      }
    }
  }

  @Test
  void threadsDoNotShow() {
    double[] first = null;
    for (int threads : new int[] {1, 3}) {
      try (OnCpu cpu = new OnCpu(threads)) {
        Operand state = cpu.tensor(DType.I32, Shape.of(4), 1, 2, 3, 4);
        Operand x = cpu.tensor(DType.F32, Shape.of(50_001));
        double[] mask = cpu.numbers(cpu.run(new Stochastic.Dropout(0.5), x, state).get(1));
        first = first == null ? mask : first;
        assertArrayEquals(first, mask);
      }
    }
  }

  @Test
  void theDrawCarries() {
    try (OnCpu cpu = new OnCpu(1)) {
      Operand state = cpu.tensor(DType.I32, Shape.of(4), 9, 9, -1, 5);
      cpu.update(new Update.NextDraw(), state);
      assertArrayEquals(new double[] {9, 9, 0, 6}, cpu.numbers(state));
    }
  }
}
