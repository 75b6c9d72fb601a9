package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.data.Splits.Fractions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SplitsTest {
  private static int[] members(Dataset part) {
    return ((Subset) part).members();
  }

  private static int[] together(Splits splits) {
    return Stream.of(Optional.of(splits.training()), splits.validation(), splits.test())
        .flatMap(Optional::stream)
        .flatMapToInt(part -> IntStream.of(members(part)))
        .sorted()
        .toArray();
  }

  /** Class c has counts[c] samples, one after the other. */
  private static Dataset classes(int... counts) {
    int[] labels =
        IntStream.range(0, counts.length)
            .flatMap(c -> IntStream.generate(() -> c).limit(counts[c]))
            .toArray();
    float[][] inputs = new float[labels.length][1];
    for (int i = 0; i < labels.length; i++) {
      inputs[i][0] = i;
    }
    List<String> names = IntStream.range(0, counts.length).mapToObj(c -> "c" + c).toList();
    return InMemory.classes("classes", inputs, labels, names);
  }

  private static Dataset numbers(int size) {
    float[][] rows = new float[size][1];
    for (int i = 0; i < size; i++) {
      rows[i][0] = i;
    }
    return InMemory.numbers("numbers", rows, rows);
  }

  @Test
  void partsAreDisjointAndExhaustive() {
    for (Dataset data : List.of(classes(50, 31, 7, 1), numbers(97))) {
      Splits splits = Splits.of(data, new Fractions(0.2, 0.1), 3);
      assertArrayEquals(IntStream.range(0, data.size()).toArray(), together(splits));
      assertEquals(Math.round(data.size() * 0.2), splits.validation().orElseThrow().size());
      assertEquals(Math.round(data.size() * 0.1), splits.test().orElseThrow().size());
    }
  }

  @Test
  void theSeedAloneDecides() {
    Fractions tenth = new Fractions(0.1, 0.1);
    for (Dataset data : List.of(classes(50, 50), numbers(100))) {
      int[] one = members(Splits.of(data, tenth, 1).training());
      assertArrayEquals(one, members(Splits.of(data, tenth, 1).training()));
      assertFalse(Arrays.equals(one, members(Splits.of(data, tenth, 2).training())));
    }
  }

  @Test
  void classesKeepTheirMix() {
    Splits splits = Splits.of(classes(100, 50, 10), new Fractions(0.2, 0.1), 0);
    assertArrayEquals(new long[] {70, 35, 7}, histogram(splits.training()));
    assertArrayEquals(new long[] {20, 10, 2}, histogram(splits.validation().orElseThrow()));
    assertArrayEquals(new long[] {10, 5, 1}, histogram(splits.test().orElseThrow()));
  }

  private static long[] histogram(Dataset part) {
    long[] counts = new long[((Target.Classes) part.target()).names().size()];
    for (int label : Splits.labels(part)) {
      counts[label]++;
    }
    return counts;
  }

  @Test
  void aClassAlwaysKeepsASampleForTraining() {
    Splits splits = Splits.of(classes(1, 2, 1, 40), new Fractions(0.4, 0.4), 5);
    for (long count : histogram(splits.training())) {
      assertTrue(count >= 1);
    }
    assertArrayEquals(IntStream.range(0, 44).toArray(), together(splits));
  }

  @Test
  void aClassWithoutSamplesIsNoObstacle() {
    Splits splits = Splits.of(classes(10, 0, 10), new Fractions(0.2, 0), 5);
    assertArrayEquals(new long[] {8, 0, 8}, histogram(splits.training()));
    assertEquals(Optional.empty(), splits.test());
  }

  @Test
  void partsAreViewsWithTheSamplesOfTheWhole() {
    Dataset data = classes(20, 20);
    Dataset part = Splits.of(data, new Fractions(0.25, 0), 9).validation().orElseThrow();
    assertEquals("classes (validation)", part.name());
    assertEquals(data.input(), part.input());
    assertEquals(data.target(), part.target());
    Batch batch = part.read(new int[] {3, 0}, 0, 2);
    float[] inputs = ((Values.Floats) batch.inputs()).data();
    assertEquals(members(part)[3], inputs[0]);
    assertEquals(members(part)[0], inputs[1]);
    assertEquals(members(part)[3] < 20 ? 0 : 1, ((Values.Ints) batch.targets()).data()[0]);
    Dataset half = Splits.random(part, new Fractions(0.5, 0), 1).validation().orElseThrow();
    float nested = ((Values.Floats) half.read(new int[] {1}, 0, 1).inputs()).data()[0];
    assertEquals(members(part)[members(half)[1]], nested);
  }

  @Test
  void inOrderTakesTheTestPartFromTheEnd() {
    Splits splits = Splits.inOrder(numbers(10), new Fractions(0.2, 0.1));
    assertArrayEquals(new int[] {0, 1, 2, 3, 4, 5, 6}, members(splits.training()));
    assertArrayEquals(new int[] {7, 8}, members(splits.validation().orElseThrow()));
    assertArrayEquals(new int[] {9}, members(splits.test().orElseThrow()));
  }

  @Test
  void zeroFractionsLeaveEverythingToTraining() {
    Splits splits = Splits.of(classes(3, 3), new Fractions(0, 0), 0);
    assertEquals(6, splits.training().size());
    assertEquals(Optional.empty(), splits.validation());
  }

  @Test
  void badSplitsAreRefused() {
    refused(
        "split: fractions must be 0 or more and sum to less than 1, got validation 0.5 and test 0.5; 0.1 each is usual",
        () -> new Fractions(0.5, 0.5));
    refused(
        "split: fractions must be 0 or more and sum to less than 1, got validation NaN and test -0.5; 0.1 each is usual",
        () -> new Fractions(Double.NaN, -0.5));
    refused(
        "split: the test part would be empty, got fraction 0.01 of the 10 samples of numbers; use a larger fraction, or"
            + " 0 for none",
        () -> Splits.of(numbers(10), new Fractions(0, 0.01), 0));
    refused(
        "split: nothing is left to train on, got 2 samples of numbers, 1 for validation and 1 for test; use smaller"
            + " fractions",
        () -> Splits.of(numbers(2), new Fractions(0.49, 0.49), 0));
    refused(
        "split: the validation part would be empty, got classes of one sample each in classes; if they are numbers to be predicted, make the task numbers, otherwise split at random",
        () -> Splits.of(classes(1, 1, 1), new Fractions(0.4, 0), 0));
    refused(
        "split: only classes can be stratified, got Numbers[names=[target 0]] of numbers; use a random split",
        () -> Splits.stratified(numbers(10), new Fractions(0.2, 0), 0));
  }
}
