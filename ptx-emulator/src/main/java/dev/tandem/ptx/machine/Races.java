package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.machine.RaceShadow.Tags;
import dev.tandem.ptx.text.Instruction;
import java.util.Arrays;

/**
 * Finds pairs of accesses of which one writes and that nothing puts in order, in the block that is being run.
 *
 * <p>Each warp has a clock, and knows of every other warp of the block up to which clock it is ordered before itself (a
 * vector clock). Barriers let all their warps know each other's. Lanes of a warp are ordered by {@code bar.warp.sync} and
 * barriers, not by running together. What crosses blocks, or does without barriers, goes by {@link Message}s: a fence, then a
 * strong write or an atomic operation leaves one; a strong read or an atomic operation, then a fence or a barrier takes it
 * up. What some warps fenced before a barrier any warp may tell after it: that all threads fence, meet, and one of them then
 * draws a ticket is how most reductions over blocks are written. Strong accesses and atomic operations do not race with each other.
 *
 * <p>The rules err to one side: of several earlier reads only the last of two warps are kept, a warp's lanes release and
 * acquire for all of it, so that a race may be missed, and none is made up. Launches count as ordered; streams that run side
 * by side are not compared.
 *
 * <p>A tag, from the lowest bit: PTX line 16, kind 2, lane 5, warp 5, then clock and block, which share 36 bits as the grid
 * needs them.
 */
final class Races {
  private static final int LINE_BITS = 16;
  static final int MOST_LINES = (1 << LINE_BITS) - 1;
  private static final int KIND = LINE_BITS;
  static final int LANE = KIND + 2;
  private static final int WARP = LANE + 5;
  private static final int CLOCK = WARP + 5;

  /** Kinds of access. The last is of reads: several lanes of a warp at once. */
  static final int PLAIN = 1;

  private static final int STRONG = 2;
  private static final int ATOMIC = 3;
  private static final int SEVERAL = 3;

  private final Block block;
  private final Sanitizer sanitizer;
  private final boolean on;
  private final int warps;

  /** {@code seen[w][v]}: the first clock of warp v that is not ordered before warp w; its own clock where v is w. */
  private final int[][] seen;

  /** The clock of each warp at which each lane was last ordered with others. */
  private final int[][] synced;

  /** Block, clock and warp of each warp's tags. */
  private final long[] stamps;

  /** What each warp has been told, what it has read and not yet taken up, and what it tells since its last fence. */
  private final Message[] known;

  private final Message[] pending;
  private final Message[] heard;
  private final Message[] toBlock;
  private final Message[] toDevice;
  private final int clockBits;

  private long number;
  private long generation;

  /** Whether a clock has run out of bits: from then on this block is not watched. */
  private boolean lost;

  Races(Block block) {
    this.block = block;
    this.sanitizer = block.launch.sanitizer;
    this.on = sanitizer.watchesRaces();
    this.warps = (int) ((block.launch.shape.threads() + Warp.LANES - 1) / Warp.LANES);
    this.seen = new int[warps][warps];
    this.synced = new int[warps][Warp.LANES];
    this.stamps = new long[warps];
    this.known = new Message[warps];
    this.pending = new Message[warps];
    this.heard = new Message[warps];
    this.toBlock = new Message[warps];
    this.toDevice = new Message[warps];
    int blockBits = Long.SIZE - Long.numberOfLeadingZeros(block.launch.shape.blocks() - 1);
    this.clockBits = Math.min(Long.SIZE - CLOCK - blockBits, 30);
  }

  /** A new block begins: nothing of it is ordered before anything yet. */
  void begin(Block begun) {
    if (!on) {
      return;
    }
    LaunchShape shape = block.launch.shape;
    number = begun.x + (long) shape.gridX() * (begun.y + (long) shape.gridY() * begun.z);
    generation++;
    lost = clockBits < 1;
    for (int w = 0; w < warps; w++) {
      Arrays.fill(seen[w], 0);
      Arrays.fill(synced[w], 0);
      stamp(w);
    }
    for (Message[] messages : new Message[][] {known, pending, heard, toBlock, toDevice}) {
      Arrays.fill(messages, null);
    }
  }

