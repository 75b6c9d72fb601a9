package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Space;

/** One lane's way to memory: where its address leads, and what the sanitizer thinks of it. */
final class MemoryAccess {
  private MemoryAccess() {}

  /**
   * Reads 1, 2, 4 or 8 bytes, extended by zeros.
   *
   * @param address in the space
   */
  static long load(Warp warp, Step at, Space space, int lane, long address, int bytes) {
    Access access = Access.plain(at, space, bytes, Access.Mode.READ);
    long flat = Flat.of(space, lane, address);
    View view = view(warp, access, lane, flat);
    long offset = flat - view.origin();
    if (view.region().written != null) {
      reading(warp, access, lane, view.region(), offset);
    }
    return view.region().load(offset, bytes);
  }

  /** Writes 1, 2, 4 or 8 bytes, the lowest of the value. */
  static void store(
      Warp warp, Step at, Space space, int lane, long address, int bytes, long value) {
    Access access = Access.plain(at, space, bytes, Access.Mode.WRITE);
    long flat = Flat.of(space, lane, address);
    View view = view(warp, access, lane, flat);
    Region region = view.region();
    long offset = flat - view.origin();
    if (region.written != null) {
      Races.Other twin = writing(warp, access, lane, region, offset);
      if (twin != null && region.load(offset, bytes) != (value & -1L >>> 64 - 8 * bytes)) {
        warp.block.races.different(warp, access, lane, twin);
      }
    }
    region.store(offset, bytes, value);
  }

  /** Refuses an access of up to 32 bytes that would be misaligned or out of bounds; touches nothing. */
  static void check(
      Warp warp, Step at, Space space, int lane, long address, int bytes, boolean writing) {
    Access.Mode mode = writing ? Access.Mode.WRITE : Access.Mode.READ;
    view(warp, Access.plain(at, space, bytes, mode), lane, Flat.of(space, lane, address));
  }

  /**
   * Where a lane's access leads. What does not keep to the launch's promises is reported.
   *
   * @throws KernelFault where it leads nowhere, after reporting it
   */
  static View view(Warp warp, Access access, int lane, long flat) {
    Space meant = Flat.space(flat);
    if (access.space() != Space.GENERIC && access.space() != meant) {
      throw outside(
          warp, access, lane, flat, "outside the window of " + word(access.space()) + " memory");
    }
    aligned(warp, access, lane, flat);
    if (meant == Space.GLOBAL) {
      return global(warp, access, lane, flat);
    }
    View view = window(warp, meant, lane);
    if (access.writing() && (meant == Space.CONST || meant == Space.PARAM)) {
      throw outside(
          warp, access, lane, flat, "into " + word(meant) + " memory, which is read only");
    }
    if (view == null || !view.holds(flat, access.bytes())) {
      throw outside(warp, access, lane, flat, beyond(warp, meant, view, flat));
    }
    return view;
  }

  static void aligned(Warp warp, Access access, int lane, long flat) {
    if ((flat & access.bytes() - 1) != 0) {
      String text = access.words() + " at an address that is not a multiple of " + access.bytes();
      throw fault(Finding.Kind.MISALIGNED, warp, access, lane, Flat.offset(flat), text);
    }
  }

  private static View window(Warp warp, Space space, int lane) {
    Launch launch = warp.block.launch;
    return switch (space) {
      case SHARED -> warp.block.shared.view();
      case LOCAL -> warp.local == null ? null : warp.local.view(lane);
      case CONST -> launch.constantView;
      default -> launch.parameterView;
    };
  }

  private static View global(Warp warp, Access access, int lane, long flat) {
    Launch launch = warp.block.launch;
    Allocation found = launch.memory.find(flat);
    if (found == null || !found.holds(flat, access.bytes())) {
      throw outside(warp, access, lane, flat, launch.memory.nearest(flat, access.bytes()));
    }
    if (found.isFreed()) {
      String text = access.words() + " " + found.describe(flat, access.bytes());
      throw fault(Finding.Kind.USE_AFTER_FREE, warp, access, lane, flat, text);
    }
    View view = found.view(launch, flat, access.bytes(), access.writing());
    if (view.breach() != null && !launch.sanitizer.again(view.breach(), warp, access.at())) {
      String what =
          view.breach() == Finding.Kind.READ_ONLY_WRITE
              ? " to memory that the launch declares read only, "
              : " of memory that none of the launch's declared arguments covers, ";
      String text = access.words() + what + found.describe(flat, access.bytes());
      launch.sanitizer.report(view.breach(), warp, access.at(), lane, flat, text);
    }
    return view;
  }

  private static String beyond(Warp warp, Space space, View view, long flat) {
    long offset = Flat.offset(flat);
    LinkedKernel kernel = warp.block.launch.program.kernel();
    String variable =
        space == Space.SHARED
            ? Names.shared(kernel, offset)
            : space == Space.LOCAL ? Names.local(kernel, offset) : "";
    return "beyond the %d bytes of %s memory%s"
        .formatted(view == null ? 0 : view.length(), word(space), variable);
  }

  /** Reports an access that leads nowhere. */
  static KernelFault outside(Warp warp, Access access, int lane, long flat, String where) {
    String text = access.words() + " " + where;
    return fault(Finding.Kind.OUT_OF_BOUNDS, warp, access, lane, Flat.offset(flat), text);
  }

  private static KernelFault fault(
      Finding.Kind kind, Warp warp, Access access, int lane, long address, String text) {
    warp.block.launch.sanitizer.report(kind, warp, access.at(), lane, address, text);
    DriverError error =
        kind == Finding.Kind.MISALIGNED
            ? DriverError.CUDA_ERROR_MISALIGNED_ADDRESS
            : DriverError.CUDA_ERROR_ILLEGAL_ADDRESS;
    return warp.block.fault(
        error, warp, access.at().instruction(), lane, "address 0x%x: %s".formatted(address, text));
  }

