package dev.tandem.data;

import static dev.tandem.data.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class BatchLoaderTest {
  /** Sample i has inputs (i, -i) and class i mod 3. */
  static Dataset counting(int size) {
    float[][] inputs = new float[size][];
    int[] labels = new int[size];
    for (int i = 0; i < size; i++) {
      inputs[i] = new float[] {i, -i};
      labels[i] = i % 3;
    }
    return InMemory.classes("counting", inputs, labels, List.of("a", "b", "c"));
  }

  private static List<Batch> all(BatchLoader loader, int epoch) {
    List<Batch> batches = new ArrayList<>();
    try (Batches pass = loader.epoch(epoch)) {
      pass.forEach(batches::add);
    }
    return batches;
  }

  private static int[] indices(List<Batch> batches) {
    return batches.stream().flatMapToInt(batch -> IntStream.of(batch.indices())).toArray();
  }

  private static List<Thread> makers() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("tandem-prefetch"))
        .toList();
  }

  @Test
  void rowsAreTheSamplesThatTheIndicesSay() {
    for (Batch batch : all(BatchLoader.of(counting(10), 4).shuffled(7), 2)) {
      assertEquals(Shape.of(batch.size(), 2), batch.inputs().shape());
      assertEquals(Shape.of(batch.size()), batch.targets().shape());
      for (int i = 0; i < batch.size(); i++) {
        int index = batch.indices()[i];
        assertEquals(index, ((Values.Floats) batch.inputs()).data()[2 * i]);
        assertEquals(-index, ((Values.Floats) batch.inputs()).data()[2 * i + 1]);
        assertEquals(index % 3, ((Values.Ints) batch.targets()).data()[i]);
      }
    }
  }

  @Test
  void withoutShufflingSamplesComeInOrderAndTheLastBatchIsSmaller() {
    BatchLoader loader = BatchLoader.of(counting(10), 4);
    List<Batch> batches = all(loader, 5);
    assertEquals(List.of(4, 4, 2), batches.stream().map(Batch::size).toList());
    assertArrayEquals(IntStream.range(0, 10).toArray(), indices(batches));
    assertEquals(3, loader.batches());
    assertEquals(10, loader.samples());
  }

  @Test
  void droppingTheLastBatchLeavesWholeBatchesOnly() {
    BatchLoader loader = BatchLoader.of(counting(10), 4).droppingLast();
    assertEquals(List.of(4, 4), all(loader, 0).stream().map(Batch::size).toList());
    assertEquals(2, loader.batches());
    assertEquals(8, loader.samples());
    assertEquals(2, BatchLoader.of(counting(8), 4).droppingLast().batches());
  }

  @Test
  void fullBatchHoldsEverySample() {
    List<Batch> batches = all(BatchLoader.full(counting(7)), 0);
    assertEquals(1, batches.size());
    assertEquals(7, batches.getFirst().size());
  }

  @Test
  void ordersAreDrawnAnewForEachEpochAndSeed() {
    BatchLoader loader = BatchLoader.of(counting(100), 8).shuffled(1);
    int[] order = loader.order(3);
    assertArrayEquals(order, BatchLoader.of(counting(100), 25).shuffled(1).order(3));
    assertFalse(Arrays.equals(order, loader.order(4)));
    assertFalse(Arrays.equals(order, loader.shuffled(2).order(3)));
    assertArrayEquals(order, indices(all(loader, 3)));
    assertArrayEquals(IntStream.range(0, 100).toArray(), IntStream.of(order).sorted().toArray());
  }

  /**
   * From a Philox and a shuffle written in Python; a change here breaks the resumption of runs begun
   * before it.
   */
  @Test
  void anOrderIsTheSameOnEveryMachineAndInEveryVersion() {
    int[] expected = {5, 4, 2, 6, 3, 1, 7, 0};
    assertArrayEquals(expected, BatchLoader.of(counting(8), 2).shuffled(42).order(1));
  }

  @Test
  void everyOrderIsAboutAsLikely() {
    int[] seen = new int[6];
    BatchLoader loader = BatchLoader.of(counting(3), 1).shuffled(11);
    for (int epoch = 0; epoch < 6000; epoch++) {
      int[] order = loader.order(epoch);
      seen[order[0] * 2 + (order[1] > order[2] ? 1 : 0)]++;
    }
    // 6000 draws of probability 1/6: standard deviation 29, so 145 is five of them.
    for (int count : seen) {
      assertEquals(1000, count, 145);
    }
  }

  @Test
  void resumingInTheMiddleOfAnEpochGivesTheRestOfIt() {
    for (int prefetch : new int[] {0, 2}) {
      BatchLoader loader = BatchLoader.of(counting(10), 3).shuffled(5).prefetching(prefetch);
      List<Batch> rest = new ArrayList<>();
      try (Batches pass = loader.epoch(1, 2)) {
        pass.forEach(rest::add);
      }
      assertArrayEquals(Arrays.copyOfRange(loader.order(1), 6, 10), indices(rest));
      try (Batches none = loader.epoch(1, 4)) {
        assertFalse(none.hasNext());
      }
    }
  }

  @Test
  void prefetchChangesNothingButTheThread() {
    BatchLoader plain = BatchLoader.of(counting(50), 4).shuffled(3).with(noise());
    for (int ahead : new int[] {1, 3, 100}) {
      List<Batch> expected = all(plain, 2);
      List<Batch> actual = all(plain.prefetching(ahead), 2);
      assertEquals(expected.size(), actual.size());
      for (int i = 0; i < expected.size(); i++) {
        assertArrayEquals(expected.get(i).indices(), actual.get(i).indices());
        assertArrayEquals(floats(expected.get(i)), floats(actual.get(i)));
      }
    }
    assertEquals(List.of(), makers());
  }

  private static float[] floats(Batch batch) {
    return ((Values.Floats) batch.inputs()).data();
  }

  /** Adds a number that depends on sample and epoch, as augmentation does. */
  private static Transform noise() {
    return new Transform() {
      @Override
      public void check(Dataset dataset) {}

      @Override
      public void apply(Batch batch, int epoch) {
        for (int i = 0; i < batch.size(); i++) {
          floats(batch)[2 * i] += Draws.ofSample(9, 0, epoch, batch.indices()[i]).uniform();
        }
      }
    };
  }

  @Test
  void everyBatchHasArraysOfItsOwn() {
    for (int prefetch : new int[] {0, 2}) {
      List<Batch> batches = all(BatchLoader.of(counting(8), 4).prefetching(prefetch), 0);
      assertNotSame(floats(batches.get(0)), floats(batches.get(1)));
      assertNotEquals(floats(batches.get(0))[0], floats(batches.get(1))[0]);
    }
  }

  @Test
  void closingEarlyEndsTheThread() {
    BatchLoader loader = BatchLoader.of(counting(1000), 1).prefetching(2);
    for (int run = 0; run < 20; run++) {
      Batches pass = loader.epoch(run);
      for (int taken = 0; taken < run % 4; taken++) {
        pass.next();
      }
      pass.close();
      assertFalse(pass.hasNext());
      assertThrows(NoSuchElementException.class, pass::next);
      pass.close();
    }
    assertEquals(List.of(), makers());
  }

  @Test
  void closingEndsAThreadWhoseDataSetSwallowsInterrupts() throws InterruptedException {
    AtomicInteger reads = new AtomicInteger();
    Dataset deaf =
        new Hooked(() -> {
          reads.incrementAndGet();
          Thread.interrupted();
        });
    Batches pass = BatchLoader.of(deaf, 1).prefetching(1).epoch(0);
    while (reads.get() < 2) {
      Thread.sleep(1);
    }
    pass.close();
    assertEquals(List.of(), makers());
  }

  @Test
  void theThreadIsADaemonAndMakesOnlySoManyAhead() throws InterruptedException {
    AtomicInteger reads = new AtomicInteger();
    try (Batches pass =
        BatchLoader.of(new Hooked(reads::incrementAndGet), 1).prefetching(3).epoch(0)) {
      while (reads.get() < 4) {
        Thread.sleep(1);
      }
      Thread.sleep(30);
      assertEquals(4, reads.get(), "three in the queue and one in hand");
      assertTrue(makers().stream().allMatch(Thread::isDaemon));
      assertTrue(pass.hasNext());
    }
  }

  @Test
  void anEpochReadToItsEndLeavesNoThreadEvenUnclosed() throws InterruptedException {
    Batches pass = BatchLoader.of(counting(10), 4).prefetching(1).epoch(0);
    pass.forEachRemaining(_ -> {});
    assertFalse(pass.hasNext());
    assertThrows(NoSuchElementException.class, pass::next);
    for (Thread maker : makers()) {
      maker.join();
    }
    pass.close();
  }

  @Test
  void exceptionsAndErrorsReachTheConsumer() {
    for (Throwable cause :
        List.of(new DataException("torn page"), new OutOfMemoryError("a test's"))) {
      AtomicInteger reads = new AtomicInteger();
      Dataset torn =
          new Hooked(() -> {
            if (reads.incrementAndGet() == 3) {
              throwUnchecked(cause);
            }
          });
      try (Batches pass = BatchLoader.of(torn, 1).prefetching(2).epoch(0)) {
        pass.next();
        pass.next();
        assertSame(cause, assertThrows(cause.getClass(), pass::hasNext));
        assertSame(cause, assertThrows(cause.getClass(), pass::next));
        assertEquals(1, cause.getSuppressed().length);
      }
    }
    assertEquals(List.of(), makers());
  }

  private static void throwUnchecked(Throwable cause) {
    if (cause instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) cause;
  }

  @Test
  void anInterruptedConsumerGetsASentenceAndKeepsItsInterrupt() {
    Object never = new Object();
    Dataset stuck =
        new Hooked(() -> {
          synchronized (never) {
            try {
              never.wait();
            } catch (InterruptedException _) {
              Thread.currentThread().interrupt();
            }
          }
        });
    try (Batches pass = BatchLoader.of(stuck, 1).prefetching(1).epoch(0)) {
      Thread.currentThread().interrupt();
      Refusals.refusedWith(pass::hasNext, "prefetch: interrupted while waiting for a batch");
      assertTrue(Thread.interrupted());
    }
    assertEquals(List.of(), makers());
  }

  /** A hundred samples of zeros; runs something before each read. */
  private record Hooked(Runnable hook) implements Dataset {
    @Override
    public String name() {
      return "hooked";
    }

    @Override
    public int size() {
      return 100;
    }

    @Override
    public TensorType input() {
      return TensorType.f32(1);
    }

    @Override
    public Target target() {
      return new Target.Numbers(List.of("y"));
    }

    @Override
    public void readInputs(int[] indices, int from, int count, Values rows) {
      hook.run();
    }

    @Override
    public void readTargets(int[] indices, int from, int count, Values rows) {}
  }

  @Test
  void badSettingsAreRefused() {
    Dataset data = counting(10);
    refused(
        "batch size: larger than the data, got 11 for the 10 samples of counting; choose at most 10, or full batch",
        () -> BatchLoader.of(data, 11));
    refused("batch size: must be at least 1, got 0; choose 1 to 10", () -> BatchLoader.of(data, 0));
    BatchLoader loader = BatchLoader.of(data, 5);
    refused(
        "prefetch: must not be negative, got -1; 0 turns it off, 2 is usual",
        () -> loader.prefetching(-1));
    refused("epoch: must not be negative, got -1; the first epoch is 0", () -> loader.epoch(-1));
    refused("epoch: no such batch, got 3; an epoch of counting has 2", () -> loader.epoch(0, 3));
    refused(
        "counting: no such sample, got 10; samples run from 0 to 9",
        () -> data.read(new int[] {0, 10}, 0, 2));
  }
}
