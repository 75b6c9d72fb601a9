package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static dev.tandem.data.Refusals.refusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TokenWindowsTest {
  /** 0, 1, 2, ...: a token says where it stood. */
  private static TokenSequence counting(int count) {
    return new TokenSequence.InMemory(count, IntStream.range(0, count).toArray());
  }

  private static TokenWindows windows(int count, int length) {
    return TokenWindows.adjoining("t", counting(count), length);
  }

  private static int[] inputs(Dataset data, int... samples) {
    return ((Values.Ints) data.read(samples, 0, samples.length).inputs()).data();
  }

  private static int[] targets(Dataset data, int... samples) {
    return ((Values.Ints) data.read(samples, 0, samples.length).targets()).data();
  }

  @Test
  void targetsAreTheNextTokens() {
    TokenWindows windows = windows(8, 3);
    assertEquals(2, windows.size());
    assertEquals(new TensorType(DType.I32, Shape.of(3)), windows.input());
    assertEquals(windows.input(), windows.targetType());
    assertEquals(new Target.Tokens(8), windows.target());
    assertArrayEquals(new int[] {3, 4, 5, 0, 1, 2}, inputs(windows, 1, 0));
    assertArrayEquals(new int[] {4, 5, 6, 1, 2, 3}, targets(windows, 1, 0));
  }

  @Test
  void everyWindowEndsWithinTheText() {
    for (int length = 1; length < 8; length++) {
      for (int stride = 1; stride < 9; stride++) {
        TokenWindows windows = windows(8, length).every(stride);
        int last = (windows.size() - 1) * stride;
        assertEquals(last + length, targets(windows, windows.size() - 1)[length - 1]);
        assertTrue(last + stride + length > 7, "one more window would have fitted");
      }
    }
  }

  @Test
  void spreadWindowsReachFromEndToEnd() {
    for (int count = 2; count < 20; count++) {
      TokenWindows windows = windows(50, 4).spread(count);
      assertEquals(count, windows.size());
      assertEquals(0, inputs(windows, 0)[0]);
      assertEquals(49, targets(windows, count - 1)[3]);
      for (int i = 1; i < count; i++) {
        int gap = inputs(windows, i)[0] - inputs(windows, i - 1)[0];
        assertEquals(45.0 / (count - 1), gap, 1, "a gap of its share, but for whole tokens");
      }
    }
    assertEquals(0, inputs(windows(50, 4).spread(1), 0)[0]);
  }

  /** Chance: 60 bins of 1,000 expected; chi-squared with 59 degrees is below 110 but for 1 in 10,000. */
  @Test
  void randomWindowsStartAnywhere() {
    int length = 5;
    TokenWindows windows = windows(60 + length, length).random(60_000);
    Dataset drawn = windows.drawn(7, 3);
    int[] starts = new int[60];
    for (int i = 0; i < drawn.size(); i++) {
      starts[inputs(drawn, i)[0]]++;
    }
    double chi = Arrays.stream(starts).mapToDouble(n -> (n - 1000.0) * (n - 1000.0) / 1000).sum();
    assertTrue(chi < 110, "chi-squared " + chi);
    assertEquals(13, windows(66, 5).random().size(), "by default as many as adjoin");
  }

  private static List<int[]> epoch(BatchLoader loader, int epoch, int first) {
    List<int[]> batches = new ArrayList<>();
    try (Batches all = loader.epoch(epoch, first)) {
      for (Batch batch : all) {
        int[] x = ((Values.Ints) batch.inputs()).data();
        int[] y = ((Values.Ints) batch.targets()).data();
        for (int i = 0; i < x.length; i++) {
          assertEquals(x[i] + 1, y[i]);
        }
        batches.add(x);
      }
    }
    return batches;
  }

  private static void assertSame(List<int[]> expected, List<int[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i));
    }
  }

  /** Seed, epoch and place in it decide; not what was read before, nor threads, nor the split. */
  @Test
  void randomWindowsFollowFromSeedAndEpochAlone() {
    Dataset windows = TokenWindows.adjoining("t", counting(1000).part(100, 900), 16).random(50);
    BatchLoader loader = BatchLoader.of(windows, 8).shuffled(11);
    List<int[]> whole = epoch(loader, 4, 0);
    assertEquals(7, whole.size());
    assertSame(whole.subList(3, 7), epoch(loader.prefetching(3), 4, 3));
    assertFalse(Arrays.equals(whole.get(0), epoch(loader, 5, 0).get(0)), "another epoch");
    assertFalse(
        Arrays.equals(whole.get(0), epoch(BatchLoader.of(windows, 8).shuffled(12), 4, 0).get(0)),
        "another seed");
    assertSame(epoch(BatchLoader.of(windows, 8), 0, 0), epoch(BatchLoader.of(windows, 8), 9, 0));
    Dataset subset = new Subset("s", windows, IntStream.range(0, 50).toArray());
    assertSame(whole, epoch(BatchLoader.of(subset, 8).shuffled(11), 4, 0));
  }

  /** From an account of Philox in Python, whose words for a counter of zeros are Random123's: 6627e8d5 and on. */
  @Test
  void theFirstDrawsAreKnown() {
    Dataset drawn = windows(1_000_000, 1).random(4).drawn(1, 2);
    assertArrayEquals(new int[] {51322, 469858, 258812, 170525}, inputs(drawn, 0, 1, 2, 3));
    long[] large = new long[1000];
    long bound = 3L << 40;
    for (int i = 0; i < large.length; i++) {
      large[i] = Draws.ofWindow(1, 0, i).below(bound);
      assertTrue(large[i] >= 0 && large[i] < bound);
    }
    double mean = Arrays.stream(large).average().orElseThrow() / bound;
    // The mean of 1,000 uniform numbers deviates by 0.0091; five times that.
    assertEquals(0.5, mean, 0.046);
  }

  @Test
  void whatDecidesTheSamplesIsTold() {
    assertEquals(
        "13 windows of 5 in 66 tokens, Anew[count=13]", windows(66, 5).random().identity());
    assertEquals(
        "2 of 13 windows of 5 in 66 tokens, Every[stride=5]",
        new Subset("s", windows(66 + 4, 5), new int[] {1, 2}).identity().replace("70", "66"));
  }

  @Test
  void windowsThatFitNotAreRefused() {
    refused(
        "windows: shorter than one window and the token after it, got 3 tokens in t for windows of 3; use shorter"
            + " windows or a longer text",
        () -> windows(3, 3));
    refusedWith(
        () -> windows(3, 0),
        "windows: length, stride and number must be at least 1, got length 0 and Every[stride=0]");
    refusedWith(() -> windows(9, 2).random(0), "windows: length, stride", "Anew[count=0]");
    refusedWith(() -> windows(9, 2).every(-1), "windows: length, stride", "Every[stride=-1]");
  }
}
