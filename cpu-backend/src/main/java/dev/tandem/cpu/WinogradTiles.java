package dev.tandem.cpu;

import java.util.Arrays;

/**
 * Images cut into tiles of 2x2 outputs, and each tile's part of them transformed to its 16 points: of x the patch of 4x4 that the
 * outputs of a tile see, of the outputs' gradient the 2x2 of the tile. Points lie as (point, tile, channel), channels
 * padded. Tiles are counted by rows of tiles through all images.
 */
final class WinogradTiles {
  static final int POINTS = 16;

  /** Where images lie, channels one after another; top and left are the padding before them. */
  record Images(float[] data, int channels, int height, int width, int top, int left) {
    int plane() {
      return height * width;
    }

    int at(int image) {
      return image * channels * plane();
    }
  }

  private final CpuConv2d.Machine machine;
  private final Images in;
  private final int rows;
  private final int columns;

  /** Pixels that neighbouring patches share: 2 of 4, or none of 2. */
  private final int shared;

  private final int padded;
  private final int frameWidth;
  private final int[] channelAt;
  private final int[] pixelAt;

  private WinogradTiles(CpuConv2d.Machine machine, Images in, int rows, int columns, int shared) {
    this.machine = machine;
    this.in = in;
    this.rows = rows;
    this.columns = columns;
    this.shared = shared;
    padded = TileKernels.padded(in.channels);
    frameWidth = 2 * columns + shared;
    channelAt = Packing.steps(in.channels, in.plane());
    pixelAt = new int[in.plane()];
    for (int i = 0; i < pixelAt.length; i++) {
      pixelAt[i] = (i / in.width * frameWidth + i % in.width) * padded;
    }
  }

  /** Overlapping patches of x, for so many rows and columns of tiles an image. */
  static WinogradTiles patches(CpuConv2d.Machine machine, Images in, int rows, int columns) {
    return new WinogradTiles(machine, in, rows, columns, 2);
  }

  /** Gradients of outputs. */
  static WinogradTiles gradients(CpuConv2d.Machine machine, Images in, int rows, int columns) {
    return new WinogradTiles(machine, in, rows, columns, 0);
  }

  /** Elements from one point of so many tiles to the next; not a multiple of a page, whose stores would hold up loads. */
  static int step(int tiles, int padded) {
    return tiles * padded + TileKernels.CHANNELS;
  }

  /**
   * Where points start in their array: a cache line begins there if the array is one that the G1 collector gives regions of its own.
   * Storing the points of a patch takes 0.54 ns a pixel's channel so, 1.45 if each vector lies across two lines.
   */
  static int start() {
    return 12;
  }

  /** Floats for so many points, enough for regions of its own. */
  static long elements(int step) {
    return Math.max(1 << 18, (long) POINTS * step + TileKernels.CHANNELS);
  }

  /** Floats of the points of so many rows of tiles. */
  long elementsOfRows(int tileRows) {
    return elements(step(tileRows * columns, padded));
  }

  /** The points of the rows of tiles from the first to the end, some rows a task. */
  void transform(int first, int end, int grain, float[] points) {
    int step = step((end - first) * columns, padded);
    machine
        .parallel()
        .range(
            end - first,
            grain,
            (from, to) -> {
              int most = Math.min(rows, to - from);
              float[] frame =
                  machine.pool().borrow((long) (2 * most + shared) * frameWidth * padded);
              float[] blocks = machine.pool().borrow(TileKernels.Lines.BLOCKS);
              TileKernels.Lines lines =
                  new TileKernels.Lines(in.data, channelAt, frame, pixelAt, blocks);
              TileKernels.Grids grids =
                  new TileKernels.Grids(frame, frameWidth * padded, padded, points, 4 * step, step);
              grids.length = padded;
              grids.count = columns;
              grids.next = 2 * padded;
              grids.toNext = padded;
              for (int row = first + from, next; row < first + to; row = next) {
                next = Math.min(first + to, (row / rows + 1) * rows);
                frame(lines, row, next - row);
                for (int i = row; i < next; i++) {
                  grids.at = 2 * (i - row) * frameWidth * padded;
                  grids.to = start() + (i - first) * columns * padded;
                  if (shared > 0) {
                    machine.tileKernels().patch(grids);
                  } else {
                    machine.tileKernels().spread(grids);
                  }
                }
              }
              machine.pool().release(blocks);
              machine.pool().release(frame);
            });
  }

  /** Copies what some rows of tiles of one image see, channels last, zeros around it. */
  private void frame(TileKernels.Lines t, int row, int count) {
    int top = 2 * (row % rows) - in.top;
    int firstLine = Math.max(0, top);
    int endLine = Math.clamp(top + 2L * count + shared, firstLine, Math.max(firstLine, in.height));
    Arrays.fill(t.y, 0, (2 * count + shared) * frameWidth * padded, 0f);
    t.rows = in.channels;
    t.columns = (endLine - firstLine) * in.width;
    t.from = in.at(row / rows) + firstLine * in.width;
    t.to = (in.left - top * frameWidth) * padded;
    t.toFirst = firstLine * in.width;
    machine.tileKernels().transpose(t);
  }
}
