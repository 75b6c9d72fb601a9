package dev.tandem.cpu;

import java.util.Arrays;

/**
 * The gradients of attention in F32: scores are computed again, a tile of queries with one of keys at a time, and made weights by the
 * forward's log-sum-exp. One pass makes dq, dk and dv, five products a pair of tiles; two passes without sums across tasks would
 * take seven. A key head's gradients belong to one task, or where there are few such heads to several, whose parts are added in order
 * afterwards; the shapes alone say how many. Dao et al. 2022, arXiv:2205.14135, algorithm 4.
 */
final class AttentionBackward {
  // As many tasks keep any CPU busy.
  private static final int TASKS = 64;
  // Tiles of queries that outweigh transposing the keys, and adding the parts up.
  private static final int TILES_A_TASK = 4;
  private static final int SUM_GRAIN = 1 << 14;

  /** What the forward was given and gave, and the gradient of its y. */
  record Tensors(AttentionForward.Tensors forward, float[] dy) {}

  /** The arrays of the results, which may be one. */
  record Gradients(float[] dq, float[] dk, float[] dv) {}

  private final AttentionForward.Machine machine;

  AttentionBackward(AttentionForward.Machine machine) {
    this.machine = machine;
  }

  void run(AttentionSizes s, Tensors tensors, Gradients gradients) {
    int keyHeads = s.sequences() * s.k().count();
    int tiles = s.group() * Math.ceilDiv(s.queries(), AttentionTiles.QUERIES);
    if (keyHeads == 0) {
      return;
    }
    int parts = Math.clamp(Math.ceilDiv(TASKS, keyHeads), 1, Math.max(1, tiles / TILES_A_TASK));
    int padded = AttentionTiles.whole(s.length(), AttentionTiles.PADDING);
    int part = s.keys() * padded;
    // For each task dk, then dv.
    float[] sums = machine.pool().borrow(2L * keyHeads * parts * part);
    machine
        .parallel()
        .range(
            keyHeads * parts,
            1,
            (from, to) -> {
              for (int task = from; task < to; task++) {
                Task work = new Task(s, tensors, gradients.dq, task / parts);
                work.sums = sums;
                work.dkAt = 2 * task * part;
                work.dvAt = work.dkAt + part;
                int share = task % parts;
                work.run(
                    (int) ((long) tiles * share / parts),
                    (int) ((long) tiles * (share + 1) / parts));
              }
            });
    machine
        .parallel()
        .range(
            keyHeads * s.keys(),
            Math.max(1, SUM_GRAIN / padded),
            (from, to) -> {
              for (int i = from; i < to; i++) {
                int keyHead = i / s.keys();
                int key = i % s.keys();
                int first = 2 * keyHead * parts * part + key * padded;
                for (int other = 1; other < parts; other++) {
                  int at = first + 2 * other * part;
                  machine.rows().add(sums, at, sums, first, s.length());
                  machine.rows().add(sums, at + part, sums, first + part, s.length());
                }
                int sequence = keyHead / s.k().count();
                int head = keyHead % s.k().count();
                System.arraycopy(
                    sums, first, gradients.dk, s.k().at(sequence, key, head), s.length());
                System.arraycopy(
                    sums, first + part, gradients.dv, s.v().at(sequence, key, head), s.length());
              }
            });
    machine.pool().release(sums);
  }

  /** Some queries of the heads that look at one key head. */
  private final class Task {
    private final AttentionSizes s;
    private final Tensors tensors;
    private final float[] dq;
    private final int sequence;
    private final int keyHead;
    private final AttentionTiles tiles;
    private float[] sums;
    private int dkAt;
    private int dvAt;
    private float[] keyColumns;
    private float[] valueColumns;
    private float[] keys;
    private float[] queries;
    private float[] dys;
    private float[] weights;
    private float[] slopes;
    private float[] dqs;
    private final float[] lse = new float[AttentionTiles.QUERIES];
    private final float[] dots = new float[AttentionTiles.QUERIES];

    Task(AttentionSizes s, Tensors tensors, float[] dq, int keyHead) {
      this.s = s;
      this.tensors = tensors;
      this.dq = dq;
      sequence = keyHead / s.k().count();
      this.keyHead = keyHead % s.k().count();
      tiles = new AttentionTiles(machine.gemm(), s);
    }

