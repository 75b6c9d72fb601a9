package dev.tandem.conformance;

import dev.tandem.backend.BackendException;
import dev.tandem.op.Indexing;
import dev.tandem.op.Indexing.Embedding;
import dev.tandem.op.Indexing.EmbeddingGrad;
import dev.tandem.op.Indexing.Gather;
import dev.tandem.op.Indexing.GatherGrad;
import dev.tandem.op.Indexing.OneHot;
import dev.tandem.op.Op;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/** The definition of the ops that read or write where indices say. */
final class OracleIndexing {
  private OracleIndexing() {}

  /** An element of the table, or of x, is read as an element of y. */
  private interface Meeting {
    void of(int x, int y);
  }

  static double[] run(Indexing op, List<Values> inputs, TensorType output) {
    double[] first = inputs.getFirst().data();
    Shape from = inputs.getFirst().shape();
    double[] result = new double[Positions.elements(output.shape())];
    switch (op) {
      case Embedding _ -> rows(op, from, inputs.get(1), (x, y) -> result[y] = first[x]);
      case EmbeddingGrad _ ->
          rows(op, output.shape(), inputs.get(1), (x, y) -> result[x] += first[y]);
      case Gather gather ->
          along(op, from, gather.axis(), inputs.get(1), (x, y) -> result[y] = first[x]);
      case GatherGrad grad ->
          along(op, output.shape(), grad.axis(), inputs.get(1), (x, y) -> result[x] += first[y]);
      case OneHot oneHot -> {
        for (int i = 0; i < first.length; i++) {
          result[i * oneHot.classes() + index(op, first[i], oneHot.classes())] = 1;
        }
      }
    }
    return result;
  }

  private static void rows(Op op, Shape table, Values indices, Meeting meeting) {
    int row = Math.toIntExact(table.elements(1, table.rank()));
    for (int i = 0; i < indices.data().length; i++) {
      int index = index(op, indices.data()[i], table.length(0));
      for (int k = 0; k < row; k++) {
        meeting.of(index * row + k, i * row + k);
      }
    }
  }

  private static void along(Op op, Shape x, int axis, Values indices, Meeting meeting) {
    int counted = x.axis(op.name(), axis);
    for (int y = 0; y < indices.data().length; y++) {
      int[] place = Positions.place(indices.shape(), y);
      place[counted] = index(op, indices.data()[y], x.length(counted));
      meeting.of(Positions.number(x, place), y);
    }
  }

  /** The index, checked. */
  static int index(Op op, double index, int bound) {
    if (index < 0 || index >= bound) {
      throw new BackendException(
          op.name()
              + ": index outside its range, got "
              + (int) index
              + " on oracle; give 0 to "
              + (bound - 1));
    }
    return (int) index;
  }
}
