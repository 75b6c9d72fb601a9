package dev.tandem.cuda;

import dev.tandem.backend.BackendException;
import dev.tandem.backend.MemoryStatistics;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.MemoryInfo;
import dev.tandem.cuda.driver.Stream;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Device memory in blocks of rounded sizes, given back and handed out again without asking the driver, so that a steady training step
 * allocates nothing. All work runs on one stream, in order: a block may be handed out while work on it is still queued.
 *
 * <p>A step that is captured has a pool of its own, for its replays write to the same addresses for as long as it lives.
 */
final class Allocator implements AutoCloseable {
  /** What the driver aligns to, and as much as a small tensor needs. */
  private static final long SMALLEST = 512;

  /** The largest size that is asked for. */
  private static final long LARGEST = 1L << 60;

  private final String name;
  private final Context context;
  private final Stream stream;
  private final boolean caching;
  private final OptionalLong cap;
  private final Pool shared = new Pool();

  /** All memory that was asked of the device and not given back to it. */
  private final Set<DeviceMemory> held = Collections.newSetFromMap(new IdentityHashMap<>());

  /** How to end each captured step, by its pool. */
  private final Map<Pool, Runnable> steps = new LinkedHashMap<>();

  private Pool active = shared;
  private boolean sealed;
  private long used;
  private long reserved;
  private long peak;
  private long buffers;

  /**
   * @param name of the backend, for messages
   * @param caching whether blocks are kept; else each is the driver's own and the software GPU sees each tensor's life
   * @param cap bytes that may be held at most
   */
  Allocator(String name, Context context, Stream stream, boolean caching, OptionalLong cap) {
    this.name = name;
    this.context = context;
    this.stream = stream;
    this.caching = caching;
    this.cap = cap;
  }

  /** Memory for a tensor, contents undefined. @param what the tensor, for messages */
  Block tensor(long bytes, Object what) {
    Block block = take(bytes, what);
    used += bytes;
    peak = Math.max(peak, used);
    buffers++;
    return block;
  }

  /** Takes a tensor's memory back. Work queued on it still completes. */
  void giveTensor(Block block, long bytes) {
    used -= bytes;
    buffers--;
    give(block);
  }

  /** Memory for the time of an op, contents undefined. It counts as reserved, not as used. */
  Block take(long bytes, Object what) {
    if (bytes > LARGEST) {
      throw outOfMemory(bytes, what, null);
    }
    long size = Pool.size(Math.max(SMALLEST, bytes));
    if (!caching) {
      return fresh(bytes, size, what);
    }
    Block block;
    if (active == shared) {
      block = shared.takeAbout(size);
    } else {
      // A step is recorded with the blocks it ran with. With exact sizes there are enough of each
      // in whatever order they come back; with others one might be given away that is needed later.
      block = active.take(size);
      block = block == null ? shared.take(size) : block;
    }
    if (block == null) {
      block = fresh(bytes, size, what);
    }
    block.settle(active);
    active.lend(block);
    return block;
  }

  void give(Block block) {
    if (caching) {
      block.home().giveBack(block);
    } else {
      reserved -= block.bytes();
      held.remove(block.memory());
      stream.free(block.memory());
    }
  }

  private Block fresh(long bytes, long rounded, Object what) {
    if (sealed) {
      throw new BackendException(
          name
              + ": capture: the step needs memory that it did not need when it was run before, got "
              + bytes
              + " bytes for "
              + what
              + "; make the same tensors at each call, and free them in it");
    }
    long size = caching ? rounded : Math.max(SMALLEST, bytes);
    DeviceMemory memory = allocate(size, bytes, what);
    reserved += size;
    held.add(memory);
    return new Block(memory, size, active);
  }

  /** Asks the device: as it is, with idle blocks given back, and at last with the memory of captured steps. */
  private DeviceMemory allocate(long size, long bytes, Object what) {
    DriverException refusal = null;
    for (Runnable relief : List.<Runnable>of(() -> {}, this::release, this::giveUpSteps)) {
      relief.run();
      if (cap.isPresent() && reserved + size > cap.getAsLong()) {
        continue;
      }
      try {
        return caching ? context.allocate(size) : stream.allocate(size);
      } catch (DriverException e) {
        if (e.error() != DriverError.CUDA_ERROR_OUT_OF_MEMORY) {
          throw e;
        }
        refusal = e;
      }
    }
    throw outOfMemory(bytes, what, refusal);
  }

  /** Gives all idle blocks of the shared pool back to the device. */
  private void release() {
    for (Block block : shared.empty()) {
      reserved -= block.bytes();
      held.remove(block.memory());
      block.memory().close();
    }
    context.trim(0);
  }

  /** A step that is captured runs as well when it is not. */
  private void giveUpSteps() {
    List.copyOf(steps.values()).forEach(Runnable::run);
    release();
  }

  private OutOfMemoryException outOfMemory(long bytes, Object what, Throwable cause) {
    MemoryInfo device = context.memory();
    String limit =
        cap.isPresent()
            ? "; TANDEM_CUDA_MEMORY allows the backend " + cap.getAsLong() + " bytes"
            : "";
    return new OutOfMemoryException(
        name
            + ": out of memory, asked for "
            + bytes
            + " bytes ("
            + what
            + "); "
            + device.freeBytes()
            + " of the device's "
            + device.totalBytes()
            + " bytes are free, "
            + buffers
            + " open tensors use "
            + used
            + ", the backend holds "
            + reserved
            + limit
            + "; use a smaller batch, or close what is not needed",
        cause);
  }

  // ---- captured steps

  /** From here on memory comes from, and goes to, a pool of a step's own. */
  Pool beginPrivate() {
    active = new Pool();
    return active;
  }

  /**
   * From here on no new memory is asked of the device, for a capture is on. What a step leaves open it makes once more when it is
   * recorded, beside what it made when it was run: for that there is memory now.
   */
  void seal() {
    active
        .out()
        .forEach((size, count) -> {
          for (int i = 0; i < count; i++) {
            active.add(fresh(size, size, "a result of a captured step"));
          }
        });
    sealed = true;
  }

  /** Back to the shared pool. */
  void endPrivate() {
    sealed = false;
    active = shared;
  }

  /** The pool is a captured step's from here on. @param giveUp ends the step, where others have no memory left */
  void entrust(Pool pool, Runnable giveUp) {
    steps.put(pool, giveUp);
  }

  /** Gives the blocks of a captured step to everybody. */
  void dissolve(Pool pool) {
    steps.remove(pool);
    pool.bequeath(shared);
  }

  MemoryStatistics statistics() {
    return new MemoryStatistics(used, reserved, peak, buffers);
  }

  /** Gives all memory back, that of open tensors too. */
  @Override
  public void close() {
    held.forEach(DeviceMemory::close);
    held.clear();
    used = 0;
    reserved = 0;
    buffers = 0;
  }
}