  /** All warps of the bits given have met. */
  void barrier(long met) {
    if (!on) {
      return;
    }
    int[] latest = new int[warps];
    Message told = null;
    Message inBlock = null;
    Message inDevice = null;
    for (long rest = met; rest != 0; rest &= rest - 1) {
      int w = Long.numberOfTrailingZeros(rest);
      tick(w);
      for (int v = 0; v < warps; v++) {
        latest[v] = Math.max(latest[v], seen[w][v]);
      }
      told = Message.both(Message.both(told, known[w]), pending[w]);
      inBlock = Message.both(inBlock, toBlock[w]);
      inDevice = Message.both(inDevice, toDevice[w]);
    }
    for (long rest = met; rest != 0; rest &= rest - 1) {
      int w = Long.numberOfTrailingZeros(rest);
      System.arraycopy(latest, 0, seen[w], 0, warps);
      Arrays.fill(synced[w], seen[w][w]);
      known[w] = told;
      pending[w] = null;
      toBlock[w] = inBlock;
      toDevice[w] = inDevice;
    }
  }

  /** Lanes of a warp have met. */
  void warpSync(int warp, int lanes) {
    if (!on) {
      return;
    }
    tick(warp);
    for (int rest = lanes; rest != 0; rest &= rest - 1) {
      synced[warp][Integer.numberOfTrailingZeros(rest)] = seen[warp][warp];
    }
  }

  /** Lanes of a warp have executed a fence of a scope, {@code "cta"} or a wider one. */
  void fence(Warp warp, String scope) {
    if (on) {
      fence(warp, Reach.of(scope));
    }
  }

  /** The same, for a store or atomic operation that releases by itself. */
  void release(Warp warp, Reach reach) {
    if (on) {
      fence(warp, reach);
    }
  }

  private void fence(Warp warp, Reach reach) {
    int w = warp.index;
    tick(w);
    acquire(warp);
    toBlock[w] = Message.of(number, seen[w].clone(), Reach.BLOCK, known[w]);
    if (reach == Reach.DEVICE) {
      toDevice[w] = Message.of(number, seen[w].clone(), Reach.DEVICE, known[w]);
    }
  }

  private void tick(int w) {
    if (++seen[w][w] >= 1 << clockBits) {
      lost = true;
    }
    stamp(w);
  }

  private void stamp(int w) {
    stamps[w] = (number << clockBits | seen[w][w]) << CLOCK | (long) w << WARP;
  }

  /** A lane reads; to be called before it does. */
  void read(Warp warp, Access access, int lane, Region region, long offset) {
    if (lost) {
      return;
    }
    int kind = kind(access);
    Tags tags = tags(region, offset, access.bytes());
    long me = tag(warp, access, lane, kind);
    int end = tags.place(offset + access.bytes() - 1);
    for (int i = tags.place(offset); i <= end; i++) {
      long write = againstWrite(tags, i, kind, warp, lane);
      if (write != 0) {
        report(warp, access, lane, new Other(write, true, region, offset));
      }
      if (tags.reads[i] != me) {
        note(tags, i, me);
      }
    }
  }

  /** Remembers a read beside those before it. */
  void note(Tags tags, int place, long me) {
    long last = tags.reads[place];
    long now = me;
    if (last != 0 && last >>> WARP == me >>> WARP) {
      boolean several = kind(last) == SEVERAL || lane(last) != lane(me);
      now = several && kind(me) == PLAIN ? me | (long) SEVERAL << KIND : me;
    } else if (last != 0 && (last >>> CLOCK + clockBits != number || warp(last) != warp(me))) {
      tags.others()[place] = last;
    }
    tags.reads[place] = now;
  }

