package dev.tandem.cpu;

import java.util.Arrays;

/**
 * Slides filters over images: out[image, m, i, j] = sum over channel c and tap t of weight(m, c, t) *
 * in[image, c, i * step + tapRow[t], j * step + tapColumn[t]], zero outside. A convolution is one of these;
 * the gradient of its input is one for each phase of the stride. It is a matrix product whose B, with a
 * column for each place (i, j), is packed from the images a panel at a time and never exists as a whole. Each
 * element of the output belongs to one task.
 */
final class Correlation {
  /**
   * The filters' taps: row and column relative to the window's place, and where the weight of each lies in a
   * filter.
   */
  record Taps(int[] row, int[] column, int[] weight) {
    int count() {
      return row.length;
    }
  }

  /** What is slid over. Group g of an image reads channels g * channels and on. */
  record Input(float[] data, int images, int groups, int channels, int height, int width) {}

  /**
   * The weight of output m, channel c, tap t of group g: {@code data[((g * outputs + m) * outputStep) +
   * ...]}.
   */
  record Weights(float[] data, int groupStep, int outputStep, int channelStep) {}

  /**
   * Where results go. Group g writes planes g * outputs and on, each of so many elements; of a plane, the
   * place (i, j) at at + i * rowStep + j * columnStep.
   */
  record Output(
      float[] data,
      int outputs,
      int plane,
      int at,
      int rowStep,
      int columnStep,
      PlaneEpilogue epilogue) {}

  /** How many places there are, and how far apart their windows lie in the input. */
  record Places(int rows, int columns, int rowStep, int columnStep) {
    int count() {
      return rows * columns;
    }
  }

  private final Parallel parallel;
  private final BufferPool pool;
  private final GemmKernels kernels;
  private final RowKernels rowKernels;
  private final Input in;
  private final Weights weights;
  private final Taps taps;
  private final Places places;
  private final Output out;

  private final Frame frame;

  /** Whether the end of a row of places and the start of the next are neighbours too. */
  private final boolean flatInput;

  private final boolean flatOutput;
  private final int[] offsets;
  private final int depth;
  private final int blockDepth;
  private final int tiles;
  private final int paddedOutputs;
  private float[] packedWeights;

  Correlation(
      CpuConv2d.Machine machine, Input in, Weights weights, Taps taps, Places places, Output out) {
    this.parallel = machine.parallel();
    this.pool = machine.pool();
    this.kernels = machine.kernels();
    this.rowKernels = machine.rowKernels();
    this.in = in;
    this.weights = weights;
    this.taps = taps;
    this.places = places;
    this.out = out;
    frame =
        Frame.reaching(
            in.channels,
            in.height,
            in.width,
            reach(taps.row, (places.rows - 1) * places.rowStep),
            reach(taps.column, (places.columns - 1) * places.columnStep));
    depth = in.channels * taps.count();
    int blocks = (depth + Gemm.DEPTH - 1) / Gemm.DEPTH;
    blockDepth = (depth + blocks - 1) / blocks;
    offsets = new int[depth];
    for (int k = 0; k < depth; k++) {
      int t = k % taps.count();
      offsets[k] = k / taps.count() * frame.plane() + frame.at(taps.row[t], taps.column[t]);
    }
    flatInput = places.columnStep == 1 && places.rowStep * frame.framedWidth() == places.columns;
    flatOutput = out.columnStep == 1 && out.rowStep == places.columns;
    tiles = Panels.tiles(out.outputs);
    paddedOutputs = tiles * GemmKernels.TALL;
  }

  private static int[] reach(int[] taps, int lastPlace) {
    return new int[] {
      Arrays.stream(taps).min().orElse(0), Arrays.stream(taps).max().orElse(0) + lastPlace
    };
  }

  void run() {
    packedWeights = pool.borrow((long) in.groups * paddedOutputs * depth);
    parallel.range(
        in.groups * tiles,
        1 + (int) (Gemm.WORK_A_TASK / 8 / (GemmKernels.TALL * depth)),
        (from, to) -> {
          for (int i = from; i < to; i++) {
            packWeights(i / tiles, i % tiles);
          }
        });
    long work = (long) out.outputs * depth * kernels.vectors() * kernels.lanes();
    int columns = Math.multiplyExact(in.images, places.count());
    int panels = Panels.count(columns, kernels);
    int share = Math.max(1, panels / (4 * parallel.threads()));
    int grain = Math.clamp(Gemm.WORK_A_TASK / work, share > 64 ? 64 : share, Math.max(1, panels));
    for (int g = 0; g < in.groups; g++) {
      int group = g;
      parallel.range(panels, grain, (from, to) -> panels(group, from, to, columns));
    }
    pool.release(packedWeights);
  }

  private void packWeights(int group, int tile) {
    int first = Panels.tileStart(tile, out.outputs);
    int rows = Panels.tileStart(tile + 1, out.outputs) - first;
    int height = Panels.height(tile, out.outputs);
    for (int k = 0; k < depth; k++) {
      int at = packedAt(group, tile, k / blockDepth) + k % blockDepth * height;
      int from =
          group * weights.groupStep
              + first * weights.outputStep
              + k / taps.count() * weights.channelStep
              + taps.weight[k % taps.count()];
      for (int i = 0; i < rows; i++) {
        packedWeights[at + i] = weights.data[from + i * weights.outputStep];
      }
    }
  }

