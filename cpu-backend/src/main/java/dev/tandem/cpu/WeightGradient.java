package dev.tandem.cpu;

/**
 * The gradient of a convolution's weight, as a matrix product over all places of all images: dw transposed (channel and
 * tap, output) = patches (channel and tap, place) times dy (place, output). Kernels read the patches' elements straight
 * from the images, so they are never copied together. The sum over images is taken in parts whose number the shapes
 * decide, which are then added in order.
 */
final class WeightGradient {
  private static final int MOST_PARTS = 8;
  private static final int MOST_PART_ELEMENTS = 1 << 24;

  private final Parallel parallel;
  private final BufferPool pool;
  private final GemmKernels kernels;
  private final RowKernels rowKernels;
  private final Conv2dSizes s;
  private final float[] x;
  private final float[] dy;
  private final float[] dw;

  private final Frame frame;
  private final int depth;
  private final int outputs;
  private final int paddedOutputs;
  private final int tiles;
  private final int[] rowAt;
  private final int imagesAPart;
  private final int parts;

  WeightGradient(CpuConv2d.Machine machine, Conv2dSizes s, float[] x, float[] dy, float[] dw) {
    this.parallel = machine.parallel();
    this.pool = machine.pool();
    this.kernels = machine.kernels();
    this.rowKernels = machine.rowKernels();
    this.s = s;
    this.x = x;
    this.dy = dy;
    this.dw = dw;
    frame = s.frame(s.groupChannels());
    depth = s.groupChannels() * s.kernel();
    outputs = s.groupOutputs();
    paddedOutputs = (outputs + kernels.lanes() - 1) / kernels.lanes() * kernels.lanes();
    tiles = Panels.tiles(depth);
    rowAt = new int[depth];
    for (int m = 0; m < depth; m++) {
      int tap = m % s.kernel();
      rowAt[m] =
          m / s.kernel() * frame.plane()
              + frame.at(s.row(0, tap / s.kernelWidth()), s.column(0, tap % s.kernelWidth()));
    }
    // Not of the padded elements: the width of a vector must not show in the order of the sum.
    long elements = Math.max(1, (long) s.groups() * depth * outputs);
    int most = Math.clamp(MOST_PART_ELEMENTS / elements, 1, MOST_PARTS);
    imagesAPart = (s.images() + most - 1) / most;
    parts = (s.images() + imagesAPart - 1) / imagesAPart;
  }

  private int partElements() {
    return s.groups() * depth * paddedOutputs;
  }

  void run() {
    float[] sums = pool.borrow((long) parts * s.groups() * depth * paddedOutputs);
    int rowBlocks = Math.clamp(2L * parallel.threads() / (parts * s.groups()), 1, tiles);
    parallel.range(
        parts * s.groups() * rowBlocks,
        1,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            int firstTile = (int) ((long) tiles * (i % rowBlocks) / rowBlocks);
            int endTile = (int) ((long) tiles * (i % rowBlocks + 1) / rowBlocks);
            part(sums, i / rowBlocks / s.groups(), i / rowBlocks % s.groups(), firstTile, endTile);
          }
        });
    parallel.range(
        s.groups() * depth,
        Math.max(1, (1 << 14) / (parts * paddedOutputs)),
        (from, to) -> {
          for (int part = 1; part < parts; part++) {
            int at = from * paddedOutputs;
            rowKernels.add(sums, part * partElements() + at, sums, at, (to - from) * paddedOutputs);
          }
          for (int row = from; row < to; row++) {
            int group = row / depth;
            for (int o = 0; o < outputs; o++) {
              dw[(group * outputs + o) * depth + row % depth] = sums[row * paddedOutputs + o];
            }
          }
        });
    pool.release(sums);
  }

  private void part(float[] sums, int part, int group, int firstTile, int endTile) {
    int firstImage = part * imagesAPart;
    int images = Math.min(imagesAPart, s.images() - firstImage);
    float[] frames = x;
    if (frame.needed()) {
      frames = pool.borrow((long) images * frame.elements());
      for (int i = 0; i < images; i++) {
        frame.copy(x, imageAt(firstImage + i, group), frames, i * frame.elements());
      }
    }
    int places = images * s.pixels();
    int blocks = (places + Gemm.DEPTH - 1) / Gemm.DEPTH;
    int blockDepth = (places + blocks - 1) / blocks;
    float[] packed = pool.borrow(blockDepth * paddedOutputs);
    int[] stepAt = new int[blockDepth];
    GemmKernels.Tile t = new GemmKernels.Tile();
    t.a = frames;
    t.b = packed;
    t.c = sums;
    t.stepAt = stepAt;
    t.cStep = paddedOutputs;
    for (int place = 0; place < places; place += blockDepth) {
      t.depth = Math.min(blockDepth, places - place);
      t.accumulate = place > 0;
      steps(stepAt, place, t.depth, firstImage, group);
      for (int start = 0; start < paddedOutputs; ) {
        int vectors = Panels.vectors(paddedOutputs - start, kernels);
        int width = vectors * kernels.lanes();
        t.bAt = start * t.depth;
        t.bStep = width;
        pack(packed, t, start, place, firstImage, group);
        for (int tile = firstTile; tile < endTile; tile++) {
          int m = Panels.tileStart(tile, depth);
          t.lastRow = Panels.tileStart(tile + 1, depth) - m - 1;
          for (int i = 0; i < GemmKernels.TALL; i++) {
            t.rowAt[i] = rowAt[m + Math.min(i, t.lastRow)];
          }
          t.cAt = part * partElements() + (group * depth + m) * paddedOutputs + start;
          kernels.run(t, Panels.height(tile, depth), vectors);
        }
        start += width;
      }
    }
    pool.release(packed);
    if (frame.needed()) {
      pool.release(frames);
    }
  }

  private int imageAt(int image, int group) {
    return (image * s.groups() + group) * s.groupChannels() * s.plane();
  }

  /** Where the windows of these places start. */
  private void steps(int[] stepAt, int place, int count, int firstImage, int group) {
    int rowStep = s.geometry().stride().height() * frame.framedWidth();
    for (int k = 0; k < count; k++) {
      int image = (place + k) / s.pixels();
      int pixel = (place + k) % s.pixels();
      int base = frame.needed() ? image * frame.elements() : imageAt(firstImage + image, group);
      stepAt[k] =
          base
              + pixel / s.columns() * rowStep
              + pixel % s.columns() * s.geometry().stride().width();
    }
  }

  /** Packs a panel of dy, transposed: a row for each place, a column for each output. */
  private void pack(
      float[] packed, GemmKernels.Tile t, int start, int place, int firstImage, int group) {
    int stretch;
    for (int done = 0; done < t.depth; done += stretch) {
      int image = firstImage + (place + done) / s.pixels();
      int pixel = (place + done) % s.pixels();
      stretch = Math.min(s.pixels() - pixel, t.depth - done);
      int at = ((image * s.groups() + group) * outputs + start) * s.pixels() + pixel;
      Matrix from = new Matrix(dy, at, 1, s.pixels());
      Packing.panel(
          from,
          stretch,
          Math.min(t.bStep, outputs - start),
          packed,
          t.bAt + done * t.bStep,
          t.bStep);
    }
  }
}
