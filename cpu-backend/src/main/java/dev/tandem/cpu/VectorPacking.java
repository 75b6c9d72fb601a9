package dev.tandem.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The loops of {@link Packing} on the Vector API. Elements are interleaved in registers, two vectors at a time. */
final class VectorPacking {
  private static final VectorSpecies<Float> S = Lanes.FLOAT;
  private static final int L = S.length();

  static final int LANES = L;

  /** Columns that {@link #columns} takes at a time, and rows: a square of registers. 0 where vectors are narrower. */
  static final int SQUARE = L == 16 ? 16 : 0;

  /** Tiles that {@link #adjacentTiles} packs. */
  static final int TILES = 8;

  private static final VectorSpecies<Float> EIGHT = L < 8 ? S : FloatVector.SPECIES_256;
  // 8 KiB of quads, which stay in the first cache.
  private static final int ROWS = 128;

  // Which lanes of two vectors, the second one's counted from L, make up a vector.
  private static final float[] LOW = lanes(l -> l % 2 * L + l / 2);
  private static final float[] HIGH = lanes(l -> l % 2 * L + l / 2 + L / 2);
  private static final float[] LOW_PAIRS = lanes(l -> l / 2 % 2 * L + l / 4 * 2 + l % 2);
  private static final float[] HIGH_PAIRS = lanes(l -> l / 2 % 2 * L + l / 4 * 2 + l % 2 + L / 2);
  private static final float[] LOW_FOURS = lanes(l -> l / 4 % 2 * L + l / 8 * 4 + l % 4);
  private static final float[] HIGH_FOURS = lanes(l -> l / 4 % 2 * L + l / 8 * 4 + l % 4 + L / 2);
  private static final float[] LOW_HALVES = lanes(l -> l / (L / 2) * L + l % (L / 2));
  private static final float[] HIGH_HALVES = lanes(l -> l / (L / 2) * L + l % (L / 2) + L / 2);
  private static final float[][] FOURS_OF_SIX = {fours(0), fours(1), fours(2)};
  private static final float[][] SIXES = {sixes(0), sixes(1), sixes(2)};

  private VectorPacking() {}

  private interface Lane {
    int of(int lane);
  }

  private static float[] lanes(Lane rule) {
    float[] lanes = new float[L];
    for (int l = 0; l < L; l++) {
      lanes[l] = rule.of(l);
    }
    return lanes;
  }

  /** From rows 0 to 3 in pairs, those of a vector of columns of six. */
  private static float[] fours(int vector) {
    return lanes(l -> {
      int row = (vector * L + l) % 6;
      int column = (vector * L + l) / 6;
      return row < 4 ? row / 2 * L + 2 * column + row % 2 : 0;
    });
  }

  /** From those and rows 4 and 5 as a pair, all of the vector. */
  private static float[] sixes(int vector) {
    return lanes(l -> {
      int row = (vector * L + l) % 6;
      int column = (vector * L + l) / 6;
      return row < 4 ? l : L + 2 * column + row % 2;
    });
  }