  /**
   * A lane writes, perhaps atomically; to be called before it does.
   *
   * @return another thread's write by the same instruction, a race unless both write the same, see {@link #different}; or
   *     null
   */
  Other write(Warp warp, Access access, int lane, Region region, long offset) {
    if (lost) {
      return null;
    }
    int kind = kind(access);
    Tags tags = tags(region, offset, access.bytes());
    long me = tag(warp, access, lane, kind);
    int end = tags.place(offset + access.bytes() - 1);
    Other twin = null;
    for (int i = tags.place(offset); i <= end; i++) {
      long write = againstWrite(tags, i, kind, warp, lane);
      if (write != 0) {
        if (line(write) == line(me) && kind(write) == kind) {
          twin = new Other(write, true, region, offset);
        } else {
          report(warp, access, lane, new Other(write, true, region, offset));
        }
      }
      long read = againstReads(tags, i, kind, warp, lane);
      if (read != 0) {
        report(warp, access, lane, new Other(read, false, region, offset));
      }
      (kind == PLAIN ? tags.writes : tags.strong())[i] = me;
    }
    return twin;
  }

  /** The tag of a read that a write now races with, else 0. */
  long againstReads(Tags tags, int place, int kind, Warp warp, int lane) {
    long[] others = tags.others;
    long read = against(tags.reads[place], kind, warp, lane);
    return read == 0 && others != null ? against(others[place], kind, warp, lane) : read;
  }

  /** The read's tag where a write now races with it, else 0. */
  private long against(long read, int kind, Warp warp, int lane) {
    if (read == 0 || kind != PLAIN && kind(read) == STRONG) {
      return 0;
    }
    return unordered(read, kind(read) == SEVERAL, warp.index, lane) ? read : 0;
  }

  /** What {@link #write} returned did write something else. */
  void different(Warp warp, Access access, int lane, Other twin) {
    report(warp, access, lane, twin);
  }

  private static int kind(Access access) {
    return access.atomic() ? ATOMIC : access.order() == Order.WEAK ? PLAIN : STRONG;
  }

  /** The tag of a write that an access now races with, else 0. Of two strong accesses there is no race. */
  long againstWrite(Tags tags, int place, int kind, Warp warp, int lane) {
    long write = tags.writes[place];
    if (write != 0 && unordered(write, false, warp.index, lane)) {
      return write;
    }
    long[] strong = tags.strong;
    if (kind != PLAIN || strong == null) {
      return 0;
    }
    write = strong[place];
    return write != 0 && unordered(write, false, warp.index, lane) ? write : 0;
  }

  /**
   * @param several whether the tag stands for lanes beside its own
   */
  private boolean unordered(long tag, boolean several, int w, int lane) {
    if (tag >>> CLOCK + clockBits == number) {
      int other = warp(tag);
      int clock = clock(tag);
      boolean apart =
          other == w
              ? (lane(tag) != lane || several) && synced[w][lane] <= clock
              : seen[w][other] <= clock;
      return apart && !told(w, number, other, clock);
    }
    return !told(w, tag >>> CLOCK + clockBits, warp(tag), clock(tag));
  }

  private boolean told(int w, long of, int warp, int clock) {
    return known[w] != null && known[w].tells(number, of, warp, clock);
  }

  /** A lane is about to write strongly or atomically: leaves what its warp has to tell. */
  void tell(Warp warp, Access access, Region region, long offset) {
    Message[] told = access.reach() == Reach.BLOCK ? toBlock : toDevice;
    if (told[warp.index] != null) {
      region.races.tell(offset & -4, told[warp.index], generation(region));
    }
  }

  /** A lane has read strongly or atomically: what was left there counts from the next fence or barrier on. */
  void hear(Warp warp, Region region, long offset) {
    Message message = region.races.heard(offset & -4, generation(region));
    if (message != null && message != heard[warp.index]) {
      heard[warp.index] = message;
      pending[warp.index] = Message.both(pending[warp.index], message);
    }
  }

