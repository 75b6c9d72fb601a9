package dev.tandem.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.shape.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DigitsTest {
  /** Counts a class of optdigits.tes, as the repository's own description of the set gives them. */
  private static final int[] DESCRIBED = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};

  @Test
  void theSetIsWhatItsDescriptionSays() {
    Dataset digits = Digits.load();
    assertEquals(1797, digits.size());
    assertEquals(TensorType.f32(1, 8, 8), digits.input());
    assertEquals(
        new Target.Classes(List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")),
        digits.target());
    int[] counts = new int[10];
    IntStream.of(Splits.labels(digits)).forEach(label -> counts[label]++);
    assertArrayEquals(DESCRIBED, counts);
  }

  @Test
  void valuesAreSixteenthsFromZeroToOne() {
    Dataset digits = Digits.load();
    float[] all =
        ((Values.Floats) digits.read(IntStream.range(0, 1797).toArray(), 0, 1797).inputs()).data();
    float largest = 0;
    for (float value : all) {
      assertTrue(value >= 0 && value <= 1 && value * 16 == Math.rint(value * 16));
      largest = Math.max(largest, value);
    }
    assertEquals(1, largest);
    float[] firstRow = {0, 0, 5 / 16f, 13 / 16f, 9 / 16f, 1 / 16f, 0, 0};
    assertArrayEquals(firstRow, Arrays.copyOf(all, 8));
  }

  @Test
  void sourceAndLicenceAreBesideIt() throws IOException {
    try (InputStream in = Digits.class.getResourceAsStream("digits.txt")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(text.contains("CC BY 4.0") && text.contains("Alpaydin"));
    }
  }
}