  private static String word(Space space) {
    return switch (space) {
      case CONST -> "constant";
      case PARAM -> "parameter";
      default -> space.name().toLowerCase(java.util.Locale.ROOT);
    };
  }

  /** Looks at a read that is about to happen in a region that is watched. */
  static void reading(Warp warp, Access access, int lane, Region region, long offset) {
    if (region.awaited != null && awaited(warp, access, lane, region, offset)) {
      return;
    }
    if (!region.written.all(offset, access.bytes())) {
      uninitialised(warp, access, lane, region, offset);
    }
    if (region.races != null) {
      warp.block.races.read(warp, access, lane, region, offset);
    }
  }

  /**
   * Looks at a write that is about to happen in a region that is watched.
   *
   * @return as {@link Races#write}
   */
  static Races.Other writing(Warp warp, Access access, int lane, Region region, long offset) {
    if (region.awaited != null) {
      awaited(warp, access, lane, region, offset);
    }
    region.written.mark(offset, access.bytes());
    return region.races == null ? null : warp.block.races.write(warp, access, lane, region, offset);
  }

  /** Looks at plain reads at {@link Warp#offsets} all at once; false where they must be looked at one by one. */
  static boolean readingAll(Warp warp, Access access, Region region) {
    if (region.awaited != null) {
      return false;
    }
    warp.offsets.measure();
    return (region.races == null || RaceSweep.takes(warp.offsets, access.bytes()))
        && region.written.all(warp.offsets, access.bytes())
        && (region.races == null || RaceSweep.reads(warp, access, region));
  }

  /** The same of plain writes. */
  static boolean writingAll(Warp warp, Access access, Region region) {
    if (region.awaited != null) {
      return false;
    }
    warp.offsets.measure();
    if (region.races != null && !RaceSweep.writes(warp, access, region)) {
      return false;
    }
    region.written.mark(warp.offsets, access.bytes());
    return true;
  }

  /** Looks at an atomic operation that is about to happen. One that only writes reads nothing that could be missing. */
  static void updating(Warp warp, Access access, int lane, Region region, long offset) {
    if (region.awaited != null) {
      awaited(warp, access, lane, region, offset);
    }
    if (!region.written.all(offset, access.bytes())) {
      if (!access.at().instruction().has("exch")) {
        uninitialised(warp, access, lane, region, offset);
      }
      region.written.mark(offset, access.bytes());
    }
    if (region.races != null) {
      warp.block.races.write(warp, access, lane, region, offset);
    }
  }

  /** Looks at a write that may happen any time from now on. */
  static void overwriting(Warp warp, Access access, int lane, Region region, long offset) {
    if (region.awaited != null) {
      awaited(warp, access, lane, region, offset);
    }
    if (region.races != null) {
      warp.block.races.write(warp, access, lane, region, offset);
    }
  }

  /** Whether a copy is on the way to where an access goes, which is reported. */
  private static boolean awaited(Warp warp, Access access, int lane, Region region, long offset) {
    for (long at = offset & -4; at < offset + access.bytes(); at += 4) {
      if (region.awaited[(int) (at >>> 2)] != 0) {
        Sanitizer sanitizer = warp.block.launch.sanitizer;
        if (!sanitizer.again(Finding.Kind.ASYNC_COPY, warp, access.at())) {
          String text =
              access.words()
                  + " of what an asynchronous copy is on the way to; wait for it first"
                  + Names.shared(warp.block.launch.program.kernel(), offset);
          sanitizer.report(Finding.Kind.ASYNC_COPY, warp, access.at(), lane, offset, text);
        }
        return true;
      }
    }
    return false;
  }

  private static void uninitialised(
      Warp warp, Access access, int lane, Region region, long offset) {
    Sanitizer sanitizer = warp.block.launch.sanitizer;
    if (unoptimised(warp, access, region)
        || sanitizer.again(Finding.Kind.UNINITIALISED, warp, access.at())) {
      return;
    }
    int first = 0;
    while (region.written.one(offset + first)) {
      first++;
    }
    int last = access.bytes() - 1;
    while (region.written.one(offset + last)) {
      last--;
    }
    boolean all = first == 0 && last == access.bytes() - 1;
    boolean blank = warp.block.launch.writesFirst(region.origin + offset);
    String which = all ? "" : ", of which bytes " + first + " to " + last + " are meant";
    String text =
        access.words()
            + " of memory that nothing has written"
            + (blank ? " in this launch, of which an argument says that it is written first" : "")
            + which
            + "; "
            + whose(warp, lane, region, offset);
    sanitizer.report(
        Finding.Kind.UNINITIALISED, warp, access.at(), lane, region.origin + offset, text);
  }

  /**
   * Whether it is the way in which compilers reach a thread's own variables where they do not optimise: by generic
   * addresses, setting bit fields and copying structs with holes by reading what nobody has written.
   */
  private static boolean unoptimised(Warp warp, Access access, Region region) {
    boolean local = region.origin == 0 && region != warp.block.shared.region;
    return local && access.space() == Space.GENERIC;
  }

  private static String whose(Warp warp, int lane, Region region, long offset) {
    LinkedKernel kernel = warp.block.launch.program.kernel();
    if (region.origin != 0) {
      return warp.block.launch.memory.nearest(region.origin + offset, 1);
    }
    if (region == warp.block.shared.region) {
      return "shared memory at byte " + offset + Names.shared(kernel, offset);
    }
    long own = offset - (Flat.LOCAL + lane * Windows.SIZE - warp.local.view(lane).origin());
    return "local memory at byte " + own + Names.local(kernel, own);
  }
}
