package dev.tandem.cpu;

import java.util.Arrays;

/**
 * The products of attention: a tile of queries with a tile of keys of one head, in arrays that the caches hold. Rows are padded to
 * whole vectors. What a causal mask hides is not computed, but for the rest of a vector and of a register tile. Mutable; for one task.
 */
final class AttentionTiles {
  /** Queries in a tile: whole register tiles. Longer ones pay for fewer loads with more of what a mask hides. */
  static final int QUERIES = 48;

  private static final int MOST_KEYS = 128;

  /** Whole vectors of whatever width, so that the width shows in no sum. */
  static final int PADDING = Kernels.SUM_COLUMN;

  final int length;

  /** Of a head's row, with padding. */
  final int padded;

  /** Keys in a tile, and in a row of scores; the last tile may have fewer. */
  final int width;

  private final GemmKernels kernels;
  private final GemmKernels.Tile tile = new GemmKernels.Tile();
  private final int[] ones;
  private final int[] rowsOfScores;

  /** How the present tiles lie to each other: query r sees keys below r + edge. */
  private int queries;

  private int keys;
  private int edge;

  AttentionTiles(GemmKernels kernels, AttentionSizes s) {
    this.kernels = kernels;
    length = s.length();
    padded = whole(length, PADDING);
    width = Math.min(MOST_KEYS, whole(s.keys(), PADDING));
    ones = Packing.steps(Math.max(width, padded), 1);
    rowsOfScores = Packing.steps(QUERIES, width);
  }

  /** The count, rounded up to a whole number of so many. */
  static int whole(int count, int many) {
    return (count + many - 1) / many * many;
  }

  /** Behind the last query of the tile. */
  static int end(int tile, int queries) {
    return Math.min(queries, (tile + 1) * QUERIES);
  }

  /** @param edge query r sees keys below r + edge */
  void place(int queries, int keys, int edge) {
    this.queries = queries;
    this.keys = keys;
    this.edge = edge;
  }

  int queries() {
    return queries;
  }

  /** How many of the tile's keys the query sees. */
  int seen(int query) {
    return Math.clamp((long) query + edge, 0, keys);
  }

  /** How many weights of the query are read, by register tiles that reach beyond what it sees; a multiple of the padding. */
  int touched(int query) {
    return Math.min(width, whole(seen(query) + GemmKernels.TALL - 1, PADDING));
  }

  /** Some keys of a head, transposed: a tile has a row of width keys for each element of a head. */
  void transpose(Matrix rows, int count, float scale, float[] to) {
    for (int key = 0; key < count; key += width) {
      int at = key * length;
      Matrix columns = new Matrix(rows.data(), rows.at(key, 0), rows.columnStep(), rows.rowStep());
      Packing.panel(columns, length, Math.min(width, count - key), to, at, width);
      if (scale != 1) {
        for (int i = at; i < at + length * width; i++) {
          to[i] *= scale;
        }
      }
    }
  }

  /** Some rows, each padded with zeros. */
  void pad(Matrix rows, int count, float[] to) {
    for (int i = 0; i < count; i++) {
      System.arraycopy(rows.data(), rows.at(i, 0), to, i * padded, length);
      Arrays.fill(to, i * padded + length, (i + 1) * padded, 0f);
    }
  }

  /** scores(query, key) = x(query) . y(key), the tile of y being transposed. */
  void scores(Matrix x, float[] y, int yAt, float[] scores) {
    tile.depth = length;
    tile.accumulate = false;
    tile.stepAt = ones;
    tile.bStep = width;
    for (int panel = 0, vectors; panel < keys; panel += vectors * kernels.lanes()) {
      vectors = vectors(keys - panel);
      tile.b = y;
      tile.bAt = yAt + panel;
      for (int i = 0; i < Panels.tiles(queries); i++) {
        int row = Panels.tileStart(i, queries);
        int end = Panels.tileStart(i + 1, queries);
        if (panel < end - 1 + edge) {
          tile.a = x.data();
          tile.rows(end - row, x.at(row, 0), x.rowStep());
          to(scores, row * width + panel, width);
          int seen = (end - 1 + edge - panel + kernels.lanes() - 1) / kernels.lanes();
          // 1, 2 or 4 of them, whichever is enough.
          int enough = Integer.highestOneBit(2 * seen - 1);
          kernels.run(tile, Panels.height(i, queries), Math.min(vectors, enough));
        }
      }
    }
  }

  /** y(query) = or += the sum over keys of weights(query, key) x(key). */
  void combineKeys(float[] weights, float[] x, int xAt, float[] y, boolean accumulate) {
    tile.stepAt = ones;
    tile.accumulate = accumulate;
    tile.bStep = padded;
    for (int panel = 0, vectors; panel < padded; panel += vectors * kernels.lanes()) {
      vectors = vectors(padded - panel);
      tile.b = x;
      tile.bAt = xAt + panel;
      for (int i = 0; i < Panels.tiles(queries); i++) {
        int row = Panels.tileStart(i, queries);
        int end = Panels.tileStart(i + 1, queries);
        tile.depth = seen(end - 1);
        if (tile.depth > 0) {
          tile.a = weights;
          tile.rows(end - row, row * width, width);
          to(y, row * padded + panel, padded);
          kernels.run(tile, Panels.height(i, queries), vectors);
        }
      }
    }
  }

  /** y(key) += the sum over queries of weights(query, key) x(query). */
  void combineQueries(float[] weights, float[] x, float[] y, int yAt) {
    tile.stepAt = rowsOfScores;
    tile.accumulate = true;
    tile.bStep = padded;
    for (int panel = 0, vectors; panel < padded; panel += vectors * kernels.lanes()) {
      vectors = vectors(padded - panel);
      for (int i = 0; i < Panels.tiles(keys); i++) {
        int row = Panels.tileStart(i, keys);
        int end = Panels.tileStart(i + 1, keys);
        int first = Math.max(0, row + 1 - edge);
        if (first < queries) {
          tile.depth = queries - first;
          tile.a = weights;
          tile.rows(end - row, first * width + row, 1);
          tile.b = x;
          tile.bAt = first * padded + panel;
          to(y, yAt + row * padded + panel, padded);
          kernels.run(tile, Panels.height(i, keys), vectors);
        }
      }
    }
  }

  private void to(float[] c, int at, int step) {
    tile.c = c;
    tile.cAt = at;
    tile.cStep = step;
  }

  private int vectors(int columns) {
    int needed = (columns + kernels.lanes() - 1) / kernels.lanes();
    return Math.min(kernels.vectors(), Integer.highestOneBit(needed));
  }
}
