package dev.tandem.cpu;

import dev.tandem.backend.Flag;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Whether C2 has compiled a vector kernel: until then each vector is an object, and the plain twin of the kernel, whose bits are the same,
 * is faster by far. A thread for all kernels brings them to it by calls on numbers of no meaning. Nothing tells that machine code is
 * there but the time that calls take.
 */
final class WarmUp {
  /** Calls of a kernel. */
  interface Calls {
    /** Does something small that reaches all of the kernel; gives how many vector operations that takes, at least. */
    int run();

    /** Calls the kernel with nothing to do. */
    void dry();
  }

  // C2 takes up what was called 5000 times, more where it is behind. Calls with nothing to do count
  // as well and are free; some must do
  // something, for the compiler leaves out what has never been run. With 30 for each of those, the
  // MLP's
  // warm-up made 200 MiB of garbage for 80.
  private static final int CALLS = 8;
  private static final int DRY_CALLS = 1000;
  // Between the 0.3 to 2 of compiled code and the 20 and more of vectors that are objects.
  private static final double COMPILED_NANOS = 5;
  private static final long PATIENCE_NANOS = 10_000_000_000L;
  private static final long MOST_REST_MILLIS = 20;

  private static final boolean ON = Flag.WARM_UP.number(1) != 0;
  private static final Queue<WarmUp> WAITING = new ArrayDeque<>();

  private final Calls calls;
  private boolean asked = !ON;
  private long until;
  // Read without ordering: either twin is right.
  private boolean done = !ON;

  WarmUp(Calls calls) {
    this.calls = calls;
  }

  /** Whether to use the vector kernel; false for the first time has it compiled. */
  boolean done() {
    if (!done && !asked) {
      ask();
    }
    return done;
  }

  private void ask() {
    synchronized (WAITING) {
      if (!asked) {
        asked = true;
        until = System.nanoTime() + PATIENCE_NANOS;
        WAITING.add(this);
        if (WAITING.size() == 1) {
          Thread thread = new Thread(WarmUp::work, "tandem-cpu-warm-up");
          thread.setDaemon(true);
          thread.start();
        }
      }
    }
  }

  /** Goes through the kernels in turns, so that C2 has the next ones at hand while it is at one. */
  private static void work() {
    boolean more = true;
    while (more) {
      WarmUp kernel;
      synchronized (WAITING) {
        kernel = WAITING.peek();
      }
      long start = System.nanoTime();
      kernel.warm();
      long millis = (System.nanoTime() - start) / 1_000_000;
      synchronized (WAITING) {
        WAITING.remove();
        if (!kernel.done) {
          WAITING.add(kernel);
        }
        more = !WAITING.isEmpty();
      }
      rest(Math.clamp(millis, 1, MOST_REST_MILLIS));
    }
  }

  /** Leaves the core to the work that waits for all this. */
  private static void rest(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // no reason to leave kernels waiting
    }
  }

  /** A kernel that the compiler will not have is done in the end, too. */
  private void warm() {
    long operations = 0;
    long start = System.nanoTime();
    for (int call = 0; call < CALLS; call++) {
      operations += calls.run();
    }
    long end = System.nanoTime();
    for (int call = 0; call < DRY_CALLS; call++) {
      calls.dry();
    }
    done = end - start < COMPILED_NANOS * operations || end > until;
  }
}
