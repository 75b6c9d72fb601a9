package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.op.Reduction;
import dev.tandem.shape.Shape;
import java.util.ArrayList;
import java.util.List;

/** Folds whole axes, in a fixed order: the innermost group of neighbouring axes first. */
final class CudaReduction {
  private final Queue queue;
  private final Folds folds;
  private final GlobalNorms globalNorms;

  CudaReduction(Queue queue) {
    this.queue = queue;
    folds = new Folds(queue);
    globalNorms = new GlobalNorms(queue);
  }

  void run(Reduction op, List<Operand> in, List<Operand> out) {
    Operand x = in.getFirst();
    Operand y = out.getFirst();
    if (y.elements() == 0) {
      return;
    }
    switch (op) {
      case Reduction.Sum sum -> fold(Fold.SUM, sum.axes(), x, y, 1);
      case Reduction.Mean mean ->
          fold(Fold.SUM, mean.axes(), x, y, (double) x.elements() / y.elements());
      case Reduction.Max max -> fold(Fold.MAX, max.axes(), x, y, 1);
      case Reduction.Min min -> fold(Fold.MIN, min.axes(), x, y, 1);
      case Reduction.GlobalNorm _ -> globalNorms.run(in, y);
      case Reduction.ArgMax argMax -> argMax(argMax.axis(), x, y);
    }
  }

  private void argMax(int axis, Operand x, Operand y) {
    Shape shape = x.shape();
    long rows = shape.length(axis);
    long columns = shape.elements(axis + 1, shape.rank());
    Folds.Box box = new Folds.Box(shape.elements(0, axis), rows, columns);
    folds.fold(Fold.ARG_MAX, box, Folds.Place.of(x), Folds.Place.of(y), 1);
  }

  private void fold(Fold fold, List<Integer> axes, Operand x, Operand y, double divisor) {
    if (x.elements() == 0) {
      // The sum of nothing is 0, its mean NaN; a maximum of nothing is no op.
      int nothing = CudaCreation.pattern(y.dtype(), 0 / divisor);
      queue.fill(Operands.address(y), nothing, y.dtype().bytes(), y.elements());
      return;
    }
    List<Group> groups = groups(x.shape(), axes);
    if (groups.stream().noneMatch(Group::folded)) {
      queue.copy(y, x);
      return;
    }
    fold(fold, groups, Folds.Place.of(x), Folds.Place.of(y), divisor);
  }

  /** Neighbouring axes that are all folded, or all kept. */
  private record Group(long length, boolean folded) {}

  private static List<Group> groups(Shape shape, List<Integer> axes) {
    List<Group> groups = new ArrayList<>();
    for (int axis = 0; axis < shape.rank(); axis++) {
      add(groups, new Group(shape.length(axis), axes.contains(axis)));
    }
    return groups;
  }

  private static void add(List<Group> groups, Group group) {
    if (group.length == 1) {
      return;
    }
    if (!groups.isEmpty() && groups.getLast().folded == group.folded) {
      groups.set(
          groups.size() - 1, new Group(groups.getLast().length * group.length, group.folded));
    } else {
      groups.add(group);
    }
  }

  private void fold(Fold fold, List<Group> groups, Folds.Place x, Folds.Place y, double divisor) {
    int innermost = groups.size() - 1;
    if (!groups.get(innermost).folded) {
      innermost--;
    }
    List<Group> left = new ArrayList<>();
    for (int i = 0; i < groups.size(); i++) {
      if (i != innermost) {
        add(left, groups.get(i));
      }
    }
    Folds.Box box =
        new Folds.Box(
            elements(groups.subList(0, innermost)),
            groups.get(innermost).length,
            elements(groups.subList(innermost + 1, groups.size())));
    if (left.stream().noneMatch(Group::folded)) {
      folds.fold(fold, box, x, y, divisor);
      return;
    }
    try (Scratch folded = queue.scratch(box.outputs() * Float.BYTES, "axes folded so far")) {
      folds.fold(fold, box, x, Folds.Place.of(folded), 1);
      fold(fold, left, Folds.Place.of(folded), y, divisor);
    }
  }

  private static long elements(List<Group> groups) {
    return groups.stream().mapToLong(Group::length).reduce(1, (a, b) -> a * b);
  }
}
