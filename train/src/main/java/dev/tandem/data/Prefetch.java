package dev.tandem.data;

import java.util.NoSuchElementException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/** Takes batches from another pass on a daemon thread, a bounded number ahead of the consumer. */
final class Prefetch implements Batches {
  /** What the maker puts in the queue: a batch, the end, or what went wrong. */
  private sealed interface Item {
    record Made(Batch batch) implements Item {}

    record End() implements Item {}

    record Failed(Throwable cause) implements Item {}
  }

  private static final long JOIN_MILLIS = 20;

  private final BlockingQueue<Item> ready;
  private final Thread maker;
  private Item next;
  private boolean closed;

  Prefetch(Batches source, int ahead, String name) {
    BlockingQueue<Item> queue = new ArrayBlockingQueue<>(ahead);
    ready = queue;
    maker =
        Thread.ofPlatform()
            .daemon()
            .name("tandem-prefetch " + name)
            .start(() -> make(source, queue));
  }

  // Static: maker and consumer share the queue and nothing else.
  private static void make(Batches source, BlockingQueue<Item> queue) {
    try {
      Item last;
      try (source) {
        while (source.hasNext()) {
          queue.put(new Item.Made(source.next()));
        }
        last = new Item.End();
      } catch (InterruptedException closing) {
        throw closing;
      } catch (
          Throwable
              cause) { // Errors too: an OutOfMemoryError here must not leave the consumer waiting.
        last = new Item.Failed(cause);
      }
      queue.put(last);
    } catch (InterruptedException _) {
      // The consumer closed the pass; nobody waits for more.
    }
  }

  @Override
  public boolean hasNext() {
    if (closed) {
      return false;
    }
    if (next == null) {
      try {
        next = ready.take();
        if (next instanceof Item.Failed(Throwable cause)) {
          cause.addSuppressed(
              new IllegalStateException("asked for here, made ahead on another thread"));
        }
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        close();
        throw new DataException(
            "prefetch: interrupted while waiting for a batch, got an interrupt of "
                + Thread.currentThread().getName()
                + "; the pass is closed",
            interrupted);
      }
    }
    return switch (next) {
      case Item.Made _ -> true;
      case Item.End _ -> false;
      case Item.Failed failed -> throw rethrow(failed.cause());
    };
  }

  @Override
  public Batch next() {
    if (hasNext() && next instanceof Item.Made made) {
      next = null;
      return made.batch();
    }
    throw new NoSuchElementException("the epoch has no more batches");
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    next = null;
    boolean interrupted = false;
    while (maker.isAlive()) {
      // Again and again: a data set may swallow an interrupt, and a full queue would then hold the
      // maker for ever.
      maker.interrupt();
      ready.clear();
      try {
        maker.join(JOIN_MILLIS);
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    ready.clear();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The exception itself, so that catching by type works as without prefetch. */
  private static RuntimeException rethrow(Throwable cause) {
    return switch (cause) {
      case RuntimeException exception -> exception;
      case Error error -> throw error;
      default ->
          new DataException(
              "prefetch: a batch could not be made, got " + cause + "; see the cause", cause);
    };
  }
}
