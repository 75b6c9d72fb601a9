package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.Operand;
import dev.tandem.op.Indexing;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class IndexingTest {
  private static final DType[] TYPES = {DType.F32, DType.F64, DType.I32, DType.U8};
  private static final DType[] FLOATING = {DType.F32, DType.F64};

  private final OnCpu cpu = new OnCpu(2);

  @AfterEach
  void close() {
    cpu.close();
  }

  @Test
  void embeds() {
    Operand indices = cpu.tensor(DType.I32, Shape.of(2, 2), 2, 0, 2, 1);
    for (DType dtype : TYPES) {
      Operand table = cpu.tensor(dtype, Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
      assertArrayEquals(
          new double[] {5, 6, 1, 2, 5, 6, 3, 4},
          cpu.numbers(new Indexing.Embedding(), table, indices));
      Operand none = cpu.tensor(DType.I32, Shape.of(0));
      assertEquals(0, cpu.numbers(new Indexing.Embedding(), table, none).length);
    }
  }

  @Test
  void embeddingGradAddsInOrder() {
    Operand indices = cpu.tensor(DType.I32, Shape.of(4), 2, 0, 2, 2);
    // In floats 1e8 + 1 - 1e8 is 0 from the left, and 1 in another order.
    for (DType dtype : FLOATING) {
      Operand dy = cpu.tensor(dtype, Shape.of(4, 1), 1e8, 5, 1, -1e8);
      assertArrayEquals(
          new double[] {5, 0, dtype == DType.F32 ? 0 : 1, 0},
          cpu.numbers(new Indexing.EmbeddingGrad(4), dy, indices));
    }
  }

  @Test
  void gathers() {
    for (DType dtype : TYPES) {
      Operand x = cpu.tensor(dtype, Shape.of(2, 3, 2), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
      Operand indices = cpu.tensor(DType.I32, Shape.of(2, 1, 2), 2, 0, 1, 1);
      assertArrayEquals(new double[] {4, 1, 8, 9}, cpu.numbers(new Indexing.Gather(1), x, indices));
      Operand along = cpu.tensor(DType.I32, Shape.of(1, 3, 2), 0, 1, 0, 1, 0, 1);
      assertArrayEquals(
          new double[] {0, 7, 2, 9, 4, 11}, cpu.numbers(new Indexing.Gather(0), x, along));
    }
  }

  @Test
  void gatherGradAddsInOrder() {
    for (DType dtype : FLOATING) {
      Operand dy = cpu.tensor(dtype, Shape.of(1, 4), 1e8, 5, 1, -1e8);
      Operand indices = cpu.tensor(DType.I32, Shape.of(1, 4), 2, 0, 2, 2);
      assertArrayEquals(
          new double[] {5, 0, dtype == DType.F32 ? 0 : 1},
          cpu.numbers(new Indexing.GatherGrad(1, 3), dy, indices));
      Operand columns = cpu.tensor(dtype, Shape.of(2, 2), 1, 2, 3, 4);
      Operand rows = cpu.tensor(DType.I32, Shape.of(2, 2), 1, 0, 1, 2);
      assertArrayEquals(
          new double[] {0, 2, 4, 0, 0, 4},
          cpu.numbers(new Indexing.GatherGrad(0, 3), columns, rows));
    }
  }

  @Test
  void oneHot() {
    Operand indices = cpu.tensor(DType.I32, Shape.of(2), 2, 0);
    for (DType dtype : TYPES) {
      assertArrayEquals(
          new double[] {0, 0, 1, 1, 0, 0}, cpu.numbers(new Indexing.OneHot(3, dtype), indices));
    }
  }

  @Test
  void namesTheIndexThatIsOut() {
    Operand table = cpu.tensor(DType.F32, Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
    for (int wrong : new int[] {-1, 3}) {
      Operand indices = cpu.tensor(DType.I32, Shape.of(3), 0, wrong, 99);
      BackendException thrown =
          assertThrows(
              BackendException.class, () -> cpu.run(new Indexing.Embedding(), table, indices));
      assertEquals(
          "cpu: embedding: index is out of range, got "
              + wrong
              + " at element 1 of (3); indices run from 0 to 2",
          thrown.getMessage());
    }
    Operand indices = cpu.tensor(DType.I32, Shape.of(1), 5);
    assertTrue(
        assertThrows(
                BackendException.class, () -> cpu.run(new Indexing.OneHot(5, DType.F32), indices))
            .getMessage()
            .startsWith("cpu: one_hot: "));
  }
}
