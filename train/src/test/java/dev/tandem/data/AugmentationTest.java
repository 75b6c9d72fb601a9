package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.data.Augmentation.Step;
import dev.tandem.shape.Shape;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AugmentationTest {
  private static final int SIDE = 5;

  /** Pictures (2, 5, 5): the second channel is the first plus 100, and no pixel is 0. */
  private static Dataset pictures(int count) {
    float[][] rows = new float[count][2 * SIDE * SIDE];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < SIDE * SIDE; j++) {
        rows[i][j] = 1 + j;
        rows[i][SIDE * SIDE + j] = 101 + j;
      }
    }
    return InMemory.classes(
        "pictures", rows, Shape.of(2, SIDE, SIDE), new int[count], List.of("x"));
  }

  private static float[][] augmented(int count, int epoch, Step... steps) {
    BatchLoader loader =
        BatchLoader.full(pictures(count)).with(new Augmentation(4, List.of(steps)));
    float[][] result = new float[count][];
    try (Batches pass = loader.epoch(epoch)) {
      float[] data = ((Values.Floats) pass.next().inputs()).data();
      int length = 2 * SIDE * SIDE;
      for (int i = 0; i < count; i++) {
        result[i] = Arrays.copyOfRange(data, i * length, (i + 1) * length);
      }
    }
    return result;
  }

  /** A picture's pixel, or fill outside; all of the tests' pictures are alike. */
  private static float pixel(int channel, int y, int x) {
    return y < 0 || y >= SIDE || x < 0 || x >= SIDE ? 0 : 1 + 100 * channel + y * SIDE + x;
  }

  private interface Source {
    float at(int channel, int y, int x);
  }

  private static float[] picture(Source source) {
    float[] picture = new float[2 * SIDE * SIDE];
    for (int i = 0; i < picture.length; i++) {
      picture[i] = source.at(i / (SIDE * SIDE), i / SIDE % SIDE, i % SIDE);
    }
    return picture;
  }

  @Test
  void aShiftMovesByAWholeOffsetAndFillsWithZeros() {
    Set<String> offsets = new HashSet<>();
    for (float[] actual : augmented(500, 0, new Step.Shift(2))) {
      boolean found = false;
      for (int down = -2; down <= 2; down++) {
        for (int right = -2; right <= 2; right++) {
          int dy = down;
          int dx = right;
          if (Arrays.equals(picture((c, y, x) -> pixel(c, y - dy, x - dx)), actual)) {
            offsets.add(dy + " " + dx);
            found = true;
          }
        }
      }
      assertTrue(found);
    }
    assertEquals(25, offsets.size(), "every offset comes up");
  }

  @Test
  void aFlipMirrorsLeftAndRightAboutHalfTheTime() {
    float[] plain = picture(AugmentationTest::pixel);
    float[] mirrored = picture((c, y, x) -> pixel(c, y, SIDE - 1 - x));
    int flips = 0;
    for (float[] actual : augmented(1000, 0, new Step.Flip(0.5))) {
      boolean flipped = Arrays.equals(mirrored, actual);
      assertTrue(flipped || Arrays.equals(plain, actual));
      flips += flipped ? 1 : 0;
    }
    assertEquals(500, flips, 80); // five standard deviations
    assertArrayEquals(plain, augmented(1, 0, new Step.Flip(0))[0]);
    assertArrayEquals(mirrored, augmented(1, 0, new Step.Flip(1))[0]);
  }

  @Test
  void aCropCutsItsWindowOutOfTheMirroredPicture() {
    int[] mirror = {2, 1, 0, 1, 2, 3, 4, 3, 2}; // places -2 to 6
    Set<String> offsets = new HashSet<>();
    for (float[] actual : augmented(500, 0, new Step.Crop(2))) {
      boolean found = false;
      for (int top = 0; top <= 4; top++) {
        for (int left = 0; left <= 4; left++) {
          int t = top;
          int l = left;
          if (Arrays.equals(picture((c, y, x) -> pixel(c, mirror[y + t], mirror[x + l])), actual)) {
            offsets.add(t + " " + l);
            found = true;
          }
        }
      }
      assertTrue(found);
    }
    assertEquals(25, offsets.size());
  }

  @Test
  void aRotationKeepsTheCenterAndByNothingKeepsAll() {
    assertArrayEquals(picture(AugmentationTest::pixel), augmented(1, 0, new Step.Rotation(0))[0]);
    for (float[] actual : augmented(50, 0, new Step.Rotation(30))) {
      assertEquals(pixel(0, 2, 2), actual[2 * SIDE + 2], 1e-4);
      assertEquals(
          100 + actual[2 * SIDE + 1],
          actual[SIDE * SIDE + 2 * SIDE + 1],
          1e-4,
          "channels turn together");
      // A linear ramp stays one under rotation; its values are x + 5 y + 1, turned about the
      // center.
      double sine = (actual[2 * SIDE + 2] - actual[2 * SIDE + 1]);
      double cosine = (actual[3 * SIDE + 2] - actual[2 * SIDE + 2]);
      assertEquals(26, sine * sine + cosine * cosine, 1e-2, "the slope keeps its length, 1 + 5^2");
      double angle = Math.atan2(sine, cosine) - Math.atan2(1, 5);
      assertTrue(Math.abs(angle) <= Math.toRadians(30) + 1e-3, () -> "angle " + angle);
    }
  }

  @Test
  void whatHappensDependsOnSeedEpochAndSampleAlone() {
    Augmentation augmentation = new Augmentation(8, List.of(new Step.Shift(2), new Step.Flip(0.5)));
    Dataset data = pictures(64);
    BatchLoader loader = BatchLoader.of(data, 64).with(augmentation);
    float[][] whole = bySample(loader, 3);
    assertArrayEquals(
        whole, bySample(BatchLoader.of(data, 7).shuffled(1).with(augmentation).prefetching(2), 3));
    assertFalse(Arrays.deepEquals(whole, bySample(loader, 4)));
    Augmentation otherSeed = new Augmentation(9, augmentation.steps());
    assertFalse(Arrays.deepEquals(whole, bySample(BatchLoader.of(data, 64).with(otherSeed), 3)));
    assertTrue(
        new HashSet<>(Arrays.stream(whole).map(Arrays::toString).toList()).size() > 20,
        "samples differ");
  }

  private static float[][] bySample(BatchLoader loader, int epoch) {
    float[][] result = new float[loader.dataset().size()][];
    int length = 2 * SIDE * SIDE;
    try (Batches pass = loader.epoch(epoch)) {
      for (Batch batch : pass) {
        float[] data = ((Values.Floats) batch.inputs()).data();
        for (int i = 0; i < batch.size(); i++) {
          result[batch.indices()[i]] = Arrays.copyOfRange(data, i * length, (i + 1) * length);
        }
      }
    }
    return result;
  }

  @Test
  void theDataSetItselfIsNotChanged() {
    Dataset data = pictures(2);
    BatchLoader loader =
        BatchLoader.full(data).with(new Augmentation(1, List.of(new Step.Flip(1))));
    try (Batches pass = loader.epoch(0)) {
      pass.next();
    }
    float[] read = ((Values.Floats) data.read(new int[] {0}, 0, 1).inputs()).data();
    assertArrayEquals(picture(AugmentationTest::pixel), read);
  }

  @Test
  void whatDoesNotFitIsRefused() {
    Dataset rows = InMemory.classes("rows", new float[2][3], new int[2], List.of("x"));
    refused(
        "augmentation: made for pictures, F32 (C, H, W) or (H, W), got F32 (3) of rows; leave it out",
        () -> BatchLoader.full(rows).with(new Augmentation(0, List.of())));
    refused(
        "augmentation: moves pictures by their whole size, got Shift[pixels=5] for (2, 5, 5); use less than 5 pixels",
        () -> augmented(1, 0, new Step.Shift(5)));
    refused(
        "augmentation: moves pictures by their whole size, got Crop[padding=6] for (2, 5, 5); use less than 5 pixels",
        () -> augmented(1, 0, new Step.Crop(6)));
    refused(
        "shift: must not be negative, got -1 pixels; 2 to 4 are usual", () -> new Step.Shift(-1));
    refused("crop: must not be negative, got -1 pixels; 2 to 4 are usual", () -> new Step.Crop(-1));
    refused("flip: not a probability, got 1.5; 0.5 is usual", () -> new Step.Flip(1.5));
    refused(
        "rotation: outside 0 to 180 degrees, got NaN; 10 is usual",
        () -> new Step.Rotation(Double.NaN));
  }
}
