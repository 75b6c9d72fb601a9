package dev.tandem.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Tiles of images on the Vector API. A grid stays in registers from its loads to its stores, hence the unrolled text. */
final class VectorTileKernels implements TileKernels {
  private static final VectorSpecies<Float> S = Lanes.FLOAT;
  private static final int L = S.length();
  private static final VectorShuffle<Float> LOW = VectorShuffle.makeZip(S, 0);
  private static final VectorShuffle<Float> HIGH = VectorShuffle.makeZip(S, 1);

  @Override
  public void transpose(Lines t) {
    int rows = t.rows - t.rows % L;
    // Reads on beyond the last column while there is something to read.
    int last = rows == 0 ? 0 : t.from + t.fromAt[t.fromFirst + rows - 1];
    int columns = t.columns;
    while (columns > 0 && last + Math.ceilDiv(columns, L) * L > t.x.length) {
      columns = (columns - 1) / L * L;
    }
    if (t.rows > t.columns) {
      // Along the rows of y.
      for (int j = 0; j < columns; j += L) {
        for (int i = 0; i < rows; i += L) {
          block(t, i, j);
        }
      }
    } else {
      for (int i = 0; i < rows; i += L) {
        for (int j = 0; j < columns; j += L) {
          block(t, i, j);
        }
      }
    }
    t.copy(0, rows, columns, t.columns);
    t.copy(rows, t.rows, 0, t.columns);
  }

  /**
   * A perfect shuffle of the block's elements, taken as often as doubles one up to the length of a row, is its transpose: each
   * interleaves the first half of the rows with the second. Here two at a time.
   */
  private static void block(Lines t, int row, int column) {
    float[] x = t.x, blocks = t.blocks;
    int[] fromAt = t.fromAt;
    int from = t.from + column, first = t.fromFirst + row;
    for (int r = 0; r < L / 4; r++) {
      FloatVector a = FloatVector.fromArray(S, x, from + fromAt[first + r]);
      FloatVector b = FloatVector.fromArray(S, x, from + fromAt[first + r + L / 4]);
      FloatVector c = FloatVector.fromArray(S, x, from + fromAt[first + r + L / 2]);
      FloatVector d = FloatVector.fromArray(S, x, from + fromAt[first + r + 3 * L / 4]);
      FloatVector low = a.rearrange(LOW, c);
      FloatVector high = a.rearrange(HIGH, c);
      FloatVector low2 = b.rearrange(LOW, d);
      FloatVector high2 = b.rearrange(HIGH, d);
      low.rearrange(LOW, low2).intoArray(blocks, 4 * r * L);
      low.rearrange(HIGH, low2).intoArray(blocks, (4 * r + 1) * L);
      high.rearrange(LOW, high2).intoArray(blocks, (4 * r + 2) * L);
      high.rearrange(HIGH, high2).intoArray(blocks, (4 * r + 3) * L);
    }
    switch (L) {
      case 16 -> lastTwo(t, row, column);
      case 8 -> lastOne(t, row, column);
      default -> {
        for (int r = 0; r < Math.min(L, t.columns - column); r++) {
          FloatVector.fromArray(S, blocks, r * L)
              .intoArray(t.y, t.to + row + t.toAt[t.toFirst + column + r]);
        }
      }
    }
  }

  private static void lastTwo(Lines t, int row, int column) {
    float[] y = t.y, blocks = t.blocks;
    int[] toAt = t.toAt;
    int to = t.to + row, target = t.toFirst + column, lines = Math.min(L, t.columns - column);
    for (int r = 0; 4 * r < lines; r++, target += 4) {
      FloatVector a = FloatVector.fromArray(S, blocks, r * L);
      FloatVector b = FloatVector.fromArray(S, blocks, (r + L / 4) * L);
      FloatVector c = FloatVector.fromArray(S, blocks, (r + L / 2) * L);
      FloatVector d = FloatVector.fromArray(S, blocks, (r + 3 * L / 4) * L);
      FloatVector low = a.rearrange(LOW, c);
      FloatVector high = a.rearrange(HIGH, c);
      FloatVector low2 = b.rearrange(LOW, d);
      FloatVector high2 = b.rearrange(HIGH, d);
      low.rearrange(LOW, low2).intoArray(y, to + toAt[target]);
      if (4 * r + 1 < lines) {
        low.rearrange(HIGH, low2).intoArray(y, to + toAt[target + 1]);
      }
      if (4 * r + 2 < lines) {
        high.rearrange(LOW, high2).intoArray(y, to + toAt[target + 2]);
      }
      if (4 * r + 3 < lines) {
        high.rearrange(HIGH, high2).intoArray(y, to + toAt[target + 3]);
      }
    }
  }

