package dev.tandem.data;

import static dev.tandem.data.Refusals.refusedWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.shape.TensorType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxTest {
  private static final List<String> TWO = List.of("no", "yes");

  @TempDir Path folder;

  /** An idx file of unsigned bytes 0, 1, 2, ... */
  static byte[] idx(int... lengths) {
    int elements = IntStream.of(lengths).reduce(1, (a, b) -> a * b);
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * lengths.length + elements);
    file.putInt(0x0800 | lengths.length);
    IntStream.of(lengths).forEach(file::putInt);
    for (int i = 0; i < elements; i++) {
      file.put((byte) i);
    }
    return file.array();
  }

  static byte[] gzip(byte[] plain) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(bytes)) {
      out.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] header(int magic, int... lengths) {
    ByteBuffer file = ByteBuffer.allocate(4 + 4 * lengths.length);
    file.putInt(magic);
    IntStream.of(lengths).forEach(file::putInt);
    return file.array();
  }

  private Path file(String name, byte[] content) {
    try {
      return Files.write(folder.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void picturesBecomeFloatsFromZeroToOne() {
    byte[] pixels = idx(2, 2, 3);
    pixels[pixels.length - 1] = (byte) 255;
    byte[] labels = idx(2);
    for (boolean compressed : new boolean[] {false, true}) {
      Dataset data =
          Idx.dataset(
              "tiny",
              file("images", compressed ? gzip(pixels) : pixels),
              file("labels", compressed ? gzip(labels) : labels),
              TWO);
      assertEquals(2, data.size());
      assertEquals(TensorType.f32(1, 2, 3), data.input());
      assertEquals(new Target.Classes(TWO), data.target());
      Batch batch = data.read(new int[] {1, 0}, 0, 2);
      assertArrayEquals(
          new float[] {
            6 / 255f, 7 / 255f, 8 / 255f, 9 / 255f, 10 / 255f, 1, 0, 1 / 255f, 2 / 255f, 3 / 255f,
            4 / 255f, 5 / 255f
          },
          ((Values.Floats) batch.inputs()).data());
      assertArrayEquals(new int[] {1, 0}, ((Values.Ints) batch.targets()).data());
    }
  }

  @Test
  void fourAxesAreChannels() {
    Dataset data =
        Idx.dataset("colour", file("images", idx(2, 3, 4, 5)), file("labels", idx(2)), TWO);
    assertEquals(TensorType.f32(3, 4, 5), data.input());
    assertEquals(59 / 255f, ((Values.Floats) data.read(new int[] {0}, 0, 1).inputs()).data()[59]);
  }

  @Test
  void wrongHeadersAreRefused() {
    refusedWith(
        () -> Idx.read(folder.resolve("none")), "idx: no such file, got ", "none; check the path");
    refusedWith(() -> Idx.read(folder), "idx: a folder where a file should be, got ", folder);
    refusedWith(
        () -> Idx.read(file("a", new byte[0])), "the file ends within its header, got 0 bytes in ");
    refusedWith(
        () -> Idx.read(file("a", new byte[] {0, 0, 8})),
        "the file ends within its header, got 3 bytes in ");
    refusedWith(
        () -> Idx.read(file("a", new byte[] {0, 0, 8, 3, 0, 0, 0, 1, 0})),
        "the file ends within its header, got 9 bytes of 16 in ");
    refusedWith(
        () -> Idx.read(file("png", new byte[] {(byte) 0x89, 'P', 'N', 'G', 0, 0})),
        "idx: not an idx file, got first bytes 89 50 in ",
        "png; an idx file begins with 00 00");
    refusedWith(
        () -> Idx.read(file("a", header(0x0D01, 1))),
        "idx: elements must be unsigned bytes, type 08, got type 0d in ",
        "; convert the file");
    refusedWith(() -> Idx.read(file("a", header(0x0800))), "got 0 axes in ");
    refusedWith(() -> Idx.read(file("a", header(0x08FF))), "got 255 axes in ");
  }

  @Test
  void lengthsThatDoNotFitTheFileAreRefused() {
    byte[] whole = idx(3, 2, 2);
    refusedWith(
        () -> Idx.read(file("a", Arrays.copyOf(whole, whole.length - 1))),
        "idx: the file is too short for its header, got 11 bytes of elements for (3, 2, 2) in ",
        "; it should have 12, fetch or copy it again");
    refusedWith(
        () -> Idx.read(file("a", gzip(Arrays.copyOf(whole, whole.length - 1)))),
        "idx: the file is too short for its header, got 11 bytes of elements for (3, 2, 2) in ");
    for (byte[] longer :
        List.of(Arrays.copyOf(whole, whole.length + 1), gzip(Arrays.copyOf(whole, 29)))) {
      refusedWith(
          () -> Idx.read(file("a", longer)),
          "idx: bytes after the last element, got more than the 12 of (3, 2, 2) in ");
    }
    refusedWith(
        () -> Idx.read(file("a", header(0x0801, 0))), "idx: no samples, got an empty data set in ");
    refusedWith(
        () -> Idx.read(file("a", header(0x0803, 5, 0, 3))),
        "idx: axis 1 has an impossible length, got 0 in ");
    refusedWith(
        () -> Idx.read(file("a", header(0x0803, 5, -1, 3))),
        "idx: axis 1 has an impossible length, got 4294967295 in ");
  }

  /** With the tests' heap none of these could be allocated; the message must come before the array. */
  @Test
  void hostileHeadersAllocateNothing() {
    int most = Integer.MAX_VALUE;
    for (byte[] hostile : List.of(header(0x0801, most), gzip(header(0x0801, most)))) {
      refusedWith(
          () -> Idx.read(file("a", hostile)),
          "idx: the file is too short for its header",
          "2147483647");
    }
    refusedWith(
        () -> Idx.read(file("a", header(0x0803, most, most, most))),
        "idx: the header's axes are impossibly long, got [2147483647, 2147483647, 2147483647] in ");
    refusedWith(
        () -> Idx.read(file("a", header(0x0802, most, 1 << 20))),
        "idx: the file is too short for its header, got 0 bytes of elements");
  }

  @Test
  void damagedCompressionIsRefused() {
    byte[] whole = gzip(idx(200, 3, 3));
    refusedWith(
        () -> Idx.read(file("a", Arrays.copyOf(whole, whole.length / 2))),
        "idx: the compressed file ends too early, got ");
    byte[] damaged = whole.clone();
    damaged[damaged.length - 6] ^= 1; // within the CRC
    refusedWith(() -> Idx.read(file("a", damaged)), "idx: the compressed file is damaged, got ");
    refusedWith(
        () -> Idx.read(file("a", new byte[] {0x1f, (byte) 0x8b})),
        "idx: the compressed file ends too early, got ");
  }

  @Test
  void filesThatDoNotBelongTogetherAreRefused() {
    Path images = file("images", idx(3, 2, 2));
    Path labels = file("labels", idx(3));
    refusedWith(
        () -> Idx.dataset("x", images, file("two", idx(2)), TWO),
        "idx: counts of pictures and labels differ, got 3 in ",
        "images and 2 in ",
        "two; use two files that belong together");
    refusedWith(
        () -> Idx.dataset("x", images, labels, TWO),
        "idx: label outside the classes, got 2 for sample 2 in ",
        "labels; labels run from 0 to 1");
    refusedWith(
        () -> Idx.dataset("x", labels, images, TWO),
        "idx: pictures have 3 axes (N, H, W) or 4 (N, C, H, W), got (3) in ");
    refusedWith(
        () -> Idx.dataset("x", images, images, TWO),
        "idx: labels have 1 axis (N), got (3, 2, 2) in ");
  }
}