  /** What a warp's lanes have heard counts from now on. */
  void acquire(Warp warp) {
    known[warp.index] = Message.both(known[warp.index], pending[warp.index]);
    pending[warp.index] = null;
  }

  /** The other access of a race, and where it was. */
  record Other(long tag, boolean write, Region region, long offset) {}

  private void report(Warp warp, Access access, int lane, Other other) {
    Region region = other.region();
    long offset = other.offset();
    boolean shared = region == block.shared.region;
    Finding.Kind kind = shared ? Finding.Kind.SHARED_RACE : Finding.Kind.GLOBAL_RACE;
    if (sanitizer.again(kind, warp, access.at())) {
      return;
    }
    long tag = other.tag();
    int line = line(tag);
    String text =
        "%s by %s at PTX line %s and %s by thread %s here, with %s between%s"
            .formatted(
                other.write() ? kind(tag) == ATOMIC ? "atomic operation" : "write" : "read",
                thread(tag, warp.index, lane),
                line == MOST_LINES ? line + " or later" : line + source(line),
                access.atomic() ? "atomic operation" : access.writing() ? "write" : "read",
                Sanitizer.thread(block.launch.shape, warp.thread(lane)),
                remedy(tag, warp.index),
                shared ? Names.shared(block.launch.program.kernel(), offset) : "");
    sanitizer.report(kind, warp, access.at(), lane, region.origin + offset, text);
  }

  private String thread(long tag, int w, int lane) {
    if (tag >>> CLOCK + clockBits == number && warp(tag) == w && lane(tag) == lane) {
      return "another thread of its warp";
    }
    LaunchShape shape = block.launch.shape;
    String thread = "thread " + Sanitizer.thread(shape, warp(tag) * Warp.LANES + lane(tag));
    long of = tag >>> CLOCK + clockBits;
    if (of == number) {
      return thread;
    }
    int x = (int) (of % shape.gridX());
    int y = (int) (of / shape.gridX() % shape.gridY());
    int z = (int) (of / shape.gridX() / shape.gridY());
    return thread + " of block " + new Finding.Index(x, y, z);
  }

  private String remedy(long tag, int w) {
    if (tag >>> CLOCK + clockBits != number) {
      return "no fence and atomic operation";
    }
    return warp(tag) == w ? "no bar.warp.sync or barrier" : "no barrier";
  }

  private String source(int line) {
    for (Instruction instruction : block.launch.program.kernel().code()) {
      if (instruction.line() == line && instruction.source() != null) {
        return " (" + instruction.source() + ")";
      }
    }
    return "";
  }

  private long generation(Region region) {
    return region == block.shared.region ? generation : block.launch.id;
  }

  /** The tags of the page of an access. */
  Tags tags(Region region, long offset, int bytes) {
    return region.races.tags(offset, bytes, generation(region));
  }

  /** Whether a tag is of the warp of that number, perhaps in another block. */
  static boolean by(Warp warp, long tag) {
    return warp(tag) == warp.index;
  }

  /** Whether this block is not watched any more. */
  boolean lost() {
    return lost;
  }

  /** The tag of a lane's plain access. */
  long plainTag(Warp warp, Access access, int lane) {
    return tag(warp, access, lane, PLAIN);
  }

  /** The bits of a tag that say who it was, and that it was one lane. */
  long who() {
    return ~((1L << clockBits) - 1 << CLOCK | MOST_LINES);
  }

  private long tag(Warp warp, Access access, int lane, int kind) {
    return stamps[warp.index] | (long) lane << LANE | (long) kind << KIND | access.line();
  }

  private static int line(long tag) {
    return (int) tag & MOST_LINES;
  }

  private static int kind(long tag) {
    return (int) (tag >>> KIND) & 3;
  }

  private static int lane(long tag) {
    return (int) (tag >>> LANE) & Warp.LANES - 1;
  }

  private static int warp(long tag) {
    return (int) (tag >>> WARP) & 31;
  }

  private int clock(long tag) {
    return (int) (tag >>> CLOCK) & (1 << clockBits) - 1;
  }
}