  private static void lastOne(Lines t, int row, int column) {
    float[] y = t.y, blocks = t.blocks;
    int[] toAt = t.toAt;
    int to = t.to + row, target = t.toFirst + column, lines = Math.min(L, t.columns - column);
    for (int r = 0; 2 * r < lines; r++, target += 2) {
      FloatVector a = FloatVector.fromArray(S, blocks, r * L);
      FloatVector b = FloatVector.fromArray(S, blocks, (r + L / 2) * L);
      a.rearrange(LOW, b).intoArray(y, to + toAt[target]);
      if (2 * r + 1 < lines) {
        a.rearrange(HIGH, b).intoArray(y, to + toAt[target + 1]);
      }
    }
  }

  @Override
  public void patch(Grids g) {
    for (int i = 0; i < g.count; i++) {
      patch(g, g.at + i * g.next, g.to + i * g.toNext);
    }
  }

  private static void patch(Grids g, int first, int target) {
    float[] x = g.x, y = g.y;
    int row = g.row, column = g.column, toRow = g.toRow, toColumn = g.toColumn;
    for (int i = 0; i < g.length; i += L) {
      int at = first + i, to = target + i;
      int at0 = at;
      FloatVector x00 = FloatVector.fromArray(S, x, at0);
      FloatVector x01 = FloatVector.fromArray(S, x, at0 + column);
      FloatVector x02 = FloatVector.fromArray(S, x, at0 + 2 * column);
      FloatVector x03 = FloatVector.fromArray(S, x, at0 + 3 * column);
      FloatVector s00 = x00.sub(x02);
      FloatVector s01 = x01.add(x02);
      FloatVector s02 = x02.sub(x01);
      FloatVector s03 = x01.sub(x03);
      int at1 = at + row;
      FloatVector x10 = FloatVector.fromArray(S, x, at1);
      FloatVector x11 = FloatVector.fromArray(S, x, at1 + column);
      FloatVector x12 = FloatVector.fromArray(S, x, at1 + 2 * column);
      FloatVector x13 = FloatVector.fromArray(S, x, at1 + 3 * column);
      FloatVector s10 = x10.sub(x12);
      FloatVector s11 = x11.add(x12);
      FloatVector s12 = x12.sub(x11);
      FloatVector s13 = x11.sub(x13);
      int at2 = at + 2 * row;
      FloatVector x20 = FloatVector.fromArray(S, x, at2);
      FloatVector x21 = FloatVector.fromArray(S, x, at2 + column);
      FloatVector x22 = FloatVector.fromArray(S, x, at2 + 2 * column);
      FloatVector x23 = FloatVector.fromArray(S, x, at2 + 3 * column);
      FloatVector s20 = x20.sub(x22);
      FloatVector s21 = x21.add(x22);
      FloatVector s22 = x22.sub(x21);
      FloatVector s23 = x21.sub(x23);
      int at3 = at + 3 * row;
      FloatVector x30 = FloatVector.fromArray(S, x, at3);
      FloatVector x31 = FloatVector.fromArray(S, x, at3 + column);
      FloatVector x32 = FloatVector.fromArray(S, x, at3 + 2 * column);
      FloatVector x33 = FloatVector.fromArray(S, x, at3 + 3 * column);
      FloatVector s30 = x30.sub(x32);
      FloatVector s31 = x31.add(x32);
      FloatVector s32 = x32.sub(x31);
      FloatVector s33 = x31.sub(x33);
      int to0 = to;
      int to1 = to + toRow;
      int to2 = to + 2 * toRow;
      int to3 = to + 3 * toRow;
      s00.sub(s20).intoArray(y, to0);
      s10.add(s20).intoArray(y, to1);
      s20.sub(s10).intoArray(y, to2);
      s10.sub(s30).intoArray(y, to3);
      s01.sub(s21).intoArray(y, to0 + toColumn);
      s11.add(s21).intoArray(y, to1 + toColumn);
      s21.sub(s11).intoArray(y, to2 + toColumn);
      s11.sub(s31).intoArray(y, to3 + toColumn);
      s02.sub(s22).intoArray(y, to0 + 2 * toColumn);
      s12.add(s22).intoArray(y, to1 + 2 * toColumn);
      s22.sub(s12).intoArray(y, to2 + 2 * toColumn);
      s12.sub(s32).intoArray(y, to3 + 2 * toColumn);
      s03.sub(s23).intoArray(y, to0 + 3 * toColumn);
      s13.add(s23).intoArray(y, to1 + 3 * toColumn);
      s23.sub(s13).intoArray(y, to2 + 3 * toColumn);
      s13.sub(s33).intoArray(y, to3 + 3 * toColumn);
    }
  }

