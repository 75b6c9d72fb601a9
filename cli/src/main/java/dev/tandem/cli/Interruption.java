package dev.tandem.cli;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ctrl-C (SIGINT) and SIGTERM while a run trains: the present step is finished, a checkpoint written and all said that is
 * to be said; then the process ends with 130. The JVM turns both signals into its shutdown, which waits for hooks: so the
 * hook asks the trainer to stop and waits for the main thread. A second signal ends the process at once: the
 * model and the checkpoint are replaced whole, so those written before stay good.
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

  /** Lets signals stop what trains, until closed. @param stop asks it to come to an end, and returns at once */
  static Interruption stops(Runnable stop, Terminal terminal) {
    return stops(stop, terminal, "finishing the step and writing a checkpoint");
  }

  /** As {@link #stops(Runnable, Terminal)}. @param last what is done before the end */
  static Interruption stops(Runnable stop, Terminal terminal, String last) {
    Thread hook =
        new Thread(
            () -> {
              REQUESTED.set(true);
              terminal
                  .err()
                  .println(
                      "\ninterrupted: " + last + (secondHalts() ? "; once more ends at once" : ""));
              stop.run();
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

  /**
   * Lets the next signal halt the JVM, which by itself would let it wait for the hook; says whether it will. By reflection:
   * javac warns of sun.misc.Signal with a warning that cannot be turned off, though jdk.unsupported exports it.
   */
  private static boolean secondHalts() {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object halting =
          Proxy.newProxyInstance(
              Interruption.class.getClassLoader(),
              new Class<?>[] {handler},
              (_, method, _) -> {
                if (method.getName().equals("handle")) {
                  Runtime.getRuntime().halt(EXIT);
                }
                return null;
              });
      for (String name : List.of("INT", "TERM")) {
        signal
            .getMethod("handle", signal, handler)
            .invoke(null, signal.getConstructor(String.class).newInstance(name), halting);
      }
      return true;
    } catch (ReflectiveOperationException _) {
      return false; // a JVM without the class, or one told to leave signals alone
    }
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
