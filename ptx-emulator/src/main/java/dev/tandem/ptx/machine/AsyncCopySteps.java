package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Set;

/** {@code cp.async} of sm_80: copies from global to shared memory that are waited for in groups. */
final class AsyncCopySteps {
  private static final Set<String> KNOWN =
      Set.of("async", "ca", "cg", "shared", "shared::cta", "global");

  private AsyncCopySteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    List<String> modifiers = instruction.modifiers();
    if (modifiers.equals(List.of("async", "commit_group"))) {
      return new Commit(instruction);
    }
    if (modifiers.equals(List.of("async", "wait_all"))) {
      return new Await(instruction, 0, true);
    }
    if (modifiers.equals(List.of("async", "wait_group"))) {
      if (instruction.operand(0) instanceof Operand.IntegerLiteral(long groups) && groups >= 0) {
        return new Await(instruction, groups, false);
      }
      throw instruction.unknown("needs the number of groups that may be under way");
    }
    for (String modifier : modifiers) {
      if (!KNOWN.contains(modifier) && !MemorySteps.hint(modifier)) {
        throw instruction.unknown(
            "only cp.async.ca and .cg from global to shared memory, with commit_group, wait_group and wait_all, are known; ."
                + modifier
                + " is not");
      }
    }
    return new Copy(instruction, scope);
  }

  /** Begins a copy of 4, 8 or 16 bytes by each lane. */
  private static final class Copy extends Step {
    private final LaneAddress target;
    private final LaneAddress source;
    private final Access write;
    private final Access read;

    /** The slot with the bytes to read, or -1: all. */
    private final int given;

    /** The predicate under which nothing is read, or -1; and all ones where it is negated. */
    private final int ignored;

    private final int ignoredFlip;

    Copy(Instruction instruction, Scope scope) {
      super(instruction);
      this.target = new LaneAddress(instruction, scope, instruction.operand(0), Space.SHARED);
      this.source = new LaneAddress(instruction, scope, instruction.operand(1), Space.GLOBAL);
      int bytes = bytes(instruction);
      this.write = Access.plain(this, Space.SHARED, bytes, Access.Mode.WRITE);
      this.read = Access.plain(this, Space.GLOBAL, bytes, Access.Mode.READ);
      List<Operand> operands = MemorySteps.withoutPolicy(instruction);
      Operand extra = operands.size() > 3 ? operands.get(3) : null;
      Operand inside = extra instanceof Operand.Not not ? not.predicate() : extra;
      boolean predicate =
          inside instanceof Operand.Register register && register.type() == Type.PRED;
      this.ignored = predicate ? scope.predicate(instruction, inside) : -1;
      this.ignoredFlip = extra instanceof Operand.Not ? -1 : 0;
      this.given = extra == null || predicate ? -1 : scope.source(instruction, extra, Type.U32);
    }

    private static int bytes(Instruction instruction) {
      if (instruction.operand(2) instanceof Operand.IntegerLiteral(long bytes)) {
        boolean large = bytes == 16;
        boolean known = instruction.has("cg") ? large : large || bytes == 4 || bytes == 8;
        if (known) {
          return (int) bytes;
        }
      }
      throw instruction.unknown(
          "copies 4, 8 or 16 bytes, .cg 16 only, got " + instruction.operand(2));
    }

    @Override
    public void run(Warp warp, int mask) {
      AsyncCopies.Batch batch = new AsyncCopies.Batch(write);
      int without = ignored < 0 ? 0 : warp.p[ignored] ^ ignoredFlip;
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long to = target.flat(warp, lane);
        View view = MemoryAccess.view(warp, write, lane, to);
        batch.targets()[lane] = to - view.origin();
        if (view.region().written != null) {
          MemoryAccess.overwriting(warp, write, lane, view.region(), to - view.origin());
        }
        int size = given < 0 ? write.bytes() : given(warp, lane);
        batch.given()[lane] = (without >>> lane & 1) != 0 ? 0 : size;
        if (batch.given()[lane] > 0) {
          open(warp, lane, batch);
        }
      }
      warp.block.shared.copies.begin(warp, batch, mask);
    }

    private int given(Warp warp, int lane) {
      long size = warp.r[given][lane] & 0xFFFF_FFFFL;
      if (size > write.bytes()) {
        throw MemoryAccess.outside(
            warp,
            read,
            lane,
            source.flat(warp, lane),
            "asks for " + size + " bytes of source where " + write.bytes() + " are copied");
      }
      return (int) size;
    }

    private void open(Warp warp, int lane, AsyncCopies.Batch batch) {
      long from = source.flat(warp, lane);
      int given = batch.given()[lane];
      MemoryAccess.aligned(warp, read, lane, from);
      // Bytes beyond the given ones are not read, so they may lie outside.
      Access part =
          given == read.bytes() ? read : Access.plain(this, Space.GLOBAL, 1, Access.Mode.READ);
      View view = MemoryAccess.view(warp, part, lane, from);
      MemoryAccess.view(warp, part, lane, from + (given == read.bytes() ? 0 : given - 1));
      batch.sources()[lane] = view.region();
      batch.offsets()[lane] = from - view.origin();
      if (view.region().races != null) {
        for (int i = 0; i < given; i += part.bytes()) {
          warp.block.races.read(warp, part, lane, view.region(), from - view.origin() + i);
        }
      }
    }
  }

  private static final class Commit extends Step {
    Commit(Instruction instruction) {
      super(instruction);
    }

    @Override
    public void run(Warp warp, int mask) {
      warp.block.shared.copies.commit(warp, mask);
    }
  }

  private static final class Await extends Step {
    private final long groups;
    private final boolean commits;

    Await(Instruction instruction, long groups, boolean commits) {
      super(instruction);
      this.groups = groups;
      this.commits = commits;
    }

    @Override
    public void run(Warp warp, int mask) {
      AsyncCopies copies = warp.block.shared.copies;
      if (commits) {
        copies.commit(warp, mask);
      }
      copies.await(warp, mask, groups);
    }
  }
}
