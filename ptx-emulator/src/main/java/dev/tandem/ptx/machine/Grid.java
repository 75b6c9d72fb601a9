package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.DriverError;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs the blocks of a launch: side by side on several host threads where that cannot show, else one after the other in
 * order on the caller's. There, a block that does not come to its end soon is set aside and goes on later, in turns with
 * others, so that blocks may wait for each other.
 */
final class Grid {
  /** Warp instructions after which a block lets others run, and looks whether the launch is over. */
  private static final long SLICE = 1 << 14;

  /** The same where blocks are expected to wait for each other. */
  private static final long COOPERATIVE_SLICE = 1 << 12;

  /**
   * How many unfinished blocks are kept, unless the launch is cooperative, and about how many bytes they may take. A device,
   * too, holds only so many.
   */
  private static final int RESIDENT = 1024;

  private static final long RESIDENT_BYTES = 256L << 20;

  /** Fewer threads in a grid than this are not worth a second host thread. */
  private static final long SMALL = 2048;

  private static final ExecutorService HELPERS =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().daemon().name("ptx-emulator-", 0).factory());

  /** What a block left when it ended. */
  private record Ending(String printed, BlockFindings findings, long steps, long executed) {}

  private final Launch launch;
  private final long blocks;
  private final long limit;
  private final AtomicLong next = new AtomicLong();

  /** Endings that came before those of lower blocks. */
  private final Map<Long, Ending> early = new HashMap<>();

  private long ended;

  /** Warp instructions of those that have ended in order. */
  private long counted;

  /** Warp instructions of all blocks, where they run in turns. */
  private long steps;

  /** The first block known to have failed, and why; no block above it needs to run. */
  private volatile long failed = Long.MAX_VALUE;

  private RuntimeException failure;
  private Ending last;

  Grid(Launch launch) {
    this.launch = launch;
    this.blocks = launch.shape.blocks();
    this.limit = launch.machine.options().stepLimit();
  }

  void run() {
    int threads = (int) Math.min(launch.machine.options().threads(), blocks);
    boolean alone = blocks * launch.shape.threads() < SMALL;
    if (launch.shape.cooperative() || !launch.program.sideBySide) {
      inTurns();
    } else if (threads <= 1 || alone) {
      sideBySide();
    } else {
      onThreads(threads);
    }
    if (failure != null) {
      finish(last);
      throw failure;
    }
  }

  private void onThreads(int threads) {
    Future<?>[] helpers = new Future<?>[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      helpers[i] = HELPERS.submit(this::sideBySide);
    }
    sideBySide();
    for (Future<?> helper : helpers) {
      join(helper);
    }
  }

  private static void join(Future<?> helper) {
    boolean interrupted = false;
    while (true) {
      try {
        helper.get();
        break;
      } catch (InterruptedException e) {
        // A kernel that has begun runs to its end; the caller hears of the interruption after that.
        interrupted = true;
      } catch (ExecutionException e) {
        throw new IllegalStateException("launch: a host thread failed", e.getCause());
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes block after block until there are no more. */
  private void sideBySide() {
    Block block = null;
    for (long number = next.getAndIncrement();
        number < blocks && number < failed;
        number = next.getAndIncrement()) {
      block = block == null ? new Block(launch) : block;
      try {
        block.begin(number);
        while (number < failed && !block.run(SLICE)) {
          checkSteps(block, block.steps());
        }
        if (number < failed) {
          end(block);
        }
      } catch (RuntimeException e) {
        fail(block, e);
      }
    }
  }

  private void inTurns() {
    long resident = resident();
    Deque<Block> waiting = new ArrayDeque<>();
    Deque<Block> idle = new ArrayDeque<>();
    long number = 0;
    while (failure == null && (number < blocks || !waiting.isEmpty())) {
      if (number < blocks && waiting.size() < resident) {
        Block block = idle.isEmpty() ? new Block(launch) : idle.poll();
        block.begin(number++);
        slice(block, waiting, idle);
      }
      if (failure == null && !waiting.isEmpty()) {
        slice(waiting.poll(), waiting, idle);
      }
    }
    if (failure != null) {
      listUnfinished(waiting);
    }
  }

  /** What was found in blocks that ended before lower ones, or did not end. */
  private void listUnfinished(Deque<Block> waiting) {
    Map<Long, BlockFindings> unlisted = new TreeMap<>();
    early.forEach((number, ending) -> unlisted.put(number, ending.findings));
    waiting.forEach(block -> unlisted.put(block.number(), block.findings));
    unlisted.values().forEach(findings -> findings.listIn(launch.sanitizer));
  }

  private long resident() {
    if (launch.shape.cooperative()) {
      return blocks;
    }
    long warps = launch.shape.threads() / Warp.LANES + 1;
    long bytes = warps * launch.program.warpBytes() + launch.sharedBytes();
    return Math.clamp(RESIDENT_BYTES / bytes, 16, RESIDENT);
  }

  /** Runs a block for as long as others that it may wait for can wait. */
  private void slice(Block block, Deque<Block> waiting, Deque<Block> idle) {
    try {
      boolean done;
      do {
        long before = block.steps();
        done = block.run(launch.shape.cooperative() ? COOPERATIVE_SLICE : SLICE);
        steps += block.steps() - before;
        checkSteps(block, steps);
      } while (!done && !launch.program.observant);
      if (done) {
        end(block);
        idle.add(block);
      } else {
        waiting.add(block);
      }
    } catch (RuntimeException e) {
      fail(block, e);
    }
  }

  private void checkSteps(Block block, long count) {
    if (count > limit && block.living() != 0) {
      throw block.timeout(
          "the launch has executed " + count + " warp instructions, the limit is " + limit);
    }
  }

  /** A block has ended. What it printed comes out in the order of the blocks. */
  private synchronized void end(Block block) {
    early.put(block.number(), ending(block));
    for (Ending ending = early.remove(ended); ending != null; ending = early.remove(ended)) {
      counted += ending.steps;
      if (ended < failed) {
        finish(ending);
        checkTotal();
      }
      ended++;
    }
  }

  private static Ending ending(Block block) {
    return new Ending(block.printed(), block.findings, block.steps(), block.executed());
  }

  private void checkTotal() {
    if (counted > limit && ended + 1 < blocks) {
      String text =
          "the launch has executed "
              + counted
              + " warp instructions after "
              + (ended + 1)
              + " of "
              + blocks
              + " blocks, the limit is "
              + limit
              + "; raise the step limit if that is meant";
      String kernel = launch.program.name();
      launch.sanitizer.report(
          new Finding(
              Finding.Kind.TIMEOUT,
              kernel,
              0,
              "",
              Finding.Index.NONE,
              Finding.Index.NONE,
              0,
              text));
      failed = ended + 1;
      failure = new KernelFault(DriverError.CUDA_ERROR_LAUNCH_TIMEOUT, kernel + ": " + text);
      last = new Ending("", new BlockFindings(), 0, 0);
    }
  }

  private void finish(Ending ending) {
    launch.count(ending.executed);
    ending.findings.listIn(launch.sanitizer);
    if (!ending.printed.isEmpty()) {
      launch.machine.printer().accept(ending.printed);
    }
  }

  private synchronized void fail(Block block, RuntimeException e) {
    if (block.number() < failed) {
      failed = block.number();
      failure = e;
      last = ending(block);
    }
  }
}
