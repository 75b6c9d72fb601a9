package dev.tandem.cpu;

/** Tiles of images in plain Java, for JVMs without the Vector API. */
final class ScalarTileKernels implements TileKernels {
  /** A transform along one axis: of the elements of x that are step apart to those of y. */
  private interface Axis {
    void run(float[] x, int at, float[] y, int to, int step);
  }

  @Override
  public void transpose(Lines t) {
    t.copy(0, t.rows, 0, t.columns);
  }

  @Override
  public void patch(Grids g) {
    run(
        g,
        4,
        4,
        (x, at, y, to, step) -> {
          y[to] = x[at] - x[at + 2 * step];
          y[to + step] = x[at + step] + x[at + 2 * step];
          y[to + 2 * step] = x[at + 2 * step] - x[at + step];
          y[to + 3 * step] = x[at + step] - x[at + 3 * step];
        });
  }

  @Override
  public void spread(Grids g) {
    run(
        g,
        2,
        4,
        (x, at, y, to, step) -> {
          y[to] = x[at];
          y[to + step] = x[at] + x[at + step];
          y[to + 2 * step] = x[at] - x[at + step];
          y[to + 3 * step] = -x[at + step];
        });
  }

  @Override
  public void filter(Grids g) {
    run(
        g,
        3,
        4,
        (x, at, y, to, step) -> {
          float ends = x[at] + x[at + 2 * step];
          y[to] = x[at];
          y[to + step] = (ends + x[at + step]) * 0.5f;
          y[to + 2 * step] = (ends - x[at + step]) * 0.5f;
          y[to + 3 * step] = x[at + 2 * step];
        });
  }

  @Override
  public void gather(Grids g) {
    run(
        g,
        4,
        2,
        (x, at, y, to, step) -> {
          y[to] = x[at] + x[at + step] + x[at + 2 * step];
          y[to + step] = x[at + step] - x[at + 2 * step] - x[at + 3 * step];
        });
  }

  @Override
  public void unfilter(Grids g) {
    run(
        g,
        4,
        3,
        (x, at, y, to, step) -> {
          float half = (x[at + step] + x[at + 2 * step]) * 0.5f;
          y[to] = x[at] + half;
          y[to + step] = (x[at + step] - x[at + 2 * step]) * 0.5f;
          y[to + 2 * step] = half + x[at + 3 * step];
        });
  }

  private static void run(Grids g, int side, int toSide, Axis axis) {
    float[] grid = new float[16];
    float[] along = new float[16];
    for (int n = 0; n < g.count * g.length; n++) {
      int at = g.at + n / g.length * g.next + n % g.length;
      int to = g.to + n / g.length * g.toNext + n % g.length;
      for (int i = 0; i < side; i++) {
        for (int j = 0; j < side; j++) {
          grid[4 * i + j] = g.x[at + i * g.row + j * g.column];
        }
        axis.run(grid, 4 * i, along, 4 * i, 1);
      }
      for (int j = 0; j < toSide; j++) {
        axis.run(along, j, grid, j, 4);
        for (int i = 0; i < toSide; i++) {
          g.y[to + i * g.toRow + j * g.toColumn] = grid[4 * i + j];
        }
      }
    }
  }
}
