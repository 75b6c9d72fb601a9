package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.op.Sequence;
import dev.tandem.shape.DType;
import java.util.HashMap;
import java.util.Map;

/**
 * Turns pairs by their position. Cosines and sines are computed once, in double, and kept for each length of head and base: a model
 * asks for the same ones at every layer of every step.
 */
final class Rotary {
  private static final int CHUNK = 1 << 14;

  private record Angles(int pairs, double base) {}

  /** Of the angles of pair after pair of position after position. */
  private record Table(double[] cosines, double[] sines, float[] cosinesF32, float[] sinesF32) {
    static Table of(Angles angles, int positions) {
      int count = Math.multiplyExact(positions, angles.pairs);
      Table table =
          new Table(new double[count], new double[count], new float[count], new float[count]);
      for (int pair = 0; pair < angles.pairs; pair++) {
        double speed = StrictMath.pow(angles.base, -(double) pair / angles.pairs);
        for (int position = 0, i = pair; position < positions; position++, i += angles.pairs) {
          table.cosines[i] = StrictMath.cos(position * speed);
          table.sines[i] = StrictMath.sin(position * speed);
          table.cosinesF32[i] = (float) table.cosines[i];
          table.sinesF32[i] = (float) table.sines[i];
        }
      }
      return table;
    }
  }

  private final Parallel parallel;
  private final RowKernels rowKernels = RowKernels.best();
  private final Map<Angles, Table> tables = new HashMap<>();

  Rotary(Parallel parallel) {
    this.parallel = parallel;
  }

  void run(Sequence.Rotary op, Operand x, Operand y) {
    if (x.elements() == 0) {
      return;
    }
    int row = x.shape().length(2) * x.shape().length(3);
    int turned = op.rotated() * x.shape().length(3);
    int pairs = x.shape().length(3) / 2;
    Table table =
        table(new Angles(pairs, op.base()), Math.addExact(op.start(), x.shape().length(1)));
    if (x.dtype() == DType.F64) {
      double[] from = Operands.f64(x);
      double[] to = Operands.f64(y);
      double sign = op.inverse() ? -1 : 1;
      eachRow(
          x,
          (i, position) -> {
            int angle = (op.start() + position) * pairs;
            for (int at = i * row; at < i * row + turned; at += 2 * pairs) {
              for (int j = 0; j < pairs; j++) {
                double cosine = table.cosines[angle + j];
                double sine = sign * table.sines[angle + j];
                double a = from[at + j];
                double b = from[at + pairs + j];
                to[at + j] = a * cosine - b * sine;
                to[at + pairs + j] = b * cosine + a * sine;
              }
            }
            System.arraycopy(from, i * row + turned, to, i * row + turned, row - turned);
          });
      return;
    }
    float[] from = Operands.f32(x);
    float[] to = Operands.f32(y);
    eachRow(
        x,
        (i, position) -> {
          RowKernels.Turn turn = new RowKernels.Turn(from, to, pairs);
          turn.cosines = table.cosinesF32;
          turn.sines = table.sinesF32;
          turn.sign = op.inverse() ? -1 : 1;
          turn.angle = (op.start() + position) * pairs;
          for (turn.at = i * row; turn.at < i * row + turned; turn.at += 2 * pairs) {
            rowKernels.turn(turn);
          }
          System.arraycopy(from, i * row + turned, to, i * row + turned, row - turned);
        });
  }

  private interface Row {
    void run(int row, int position);
  }

  private void eachRow(Operand x, Row body) {
    int positions = x.shape().length(1);
    int grain = Math.max(1, CHUNK / Math.max(1, (int) x.shape().elements(2, 4)));
    parallel.range(
        x.shape().length(0) * positions,
        grain,
        (from, to) -> {
          for (int i = from; i < to; i++) {
            body.run(i, i % positions);
          }
        });
  }

  private synchronized Table table(Angles angles, int positions) {
    Table known = tables.get(angles);
    if (known == null || known.cosines.length < positions * angles.pairs) {
      // Twice as far as before, for a text that grows a word at a time asks for one position more
      // each
      // time.
      int before = known == null ? 0 : known.cosines.length / angles.pairs;
      known = Table.of(angles, Math.max(positions, 2 * before));
      tables.put(angles, known);
    }
    return known;
  }
}
