package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.text.PtxException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * Special registers, section 10 of the PTX ISA, in the slots where a kernel reads them. Each block is a cluster of its own.
 * Clocks count the warp's instructions, so that every run reads the same; {@link ClockStep} reads them.
 */
final class Specials {
  private static final Set<String> CLOCKS =
      Set.of(
          "%clock", "%clock_hi", "%clock64", "%globaltimer", "%globaltimer_lo", "%globaltimer_hi");

  /** A special register's value for a lane. */
  private interface Value {
    long of(Warp warp, int lane);
  }

  private record Place(int slot, Value value) {}

  private final List<Place> fixed = new ArrayList<>();
  private final List<Place> ofBlock = new ArrayList<>();

  /**
   * @param slots by name; those of clocks may not be among them
   */
  Specials(Map<String, Integer> slots) {
    slots.forEach((name, slot) -> {
      Value value = value(name);
      if (value == null) {
        throw new PtxException(0, "special register " + name + " is not known, or not here");
      }
      (variesByBlock(name) ? ofBlock : fixed).add(new Place(slot, value));
    });
  }

  /** Whether it changes while a warp runs. */
  static boolean clock(String name) {
    return CLOCKS.contains(name);
  }

  static boolean known(String name) {
    return clock(name) || value(name) != null;
  }

  private static boolean variesByBlock(String name) {
    return name.startsWith("%ctaid.") || name.startsWith("%clusterid.") || name.equals("%smid");
  }

  /** Fills in those that stay as they are from block to block. */
  void equip(Warp warp) {
    fixed.forEach(place -> fill(warp, place));
  }

  /** Fills in those that differ. */
  void prepare(Warp warp) {
    for (Place place : ofBlock) {
      Arrays.fill(warp.r[place.slot], place.value.of(warp, 0));
    }
  }

  private static void fill(Warp warp, Place place) {
    long[] row = warp.r[place.slot];
    for (int lane = 0; lane < Warp.LANES; lane++) {
      row[lane] = place.value.of(warp, lane);
    }
  }

  private static Value value(String name) {
    if (name.equals("%envreg1") || name.equals("%envreg2")) {
      int shift = name.equals("%envreg1") ? 32 : 0;
      return (warp, _) -> warp.block.launch.workspace() >>> shift & 0xFFFFFFFFL;
    }
    if (name.matches("%envreg([0-9]|[12][0-9]|3[01])")) {
      return (_, _) -> 0;
    }
    return switch (name) {
      case "%laneid" -> (_, lane) -> lane;
      case "%lanemask_eq" -> (_, lane) -> 1L << lane;
      case "%lanemask_lt" -> (_, lane) -> (1L << lane) - 1;
      case "%lanemask_le" -> (_, lane) -> (2L << lane) - 1;
      case "%lanemask_ge" -> (_, lane) -> 0xFFFFFFFFL & -1L << lane;
      case "%lanemask_gt" -> (_, lane) -> 0xFFFFFFFFL & -2L << lane;
      case "%warpid" -> (warp, _) -> warp.index;
      case "%nwarpid" -> (warp, _) -> warp.block.warps.length;
      case "%smid" -> (warp, _) -> warp.block.number() % multiprocessors(warp);
      case "%nsmid" -> (warp, _) -> multiprocessors(warp);
      case "%gridid" -> (warp, _) -> warp.block.launch.id;
      case "%dynamic_smem_size" -> of(LaunchShape::sharedBytes);
      case "%total_smem_size", "%aggr_smem_size" -> (warp, _) -> warp.block.launch.sharedBytes();
      // What the system reserves has no bytes here: it begins and ends where the block's own memory
      // ends.
      case "%reserved_smem_offset_begin",
          "%reserved_smem_offset_end",
          "%reserved_smem_offset_cap",
          "%reserved_smem_offset_0",
          "%reserved_smem_offset_1" ->
          (warp, _) -> warp.block.launch.sharedBytes();
      case "%current_graph_exec", "%is_explicit_cluster" -> (_, _) -> 0;
      default -> place(name);
    };
  }

  private static int multiprocessors(Warp warp) {
    return warp.block.launch.machine.options().multiprocessors();
  }

  /** Registers that say where a thread is, and how large what it is in. */
  private static Value place(String name) {
    return switch (name) {
      case "%tid.x" -> (warp, lane) -> warp.block.thread(warp, lane).x();
      case "%tid.y" -> (warp, lane) -> warp.block.thread(warp, lane).y();
      case "%tid.z" -> (warp, lane) -> warp.block.thread(warp, lane).z();
      case "%ctaid.x", "%clusterid.x" -> (warp, _) -> warp.block.x;
      case "%ctaid.y", "%clusterid.y" -> (warp, _) -> warp.block.y;
      case "%ctaid.z", "%clusterid.z" -> (warp, _) -> warp.block.z;
      case "%ntid.x" -> of(LaunchShape::blockX);
      case "%ntid.y" -> of(LaunchShape::blockY);
      case "%ntid.z" -> of(LaunchShape::blockZ);
      case "%nctaid.x", "%nclusterid.x" -> of(LaunchShape::gridX);
      case "%nctaid.y", "%nclusterid.y" -> of(LaunchShape::gridY);
      case "%nctaid.z", "%nclusterid.z" -> of(LaunchShape::gridZ);
      case "%cluster_ctaid.x", "%cluster_ctaid.y", "%cluster_ctaid.z", "%cluster_ctarank" ->
          (_, _) -> 0;
      case "%cluster_nctaid.x", "%cluster_nctaid.y", "%cluster_nctaid.z", "%cluster_nctarank" ->
          (_, _) -> 1;
      case "%tid.w", "%ctaid.w", "%clusterid.w", "%cluster_ctaid.w" -> (_, _) -> 0;
      case "%ntid.w", "%nctaid.w", "%nclusterid.w", "%cluster_nctaid.w" -> (_, _) -> 1;
      default -> null;
    };
  }

  private static Value of(ToLongFunction<LaunchShape> size) {
    return (warp, _) -> size.applyAsLong(warp.block.launch.shape);
  }
}
