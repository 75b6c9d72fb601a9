package dev.tandem.cpu;

import dev.tandem.op.Sequence;
import dev.tandem.shape.Shape;

/** What an attention works on: how many sequences, where queries, keys and values lie, and which keys a query sees. */
record AttentionSizes(int sequences, Heads q, Heads k, Heads v, Weighting weighting) {
  /** Scores are multiplied by the scale; if causal, query t sees keys below t + 1 + keys - queries. */
  record Weighting(boolean causal, double scale) {
    /** The scale where weights are made of scores, which wants a positive one for the largest score to become the largest weight. */
    float late() {
      return scale > 0 ? (float) scale : 1f;
    }

    /** What is left, for the keys. */
    float early() {
      return scale > 0 ? 1f : (float) scale;
    }
  }

  /** Of q and k in arrays of their own. */
  static AttentionSizes of(Shape q, Shape k, Weighting weighting) {
    Heads keys = Heads.alone(k.length(1), k.length(2), k.length(3));
    return new AttentionSizes(
        q.length(0), Heads.alone(q.length(1), q.length(2), q.length(3)), keys, keys, weighting);
  }

  static AttentionSizes of(Sequence.PackedAttention op, Shape qkv) {
    int positions = qkv.length(1);
    int row = qkv.length(2);
    int length = row / (op.heads() + 2 * op.keyHeads());
    int keysAt = op.heads() * length;
    int valuesAt = keysAt + op.keyHeads() * length;
    return new AttentionSizes(
        qkv.length(0),
        new Heads(0, positions, row, op.heads(), length),
        new Heads(keysAt, positions, row, op.keyHeads(), length),
        new Heads(valuesAt, positions, row, op.keyHeads(), length),
        new Weighting(op.causal(), op.scale()));
  }

  int queries() {
    return q.positions();
  }

  int keys() {
    return k.positions();
  }

  int length() {
    return q.length();
  }

  /** Query heads that look at one key head. */
  int group() {
    return q.count() / k.count();
  }

  /** Where y and dy lie, whichever way q does. */
  Heads y() {
    return Heads.alone(queries(), q.count(), length());
  }

  /** Where the query's log-sum-exp lies. */
  int lseAt(int sequence, int head, int query) {
    return (sequence * q.count() + head) * queries() + query;
  }

  /** How many keys the query sees: those below. */
  int seen(int query) {
    return weighting.causal ? query + 1 + keys() - queries() : keys();
  }

  /** Of keys from the given one on, the first query sees so many, each query one more; or all, whatever the query. */
  int edge(int firstQuery, int firstKey) {
    return seen(firstQuery) - firstKey;
  }
}
