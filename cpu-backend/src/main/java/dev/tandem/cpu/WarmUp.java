package dev.tandem.cpu;

import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Brings C2 to compile vector kernels, in a thread of its own that calls them on numbers of no meaning. Nothing tells when machine code
 * is there but the time that a call takes. The thread rests half of the time, for the work that the kernels are for runs at once.
 */
final class WarmUp {
  /** Turns of the loop in a call. */
  static final int TURNS = 32;

  // C2 takes up what was called 600 times, with 15000 turns of its loops.
  private static final int CALLS = 32;
  private static final int PROBES = 4;
  private static final long MOST_REST_MILLIS = 20;
  // Between the 0.3 to 2 of compiled code and the 20 and more of vectors that are objects.
  private static final double COMPILED_NANOS = 5;
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  private static final Queue<Task> TASKS = new ArrayDeque<>();

  /** A vector kernel with something to do. */
  interface Kernel {
    /** Runs once, in so many turns; gives how many vector operations that is. */
    int run(int turns);
  }

  private record Task(Kernel kernel, Runnable compiled, long until) {
    /** Whether the kernel's time has come: it is compiled, or never will be. */
    boolean done() {
      for (int call = 0; call < CALLS; call++) {
        kernel.run(TURNS);
      }
      if (!fast() && System.nanoTime() < until) {
        return false;
      }
      compiled.run();
      return true;
    }

    private boolean fast() {
      for (int probe = 0; probe < PROBES; probe++) {
        long start = System.nanoTime();
        int operations = kernel.run(TURNS);
        if (System.nanoTime() - start > COMPILED_NANOS * operations) {
          return false;
        }
      }
      return true;
    }
  }

  private WarmUp() {}

  /** Has the kernel compiled soon. What shall happen then happens also where the compiler will not have it. */
  static void add(Kernel kernel, Runnable compiled) {
    synchronized (TASKS) {
      TASKS.add(new Task(kernel, compiled, System.nanoTime() + PATIENCE_NANOS));
      if (TASKS.size() == 1) {
        Thread thread = new Thread(WarmUp::work, "tandem-cpu-warm-up");
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  /** Goes through the kernels in turns, so that the compiler has the next ones at hand while it works on one. */
  private static void work() {
    Task task = first();
    while (task != null) {
      long start = System.nanoTime();
      boolean done = task.done();
      long millis = (System.nanoTime() - start) / 1_000_000;
      task = next(task, done);
      try {
        Thread.sleep(Math.clamp(millis, 1, MOST_REST_MILLIS));
      } catch (InterruptedException ignored) {
        // Nobody who knows of this thread has a reason to interrupt it, and kernels would wait for ever.
      }
    }
  }

  private static Task first() {
    synchronized (TASKS) {
      return TASKS.peek();
    }
  }

  private static Task next(Task last, boolean done) {
    synchronized (TASKS) {
      TASKS.remove();
      if (!done) {
        TASKS.add(last);
      }
      return TASKS.peek();
    }
  }
}