  /** Where the tile of packed weights for a block of the depth starts. */
  private int packedAt(int group, int tile, int block) {
    return (group * depth + block * blockDepth) * paddedOutputs
        + tile * GemmKernels.TALL * Math.min(blockDepth, depth - block * blockDepth);
  }

  /** All outputs of a group for some panels of places. Places are counted through all images. */
  private void panels(int group, int from, int to, int columns) {
    int first = Panels.start(from, columns, kernels);
    int end = Math.min(columns, Panels.start(to, columns, kernels));
    int firstImage = first / places.count();
    int endImage = (end - 1) / places.count() + 1;
    float[] frames = in.data;
    if (frame.needed()) {
      frames = pool.borrow((long) (endImage - firstImage) * frame.elements());
      for (int image = firstImage; image < endImage; image++) {
        frame.copy(in.data, imageAt(image, group), frames, (image - firstImage) * frame.elements());
      }
    }
    int widest = kernels.vectors() * kernels.lanes();
    float[] panel = pool.borrow(blockDepth * widest);
    float[] block = pool.borrow(paddedOutputs * widest);
    Gather gather = new Gather(frames, offsets, panel);
    GemmKernels.Tile t = new GemmKernels.Tile();
    t.b = panel;
    for (int start = first; start < end; ) {
      int vectors = Panels.vectors(columns - start, kernels);
      int width = vectors * kernels.lanes();
      int count = Math.min(width, columns - start);
      boolean direct = count == width && contiguous(start, count);
      t.bStep = width;
      for (int k = 0; k < depth; k += blockDepth) {
        t.depth = Math.min(blockDepth, depth - k);
        t.accumulate = k > 0;
        gather.first = k;
        gather.depth = t.depth;
        gather.toStep = width;
        pack(gather, start, count, firstImage, group);
        for (int tile = 0; tile < tiles; tile++) {
          int m = Panels.tileStart(tile, out.outputs);
          int height = Panels.height(tile, out.outputs);
          t.a = packedWeights;
          t.stepAt = Packing.stepsOfTile(height);
          t.rows(
              Panels.tileStart(tile + 1, out.outputs) - m,
              packedAt(group, tile, k / blockDepth),
              1);
          t.c = direct ? out.data : block;
          t.cAt = direct ? outAt(start, group, m) : m * width;
          t.cStep = direct ? out.plane : width;
          kernels.run(t, height, vectors);
        }
      }
      if (out.epilogue != PlaneEpilogue.NONE) {
        for (int m = 0; m < out.outputs; m++) {
          out.epilogue.finish(
              direct ? out.data : block,
              direct ? outAt(start, group, m) : m * width,
              group * out.outputs + m,
              count);
        }
      }
      if (!direct) {
        scatter(block, width, start, count, group);
      }
      start += width;
    }
    pool.release(block);
    pool.release(panel);
    if (frame.needed()) {
      pool.release(frames);
    }
  }

  private int imageAt(int image, int group) {
    return (image * in.groups + group) * in.channels * in.height * in.width;
  }

  /** Whether these places are neighbours in the output. */
  private boolean contiguous(int start, int count) {
    int place = start % places.count();
    return place + count <= places.count()
        && out.columnStep == 1
        && (flatOutput || place % places.columns + count <= places.columns);
  }

  private int outAt(int column, int group, int m) {
    int place = column % places.count();
    return ((column / places.count() * in.groups + group) * out.outputs + m) * out.plane
        + out.at
        + place / places.columns * out.rowStep
        + place % places.columns * out.columnStep;
  }

  /** Packs the columns of B for these places, a stretch of neighbours in the input at a time. */
  private void pack(Gather gather, int start, int count, int firstImage, int group) {
    for (int done = 0; done < count; done += gather.count) {
      int image = (start + done) / places.count();
      int place = (start + done) % places.count();
      int column = place % places.columns;
      int base = frame.needed() ? (image - firstImage) * frame.elements() : imageAt(image, group);
      gather.at =
          base
              + place / places.columns * places.rowStep * frame.framedWidth()
              + column * places.columnStep;
      gather.step = places.columnStep;
      gather.to = done;
      gather.count =
          Math.min(flatInput ? places.count() - place : places.columns - column, count - done);
      gather.run();
    }
  }

  private void scatter(float[] block, int width, int start, int count, int group) {
    RowKernels.Rows rows = new RowKernels.Rows(block, out.data);
    rows.step = width;
    rows.toStep = out.plane;
    rows.count = out.outputs;
    for (int done = 0; done < count; done += rows.length) {
      int place = (start + done) % places.count();
      rows.at = done;
      rows.to = outAt(start + done, group, 0);
      int neighbours =
          flatOutput ? places.count() - place : places.columns - place % places.columns;
      rows.length = Math.min(neighbours, count - done);
      if (out.columnStep == 1) {
        rowKernels.copyRows(rows);
      } else {
        scatterApart(rows);
      }
    }
  }

  private void scatterApart(RowKernels.Rows rows) {
    for (int i = 0; i < rows.count; i++) {
      for (int j = 0; j < rows.length; j++) {
        rows.y[rows.to + i * rows.toStep + j * out.columnStep] =
            rows.x[rows.at + i * rows.step + j];
      }
    }
  }
}
