package dev.tandem.cpu;

import dev.tandem.op.Size2d;

/**
 * A convolution of 3x3 filters at step 1 in tiles of 2x2 outputs, each by 16 products in place of 36: Y = A^T [(G g G^T) . (B^T d
 * B)] A. Lavin and Gray 2015, arXiv:1509.09308, section 4.1. Summed over channels the product in each of the 16 points is one of
 * matrices, (tile, channel) times (channel, output). A block of tiles goes through all steps while it is cached.
 */
final class Winograd {
  /** Weight of output m, channel c and tap t: at {@code m * outputStep + c * channelStep + t}, or 8 - t where turned. */
  record Filters(float[] data, int outputStep, int channelStep, boolean turned) {}

  /** Results: planes of so many rows and columns, one after another. */
  record Output(float[] data, int channels, int rows, int columns, PlaneEpilogue epilogue) {
    int plane() {
      return rows * columns;
    }
  }

  private static final int POINTS = WinogradTiles.POINTS;
  private static final Size2d ONE = Size2d.of(1);
  // Floats of the points of a block, before and after the products.
  private static final int BLOCK = 1 << 17;
  // With fewer tiles the products are bound by reading the filters.
  private static final int LEAST_TILES = 48;
  // A gain of less is lost in the transforms.
  private static final double WORTHWHILE = 1.4;
  private static final int LEAST_CHANNELS = 32;

  private final CpuConv2d.Machine machine;
  private final WinogradTiles.Images in;
  private final Filters weights;
  private final Output out;
  private final int images;
  private final int rows;
  private final int columns;
  private final int channels;
  private final int outputs;
  private final WinogradTiles tiles;
  private final int[] outputAt;
  private final int[] pixelAt;
  private float[] filters;

  Winograd(
      CpuConv2d.Machine machine, int images, WinogradTiles.Images in, Filters weights, Output out) {
    this.machine = machine;
    this.images = images;
    this.in = in;
    this.weights = weights;
    this.out = out;
    rows = Math.ceilDiv(out.rows, 2);
    columns = Math.ceilDiv(out.columns, 2);
    channels = in.channels();
    outputs = TileKernels.padded(out.channels);
    tiles = WinogradTiles.patches(machine, in, rows, columns);
    outputAt = Packing.steps(outputs, out.plane());
    pixelAt = new int[out.plane()];
    for (int i = 0; i < pixelAt.length; i++) {
      pixelAt[i] = (i / out.columns * 2 * columns + i % out.columns) * outputs;
    }
  }

  /** Whether it is the faster way to make so many rows and columns of outputs. */
  static boolean suits(Conv2dSizes s, int rows, int columns) {
    int tiles = Math.ceilDiv(rows, 2) * Math.ceilDiv(columns, 2);
    return s.kernelHeight() == 3
        && s.kernelWidth() == 3
        && s.groups() == 1
        && s.geometry().stride().equals(ONE)
        && s.geometry().dilation().equals(ONE)
        && Math.max(s.geometry().padding().height(), s.geometry().padding().width()) <= 2
        && Math.min(s.channels(), s.outputs()) >= LEAST_CHANNELS
        && (long) s.images() * tiles >= LEAST_TILES
        && 9L * rows * columns > WORTHWHILE * POINTS * tiles;
  }

  void run() {
    filters = machine.pool().borrow((long) POINTS * WinogradTiles.step(channels, outputs));
    machine.parallel().range(channels, Math.max(1, channels / 16), this::filters);
    int all = images * rows;
    int wanted = Math.max(LEAST_TILES, BLOCK / (POINTS * (TileKernels.padded(channels) + outputs)));
    int share = Math.ceilDiv(all, machine.parallel().threads());
    int height = Math.clamp(wanted / columns, 1, Math.max(1, share));
    int blocks = Math.ceilDiv(all, height);
    machine
        .parallel()
        .range(
            blocks,
            1,
            (from, to) -> {
              for (int block = from; block < to; block++) {
                block(
                    (int) ((long) all * block / blocks), (int) ((long) all * (block + 1) / blocks));
              }
            });
    machine.pool().release(filters);
  }