  @Override
  public void spread(Grids g) {
    for (int i = 0; i < g.count; i++) {
      spread(g, g.at + i * g.next, g.to + i * g.toNext);
    }
  }

  private static void spread(Grids g, int first, int target) {
    float[] x = g.x, y = g.y;
    int row = g.row, column = g.column, toRow = g.toRow, toColumn = g.toColumn;
    for (int i = 0; i < g.length; i += L) {
      int at = first + i, to = target + i;
      int at0 = at;
      FloatVector x00 = FloatVector.fromArray(S, x, at0);
      FloatVector x01 = FloatVector.fromArray(S, x, at0 + column);
      FloatVector s00 = x00;
      FloatVector s01 = x00.add(x01);
      FloatVector s02 = x00.sub(x01);
      FloatVector s03 = x01.neg();
      int at1 = at + row;
      FloatVector x10 = FloatVector.fromArray(S, x, at1);
      FloatVector x11 = FloatVector.fromArray(S, x, at1 + column);
      FloatVector s10 = x10;
      FloatVector s11 = x10.add(x11);
      FloatVector s12 = x10.sub(x11);
      FloatVector s13 = x11.neg();
      int to0 = to;
      int to1 = to + toRow;
      int to2 = to + 2 * toRow;
      int to3 = to + 3 * toRow;
      s00.intoArray(y, to0);
      s00.add(s10).intoArray(y, to1);
      s00.sub(s10).intoArray(y, to2);
      s10.neg().intoArray(y, to3);
      s01.intoArray(y, to0 + toColumn);
      s01.add(s11).intoArray(y, to1 + toColumn);
      s01.sub(s11).intoArray(y, to2 + toColumn);
      s11.neg().intoArray(y, to3 + toColumn);
      s02.intoArray(y, to0 + 2 * toColumn);
      s02.add(s12).intoArray(y, to1 + 2 * toColumn);
      s02.sub(s12).intoArray(y, to2 + 2 * toColumn);
      s12.neg().intoArray(y, to3 + 2 * toColumn);
      s03.intoArray(y, to0 + 3 * toColumn);
      s03.add(s13).intoArray(y, to1 + 3 * toColumn);
      s03.sub(s13).intoArray(y, to2 + 3 * toColumn);
      s13.neg().intoArray(y, to3 + 3 * toColumn);
    }
  }

  @Override
  public void filter(Grids g) {
    for (int i = 0; i < g.count; i++) {
      filter(g, g.at + i * g.next, g.to + i * g.toNext);
    }
  }