  /** Interleaves six rows; gives how many columns of them it did, a multiple of the lanes. */
  static int sixRows(
      float[] a, int s0, int s1, int s2, int s3, int s4, int s5, int depth, float[] to, int at) {
    FloatVector low = FloatVector.fromArray(S, LOW, 0), high = FloatVector.fromArray(S, HIGH, 0);
    FloatVector fours0 = FloatVector.fromArray(S, FOURS_OF_SIX[0], 0);
    FloatVector fours1 = FloatVector.fromArray(S, FOURS_OF_SIX[1], 0);
    FloatVector fours2 = FloatVector.fromArray(S, FOURS_OF_SIX[2], 0);
    FloatVector sixes0 = FloatVector.fromArray(S, SIXES[0], 0);
    FloatVector sixes1 = FloatVector.fromArray(S, SIXES[1], 0);
    FloatVector sixes2 = FloatVector.fromArray(S, SIXES[2], 0);
    int end = depth - depth % L;
    for (int k = 0; k < end; k += L) {
      FloatVector r0 = FloatVector.fromArray(S, a, s0 + k);
      FloatVector r1 = FloatVector.fromArray(S, a, s1 + k);
      FloatVector r2 = FloatVector.fromArray(S, a, s2 + k);
      FloatVector r3 = FloatVector.fromArray(S, a, s3 + k);
      FloatVector r4 = FloatVector.fromArray(S, a, s4 + k);
      FloatVector r5 = FloatVector.fromArray(S, a, s5 + k);
      int t = at + 6 * k;
      FloatVector p01 = low.selectFrom(r0, r1);
      FloatVector p23 = low.selectFrom(r2, r3);
      FloatVector p45 = low.selectFrom(r4, r5);
      sixes0.selectFrom(fours0.selectFrom(p01, p23), p45).intoArray(to, t);
      sixes1.selectFrom(fours1.selectFrom(p01, p23), p45).intoArray(to, t + L);
      sixes2.selectFrom(fours2.selectFrom(p01, p23), p45).intoArray(to, t + 2 * L);
      p01 = high.selectFrom(r0, r1);
      p23 = high.selectFrom(r2, r3);
      p45 = high.selectFrom(r4, r5);
      sixes0.selectFrom(fours0.selectFrom(p01, p23), p45).intoArray(to, t + 3 * L);
      sixes1.selectFrom(fours1.selectFrom(p01, p23), p45).intoArray(to, t + 4 * L);
      sixes2.selectFrom(fours2.selectFrom(p01, p23), p45).intoArray(to, t + 5 * L);
    }
    return end;
  }

  /** Copies rows of whole vectors. */
  static void rows(Matrix from, int rows, float[] to, int at, int width) {
    float[] b = from.data();
    int step = from.rowStep();
    if (width == 4 * L) {
      for (int k = 0, s = from.offset(), t = at; k < rows; k++, s += step, t += 4 * L) {
        FloatVector.fromArray(S, b, s).intoArray(to, t);
        FloatVector.fromArray(S, b, s + L).intoArray(to, t + L);
        FloatVector.fromArray(S, b, s + 2 * L).intoArray(to, t + 2 * L);
        FloatVector.fromArray(S, b, s + 3 * L).intoArray(to, t + 3 * L);
      }
    } else {
      for (int j = 0; j < width; j += L) {
        for (int k = 0, s = from.offset() + j, t = at + j; k < rows; k++, s += step, t += width) {
          FloatVector.fromArray(S, b, s).intoArray(to, t);
        }
      }
    }
  }

  /** Transposes {@link #SQUARE} contiguous columns; gives how many rows of them it did, a multiple of that. */
  static int columns(Matrix from, int depth, float[] to, int toAt, int width) {
    int end = depth - depth % SQUARE;
    for (int first = 0; first < end; first += ROWS) {
      int rows = Math.min(ROWS, end - first);
      int at = toAt + first * width;
      for (int c = 0; c < 4; c++) {
        quads(from, first, 4 * c, rows, to, at + c * width, width);
      }
      rowsOfQuads(rows, to, at, width);
    }
    return end;
  }

  /** From four columns, vectors of four rows of them each, in the places of every fourth row. */
  private static void quads(
      Matrix from, int row, int column, int rows, float[] to, int at, int width) {
    FloatVector low = FloatVector.fromArray(S, LOW, 0), high = FloatVector.fromArray(S, HIGH, 0);
    FloatVector lowPairs = FloatVector.fromArray(S, LOW_PAIRS, 0);
    FloatVector highPairs = FloatVector.fromArray(S, HIGH_PAIRS, 0);
    float[] b = from.data();
    int step = from.columnStep();
    int s0 = from.at(row, column), s1 = s0 + step, s2 = s1 + step, s3 = s2 + step;
    for (int k = 0, t = at; k < rows; k += L, t += L * width) {
      FloatVector c0 = FloatVector.fromArray(S, b, s0 + k);
      FloatVector c1 = FloatVector.fromArray(S, b, s1 + k);
      FloatVector c2 = FloatVector.fromArray(S, b, s2 + k);
      FloatVector c3 = FloatVector.fromArray(S, b, s3 + k);
      FloatVector p01 = low.selectFrom(c0, c1), p23 = low.selectFrom(c2, c3);
      lowPairs.selectFrom(p01, p23).intoArray(to, t);
      highPairs.selectFrom(p01, p23).intoArray(to, t + 4 * width);
      p01 = high.selectFrom(c0, c1);
      p23 = high.selectFrom(c2, c3);
      lowPairs.selectFrom(p01, p23).intoArray(to, t + 8 * width);
      highPairs.selectFrom(p01, p23).intoArray(to, t + 12 * width);
    }
  }