  /** The points of the filters of some channels, in the panels that the products read. */
  private void filters(int from, int to) {
    float[] taps = machine.pool().borrow(9L * outputs);
    int[] tapAt = new int[9];
    for (int tap = 0; tap < 9; tap++) {
      tapAt[tap] = (weights.turned ? 8 - tap : tap) * outputs;
    }
    float[] blocks = machine.pool().borrow(TileKernels.Lines.BLOCKS);
    TileKernels.Lines lines =
        new TileKernels.Lines(
            weights.data, Packing.steps(out.channels, weights.outputStep), taps, tapAt, blocks);
    lines.rows = out.channels;
    lines.columns = 9;
    int step = WinogradTiles.step(channels, outputs);
    TileKernels.Grids grids =
        new TileKernels.Grids(taps, 3 * outputs, outputs, filters, 4 * step, step);
    for (int c = from; c < to; c++) {
      lines.from = c * weights.channelStep;
      machine.tileKernels().transpose(lines);
      for (int start = 0; start < outputs; start += grids.length) {
        grids.length =
            Panels.vectors(outputs - start, machine.kernels()) * machine.kernels().lanes();
        grids.at = start;
        grids.to = start * channels + c * grids.length;
        machine.tileKernels().filter(grids);
      }
    }
    machine.pool().release(blocks);
    machine.pool().release(taps);
  }

  private void block(int first, int end) {
    int count = (end - first) * columns;
    float[] points = machine.pool().borrow(tiles.elementsOfRows(end - first));
    int step = WinogradTiles.step(count, outputs);
    float[] products = machine.pool().borrow(WinogradTiles.elements(step));
    tiles.transform(first, end, end - first, points);
    GemmKernels.Tile t = new GemmKernels.Tile();
    t.a = points;
    t.b = filters;
    t.c = products;
    t.cStep = outputs;
    for (int p = 0; p < POINTS; p++) {
      multiply(t, count, p);
    }
    int length = columns * outputs;
    float[] lines = machine.pool().borrow(4L * Math.min(rows, end - first) * length);
    float[] blocks = machine.pool().borrow(TileKernels.Lines.BLOCKS);
    TileKernels.Lines planes = new TileKernels.Lines(lines, pixelAt, out.data, outputAt, blocks);
    TileKernels.Grids grids =
        new TileKernels.Grids(products, 4 * step, step, lines, 2 * length, outputs);
    grids.length = outputs;
    grids.count = columns;
    grids.next = outputs;
    grids.toNext = 2 * outputs;
    for (int row = first, next; row < end; row = next) {
      next = Math.min(end, (row / rows + 1) * rows);
      for (int i = row; i < next; i++) {
        grids.at = WinogradTiles.start() + (i - first) * length;
        grids.to = 4 * (i - row) * length;
        machine.tileKernels().gather(grids);
      }
      store(planes, row, next);
    }
    machine.pool().release(blocks);
    machine.pool().release(lines);
    machine.pool().release(products);
    machine.pool().release(points);
  }

  /** (tile, channel) times (channel, output) in one point. */
  private void multiply(GemmKernels.Tile t, int count, int point) {
    int padded = TileKernels.padded(channels);
    int at = WinogradTiles.start() + point * WinogradTiles.step(count, padded);
    int to = WinogradTiles.start() + point * WinogradTiles.step(count, outputs);
    int filtersAt = point * WinogradTiles.step(channels, outputs);
    for (int start = 0; start < outputs; start += t.bStep) {
      int vectors = Panels.vectors(outputs - start, machine.kernels());
      t.bStep = vectors * machine.kernels().lanes();
      for (int k = 0; k < channels; k += t.depth) {
        t.depth = Math.min(Gemm.DEPTH, channels - k);
        t.stepAt = Packing.steps(t.depth, 1);
        t.accumulate = k > 0;
        t.bAt = filtersAt + start * channels + k * t.bStep;
        for (int tile = 0; tile < Panels.tiles(count); tile++) {
          int row = Panels.tileStart(tile, count);
          t.rows(Panels.tileStart(tile + 1, count) - row, at + row * padded + k, padded);
          t.cAt = to + row * outputs + start;
          machine.kernels().run(t, Panels.height(tile, count), vectors);
        }
      }
    }
  }

  /** Turns the results of some rows of tiles of one image to planes. */
  private void store(TileKernels.Lines t, int row, int next) {
    int first = 2 * (row % rows);
    t.from = -first * 2 * columns * outputs;
    t.fromFirst = first * out.columns;
    t.rows = Math.min(out.rows - first, 2 * (next - row)) * out.columns;
    t.columns = out.channels;
    t.to = row / rows * out.channels * out.plane() + t.fromFirst;
    machine.tileKernels().transpose(t);
    if (out.epilogue != PlaneEpilogue.NONE) {
      for (int channel = 0; channel < out.channels; channel++) {
        out.epilogue.finish(out.data, t.to + channel * out.plane(), channel, t.rows);
      }
    }
  }
}
