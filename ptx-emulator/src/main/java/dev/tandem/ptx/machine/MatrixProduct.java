package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Type;

/**
 * D = A B + C over a warp's fragments. Products and sums are taken in double, in the order of k, and the result is rounded
 * once. A tensor core keeps fewer bits between, in a way that NVIDIA does not publish; what is compared with one needs a
 * tolerance of a few units in the last place of the largest term.
 */
final class MatrixProduct extends Step {
  /** The fragments of a product. */
  record Shape(Fragment a, Fragment b, Fragment c, Fragment d) {}

  /** Slots of each operand's registers. */
  record Slots(int[] a, int[] b, int[] c, int[] d) {}

  private final Shape shape;
  private final Slots slots;
  private final boolean saturating;

  /** @param saturating whether integer sums that overflow stay at the ends of their range; else they wrap */
  MatrixProduct(Instruction instruction, Shape shape, Slots slots, boolean saturating) {
    super(instruction);
    this.shape = shape;
    this.slots = slots;
    this.saturating = saturating;
  }

  @Override
  public void run(Warp warp, int mask) {
    checkWhole(warp, this, mask);
    double[] a = shape.a().gather(warp, slots.a());
    double[] b = shape.b().gather(warp, slots.b());
    double[] d = shape.c().gather(warp, slots.c());
    int rows = shape.d().rows();
    int columns = shape.d().columns();
    int inner = shape.a().columns();
    for (int row = 0; row < rows; row++) {
      for (int k = 0; k < inner; k++) {
        double factor = a[row * inner + k];
        for (int column = 0; column < columns; column++) {
          d[row * columns + column] =
              add(d[row * columns + column], factor, b[k * columns + column]);
        }
      }
    }
    if (saturating) {
      for (int i = 0; i < d.length; i++) {
        d[i] = Math.clamp(d[i], Integer.MIN_VALUE, Integer.MAX_VALUE);
      }
    }
    shape.d().scatter(warp, mask, slots.d(), d);
  }

  /** F64 is fused, as the hardware's is; for the others the product is exact in double and the fma costs time for nothing. */
  private double add(double sum, double factor, double other) {
    return shape.d().type() == Type.F64 ? Math.fma(factor, other, sum) : sum + factor * other;
  }

  /** Reports a warp-wide instruction that not all lanes execute. */
  static void checkWhole(Warp warp, Step at, int mask) {
    if (mask != -1) {
      warp.block.launch.sanitizer.report(
          Finding.Kind.SHUFFLE,
          warp,
          at,
          Integer.numberOfTrailingZeros(mask),
          0,
          "needs all 32 lanes, and only lanes " + LaneSet.of(mask) + " execute it");
    }
  }
}
