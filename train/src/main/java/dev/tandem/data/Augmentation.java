package dev.tandem.data;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * Random changes to pictures, F32 (C, H, W) or (H, W), one after the other. What happens to a sample in
 * an epoch depends on the seed, the epoch, the sample's index and the step's place in the list, never on
 * the batch it is in. For training only; before normalisation, for what moves in from outside is 0.
 */
public record Augmentation(long seed, List<Step> steps) implements Transform {

  /** One kind of change. All channels of a picture change alike. */
  public sealed interface Step {
    /**
     * Moves the picture by up to so many pixels in each direction, each offset equally likely; zeros
     * move in.
     */
    record Shift(int pixels) implements Step {
      /** Throws {@link DataException} when a component is out of its range; the message names it. */
      public Shift {
        checkPixels("shift", pixels);
      }
    }

    /** Mirrors left and right with this probability. */
    record Flip(double probability) implements Step {
      /** Throws {@link DataException} when a component is out of its range; the message names it. */
      public Flip {
        if (!(probability >= 0 && probability <= 1)) {
          throw new DataException("flip: not a probability, got " + probability + "; 0.5 is usual");
        }
      }
    }

    /**
     * Pads the picture on every side, by mirroring it at its edge pixels, and cuts a window of its own
     * size out at random. With zeros for padding it would be a shift.
     */
    record Crop(int padding) implements Step {
      /** Throws {@link DataException} when a component is out of its range; the message names it. */
      public Crop {
        checkPixels("crop", padding);
      }
    }

    /**
     * Rotates about the center by up to so many degrees either way, bilinear; zeros come in at the
     * corners.
     */
    record Rotation(double degrees) implements Step {
      /** Throws {@link DataException} when a component is out of its range; the message names it. */
      public Rotation {
        if (!(degrees >= 0 && degrees <= 180)) {
          throw new DataException(
              "rotation: outside 0 to 180 degrees, got " + degrees + "; 10 is usual");
        }
      }
    }

    private static void checkPixels(String step, int pixels) {
      if (pixels < 0) {
        throw new DataException(
            step + ": must not be negative, got " + pixels + " pixels; 2 to 4 are usual");
      }
    }
  }

  /** Copies what it is given: later changes do not reach it. */
  public Augmentation {
    steps = List.copyOf(steps);
  }

  @Override
  public void check(Dataset dataset) {
    TensorType input = dataset.input();
    if (input.dtype() != DType.F32 || input.shape().rank() < 2 || input.shape().rank() > 3) {
      throw new DataException(
          "augmentation: made for pictures, F32 (C, H, W) or (H, W), got "
              + input
              + " of "
              + dataset.name()
              + "; leave it out");
    }
    int side = Math.min(input.shape().length(-1), input.shape().length(-2));
    for (Step step : steps) {
      int pixels =
          switch (step) {
            case Step.Shift(int p) -> p;
            case Step.Crop(int p) -> p;
            case Step.Flip _, Step.Rotation _ -> 0;
          };
      if (pixels >= side) {
        throw new DataException(
            "augmentation: moves pictures by their whole size, got "
                + step
                + " for "
                + input.shape()
                + "; use less than "
                + side
                + " pixels");
      }
    }
  }

  @Override
  public void apply(Batch batch, int epoch) {
    Values.Floats pictures = (Values.Floats) batch.inputs();
    Shape shape = pictures.shape();
    int height = shape.length(-2);
    int width = shape.length(-1);
    int planes = shape.rank() == 4 ? shape.length(1) : 1;
    float[] plane = new float[height * width];
    for (int stage = 0; stage < steps.size(); stage++) {
      for (int i = 0; i < batch.size(); i++) {
        Move move =
            move(
                steps.get(stage),
                height,
                width,
                Draws.ofSample(seed, stage, epoch, batch.indices()[i]));
        for (int c = 0; c < planes; c++) {
          int start = (i * planes + c) * plane.length;
          System.arraycopy(pictures.data(), start, plane, 0, plane.length);
          move.write(plane, pictures.data(), start);
        }
      }
    }
  }

  private static Move move(Step step, int height, int width, Draws draws) {
    return switch (step) {
      case Step.Shift(int pixels) -> {
        int down = draws.below(2 * pixels + 1) - pixels;
        int right = draws.below(2 * pixels + 1) - pixels;
        yield (from, to, start) -> shift(from, height, width, down, right, to, start);
      }
      case Step.Flip(double probability) -> {
        boolean mirrored = draws.uniform() < probability;
        yield (from, to, start) -> flip(from, height, width, mirrored, to, start);
      }
      case Step.Crop(int padding) -> {
        int down = draws.below(2 * padding + 1) - padding;
        int right = draws.below(2 * padding + 1) - padding;
        yield (from, to, start) -> crop(from, height, width, down, right, to, start);
      }
      case Step.Rotation(double degrees) -> {
        double angle = StrictMath.toRadians(degrees * (2.0 * draws.uniform() - 1));
        yield (from, to, start) -> rotate(from, height, width, angle, to, start);
      }
    };
  }

  /** Writes a changed plane (H, W) to the array from start on. */
  private interface Move {
    void write(float[] from, float[] to, int start);
  }

  private static void shift(
      float[] from, int height, int width, int down, int right, float[] to, int start) {
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int sy = y - down;
        int sx = x - right;
        boolean inside = sy >= 0 && sy < height && sx >= 0 && sx < width;
        to[start + y * width + x] = inside ? from[sy * width + sx] : 0;
      }
    }
  }

  private static void flip(
      float[] from, int height, int width, boolean mirrored, float[] to, int start) {
    for (int y = 0; mirrored && y < height; y++) {
      for (int x = 0; x < width; x++) {
        to[start + y * width + x] = from[y * width + width - 1 - x];
      }
    }
  }

  private static void crop(
      float[] from, int height, int width, int down, int right, float[] to, int start) {
    for (int y = 0; y < height; y++) {
      int sy = mirror(y - down, height);
      for (int x = 0; x < width; x++) {
        to[start + y * width + x] = from[sy * width + mirror(x - right, width)];
      }
    }
  }

  /** A place up to a length outside, mirrored at the edge pixel: -1 is 1, length is length - 2. */
  private static int mirror(int place, int length) {
    int inner = Math.abs(place);
    return inner < length ? inner : 2 * (length - 1) - inner;
  }

  private static void rotate(
      float[] from, int height, int width, double angle, float[] to, int start) {
    // StrictMath, for Math's sine may differ between machines, and pictures must not.
    double sine = StrictMath.sin(angle);
    double cosine = StrictMath.cos(angle);
    double cy = (height - 1) / 2.0;
    double cx = (width - 1) / 2.0;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double sy = cy + cosine * (y - cy) - sine * (x - cx);
        double sx = cx + sine * (y - cy) + cosine * (x - cx);
        to[start + y * width + x] = sample(from, height, width, sy, sx);
      }
    }
  }

  /** The value at a place between pixels, bilinear; pixels outside are 0. */
  private static float sample(float[] plane, int height, int width, double y, double x) {
    int top = (int) Math.floor(y);
    int left = (int) Math.floor(x);
    double value = 0;
    for (int dy = 0; dy < 2; dy++) {
      for (int dx = 0; dx < 2; dx++) {
        int py = top + dy;
        int px = left + dx;
        if (py >= 0 && py < height && px >= 0 && px < width) {
          value += (1 - Math.abs(y - py)) * (1 - Math.abs(x - px)) * plane[py * width + px];
        }
      }
    }
    return (float) value;
  }
}
