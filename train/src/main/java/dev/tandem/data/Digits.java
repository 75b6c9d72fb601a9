package dev.tandem.data;

import dev.tandem.shape.TensorType;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The handwritten digits that come with Tandem: 1,797 pictures, F32 (1, 8, 8) in [0, 1], in 10 classes.
 * E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
 * Repository, 1998, CC BY 4.0: its test part, as distributed with scikit-learn. Source and licence are
 * beside the resource, in digits.txt.
 */
public final class Digits {
  private static final String RESOURCE = "digits.csv.gz";
  private static final int PIXELS = 64;
  private static final int WHITE = 16;

  private Digits() {}

  /** Reads the data set; there is nothing to download. */
  public static Dataset load() {
    try (InputStream in = Digits.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new DataException(
            "digits: the resource is missing, got no " + RESOURCE + "; repair the installation");
      }
      List<String> lines =
          new BufferedReader(DataFile.text(DataFile.decompressed(in))).lines().toList();
      byte[] pixels = new byte[lines.size() * PIXELS];
      byte[] labels = new byte[lines.size()];
      for (int i = 0; i < labels.length; i++) {
        String[] values = lines.get(i).split(",");
        for (int j = 0; j < PIXELS; j++) {
          pixels[i * PIXELS + j] = Byte.parseByte(values[j]);
        }
        labels[i] = Byte.parseByte(values[PIXELS]);
      }
      List<String> names = IntStream.range(0, 10).mapToObj(Integer::toString).toList();
      return new Images(
          "digits", TensorType.f32(1, 8, 8), new Target.Classes(names), pixels, WHITE, labels);
    } catch (IOException e) {
      throw DataFile.unreadable("digits", RESOURCE, e);
    }
  }
}
