package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PiecesTest {
  private static final int LENGTH = 4;
  private static final List<int[]> SIZES =
      List.of(new int[] {}, new int[] {1}, new int[] {0, 9, 0}, new int[] {40, 3, 17, 4, 0, 5});

  @Test
  void everyElementOnce() {
    for (int[] sizes : SIZES) {
      for (int threads = 1; threads <= 5; threads++) {
        AtomicIntegerArray[] visits =
            IntStream.of(sizes)
                .mapToObj(AtomicIntegerArray::new)
                .toArray(AtomicIntegerArray[]::new);
        Pieces pieces = pieces(sizes);
        AtomicIntegerArray numbers = new AtomicIntegerArray(pieces.count());
        try (Parallel parallel = new Parallel(threads)) {
          pieces.each(
              parallel,
              (piece, tensor, from, to) -> {
                numbers.incrementAndGet(piece);
                for (int i = from; i < to; i++) {
                  visits[tensor].incrementAndGet(i);
                }
              });
        }
        for (AtomicIntegerArray visit : visits) {
          for (int i = 0; i < visit.length(); i++) {
            assertEquals(1, visit.get(i));
          }
        }
        for (int i = 0; i < numbers.length(); i++) {
          assertEquals(1, numbers.get(i));
        }
      }
    }
  }

  private static Pieces pieces(int[] sizes) {
    int[] before = new int[sizes.length + 1];
    for (int i = 0; i < sizes.length; i++) {
      before[i + 1] = before[i] + Math.ceilDiv(sizes[i], LENGTH);
    }
    return new Pieces(sizes, before, LENGTH);
  }
}
