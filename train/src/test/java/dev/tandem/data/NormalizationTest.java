package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.data.Normalization.Grouping;
import dev.tandem.data.Normalization.Method;
import dev.tandem.shape.Shape;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NormalizationTest {
  private static Dataset of(float[]... rows) {
    return InMemory.numbers("rows", rows, new float[rows.length][1]);
  }

  private static float[] inputs(Dataset data, Normalization normalization) {
    BatchLoader loader = BatchLoader.full(data).with(normalization.onInputs());
    try (Batches pass = loader.epoch(0)) {
      return ((Values.Floats) pass.next().inputs()).data();
    }
  }

  @Test
  void standardizedFeaturesHaveMeanZeroAndDeviationOne() {
    Dataset data = of(new float[] {1, 10}, new float[] {2, 30}, new float[] {3, 50});
    Normalization normalization =
        Normalization.ofInputs(data, Method.STANDARDIZE, Grouping.FEATURE);
    assertEquals(List.of(2.0, 30.0), normalization.center());
    assertEquals(Math.sqrt(2 / 3.0), normalization.scale().get(0));
    assertEquals(Math.sqrt(800 / 3.0), normalization.scale().get(1));
    float end = (float) Math.sqrt(1.5);
    assertArrayEquals(new float[] {-end, -end, 0, 0, end, end}, inputs(data, normalization));
  }

  @Test
  void minMaxGoesFromZeroToOne() {
    Dataset data = of(new float[] {-1, 10}, new float[] {0, 30}, new float[] {3, 20});
    Normalization normalization = Normalization.ofInputs(data, Method.MIN_MAX, Grouping.FEATURE);
    assertArrayEquals(new float[] {0, 0, .25f, 1, 1, .5f}, inputs(data, normalization));
  }

  @Test
  void constantFeaturesAreCenteredAndNotDividedByZero() {
    float[] row = {0.1f, 5};
    Dataset data = of(row, row.clone(), row.clone(), new float[] {0.1f, 7});
    for (Method method : List.of(Method.STANDARDIZE, Method.MIN_MAX)) {
      Normalization normalization = Normalization.ofInputs(data, method, Grouping.FEATURE);
      assertEquals(1, normalization.scale().getFirst());
      float[] scaled = inputs(data, normalization);
      for (int i = 0; i < 4; i++) {
        assertEquals(0, scaled[2 * i]);
      }
    }
  }

  @Test
  void channelsShareOneScale() {
    float[][] pictures = {{0, 2, 4, 6, 100, 100, 100, 100}, {8, 10, 12, 14, 100, 100, 100, 104}};
    Dataset data =
        InMemory.classes("pictures", pictures, Shape.of(2, 2, 2), new int[2], List.of("x"));
    Normalization normalization =
        Normalization.ofInputs(data, Method.STANDARDIZE, Grouping.CHANNEL);
    assertEquals(List.of(7.0, 100.5), normalization.center());
    assertEquals(Math.sqrt(21), normalization.scale().getFirst(), 1e-12);
    float[] scaled = inputs(data, normalization);
    assertEquals((float) (-7 / Math.sqrt(21)), scaled[0]);
    assertEquals((float) (7 / Math.sqrt(21)), scaled[11]);
    assertEquals(scaled[4], scaled[12]);
    assertEquals(
        8, Normalization.ofInputs(data, Method.STANDARDIZE, Grouping.FEATURE).center().size());
  }

  @Test
  void largeMeansDoNotCancel() {
    float[][] rows = new float[1000][1];
    for (int i = 0; i < rows.length; i++) {
      rows[i][0] = 1_000_000 + i % 2;
    }
    Normalization normalization =
        Normalization.ofInputs(of(rows), Method.STANDARDIZE, Grouping.FEATURE);
    assertEquals(1_000_000.5, normalization.center().getFirst());
    assertEquals(0.5, normalization.scale().getFirst());
  }

  @Test
  void onlyTheTrainingPartCounts() {
    float[][] rows = new float[20][1];
    IntStream.range(0, 20).forEach(i -> rows[i][0] = i < 16 ? i % 4 : 1000);
    Splits splits = Splits.inOrder(of(rows), new Splits.Fractions(0.2, 0));
    Normalization normalization =
        Normalization.ofInputs(splits.training(), Method.MIN_MAX, Grouping.FEATURE);
    assertEquals(3, normalization.scale().getFirst());
    assertTrue(inputs(splits.validation().orElseThrow(), normalization)[0] > 300);
  }

  @Test
  void targetsAreScaledAndBroughtBack() {
    float[][] y = {{100, 1}, {300, 2}, {200, 3}};
    Dataset data = InMemory.numbers("prices", new float[3][1], y);
    Normalization normalization = Normalization.ofTargets(data, Method.STANDARDIZE);
    BatchLoader loader = BatchLoader.full(data).with(normalization.onTargets());
    try (Batches pass = loader.epoch(0)) {
      Values.Floats targets = (Values.Floats) pass.next().targets();
      assertEquals((float) -Math.sqrt(1.5), targets.data()[0]);
      normalization.invert(targets);
      assertArrayEquals(new float[] {100, 1, 300, 2, 200, 3}, targets.data(), 1e-4f);
    }
  }

  @Test
  void itSurvivesBeingWrittenAsText() {
    Dataset digits = Digits.load();
    Normalization fitted = Normalization.ofInputs(digits, Method.STANDARDIZE, Grouping.FEATURE);
    List<Double> center = fitted.center().stream().map(d -> Double.valueOf(d.toString())).toList();
    List<Double> scale = fitted.scale().stream().map(d -> Double.valueOf(d.toString())).toList();
    assertEquals(
        fitted, new Normalization(Method.valueOf("STANDARDIZE"), fitted.sample(), center, scale));
  }

  @Test
  void noneChangesNothing() {
    Dataset data = of(new float[] {1, 10}, new float[] {2, 30});
    Normalization none = Normalization.ofInputs(data, Method.NONE, Grouping.FEATURE);
    assertEquals(Normalization.none(Shape.of(2)), none);
    assertArrayEquals(new float[] {1, 10, 2, 30}, inputs(data, none));
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Dataset data = of(new float[] {1, 10}, new float[] {2, 30});
    Normalization three = Normalization.none(Shape.of(3));
    refused(
        "normalization: fitted to other samples, got F32 (2) of rows for F32 (3); fit it to this data set",
        () -> BatchLoader.full(data).with(three.onInputs()));
    refused(
        "normalization: fitted to other samples, got rows (4, 2) for samples of (3); fit it to this data set",
        () -> three.apply(new Values.Floats(Shape.of(4, 2), new float[8])));
    Dataset classes = InMemory.classes("classes", new float[2][1], new int[2], List.of("x"));
    refused(
        "normalization: only F32 values have a scale, got I32 () of classes; leave it out",
        () -> Normalization.ofTargets(classes, Method.STANDARDIZE));
    refused(
        "normalization: centers and scales do not fit the samples, got 2 and 1 for (2); give one each a feature or a"
            + " channel",
        () -> new Normalization(Method.MIN_MAX, Shape.of(2), List.of(0.0, 0.0), List.of(1.0)));
    refused(
        "normalization: center and scale must be finite and scale not 0, got 1.0 and 0.0 for group 0; fit it anew",
        () -> new Normalization(Method.MIN_MAX, Shape.of(2), List.of(1.0), List.of(0.0)));
  }
}
