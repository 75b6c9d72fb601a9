package dev.tandem.ptx.machine;

/**
 * Something a kernel or its host did that a GPU leaves undefined.
 *
 * @param kernel the entry's name, or empty where no kernel did it (a double free, a leak)
 * @param ptxLine the line in the PTX, or 0
 * @param source the line of the original source, {@code "gelu.cu:12"}, or empty without line info
 * @param block index in the grid
 * @param thread index in the block
 * @param address the address in question, or 0
 * @param message what happened, with what lies near the address
 */
public record Finding(
    Kind kind,
    String kernel,
    int ptxLine,
    String source,
    Index block,
    Index thread,
    long address,
    String message) {
  /** What was wrong. */
  public enum Kind {
    /** Outside every allocation, array or window. */
    OUT_OF_BOUNDS,
    /** Not a multiple of the access's size. */
    MISALIGNED,
    /** Memory read that nobody has written. */
    UNINITIALISED,
    /** Two threads of a block, one at least writing, with no barrier between. */
    SHARED_RACE,
    /** The same in global memory, between threads of one launch. */
    GLOBAL_RACE,
    /** A barrier that not all threads it counts on can reach. */
    BARRIER,
    USE_AFTER_FREE,
    DOUBLE_FREE,
    /** Memory not freed when its context was closed. */
    LEAK,
    /** A write through an argument that was declared to be read only. */
    READ_ONLY_WRITE,
    /** Inside an allocation, but in none of the ranges that the launch's arguments declared. */
    OUTSIDE_ARGUMENT,
    /** A warp-wide exchange with lanes that do not take part. */
    SHUFFLE,
    /** Memory used while an asynchronous copy into it was under way. */
    ASYNC_COPY,
    /** No end in sight. */
    TIMEOUT
  }

  /** A place on three axes. */
  public record Index(int x, int y, int z) {
    public static final Index NONE = new Index(0, 0, 0);

    @Override
    public String toString() {
      return "(" + x + ", " + y + ", " + z + ")";
    }
  }

  /** A finding that no kernel is to blame for. */
  public static Finding ofHost(Kind kind, long address, String message) {
    return new Finding(kind, "", 0, "", Index.NONE, Index.NONE, address, message);
  }

  @Override
  public String toString() {
    StringBuilder text =
        new StringBuilder(kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '));
    if (!kernel.isEmpty()) {
      text.append(" in ").append(kernel).append(", PTX line ").append(ptxLine);
      if (!source.isEmpty()) {
        text.append(" (").append(source).append(')');
      }
      text.append(", block ").append(block).append(", thread ").append(thread);
    }
    if (address != 0) {
      text.append(", address 0x").append(Long.toHexString(address));
    }
    return text.append(": ").append(message).toString();
  }
}
