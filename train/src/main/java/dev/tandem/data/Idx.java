package dev.tandem.data;

import dev.tandem.shape.Shape;
import dev.tandem.shape.ShapeException;
import dev.tandem.shape.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Reads idx files, the format of MNIST: two zero bytes, a type byte, the number of axes, each axis'
 * length as a big-endian 32-bit integer, then the elements, row-major. Plain or gzip. Only unsigned
 * bytes are read, the type that pictures and labels have. (LeCun, Cortes and Burges, "The MNIST
 * database", section "File formats".)
 */
public final class Idx {
  private static final int UNSIGNED_BYTE = 0x08;

  /** Deflate cannot make more than this many bytes of one (RFC 1951: 258 bytes from two bits). */
  private static final long DEFLATE_RATIO = 1032;

  private Idx() {}

  /** The contents of a file: its axes and its unsigned bytes. */
  record Content(Path file, Shape shape, byte[] elements) {}

  /**
   * A data set of pictures and their labels. Input type F32 (1, H, W), or F32 (C, H, W) for a file of
   * four axes, scaled from 0..255 to [0, 1].
   *
   * @param images idx of (N, H, W) or (N, C, H, W)
   * @param labels idx of (N), each from 0 to classNames.size() - 1
   */
  public static Dataset dataset(String name, Path images, Path labels, List<String> classNames) {
    Content pictures = read(images);
    Content classes = read(labels);
    if (pictures.shape.rank() != 3 && pictures.shape.rank() != 4) {
      throw new DataException(
          "idx: pictures have 3 axes (N, H, W) or 4 (N, C, H, W), got "
              + pictures.shape
              + " in "
              + images
              + "; check that this is the file of pictures");
    }
    if (classes.shape.rank() != 1) {
      throw new DataException(
          "idx: labels have 1 axis (N), got "
              + classes.shape
              + " in "
              + labels
              + "; check that this is the file of labels");
    }
    if (pictures.shape.length(0) != classes.shape.length(0)) {
      throw new DataException(
          "idx: counts of pictures and labels differ, got "
              + pictures.shape.length(0)
              + " in "
              + images
              + " and "
              + classes.shape.length(0)
              + " in "
              + labels
              + "; use two files that belong together");
    }
    for (int i = 0; i < classes.elements.length; i++) {
      int label = classes.elements[i] & 0xFF;
      if (label >= classNames.size()) {
        throw new DataException(
            "idx: label outside the classes, got "
                + label
                + " for sample "
                + i
                + " in "
                + labels
                + "; labels run from 0 to "
                + (classNames.size() - 1));
      }
    }
    Shape sample =
        pictures.shape.rank() == 4 ? pictures.shape.without(0) : pictures.shape.with(0, 1);
    return new Images(
        name,
        TensorType.f32(sample.lengths()),
        new Target.Classes(classNames),
        pictures.elements,
        255,
        classes.elements);
  }

  /** The pictures of a file without labels, F32 (N, C, H, W) in [0, 1]: for prediction. */
  public static Values.Floats pictures(Path images) {
    Content content = read(images);
    Shape shape = content.shape;
    if (shape.rank() != 3 && shape.rank() != 4) {
      throw new DataException(
          "idx: pictures have 3 axes (N, H, W) or 4 (N, C, H, W), got "
              + shape
              + " in "
              + images
              + "; check that this is the file of pictures");
    }
    float[] pixels = new float[content.elements.length];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (content.elements[i] & 0xFF) / 255f;
    }
    Shape rows =
        shape.rank() == 4 ? shape : Shape.of(shape.length(0), 1, shape.length(1), shape.length(2));
    return new Values.Floats(rows, pixels);
  }

  /** Reads a file, and allocates for its elements only what the file can hold. */
  static Content read(Path file) {
    boolean compressed = DataFile.compressed("idx", file);
    try (InputStream in = DataFile.open("idx", file)) {
      Shape shape = header(file, in);
      long expected = shape.elements();
      long header = 4 + 4L * shape.rank();
      long length = Files.size(file);
      long most = compressed ? length * DEFLATE_RATIO : length - header;
      if (expected > most) {
        throw truncated(file, shape, compressed ? "at most " + most : Long.toString(most));
      }
      if (expected > Integer.MAX_VALUE - 8) {
        throw new DataException(
            "idx: too many elements for one array, got "
                + shape
                + " in "
                + file
                + "; split the file, "
                + (Integer.MAX_VALUE - 8)
                + " bytes is the most");
      }
      byte[] elements = in.readNBytes((int) expected); // grows with what arrives
      if (elements.length < expected) {
        throw truncated(file, shape, Integer.toString(elements.length));
      }
      if (in.read() != -1) {
        throw new DataException(
            "idx: bytes after the last element, got more than the "
                + expected
                + " of "
                + shape
                + " in "
                + file
                + "; the header and the contents do not belong together, fetch or copy the file again");
      }
      return new Content(file, shape, elements);
    } catch (IOException e) {
      throw DataFile.unreadable("idx", file.toString(), e);
    }
  }

  private static Shape header(Path file, InputStream in) throws IOException {
    byte[] magic = in.readNBytes(4);
    if (magic.length < 4) {
      throw new DataException(
          "idx: the file ends within its header, got "
              + magic.length
              + " bytes in "
              + file
              + "; fetch or copy it again");
    }
    if (magic[0] != 0 || magic[1] != 0) {
      throw new DataException(
          String.format(
              "idx: not an idx file, got first bytes %02x %02x in %s; an idx file begins with 00 00",
              magic[0], magic[1], file));
    }
    if (magic[2] != UNSIGNED_BYTE) {
      throw new DataException(
          String.format(
              "idx: elements must be unsigned bytes, type 08, got type %02x in %s; convert the file",
              magic[2], file));
    }
    int rank = magic[3] & 0xFF;
    if (rank < 1 || rank > 4) {
      throw new DataException(
          "idx: 1 axis for labels, 3 or 4 for pictures, got "
              + rank
              + " axes in "
              + file
              + "; check the file");
    }
    byte[] bytes = in.readNBytes(4 * rank);
    if (bytes.length < 4 * rank) {
      throw new DataException(
          "idx: the file ends within its header, got "
              + (4 + bytes.length)
              + " bytes of "
              + (4 + 4 * rank)
              + " in "
              + file
              + "; fetch or copy it again");
    }
    return shape(file, rank, ByteBuffer.wrap(bytes));
  }

  /** The axes, each positive. */
  private static Shape shape(Path file, int rank, ByteBuffer header) {
    int[] lengths = new int[rank];
    for (int axis = 0; axis < rank; axis++) {
      lengths[axis] = header.getInt();
      if (lengths[axis] == 0 && axis == 0) {
        throw new DataException(
            "idx: no samples, got an empty data set in " + file + "; give at least one sample");
      }
      if (lengths[axis] <= 0) {
        throw new DataException(
            "idx: axis "
                + axis
                + " has an impossible length, got "
                + Integer.toUnsignedString(lengths[axis])
                + " in "
                + file
                + "; fetch or copy the file again");
      }
    }
    try {
      return Shape.of(lengths);
    } catch (ShapeException e) {
      throw new DataException(
          "idx: the header's axes are impossibly long, got "
              + Arrays.toString(lengths)
              + " in "
              + file
              + "; fetch or copy the file again",
          e);
    }
  }

  private static DataException truncated(Path file, Shape shape, String available) {
    return new DataException(
        "idx: the file is too short for its header, got "
            + available
            + " bytes of elements for "
            + shape
            + " in "
            + file
            + "; it should have "
            + shape.elements()
            + ", fetch or copy it again");
  }
}
