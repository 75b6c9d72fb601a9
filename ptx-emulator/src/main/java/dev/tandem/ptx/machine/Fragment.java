package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Type;
import java.util.function.IntBinaryOperator;

/**
 * How a matrix lies in the registers of a warp: which lane holds which element where. The layouts of mma are those of the
 * PTX ISA, section "Matrix Fragments for mma"; that of wmma is not told there and need only agree with itself.
 */
final class Fragment {
  /** Which operand of D = A B + C it is. C and D lie alike. */
  enum Role {
    A,
    B,
    C
  }

  private final Type type;
  private final int rows;
  private final int columns;

  /** {@code at[lane][i]}: row * columns + column of the lane's element {@code i}. */
  private final int[][] at;

  private Fragment(Type type, int rows, int columns, int elements, IntBinaryOperator place) {
    this.type = type;
    this.rows = rows;
    this.columns = columns;
    this.at = new int[Warp.LANES][elements];
    for (int lane = 0; lane < Warp.LANES; lane++) {
      for (int i = 0; i < elements; i++) {
        at[lane][i] = place.applyAsInt(lane, i);
      }
    }
  }

  /**
   * An operand of mma. Four lanes share a row of A and C, and a column of B; such four are a group, of which there are eight.
   * An element's place is put together from the group, the lane within it, and bits of the element's number: first which
   * element of the register, then which half of the rows, then which half of the columns.
   */
  static Fragment mma(Role role, Type type, int m, int n, int k) {
    return switch (role) {
      case A -> {
        int packed = packed(type);
        int high = m / 8;
        yield new Fragment(
            type,
            m,
            k,
            m * k / Warp.LANES,
            (lane, i) -> {
              int row = lane / 4 + 8 * (i / packed % high);
              int column = lane % 4 * packed + i % packed + 4 * packed * (i / packed / high);
              return row * k + column;
            });
      }
      case B -> {
        int packed = packed(type);
        yield new Fragment(
            type,
            k,
            n,
            k * n / Warp.LANES,
            (lane, i) -> {
              int row = lane % 4 * packed + i % packed + 4 * packed * (i / packed);
              return row * n + lane / 4;
            });
      }
      case C ->
          new Fragment(
              type,
              m,
              n,
              m * n / Warp.LANES,
              (lane, i) -> {
                int row = lane / 4 + 8 * (i / 2);
                return row * n + lane % 4 * 2 + i % 2;
              });
    };
  }

  /**
   * An operand of wmma: the elements in order, each lane a run of them, from the beginning again where the lanes hold more
   * than there are.
   */
  static Fragment wmma(Type type, int rows, int columns, int elements) {
    return new Fragment(
        type, rows, columns, elements, (lane, i) -> (lane * elements + i) % (rows * columns));
  }

  /** Elements in one register. */
  static int packed(Type type) {
    return type.bits() < 32 ? 32 / type.bits() : 1;
  }

  Type type() {
    return type;
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /** Registers of one lane. */
  int registers() {
    return at[0].length / packed(type);
  }

  int elements() {
    return at[0].length;
  }

  /** Where a lane's element lies in the matrix: row * columns + column. */
  int place(int lane, int element) {
    return at[lane][element];
  }

  /** Reads the matrix out of the registers, row by row; integers too are exact in double. */
  double[] gather(Warp warp, int[] slots) {
    double[] matrix = new double[rows * columns];
    int packed = packed(type);
    int bits = type.bits();
    for (int i = 0; i < at[0].length; i++) {
      long[] register = warp.r[slots[i / packed]];
      int shift = i % packed * bits;
      for (int lane = 0; lane < Warp.LANES; lane++) {
        matrix[at[lane][i]] = value(register[lane] >>> shift);
      }
    }
    return matrix;
  }

  /** Writes the matrix into the registers of some lanes, rounding each element to the type. */
  void scatter(Warp warp, int mask, int[] slots, double[] matrix) {
    int packed = packed(type);
    int bits = type.bits();
    for (int rest = mask; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      for (int register = 0; register < slots.length; register++) {
        long word = 0;
        for (int part = packed - 1; part >= 0; part--) {
          word =
              (packed == 1 ? 0 : word << bits) | bits(matrix[at[lane][register * packed + part]]);
        }
        warp.r[slots[register]][lane] = word;
      }
    }
  }

  private double value(long word) {
    return switch (type) {
      case F16 -> Float.float16ToFloat((short) word);
      case BF16 -> Float.intBitsToFloat((int) word << 16);
      case F32 -> Float.intBitsToFloat((int) word);
      // A tensor core reads the upper 19 bits.
      case TF32 -> Float.intBitsToFloat((int) word & ~0x1fff);
      case F64 -> Double.longBitsToDouble(word);
      case S8 -> (byte) word;
      case U8 -> word & 0xff;
      case S32 -> (int) word;
      default -> throw new IllegalStateException("fragment: no values of type " + type);
    };
  }

  private long bits(double value) {
    return switch (type) {
      case F16 -> Double.isNaN(value) ? 0x7fff : Float.floatToFloat16(oddFloat(value)) & 0xffffL;
      case F32 -> Float.isNaN((float) value) ? 0x7fffffff : Float.floatToRawIntBits((float) value);
      case F64 -> Double.doubleToRawLongBits(value);
      case S32 -> (int) (long) value;
      default -> throw new IllegalStateException("fragment: no results of type " + type);
    };
  }

  /**
   * Rounds to odd: toward zero, and where that is inexact to an odd last bit. Rounding the result to F16 is then the same as
   * rounding the value itself, for F32 has more than two bits to spare (Boldo and Melquiond 2008, doi:10.1109/TC.2007.70819).
   */
  private static float oddFloat(double value) {
    float nearest = (float) value;
    if (nearest == value || Float.isNaN(nearest) || Float.isInfinite(nearest)) {
      return nearest;
    }
    if ((Float.floatToRawIntBits(nearest) & 1) != 0) {
      return nearest;
    }
    return nearest < value ? Math.nextUp(nearest) : Math.nextDown(nearest);
  }
}
