package dev.tandem.cpu;

/**
 * The gradient of 3x3 filters at step 1, the transpose of {@link Winograd}: dg = G^T [sum over tiles of (B^T d B) . (A dY A^T)] G, in each
 * of the 16 points a product of matrices, (channel, tile) times (tile, output). The sum is taken in parts whose number the shapes
 * decide, which are then added in order.
 */
final class WinogradGradient {
  // 32 channels to 64 took 2.1 ms beside 1.9 ms of one product, in a step 4.5 beside 2.4.
  private static final int LEAST_PRODUCTS = 64 * 64;

  private static final int POINTS = WinogradTiles.POINTS;
  private static final int MOST_PARTS = 8;
  private static final int MOST_PART_ELEMENTS = 1 << 20;
  // Floats of a block's points: of a thread's own, and of one that all threads share.
  private static final int OWN_BLOCK = 1 << 17;
  private static final int SHARED_BLOCK = 1 << 22;

  private final CpuConv2d.Machine machine;
  private final float[] dw;
  private final int channels;
  private final int outputs;
  private final int paddedChannels;
  private final int paddedOutputs;
  private final int columns;
  private final int allRows;
  private final WinogradTiles inputs;
  private final WinogradTiles gradients;
  private final int parts;
  private final int step;
  private float[] sums;

  /** Whether it is the faster way. */
  static boolean suits(Conv2dSizes s) {
    return Winograd.suits(s, s.rows(), s.columns()) && s.channels() * s.outputs() >= LEAST_PRODUCTS;
  }

  WinogradGradient(CpuConv2d.Machine machine, Conv2dSizes s, float[] x, float[] dy, float[] dw) {
    this.machine = machine;
    this.dw = dw;
    channels = s.channels();
    outputs = s.outputs();
    paddedChannels = TileKernels.padded(channels);
    paddedOutputs = TileKernels.padded(outputs);
    int rows = Math.ceilDiv(s.rows(), 2);
    columns = Math.ceilDiv(s.columns(), 2);
    allRows = s.images() * rows;
    inputs = WinogradTiles.patches(machine, s.inputs(x), rows, columns);
    WinogradTiles.Images dys = new WinogradTiles.Images(dy, outputs, s.rows(), s.columns(), 0, 0);
    gradients = WinogradTiles.gradients(machine, dys, rows, columns);
    step = WinogradTiles.step(channels, paddedOutputs);
    long most = Math.clamp(MOST_PART_ELEMENTS / ((long) POINTS * step), 1, MOST_PARTS);
    parts = (int) Math.min(most, allRows);
  }

  void run() {
    sums = machine.pool().borrow((long) parts * POINTS * step);
    machine
        .parallel()
        .range(
            parts,
            1,
            (from, to) -> {
              for (int part = from; part < to; part++) {
                part(part);
              }
            });
    machine.parallel().range(Math.ceilDiv(channels, TileKernels.CHANNELS), 1, this::finish);
    machine.pool().release(sums);
  }

  /** Adds the products of a part of the rows of tiles, block by block. */
  private void part(int part) {
    int first = (int) ((long) allRows * part / parts);
    int end = (int) ((long) allRows * (part + 1) / parts);
    int most = parts > 1 ? OWN_BLOCK : SHARED_BLOCK;
    long ofRow = (long) POINTS * columns * (paddedChannels + paddedOutputs);
    int height = Math.clamp(most / ofRow, 1, Math.max(1, end - first));
    int grain = parts > 1 ? height : Math.ceilDiv(height, 4 * machine.parallel().threads());
    float[] points = machine.pool().borrow(inputs.elementsOfRows(height));
    float[] slopes = machine.pool().borrow(gradients.elementsOfRows(height));
    int[] tileAt = Packing.steps(height * columns, paddedChannels);
    for (int row = first; row < end; row += height) {
      int next = Math.min(end, row + height);
      inputs.transform(row, next, grain, points);
      gradients.transform(row, next, grain, slopes);
      int count = (next - row) * columns;
      boolean accumulate = row > first;
      machine
          .parallel()
          .range(
              POINTS,
              1,
              (from, to) -> {
                GemmKernels.Tile t = new GemmKernels.Tile();
                t.a = points;
                t.c = sums;
                t.cStep = paddedOutputs;
                t.stepAt = tileAt;
                t.depth = count;
                t.accumulate = accumulate;
                for (int point = from; point < to; point++) {
                  multiply(t, slopes, part, point);
                }
              });
    }
    machine.pool().release(slopes);
    machine.pool().release(points);
  }

  private void multiply(GemmKernels.Tile t, float[] slopes, int part, int point) {
    int widest = machine.kernels().vectors() * machine.kernels().lanes();
    float[] panel = machine.pool().borrow((long) t.depth * widest);
    int at = WinogradTiles.start() + point * WinogradTiles.step(t.depth, paddedChannels);
    int from = WinogradTiles.start() + point * WinogradTiles.step(t.depth, paddedOutputs);
    for (int start = 0; start < paddedOutputs; start += t.bStep) {
      int vectors = Panels.vectors(paddedOutputs - start, machine.kernels());
      t.bStep = vectors * machine.kernels().lanes();
      t.b = slopes;
      t.bAt = from;
      if (t.bStep < paddedOutputs) {
        // Rows far apart share few sets of the first-level cache.
        Matrix rows = Matrix.rows(slopes, from + start, paddedOutputs);
        Packing.panel(rows, t.depth, t.bStep, panel, 0, t.bStep);
        t.b = panel;
        t.bAt = 0;
      }
      for (int tile = 0; tile < Panels.tiles(channels); tile++) {
        int c = Panels.tileStart(tile, channels);
        t.rows(Panels.tileStart(tile + 1, channels) - c, at + c, 1);
        t.cAt = (part * POINTS + point) * step + c * paddedOutputs + start;
        machine.kernels().run(t, Panels.height(tile, channels), vectors);
      }
    }
    machine.pool().release(panel);
  }

  /** Adds up the parts of some groups of channels and makes filters of their points. */
  private void finish(int from, int to) {
    int most = TileKernels.CHANNELS;
    float[] taps = machine.pool().borrow(9L * most * paddedOutputs);
    float[] blocks = machine.pool().borrow(TileKernels.Lines.BLOCKS);
    TileKernels.Lines lines =
        new TileKernels.Lines(
            taps,
            Packing.steps(9 * most, paddedOutputs),
            dw,
            Packing.steps(outputs, 9 * channels),
            blocks);
    lines.columns = outputs;
    TileKernels.Grids grids =
        new TileKernels.Grids(sums, 4 * step, step, taps, 3 * paddedOutputs, paddedOutputs);
    grids.length = paddedOutputs;
    grids.next = paddedOutputs;
    grids.toNext = 9 * paddedOutputs;
    for (int group = from; group < to; group++) {
      int first = group * most;
      grids.at = first * paddedOutputs;
      grids.count = Math.min(most, channels - first);
      for (int i = POINTS; i < parts * POINTS; i++) {
        int sum = i % POINTS * step + grids.at;
        machine.rowKernels().add(sums, i * step + grids.at, sums, sum, grids.count * paddedOutputs);
      }
      machine.tileKernels().unfilter(grids);
      lines.rows = 9 * grids.count;
      lines.to = 9 * first;
      machine.tileKernels().transpose(lines);
    }
    machine.pool().release(blocks);
    machine.pool().release(taps);
  }
}