  private static void filter(Grids g, int first, int target) {
    float[] x = g.x, y = g.y;
    int row = g.row, column = g.column, toRow = g.toRow, toColumn = g.toColumn;
    for (int i = 0; i < g.length; i += L) {
      int at = first + i, to = target + i;
      int at0 = at;
      FloatVector x00 = FloatVector.fromArray(S, x, at0);
      FloatVector x01 = FloatVector.fromArray(S, x, at0 + column);
      FloatVector x02 = FloatVector.fromArray(S, x, at0 + 2 * column);
      FloatVector s00 = x00;
      FloatVector s01 = x00.add(x02).add(x01).mul(0.5f);
      FloatVector s02 = x00.add(x02).sub(x01).mul(0.5f);
      FloatVector s03 = x02;
      int at1 = at + row;
      FloatVector x10 = FloatVector.fromArray(S, x, at1);
      FloatVector x11 = FloatVector.fromArray(S, x, at1 + column);
      FloatVector x12 = FloatVector.fromArray(S, x, at1 + 2 * column);
      FloatVector s10 = x10;
      FloatVector s11 = x10.add(x12).add(x11).mul(0.5f);
      FloatVector s12 = x10.add(x12).sub(x11).mul(0.5f);
      FloatVector s13 = x12;
      int at2 = at + 2 * row;
      FloatVector x20 = FloatVector.fromArray(S, x, at2);
      FloatVector x21 = FloatVector.fromArray(S, x, at2 + column);
      FloatVector x22 = FloatVector.fromArray(S, x, at2 + 2 * column);
      FloatVector s20 = x20;
      FloatVector s21 = x20.add(x22).add(x21).mul(0.5f);
      FloatVector s22 = x20.add(x22).sub(x21).mul(0.5f);
      FloatVector s23 = x22;
      int to0 = to;
      int to1 = to + toRow;
      int to2 = to + 2 * toRow;
      int to3 = to + 3 * toRow;
      s00.intoArray(y, to0);
      s00.add(s20).add(s10).mul(0.5f).intoArray(y, to1);
      s00.add(s20).sub(s10).mul(0.5f).intoArray(y, to2);
      s20.intoArray(y, to3);
      s01.intoArray(y, to0 + toColumn);
      s01.add(s21).add(s11).mul(0.5f).intoArray(y, to1 + toColumn);
      s01.add(s21).sub(s11).mul(0.5f).intoArray(y, to2 + toColumn);
      s21.intoArray(y, to3 + toColumn);
      s02.intoArray(y, to0 + 2 * toColumn);
      s02.add(s22).add(s12).mul(0.5f).intoArray(y, to1 + 2 * toColumn);
      s02.add(s22).sub(s12).mul(0.5f).intoArray(y, to2 + 2 * toColumn);
      s22.intoArray(y, to3 + 2 * toColumn);
      s03.intoArray(y, to0 + 3 * toColumn);
      s03.add(s23).add(s13).mul(0.5f).intoArray(y, to1 + 3 * toColumn);
      s03.add(s23).sub(s13).mul(0.5f).intoArray(y, to2 + 3 * toColumn);
      s23.intoArray(y, to3 + 3 * toColumn);
    }
  }

  @Override
  public void gather(Grids g) {
    for (int i = 0; i < g.count; i++) {
      gather(g, g.at + i * g.next, g.to + i * g.toNext);
    }
  }

  private static void gather(Grids g, int first, int target) {
    float[] x = g.x, y = g.y;
    int row = g.row, column = g.column, toRow = g.toRow, toColumn = g.toColumn;
    for (int i = 0; i < g.length; i += L) {
      int at = first + i, to = target + i;
      int at0 = at;
      FloatVector x00 = FloatVector.fromArray(S, x, at0);
      FloatVector x01 = FloatVector.fromArray(S, x, at0 + column);
      FloatVector x02 = FloatVector.fromArray(S, x, at0 + 2 * column);
      FloatVector x03 = FloatVector.fromArray(S, x, at0 + 3 * column);
      FloatVector s00 = x00.add(x01).add(x02);
      FloatVector s01 = x01.sub(x02).sub(x03);
      int at1 = at + row;
      FloatVector x10 = FloatVector.fromArray(S, x, at1);
      FloatVector x11 = FloatVector.fromArray(S, x, at1 + column);
      FloatVector x12 = FloatVector.fromArray(S, x, at1 + 2 * column);
      FloatVector x13 = FloatVector.fromArray(S, x, at1 + 3 * column);
      FloatVector s10 = x10.add(x11).add(x12);
      FloatVector s11 = x11.sub(x12).sub(x13);
      int at2 = at + 2 * row;
      FloatVector x20 = FloatVector.fromArray(S, x, at2);
      FloatVector x21 = FloatVector.fromArray(S, x, at2 + column);
      FloatVector x22 = FloatVector.fromArray(S, x, at2 + 2 * column);
      FloatVector x23 = FloatVector.fromArray(S, x, at2 + 3 * column);
      FloatVector s20 = x20.add(x21).add(x22);
      FloatVector s21 = x21.sub(x22).sub(x23);
      int at3 = at + 3 * row;
      FloatVector x30 = FloatVector.fromArray(S, x, at3);
      FloatVector x31 = FloatVector.fromArray(S, x, at3 + column);
      FloatVector x32 = FloatVector.fromArray(S, x, at3 + 2 * column);
      FloatVector x33 = FloatVector.fromArray(S, x, at3 + 3 * column);
      FloatVector s30 = x30.add(x31).add(x32);
      FloatVector s31 = x31.sub(x32).sub(x33);
      int to0 = to;
      int to1 = to + toRow;
      s00.add(s10).add(s20).intoArray(y, to0);
      s10.sub(s20).sub(s30).intoArray(y, to1);
      s01.add(s11).add(s21).intoArray(y, to0 + toColumn);
      s11.sub(s21).sub(s31).intoArray(y, to1 + toColumn);
    }
  }

