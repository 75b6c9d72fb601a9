package dev.tandem.conformance;

import static dev.tandem.conformance.Source.indices;
import static dev.tandem.conformance.Source.uniform;

import dev.tandem.op.Indexing.Embedding;
import dev.tandem.op.Indexing.EmbeddingGrad;
import dev.tandem.op.Indexing.Gather;
import dev.tandem.op.Indexing.GatherGrad;
import dev.tandem.op.Indexing.OneHot;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.List;

/** Samples of the ops that go by indices. Gradients see the same index many times, and some indices never. */
final class IndexingCases {
  private static final List<DType> EVERY = List.of(DType.values());

  private IndexingCases() {}

  static List<OpCase> all() {
    Cases cases = new Cases();
    embedding(cases);
    gather(cases);
    for (DType dtype : EVERY) {
      for (Shape shape :
          List.of(Shape.scalar(), Cases.ONE, Cases.ODD, Shape.of(3, 5, 2), Shape.of(0))) {
        cases.add(List.of(dtype), new OneHot(11, dtype), Tolerance.exact(), indices(shape, 11));
      }
      cases.add(List.of(dtype), new OneHot(1, dtype), Tolerance.exact(), indices(Cases.ODD, 1));
    }
    return cases.list();
  }

  private static void embedding(Cases cases) {
    embedding(cases, Shape.of(1, 1), Shape.of(1));
    embedding(cases, Shape.of(11, 7), Shape.of(5));
    embedding(cases, Shape.of(11, 7), Shape.scalar());
    embedding(cases, Shape.of(5, 257), Shape.of(3, 41));
    embedding(cases, Shape.of(11), Shape.of(2, 3));
    embedding(cases, Shape.of(9, 2, 3), Shape.of(2, 1, 4));
    embedding(cases, Shape.of(19, 37), Shape.of(3, 7));
    embedding(cases, Shape.of(400, 33), Shape.of(12, 100));
    embedding(cases, Shape.of(11, 7), Shape.of(0, 3));
    embedding(cases, Shape.of(11, 0), Shape.of(4));
  }

  private static void embedding(Cases cases, Shape table, Shape places) {
    Shape rows = places.then(table.part(1, table.rank()));
    int bound = table.length(0);
    cases.add(
        EVERY,
        new Embedding(),
        Tolerance.exact(),
        uniform(table, -100, 100),
        indices(places, bound));
    cases.add(
        new EmbeddingGrad(bound), Tolerance.sums(), uniform(rows, -2, 2), indices(places, bound));
    // Few rows of many: each is hit often.
    int few = Math.min(bound, 2);
    cases.add(
        new EmbeddingGrad(bound), Tolerance.sums(), uniform(rows, -2, 2), indices(places, few));
  }

  private static void gather(Cases cases) {
    gather(cases, Shape.of(1), 0, 1);
    gather(cases, Shape.of(7), 0, 20);
    gather(cases, Shape.of(3, 257), 1, 1);
    gather(cases, Shape.of(3, 257), 1, 300);
    gather(cases, Shape.of(3, 257), 0, 5);
    gather(cases, Shape.of(4, 5, 6), 1, 3);
    gather(cases, Shape.of(4, 5, 6), 2, 9);
    gather(cases, Shape.of(2, 3, 2, 4, 3), 2, 4);
    gather(cases, Shape.of(4, 5), 1, 0);
    gather(cases, Shape.of(0, 5), 1, 3);
  }

  private static void gather(Cases cases, Shape x, int axis, int picks) {
    Shape places = x.with(axis, picks);
    int bound = x.length(axis);
    cases.add(
        EVERY, new Gather(axis), Tolerance.exact(), uniform(x, -100, 100), indices(places, bound));
    cases.add(
        new GatherGrad(axis, bound),
        Tolerance.sums(),
        uniform(places, -2, 2),
        indices(places, bound));
  }
}
