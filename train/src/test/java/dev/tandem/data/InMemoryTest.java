package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;
import org.junit.jupiter.api.Test;

class InMemoryTest {
  private static final float[][] XOR = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
  private static final List<String> BITS = List.of("0", "1");

  @Test
  void classesAreServedAsGiven() {
    float[][] rows = {{1, 2}, {3, 4}};
    Dataset data = InMemory.classes("own", rows, new int[] {1, 0}, BITS);
    rows[0][0] = 99; // copied, so this changes nothing
    Batch batch = data.read(new int[] {0, 1, 0}, 0, 3);
    assertArrayEquals(new float[] {1, 2, 3, 4, 1, 2}, ((Values.Floats) batch.inputs()).data());
    assertArrayEquals(new int[] {1, 0, 1}, ((Values.Ints) batch.targets()).data());
    assertEquals(new TensorType(DType.I32, Shape.scalar()), data.targetType());
    assertEquals(DType.F32, batch.inputs().dtype());
    assertEquals(DType.I32, batch.targets().dtype());
  }

  @Test
  void numbersAreServedAsGiven() {
    Dataset data =
        InMemory.numbers(
            "own", XOR, Shape.of(1, 2), new float[][] {{0, 5}, {1, 6}, {1, 7}, {0, 8}});
    assertEquals(TensorType.f32(1, 2), data.input());
    assertEquals(TensorType.f32(2), data.targetType());
    Batch batch = data.read(new int[] {9, 3, 1}, 1, 2);
    assertArrayEquals(new float[] {1, 1, 0, 1}, ((Values.Floats) batch.inputs()).data());
    assertArrayEquals(new float[] {0, 8, 1, 6}, ((Values.Floats) batch.targets()).data());
    assertArrayEquals(new int[] {3, 1}, batch.indices());
  }

  @Test
  void badArraysAreRefused() {
    int[] labels = {0, 1, 1, 0};
    refused(
        "own: no samples, got an empty array; give at least one",
        () -> InMemory.classes("own", new float[0][], new int[0], BITS));
    refused(
        "own: counts of inputs and labels differ, got 4 and 1; give one a sample",
        () -> InMemory.classes("own", XOR, new int[1], BITS));
    refused(
        "own: counts of inputs and targets differ, got 4 and 1; give one a sample",
        () -> InMemory.numbers("own", XOR, new float[][] {{1}}));
    refused(
        "own: label outside the classes, got 2 for sample 3; labels run from 0 to 1",
        () -> InMemory.classes("own", XOR, new int[] {0, 1, 1, 2}, BITS));
    refused(
        "own: label outside the classes, got -1 for sample 0; labels run from 0 to 1",
        () -> InMemory.classes("own", XOR, new int[] {-1, 1, 1, 0}, BITS));
    refused(
        "own: input rows differ in length, got 1 values in row 1 and 2 in row 0; give every row the same",
        () -> InMemory.classes("own", new float[][] {{1, 2}, {3}}, new int[] {0, 0}, BITS));
    refused(
        "own: input rows are empty, got width 0; give at least one value a row",
        () -> InMemory.classes("own", new float[][] {{}}, new int[] {0}, BITS));
    refused(
        "own: input is not a finite number, got NaN in row 0, position 1; remove the row or fill the value in",
        () -> InMemory.classes("own", new float[][] {{1, Float.NaN}}, new int[] {0}, BITS));
    refused(
        "own: target is not a finite number, got -Infinity in row 1, position 0; remove the row or fill the value in",
        () ->
            InMemory.numbers(
                "own", new float[2][1], new float[][] {{0}, {Float.NEGATIVE_INFINITY}}));
    refused(
        "own: rows do not fit the sample's shape, got 2 values for (2, 2); give rows of 4",
        () -> InMemory.classes("own", XOR, Shape.of(2, 2), labels, BITS));
  }

  @Test
  void valuesMustFillTheirShape() {
    refused(
        "values: array and shape differ, got 3 values for shape (2, 2); give 4",
        () -> new Values.Floats(Shape.of(2, 2), new float[3]));
    refused(
        "batch: too many elements for one array, got 3 samples of F32 (1000000000); use a smaller batch",
        () -> Values.zeros(TensorType.f32(1_000_000_000), 3));
    refused(
        "batch: samples are F32 or I32, got U8 (4); convert them where the data set is read",
        () -> Values.zeros(new TensorType(DType.U8, Shape.of(4)), 1));
  }
}
