package dev.tandem.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/**
 * A pool of daemon threads that share the work of one caller, who takes part. Chunks are cut by the grain alone
 * and handed out as threads become free, so a loop whose chunks do not depend on each other gives the same bits
 * on any number of threads. Each thread begins with its own share of consecutive chunks, so that what one loop wrote
 * the next one over the same indices finds in the same core's cache, and helps with the others' shares after that.
 */
final class Parallel implements AutoCloseable {
  /** The body of a loop: does the indices from the first, inclusive, to the last, exclusive. */
  interface Range {
    void run(int from, int to);
  }

  // An op lasts microseconds and the next one follows at once; waking a parked thread costs as much
  // as a small op.
  private static final int SPINS = 2_000;
  // What a step does on one thread lasts some 0.1 ms, and waking a thread on a virtual machine as
  // long again.
  private static final long AWAKE_NANOS = 2_000_000;

  private final Worker[] workers;
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile Job current;
  private volatile boolean closed;

  Parallel(int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException(
          "parallel: needs a thread, got " + threads + "; give 1 or more");
    }
    workers = new Worker[threads - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
      workers[i].setDaemon(true);
      workers[i].start();
    }
  }

  /** How many threads work on a loop, the caller included. */
  int threads() {
    return workers.length + 1;
  }

  /**
   * The number of the thread that asks: 1 and up for those of a pool, 0 for all others. In a loop's body it is below {@link #threads},
   * and no other thread that works on the loop has it.
   */
  static int worker() {
    return Thread.currentThread() instanceof Worker worker ? worker.thread : 0;
  }

  /**
   * Runs the body over [0, count) in chunks of the grain, the last one shorter. Returns when all are done. If
   * chunks throw, the caller gets what the first of them threw, and later chunks may not have run. A call from
   * within a body runs on the thread it is made on.
   */
  void range(int count, int grain, Range body) {
    if (grain < 1) {
      throw new IllegalArgumentException(
          "parallel: a chunk needs an index, got grain " + grain + "; give 1 or more");
    }
    if (count <= 0) {
      return;
    }
    if (count <= grain) {
      body.run(0, count);
    } else if (workers.length == 0 || !busy.compareAndSet(false, true)) {
      for (int from = 0; from < count; ) {
        int to = end(from, count, grain);
        body.run(from, to);
        from = to;
      }
    } else {
      try {
        share(new Job(body, count, grain, threads()));
      } finally {
        current = null;
        busy.set(false);
      }
    }
  }

  /** Ends the threads. The pool still works, on the caller alone. */
  @Override
  public void close() {
    closed = true;
    for (Worker worker : workers) {
      LockSupport.unpark(worker);
    }
  }

  private static int end(int from, int count, int grain) {
    return from <= count - grain ? from + grain : count;
  }

  private void share(Job job) {
    current = job;
    int helpers = Math.min(workers.length, job.chunks - 1);
    for (int i = 0; i < helpers; i++) {
      if (workers[i].parked) {
        LockSupport.unpark(workers[i]);
      }
    }
    job.work(0);
    job.await();
  }

  /**
   * One loop. A new object a loop, so that a worker that comes late finds no chunk left rather than the next
   * loop's.
   */
  private static final class Job {
    // The counter of a share, a cache line apart from the others.
    private static final int LINE = 16;

    final int chunks;
    private final Range body;
    private final int count;
    private final int grain;
    private final int shares;
    private final AtomicIntegerArray next;
    private final AtomicInteger done = new AtomicInteger();
    private volatile int failedChunk = Integer.MAX_VALUE;
    private Throwable failure;

    Job(Range body, int count, int grain, int threads) {
      this.body = body;
      this.count = count;
      this.grain = grain;
      this.chunks = Math.ceilDiv(count, grain);
      this.shares = Math.min(threads, chunks);
      next = new AtomicIntegerArray(shares * LINE);
      for (int share = 1; share < shares; share++) {
        next.setPlain(share * LINE, start(share));
      }
    }

    private int start(int share) {
      return (int) ((long) chunks * share / shares);
    }

    /** Whether chunks of the share are left. Read before counting on, lest latecomers count beyond the range of int. */
    private boolean left(int share) {
      return next.get(share * LINE) < start(share + 1);
    }

    boolean pending() {
      for (int share = 0; share < shares; share++) {
        if (left(share)) {
          return true;
        }
      }
      return false;
    }

    void work(int thread) {
      for (int i = 0; i < shares; i++) {
        int share = (thread + i) % shares;
        while (left(share)) {
          int chunk = next.getAndIncrement(share * LINE);
          if (chunk < start(share + 1)) {
            run(chunk);
          }
        }
      }
    }

    private void run(int chunk) {
      // Chunks before a failed one still run, so that which failure is reported does not depend
      // on the threads.
      if (chunk < failedChunk) {
        try {
          int from = chunk * grain;
          body.run(from, end(from, count, grain));
        } catch (Throwable thrown) {
          fail(chunk, thrown);
        }
      }
      done.incrementAndGet();
    }

    void await() {
      for (int waits = 0; done.get() < chunks; waits++) {
        if (waits < SPINS) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
      switch (failure) {
        case null -> {}
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case Throwable checked -> throw new IllegalStateException(checked);
      }
    }

    private synchronized void fail(int chunk, Throwable thrown) {
      if (chunk < failedChunk) {
        failure = thrown;
        failedChunk = chunk;
      }
    }
  }

  private final class Worker extends Thread {
    private final int thread;
    volatile boolean parked;

    Worker(int thread) {
      super("tandem-cpu-" + thread);
      this.thread = thread;
    }

    @Override
    public void run() {
      while (awaitJob()) {
        workOnce();
      }
    }

    private void workOnce() {
      Job job = current;
      if (job != null) {
        job.work(thread);
      }
    }

    /** Waits until a loop has chunks left; false when the pool is closed. */
    private boolean awaitJob() {
      long yielding = 0;
      for (int waits = 0; !closed; waits++) {
        if (pending()) {
          return true;
        }
        if (waits < SPINS) {
          Thread.onSpinWait();
        } else if (waits == SPINS) {
          yielding = System.nanoTime();
        } else if (System.nanoTime() - yielding < AWAKE_NANOS) {
          Thread.yield();
        } else {
          parked = true;
          if (!closed && !pending()) {
            LockSupport.park(Parallel.this);
          }
          parked = false;
          waits = 0;
        }
      }
      return false;
    }

    private boolean pending() {
      Job job = current;
      return job != null && job.pending();
    }
  }
}
