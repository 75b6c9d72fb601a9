package dev.tandem.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class ParallelTest {
  private static final int[] THREADS = {1, 2, 3, 8};

  @Test
  void everyIndexOnce() {
    for (int threads : THREADS) {
      try (Parallel parallel = new Parallel(threads)) {
        for (int count : new int[] {0, 1, 7, 64, 1000, 4097}) {
          AtomicIntegerArray visits = new AtomicIntegerArray(count);
          parallel.range(
              count,
              64,
              (from, to) -> {
                for (int i = from; i < to; i++) {
                  visits.incrementAndGet(i);
                }
              });
          for (int i = 0; i < count; i++) {
            assertEquals(1, visits.get(i), "index " + i + " of " + count);
          }
        }
      }
    }
  }

  @Test
  void chunksDoNotDependOnTheThreads() {
    for (int threads : THREADS) {
      try (Parallel parallel = new Parallel(threads)) {
        int[] starts = new int[1000];
        parallel.range(1000, 300, (from, to) -> starts[from] = to);
        int[] expected = new int[1000];
        expected[0] = 300;
        expected[300] = 600;
        expected[600] = 900;
        expected[900] = 1000;
        assertArrayEquals(expected, starts);
      }
    }
  }

  @Test
  void theLastIndices() {
    try (Parallel parallel = new Parallel(2)) {
      AtomicInteger total = new AtomicInteger();
      parallel.range(Integer.MAX_VALUE, 1 << 30, (from, to) -> total.addAndGet(to - from));
      assertEquals(Integer.MAX_VALUE, total.get());
    }
  }

  @Test
  void theFirstFailureReachesTheCaller() {
    for (int threads : THREADS) {
      try (Parallel parallel = new Parallel(threads)) {
        for (int round = 0; round < 200; round++) {
          Parallel.Range body =
              (from, to) -> {
                if (from >= 40) {
                  throw new ArithmeticException("chunk " + from);
                }
              };
          ArithmeticException thrown =
              assertThrows(ArithmeticException.class, () -> parallel.range(100, 1, body));
          assertEquals("chunk 40", thrown.getMessage());
        }
        AtomicInteger after = new AtomicInteger();
        parallel.range(10, 1, (from, to) -> after.incrementAndGet());
        assertEquals(10, after.get());
      }
    }
  }

  /** Both chunks run when the first one fails; the second fails after it. */
  @Test
  void aLaterChunkThatFailsLastIsNotTheFirstFailure() {
    try (Parallel parallel = new Parallel(2)) {
      CountDownLatch second = new CountDownLatch(1);
      Parallel.Range body =
          (from, to) -> {
            if (from == 0) {
              waitFor(second::await);
            } else {
              second.countDown();
              waitFor(() -> Thread.sleep(50));
            }
            throw new ArithmeticException("chunk " + from);
          };
      ArithmeticException thrown =
          assertThrows(ArithmeticException.class, () -> parallel.range(2, 1, body));
      assertEquals("chunk 0", thrown.getMessage());
    }
  }

  private interface Wait {
    void run() throws InterruptedException;
  }

  private static void waitFor(Wait wait) {
    try {
      wait.run();
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  @Test
  void errorsToo() {
    try (Parallel parallel = new Parallel(2)) {
      assertThrows(
          StackOverflowError.class,
          () ->
              parallel.range(
                  2,
                  1,
                  (from, to) -> {
                    throw new StackOverflowError();
                  }));
    }
  }

  @Test
  void everyThreadOfALoopHasANumberOfItsOwn() {
    try (Parallel parallel = new Parallel(3)) {
      Map<Integer, Set<Thread>> threads = new ConcurrentHashMap<>();
      for (int round = 0; round < 50; round++) {
        parallel.range(
            30,
            1,
            (from, to) -> {
              threads
                  .computeIfAbsent(Parallel.worker(), _ -> ConcurrentHashMap.newKeySet())
                  .add(Thread.currentThread());
              Thread.yield();
            });
      }
      assertEquals(Set.of(Thread.currentThread()), threads.get(0));
      threads.forEach((number, owners) -> {
        assertTrue(number >= 0 && number < 3, "number " + number);
        assertEquals(1, owners.size(), "threads of number " + number);
      });
    }
    assertEquals(0, Parallel.worker());
  }

  @Test
  void nestedLoopsStayOnTheirThread() {
    try (Parallel parallel = new Parallel(3)) {
      AtomicInteger inner = new AtomicInteger();
      parallel.range(
          20,
          1,
          (from, to) -> {
            Thread outside = Thread.currentThread();
            parallel.range(
                50,
                7,
                (first, last) -> {
                  assertEquals(outside, Thread.currentThread());
                  inner.addAndGet(last - first);
                });
          });
      assertEquals(1000, inner.get());
    }
  }

  @Test
  void manyLoopsInSuccessionAndAfterRest() throws InterruptedException {
    try (Parallel parallel = new Parallel(2)) {
      AtomicInteger total = new AtomicInteger();
      for (int i = 0; i < 20_000; i++) {
        parallel.range(3, 1, (from, to) -> total.incrementAndGet());
      }
      // Long enough for the helpers to park.
      Thread.sleep(50);
      parallel.range(3, 1, (from, to) -> total.incrementAndGet());
      assertEquals(60_003, total.get());
    }
  }

  @Test
  void worksAloneAfterClosing() {
    Parallel parallel = new Parallel(2);
    parallel.close();
    AtomicInteger total = new AtomicInteger();
    parallel.range(9, 2, (from, to) -> total.addAndGet(to - from));
    assertEquals(9, total.get());
  }

  @Test
  void refusesNonsense() {
    assertThrows(IllegalArgumentException.class, () -> new Parallel(0));
    try (Parallel parallel = new Parallel(1)) {
      assertThrows(IllegalArgumentException.class, () -> parallel.range(1, 0, (from, to) -> {}));
    }
  }
}
