package dev.tandem.cli.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pictures as the JDK's own reader sees them, which the application does without. */
class PngTest {
  @ParameterizedTest
  @CsvSource({"1, 1, 1", "8, 8, 1", "7, 3, 3", "5, 48, 4", "300, 2, 4"})
  void everyPixelIsReadAsItWasWritten(int width, int height, int channels) throws IOException {
    byte[] pixels = new byte[width * height * channels];
    new Random(1).nextBytes(pixels);
    BufferedImage read =
        ImageIO.read(new ByteArrayInputStream(new Png(width, height, channels, pixels).bytes()));
    assertEquals(width, read.getWidth());
    assertEquals(height, read.getHeight());
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          int expected = Byte.toUnsignedInt(pixels[(y * width + x) * channels + c]);
          int seen =
              channels == 1
                  ? read.getRaster().getSample(x, y, 0)
                  : c == 3 ? read.getRGB(x, y) >>> 24 : read.getRGB(x, y) >> 16 - 8 * c & 0xff;
          assertEquals(expected, seen, x + "," + y + "," + c);
        }
      }
    }
  }

  @Test
  void samplesAreDrawnFromBlackToWhite() {
    float[] sample = {0, 0.5f, 1, 2, -1, Float.NaN};
    Png grey = Png.of(sample, 1, 2, 3, 0, 1);
    assertEquals("[0, -128, -1, -1, 0, 0]", Arrays.toString(grey.pixels()));
    // (3, 1, 2): channels side by side in the sample, pixel by pixel in the picture.
    Png colour = Png.of(new float[] {0, 1, 0, 0, 1, 1}, 3, 1, 2, 0, 1);
    assertEquals("[0, 0, -1, -1, 0, -1]", Arrays.toString(colour.pixels()));
  }

  @Test
  void whatDoesNotFitIsRefused() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> new Png(2, 2, 1, new byte[3]))
            .getMessage();
    assertTrue(message.startsWith("png: pixels do not fit, got 3 bytes for 2 x 2 x 1;"), message);
  }
}
