package dev.tandem.cli;

import dev.tandem.train.Trainer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ctrl-C (SIGINT) and SIGTERM while a run trains: the present step is finished, a checkpoint written and all said that is
 * to be said; then the process ends with 130. The JVM turns both signals into its shutdown, which waits for hooks: so the
 * hook asks the trainer to stop and waits for the main thread.
 */
final class Interruption implements AutoCloseable {
  /** What a shell reports for a process ended by Ctrl-C: 128 + SIGINT. */
  static final int EXIT = 130;

  private static final CountDownLatch FINISHED = new CountDownLatch(1);
  private static final AtomicBoolean REQUESTED = new AtomicBoolean();

  private final Thread hook;

  private Interruption(Thread hook) {
    this.hook = hook;
  }

  /** Lets signals stop the trainer, until closed. */
  static Interruption stops(Trainer trainer, Terminal terminal) {
    Thread hook =
        new Thread(
            () -> {
              REQUESTED.set(true);
              terminal.err().println("\ninterrupted: finishing the step and writing a checkpoint");
              trainer.requestStop();
              try {
                FINISHED.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              // The JVM would end with 143 after SIGTERM; halting skips no work, for the main
              // thread has done all.
              Runtime.getRuntime().halt(EXIT);
            },
            "interruption");
    Runtime.getRuntime().addShutdownHook(hook);
    return new Interruption(hook);
  }

  /** Whether a signal has come. */
  static boolean requested() {
    return REQUESTED.get();
  }

  /** The main thread has done all it had to do. */
  static void finished() {
    FINISHED.countDown();
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The shutdown is on its way: the hook waits for finished().
    }
  }
}