  @Override
  public void unfilter(Grids g) {
    for (int i = 0; i < g.count; i++) {
      unfilter(g, g.at + i * g.next, g.to + i * g.toNext);
    }
  }

  private static void unfilter(Grids g, int first, int target) {
    float[] x = g.x, y = g.y;
    int row = g.row, column = g.column, toRow = g.toRow, toColumn = g.toColumn;
    for (int i = 0; i < g.length; i += L) {
      int at = first + i, to = target + i;
      int at0 = at;
      FloatVector x00 = FloatVector.fromArray(S, x, at0);
      FloatVector x01 = FloatVector.fromArray(S, x, at0 + column);
      FloatVector x02 = FloatVector.fromArray(S, x, at0 + 2 * column);
      FloatVector x03 = FloatVector.fromArray(S, x, at0 + 3 * column);
      FloatVector s00 = x00.add(x01.add(x02).mul(0.5f));
      FloatVector s01 = x01.sub(x02).mul(0.5f);
      FloatVector s02 = x01.add(x02).mul(0.5f).add(x03);
      int at1 = at + row;
      FloatVector x10 = FloatVector.fromArray(S, x, at1);
      FloatVector x11 = FloatVector.fromArray(S, x, at1 + column);
      FloatVector x12 = FloatVector.fromArray(S, x, at1 + 2 * column);
      FloatVector x13 = FloatVector.fromArray(S, x, at1 + 3 * column);
      FloatVector s10 = x10.add(x11.add(x12).mul(0.5f));
      FloatVector s11 = x11.sub(x12).mul(0.5f);
      FloatVector s12 = x11.add(x12).mul(0.5f).add(x13);
      int at2 = at + 2 * row;
      FloatVector x20 = FloatVector.fromArray(S, x, at2);
      FloatVector x21 = FloatVector.fromArray(S, x, at2 + column);
      FloatVector x22 = FloatVector.fromArray(S, x, at2 + 2 * column);
      FloatVector x23 = FloatVector.fromArray(S, x, at2 + 3 * column);
      FloatVector s20 = x20.add(x21.add(x22).mul(0.5f));
      FloatVector s21 = x21.sub(x22).mul(0.5f);
      FloatVector s22 = x21.add(x22).mul(0.5f).add(x23);
      int at3 = at + 3 * row;
      FloatVector x30 = FloatVector.fromArray(S, x, at3);
      FloatVector x31 = FloatVector.fromArray(S, x, at3 + column);
      FloatVector x32 = FloatVector.fromArray(S, x, at3 + 2 * column);
      FloatVector x33 = FloatVector.fromArray(S, x, at3 + 3 * column);
      FloatVector s30 = x30.add(x31.add(x32).mul(0.5f));
      FloatVector s31 = x31.sub(x32).mul(0.5f);
      FloatVector s32 = x31.add(x32).mul(0.5f).add(x33);
      int to0 = to;
      int to1 = to + toRow;
      int to2 = to + 2 * toRow;
      s00.add(s10.add(s20).mul(0.5f)).intoArray(y, to0);
      s10.sub(s20).mul(0.5f).intoArray(y, to1);
      s10.add(s20).mul(0.5f).add(s30).intoArray(y, to2);
      s01.add(s11.add(s21).mul(0.5f)).intoArray(y, to0 + toColumn);
      s11.sub(s21).mul(0.5f).intoArray(y, to1 + toColumn);
      s11.add(s21).mul(0.5f).add(s31).intoArray(y, to2 + toColumn);
      s02.add(s12.add(s22).mul(0.5f)).intoArray(y, to0 + 2 * toColumn);
      s12.sub(s22).mul(0.5f).intoArray(y, to1 + 2 * toColumn);
      s12.add(s22).mul(0.5f).add(s32).intoArray(y, to2 + 2 * toColumn);
    }
  }
}
