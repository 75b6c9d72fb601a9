package dev.tandem.cuda;

import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Pinned memory through which elements pass to the device and back. Writes are copied here and travel on their own, so that the
 * caller may reuse its memory and nobody waits, until all pieces are on their way.
 */
final class Staging implements AutoCloseable {
  private static final int PIECES = 4;

  /** Large enough for the bus to be the limit; four of them are little to pin. */
  private static final long PIECE_BYTES = 4L << 20;

  /** What a write begins on, so that small ones share a piece. */
  private static final long ALIGNMENT = 256;

  /** A piece of pinned memory, and how far the device has read it. */
  private static final class Piece {
    final PinnedMemory memory;
    final Event read;
    long filled;

    Piece(PinnedMemory memory, Event read) {
      this.memory = memory;
      this.read = read;
    }
  }

  private final Context context;
  private final Stream stream;
  private final List<Piece> pieces = new ArrayList<>();
  private int current;

  Staging(Context context, Stream stream) {
    this.context = context;
    this.stream = stream;
  }

  /** Queues a copy to the device. The source may be changed when this returns. */
  void write(long to, MemorySegment source) {
    for (long done = 0; done < source.byteSize(); ) {
      Piece piece = roomy();
      long bytes = Math.min(source.byteSize() - done, PIECE_BYTES - piece.filled);
      MemorySegment.copy(source, done, piece.memory.segment(), piece.filled, bytes);
      stream.upload(to + done, piece.memory, piece.filled, bytes);
      piece.filled = Math.ceilDiv(piece.filled + bytes, ALIGNMENT) * ALIGNMENT;
      done += bytes;
    }
  }

  /** The piece to fill next; where it is full, the next one, once the device has read it. */
  private Piece roomy() {
    if (pieces.isEmpty()) {
      pieces.add(new Piece(context.pin(PIECE_BYTES), context.event(false)));
    }
    Piece piece = pieces.get(current);
    if (piece.filled < PIECE_BYTES) {
      return piece;
    }
    stream.record(piece.read);
    current = (current + 1) % PIECES;
    if (current == pieces.size()) {
      pieces.add(new Piece(context.pin(PIECE_BYTES), context.event(false)));
    }
    Piece next = pieces.get(current);
    next.read.synchronize();
    next.filled = 0;
    return next;
  }

  /** Copies from the device, after all queued work. @param wait waits for the stream */
  void read(long from, MemorySegment target, Runnable wait) {
    if (target.byteSize() == 0) {
      wait.run();
      return;
    }
    // What is on its way in must not be overwritten, and after the first wait nothing is.
    for (long done = 0; done < target.byteSize(); ) {
      Piece piece = roomy();
      long bytes = Math.min(target.byteSize() - done, PIECE_BYTES - piece.filled);
      stream.download(piece.memory, piece.filled, from + done, bytes);
      wait.run();
      MemorySegment.copy(piece.memory.segment(), piece.filled, target, done, bytes);
      pieces.forEach(free -> free.filled = 0);
      done += bytes;
    }
  }

  @Override
  public void close() {
    for (Piece piece : pieces) {
      piece.read.close();
      piece.memory.close();
    }
    pieces.clear();
  }
}