    /** @param from the first of all tiles of queries of all heads of the group */
    void run(int from, int to) {
      int part = s.keys() * tiles.padded;
      Arrays.fill(sums, dkAt, dkAt + part, 0f);
      Arrays.fill(sums, dvAt, dvAt + part, 0f);
      int tilesAHead = Math.ceilDiv(s.queries(), AttentionTiles.QUERIES);
      BufferPool pool = machine.pool();
      long columns = (long) AttentionTiles.whole(s.keys(), tiles.width) * tiles.length;
      keyColumns = pool.borrow(columns);
      valueColumns = pool.borrow(columns);
      keys = pool.borrow(part);
      queries = pool.borrow(AttentionTiles.QUERIES * tiles.padded);
      dys = pool.borrow(AttentionTiles.QUERIES * tiles.padded);
      dqs = pool.borrow(AttentionTiles.QUERIES * tiles.padded);
      weights = pool.borrow(AttentionTiles.QUERIES * tiles.width);
      slopes = pool.borrow(AttentionTiles.QUERIES * tiles.width);
      Matrix k = s.k().matrix(tensors.forward.k(), sequence, 0, keyHead);
      Matrix v = s.v().matrix(tensors.forward.v(), sequence, 0, keyHead);
      tiles.transpose(k, s.keys(), s.weighting().early(), keyColumns);
      tiles.transpose(v, s.keys(), 1, valueColumns);
      tiles.pad(k, s.keys(), keys);
      for (int tile = from; tile < to; tile++) {
        int head = keyHead * s.group() + tile / tilesAHead;
        int first = tile % tilesAHead * AttentionTiles.QUERIES;
        differentiate(head, first, AttentionTiles.end(tile % tilesAHead, s.queries()) - first);
      }
      for (float[] scratch :
          new float[][] {keyColumns, valueColumns, keys, queries, dys, dqs, weights, slopes}) {
        pool.release(scratch);
      }
    }

    private void differentiate(int head, int first, int count) {
      tiles.pad(s.q().matrix(tensors.forward.q(), sequence, first, head), count, queries);
      tiles.pad(s.y().matrix(tensors.dy, sequence, first, head), count, dys);
      for (int query = 0; query < count; query++) {
        int at = s.y().at(sequence, first + query, head);
        dots[query] = machine.rows().dot(tensors.dy, at, tensors.forward.y(), at, tiles.length);
        lse[query] = tensors.forward.lse()[s.lseAt(sequence, head, first + query)];
      }
      Matrix q = Matrix.rows(queries, 0, tiles.padded);
      Matrix dy = Matrix.rows(dys, 0, tiles.padded);
      int seen = s.seen(first + count - 1);
      for (int key = 0; key < seen; key += tiles.width) {
        tiles.place(count, Math.min(tiles.width, s.keys() - key), s.edge(first, key));
        tiles.scores(q, keyColumns, key * tiles.length, weights);
        tiles.scores(dy, valueColumns, key * tiles.length, slopes);
        for (int query = 0; query < count; query++) {
          slopes(query);
        }
        tiles.combineQueries(weights, dys, sums, dvAt + key * tiles.padded);
        tiles.combineQueries(slopes, queries, sums, dkAt + key * tiles.padded);
        tiles.combineKeys(slopes, keys, key * tiles.padded, dqs, key > 0);
      }
      for (int query = 0; query < count; query++) {
        System.arraycopy(
            dqs, query * tiles.padded, dq, s.q().at(sequence, first + query, head), tiles.length);
      }
    }

    /** From a row of scores to weights, and from dy . v to the gradient of the unscaled scores, times the scale. */
    private void slopes(int query) {
      int at = query * tiles.width;
      int seen = tiles.seen(query);
      int touched = tiles.touched(query);
      machine.kernels().weights(weights, at, touched, s.weighting().late(), lse[query]);
      machine
          .rows()
          .slopes(weights, slopes, at, touched, dots[query], (float) s.weighting().scale());
      // What came of scores that do not count.
      Arrays.fill(weights, at + seen, at + touched, 0f);
      Arrays.fill(slopes, at + seen, at + touched, 0f);
    }
  }
}
