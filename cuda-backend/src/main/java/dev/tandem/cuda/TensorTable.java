package dev.tandem.cuda;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.driver.Arguments.Access;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Groups of tensors of one length, so many to a launch: {@code Tensors} of tables.cuh. What lies behind the addresses is said beside
 * the table, so that the software GPU holds the kernel to it as to any argument.
 */
final class TensorTable {
  private final int pointers;
  private final int places;
  private final int piece;
  private final int base;
  private final MemorySegment bytes;
  private final List<Behind> behind = new ArrayList<>();
  private int count;
  private int pieces;

  private record Behind(Operand operand, Access access) {}

  /**
   * @param pointers tensors of a group, of which some may be missing
   * @param places for groups
   * @param piece elements of a piece
   * @param base the number of the table's first group
   */
  TensorTable(int pointers, int places, int piece, int base) {
    this.pointers = pointers;
    this.places = places;
    this.piece = piece;
    this.base = base;
    bytes = MemorySegment.ofArray(new long[bytes(pointers, places) / Long.BYTES]);
  }

  /** What a table takes of a kernel's parameters. */
  static int bytes(int pointers, int places) {
    return places * (Long.BYTES * (pointers + 1) + Integer.BYTES) + 2 * Integer.BYTES;
  }

  /** One more group, whose tensors {@link #put} then names. */
  TensorTable add(long elements) {
    bytes.setAtIndex(ValueLayout.JAVA_LONG, (long) pointers * places + count, elements);
    setInt(count, pieces);
    pieces = Math.toIntExact(pieces + Math.ceilDiv(elements, piece));
    count++;
    return this;
  }

  /** A tensor of the group added last. */
  TensorTable put(int pointer, Operand operand, Access access) {
    bytes.setAtIndex(
        ValueLayout.JAVA_LONG, (long) pointer * places + count - 1, Operands.address(operand));
    behind.add(new Behind(operand, access));
    return this;
  }

  int pieces() {
    return pieces;
  }

  /** Gives the table to a launch. */
  Launch to(Launch launch) {
    for (int i = count; i <= places; i++) {
      setInt(i, pieces);
    }
    setInt(places + 1, base);
    launch.struct(bytes);
    for (Behind b : behind) {
      launch.inside(Operands.address(b.operand), b.operand.type().bytes(), b.access);
    }
    return launch;
  }

  /** The numbers behind addresses and lengths: each group's first piece, all pieces, base. */
  private void setInt(int i, int value) {
    bytes.setAtIndex(ValueLayout.JAVA_INT, 2L * places * (pointers + 1) + i, value);
  }
}
