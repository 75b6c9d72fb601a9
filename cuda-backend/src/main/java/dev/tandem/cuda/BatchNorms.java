package dev.tandem.cuda;

import static dev.tandem.cuda.Kernel.*;

import dev.tandem.backend.Operand;
import dev.tandem.shape.Shape;
import java.util.List;

/** Batch norm: statistics of the channels' pieces, then of the channels, then all elements. */
final class BatchNorms {
  // Shorter planes leave lanes of a warp idle, and are read as columns.
  private static final int LEAST_PLANE = 32;
  // Of Part and of Slopes in batch_norm.cu.
  private static final int PART_BYTES = 16;
  private static final int SLOPES_BYTES = 8;

  private final Queue queue;

  BatchNorms(Queue queue) {
    this.queue = queue;
  }

  /** x as (images, channels, plane), and how its statistics are gathered. */
  private record Channels(long images, long channels, long plane, Tiling tiling, Pieces pieces) {
    static Channels of(Shape shape) {
      long images = shape.length(0);
      long channels = shape.length(1);
      long plane = shape.elements(2, shape.rank());
      if (plane < LEAST_PLANE) {
        Tiling tiling = Tiling.of(1, images, channels * plane);
        return new Channels(images, channels, plane, tiling, tiling.rows());
      }
      Pieces pieces = Pieces.of(channels, images * plane, Launch.THREADS, 4);
      return new Channels(images, channels, plane, null, pieces);
    }

    boolean byColumns() {
      return plane < LEAST_PLANE;
    }

    /** Places of a channel that have a part each. */
    long spots() {
      return byColumns() ? plane : 1;
    }

    long parts() {
      return pieces.count() * channels * spots();
    }

    /** Bytes of a number for each channel. */
    long bytes() {
      return channels * Float.BYTES;
    }
  }

  void forward(double epsilon, List<Operand> in, List<Operand> out) {
    Operand x = in.get(0);
    Channels c = Channels.of(x.shape());
    try (Scratch parts = queue.scratch(c.parts() * PART_BYTES, "parts of batch statistics");
        Scratch shift = queue.scratch(c.bytes(), "shift of channels");
        Scratch scale = queue.scratch(c.bytes(), "scale of channels");
        Scratch offset = queue.scratch(c.bytes(), "offset of channels")) {
      Launch launch = queue.kernel(c.byColumns() ? BATCH_NORM_COLUMNS_F32 : BATCH_NORM_PLANES_F32);
      launch.read(x).write(parts).int64(c.images);
      if (c.byColumns()) {
        launch.int64(c.channels * c.plane);
      } else {
        launch.int64(c.channels).int64(c.plane);
      }
      gather(launch, c);
      launch = queue.kernel(BATCH_NORM_FINISH_F32).read(parts).read(in.get(1)).read(in.get(2));
      launch.write(out.get(1)).write(out.get(2)).write(shift).write(scale).write(offset);
      finish(launch, c, epsilon);
      launch = queue.kernel(BATCH_NORM_RESCALE_F32).read(x);
      launch.read(shift).read(scale).read(offset).write(out.get(0));
      elements(launch, x, c);
    }
  }

  void gradients(double epsilon, List<Operand> in, List<Operand> out) {
    Operand x = in.get(0);
    Operand mean = in.get(2);
    Operand dy = in.get(4);
    if (x.elements() == 0) {
      out.subList(1, 3).forEach(sum -> queue.zero(Operands.address(sum), sum.type().bytes()));
      return;
    }
    Channels c = Channels.of(x.shape());
    try (Scratch parts = queue.scratch(c.parts() * SLOPES_BYTES, "parts of batch slopes");
        Scratch scale = queue.scratch(c.bytes(), "scale of channels");
        Scratch share = queue.scratch(c.bytes(), "mean slope of channels");
        Scratch slope = queue.scratch(c.bytes(), "common slope of channels")) {
      Launch launch =
          queue.kernel(c.byColumns() ? BATCH_NORM_GRAD_COLUMNS_F32 : BATCH_NORM_GRAD_PLANES_F32);
      launch.read(x).read(mean).read(dy).write(parts).int64(c.images);
      launch.int64(c.byColumns() ? c.channels * c.plane : c.channels).int64(c.plane);
      gather(launch, c);
      launch = queue.kernel(BATCH_NORM_GRAD_FINISH_F32).read(parts).read(in.get(1)).read(in.get(3));
      launch.write(out.get(1)).write(out.get(2)).write(scale).write(share).write(slope);
      finish(launch, c, epsilon);
      launch = queue.kernel(BATCH_NORM_GRAD_RESCALE_F32).read(x).read(dy).read(mean);
      launch.read(scale).read(share).read(slope).write(out.get(0));
      elements(launch, x, c);
    }
  }

  void inference(double epsilon, List<Operand> in, Operand y) {
    if (y.elements() == 0) {
      return;
    }
    Channels c = Channels.of(y.shape());
    Launch launch = queue.kernel(BATCH_NORM_INFERENCE_F32);
    in.forEach(launch::read);
    launch.write(y).int64(y.elements()).int64(c.channels).int64(c.plane).float32(epsilon);
    launch.over(c.plane % 4 == 0 ? y.elements() / 4 : y.elements());
  }

  private static void gather(Launch launch, Channels c) {
    launch.int64(c.pieces.length());
    if (c.byColumns()) {
      launch.int32(c.tiling.width()).over(c.tiling.blocks() * Launch.THREADS);
    } else {
      launch.over(c.pieces.count() * c.channels * Launch.THREADS);
    }
  }

  private static void finish(Launch launch, Channels c, double epsilon) {
    launch.int64(c.pieces.count()).int64(c.channels).int64(c.spots());
    launch.float32((double) c.images * c.plane).float32(epsilon);
    launch.over(c.channels * Launch.THREADS);
  }

  private static void elements(Launch launch, Operand x, Channels c) {
    launch.int64(x.elements()).int64(c.channels).int64(c.plane);
    launch.over(c.plane % 4 == 0 ? x.elements() / 4 : x.elements());
  }
}
