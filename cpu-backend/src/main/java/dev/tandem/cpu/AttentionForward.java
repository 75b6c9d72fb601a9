package dev.tandem.cpu;

import java.util.Arrays;

/**
 * Attention in F32 with a running softmax: of the scores there are only those of a tile of queries and one of keys. A row's sums are
 * taken in the order of keys, tile by tile, on whichever thread. Dao et al. 2022, arXiv:2205.14135, algorithm 1, with the loops the
 * other way round as in Dao 2023, arXiv:2307.08691.
 */
final class AttentionForward {
  private static final int TASKS_A_THREAD = 4;

  /** What loops run on: threads, scratch, and kernels. */
  record Machine(
      Parallel parallel, BufferPool pool, GemmKernels gemm, Kernels kernels, RowKernels rows) {}

  /** q, k and v, which may be one array, and the results. */
  record Tensors(float[] q, float[] k, float[] v, float[] y, float[] lse) {}

  private final Machine machine;

  AttentionForward(Machine machine) {
    this.machine = machine;
  }

  void run(AttentionSizes s, Tensors tensors) {
    int keyHeads = s.sequences() * s.k().count();
    int tiles = s.group() * Math.ceilDiv(s.queries(), AttentionTiles.QUERIES);
    if (keyHeads == 0 || tiles == 0) {
      return;
    }
    // A task takes the queries of one key head, or only some of them where there are few such
    // heads,
    // for each task transposes the keys anew. Bits do not depend on it: no sum is over queries.
    int wanted = TASKS_A_THREAD * machine.parallel.threads();
    int parts = Math.clamp(Math.ceilDiv(wanted, keyHeads), 1, Math.ceilDiv(tiles, 2));
    machine.parallel.range(
        keyHeads * parts,
        1,
        (from, to) -> {
          for (int task = from; task < to; task++) {
            int keyHead = task / parts;
            int part = task % parts;
            new Task(s, tensors, keyHead / s.k().count(), keyHead % s.k().count())
                .run(
                    (int) ((long) tiles * part / parts), (int) ((long) tiles * (part + 1) / parts));
          }
        });
  }

  /** Some queries of the heads that look at one key head. */
  private final class Task {
    private final AttentionSizes s;
    private final Tensors tensors;
    private final int sequence;
    private final int keyHead;
    private final AttentionTiles tiles;
    private final float[] max = new float[AttentionTiles.QUERIES];
    private final float[] total = new float[AttentionTiles.QUERIES];
    private float[] keys;
    private float[] values;
    private float[] scores;
    private float[] sums;

    Task(AttentionSizes s, Tensors tensors, int sequence, int keyHead) {
      this.s = s;
      this.tensors = tensors;
      this.sequence = sequence;
      this.keyHead = keyHead;
      tiles = new AttentionTiles(machine.gemm, s);
    }

    /** @param from the first of all tiles of queries of all heads of the group */
    void run(int from, int to) {
      int tilesAHead = Math.ceilDiv(s.queries(), AttentionTiles.QUERIES);
      int seen = 0;
      for (int tile = from; tile < to; tile++) {
        seen = Math.max(seen, s.seen(AttentionTiles.end(tile % tilesAHead, s.queries()) - 1));
      }
      BufferPool pool = machine.pool;
      keys = pool.borrow((long) AttentionTiles.whole(seen, tiles.width) * tiles.length);
      values = pool.borrow((long) seen * tiles.padded);
      scores = pool.borrow(AttentionTiles.QUERIES * tiles.width);
      sums = pool.borrow(AttentionTiles.QUERIES * tiles.padded);
      Matrix k = s.k().matrix(tensors.k, sequence, 0, keyHead);
      Matrix v = s.v().matrix(tensors.v, sequence, 0, keyHead);
      tiles.transpose(k, seen, s.weighting().early(), keys);
      tiles.pad(v, seen, values);
      for (int tile = from; tile < to; tile++) {
        int head = keyHead * s.group() + tile / tilesAHead;
        int first = tile % tilesAHead * AttentionTiles.QUERIES;
        attend(head, first, AttentionTiles.end(tile % tilesAHead, s.queries()) - first);
      }
      pool.release(keys);
      pool.release(values);
      pool.release(scores);
      pool.release(sums);
    }

    private void attend(int head, int first, int queries) {
      Matrix q = s.q().matrix(tensors.q, sequence, first, head);
      Arrays.fill(max, Float.NEGATIVE_INFINITY);
      Arrays.fill(total, 0f);
      int seen = s.seen(first + queries - 1);
      for (int key = 0; key < seen; key += tiles.width) {
        tiles.place(queries, Math.min(tiles.width, s.keys() - key), s.edge(first, key));
        tiles.scores(q, keys, key * tiles.length, scores);
        for (int query = 0; query < queries; query++) {
          exponentials(query);
        }
        tiles.combineKeys(scores, values, key * tiles.padded, sums, key > 0);
      }
      for (int query = 0; query < queries; query++) {
        float scale = 1 / total[query];
        int at = s.y().at(sequence, first + query, head);
        machine.rows.scale(scale, sums, query * tiles.padded, tensors.y, at, tiles.length);
        tensors.lse[s.lseAt(sequence, head, first + query)] =
            max[query] + FloatMath.log(total[query]);
      }
    }

    /** From a row of scores to e^(score - max), 0 where the query does not see; what was summed before is brought to this max. */
    private void exponentials(int query) {
      int at = query * tiles.width;
      int padded = tiles.touched(query);
      Arrays.fill(scores, at + tiles.seen(query), at + padded, Float.NEGATIVE_INFINITY);
      float scale = s.weighting().late();
      float largest = Math.max(max[query], scale * machine.kernels.maxNumber(scores, at, padded));
      if (largest == Float.NEGATIVE_INFINITY) {
        // Each key so far is infinitely far from the query, or no number. A later one may be near.
        for (int i = at; i < at + padded; i++) {
          total[query] += scores[i] != scores[i] ? scores[i] : 0;
          scores[i] = 0;
        }
        return;
      }
      if (largest != max[query]) {
        if (total[query] != 0) {
          shrink(query, FloatMath.exp(max[query] - largest));
        }
        max[query] = largest;
      }
      total[query] += machine.kernels.weights(scores, at, padded, scale, largest);
    }

    private void shrink(int query, float factor) {
      total[query] *= factor;
      for (int i = query * tiles.padded; i < (query + 1) * tiles.padded; i++) {
        sums[i] *= factor;
      }
    }
  }
}
