package dev.tandem.op;

import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.List;

/**
 * Ops that read or write where an I32 tensor says. An index outside its range is an error: a backend that can raise it at
 * once does so with the index and the range; one that cannot raises it at its next synchronisation.
 */
public sealed interface Indexing extends Op {

  /** Rows of a table: y[i..., :] = table[indices[i...], :]. table: (V, S); indices: I32 (I); y: (I, S). */
  record Embedding() implements Indexing {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "table, indices");
      TensorType table = inputs.get(0);
      Check.minRank(name(), "the table", table, 1, "(V, ...)");
      Check.dtype(name(), "indices", inputs.get(1), DType.I32);
      return List.of(
          table.withShape(inputs.get(1).shape().then(table.shape().part(1, table.shape().rank()))));
    }
  }

  /**
   * Gradient of {@link Embedding}: dtable[v] = sum of dy[i] over all i with indices[i] = v, added in ascending i. inputs:
   * dy (I, S), indices I32 (I); dtable: (rows, S).
   */
  record EmbeddingGrad(int rows) implements Indexing {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "dy, indices");
      TensorType dy = inputs.get(0);
      TensorType indices = inputs.get(1);
      Check.floating(name(), dy);
      Check.dtype(name(), "indices", indices, DType.I32);
      int rank = indices.shape().rank();
      Check.minRank(name(), "dy", dy, rank, "those of the indices first");
      Check.shape(name(), "indices", indices, dy.shape().part(0, rank));
      return List.of(dy.withShape(Shape.of(rows).then(dy.shape().part(rank, dy.shape().rank()))));
    }
  }

  /**
   * One element a place along the axis: y[..., j, ...] = x[..., indices[..., j, ...], ...]. indices: I32 of x's shape but
   * for the axis; y: the shape of indices.
   */
  record Gather(int axis) implements Indexing {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public Gather {
      Check.countedFromZero("gather", axis);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "x, indices");
      TensorType x = inputs.get(0);
      TensorType indices = inputs.get(1);
      x.shape().axis(name(), axis);
      Check.dtype(name(), "indices", indices, DType.I32);
      Check.attribute(
          indices.shape().rank() == x.shape().rank()
              && indices.shape().with(axis, 0).equals(x.shape().with(axis, 0)),
          name(),
          "indices must have x's shape but for axis " + axis,
          x.shape() + " and " + indices.shape(),
          "reshape or expand the indices");
      return List.of(x.withShape(indices.shape()));
    }
  }

  /** dx of {@link Gather}: dy added at its index, in ascending order. inputs: dy, indices; dx: dy's shape with length. */
  record GatherGrad(int axis, int length) implements Indexing {
    /** Throws {@link dev.tandem.shape.ShapeException} when a component is out of its range; the message names it. */
    public GatherGrad {
      Check.countedFromZero("gather_grad", axis);
    }

    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 2, "dy, indices");
      TensorType dy = inputs.getFirst();
      Check.floating(name(), dy);
      Check.sameType(name(), "indices", inputs.get(1), dy.withDType(DType.I32));
      dy.shape().axis(name(), axis);
      return List.of(dy.withShape(dy.shape().with(axis, length)));
    }
  }

  /** y[i..., c] = 1 where c = indices[i...], else 0. indices: I32 (I); y: dtype (I, classes). */
  record OneHot(int classes, DType dtype) implements Indexing {
    @Override
    public List<TensorType> outputs(List<TensorType> inputs) {
      Check.arity(name(), inputs, 1, "indices");
      Check.dtype(name(), "indices", inputs.getFirst(), DType.I32);
      return List.of(new TensorType(dtype, inputs.getFirst().shape().then(Shape.of(classes))));
    }
  }
}