  /** Four rows of a panel from the four vectors in their places, which hold a quarter of each. */
  private static void rowsOfQuads(int rows, float[] to, int at, int width) {
    FloatVector low = FloatVector.fromArray(S, LOW_FOURS, 0);
    FloatVector high = FloatVector.fromArray(S, HIGH_FOURS, 0);
    FloatVector lowHalves = FloatVector.fromArray(S, LOW_HALVES, 0);
    FloatVector highHalves = FloatVector.fromArray(S, HIGH_HALVES, 0);
    for (int k = 0, t = at; k < rows; k += 4, t += 4 * width) {
      FloatVector q0 = FloatVector.fromArray(S, to, t);
      FloatVector q1 = FloatVector.fromArray(S, to, t + width);
      FloatVector q2 = FloatVector.fromArray(S, to, t + 2 * width);
      FloatVector q3 = FloatVector.fromArray(S, to, t + 3 * width);
      FloatVector p01 = low.selectFrom(q0, q1), p23 = low.selectFrom(q2, q3);
      lowHalves.selectFrom(p01, p23).intoArray(to, t);
      highHalves.selectFrom(p01, p23).intoArray(to, t + width);
      p01 = high.selectFrom(q0, q1);
      p23 = high.selectFrom(q2, q3);
      lowHalves.selectFrom(p01, p23).intoArray(to, t + 2 * width);
      highHalves.selectFrom(p01, p23).intoArray(to, t + 3 * width);
    }
  }

  /**
   * Copies six adjacent elements of each row, as vectors of eight whose last two the next row overwrites; gives how many rows it did.
   */
  static int sixAdjacent(Matrix from, int depth, float[] to, int at) {
    float[] a = from.data();
    int step = from.columnStep();
    int end = Math.min(depth - 1, Math.floorDiv(a.length - 8 - from.offset(), step) + 1);
    for (int k = 0, s = from.offset(), t = at; k < end; k++, s += step, t += 6) {
      FloatVector.fromArray(EIGHT, a, s).intoArray(to, t);
    }
    return end;
  }

  /**
   * As {@link #sixAdjacent} for {@link #TILES} tiles side by side, row by row: theirs are three cache lines of a row, and the same
   * lines of other rows often share the first cache's places.
   */
  static int adjacentTiles(Matrix from, int depth, float[] to, int at) {
    float[] a = from.data();
    int step = from.columnStep();
    int tile = 6 * depth;
    int last = 6 * (TILES - 1);
    int end = Math.min(depth - 1, Math.floorDiv(a.length - 8 - last - from.offset(), step) + 1);
    for (int k = 0, s = from.offset(), t = at; k < end; k++, s += step, t += 6) {
      FloatVector.fromArray(EIGHT, a, s).intoArray(to, t);
      FloatVector.fromArray(EIGHT, a, s + 6).intoArray(to, t + tile);
      FloatVector.fromArray(EIGHT, a, s + 12).intoArray(to, t + 2 * tile);
      FloatVector.fromArray(EIGHT, a, s + 18).intoArray(to, t + 3 * tile);
      FloatVector.fromArray(EIGHT, a, s + 24).intoArray(to, t + 4 * tile);
      FloatVector.fromArray(EIGHT, a, s + 30).intoArray(to, t + 5 * tile);
      FloatVector.fromArray(EIGHT, a, s + 36).intoArray(to, t + 6 * tile);
      FloatVector.fromArray(EIGHT, a, s + 42).intoArray(to, t + 7 * tile);
    }
    return end;
  }
}
