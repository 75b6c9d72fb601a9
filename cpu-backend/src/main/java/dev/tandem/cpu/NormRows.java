package dev.tandem.cpu;

import dev.tandem.backend.Operand;
import dev.tandem.shape.Shape;
import java.util.List;

/** How many rows a normalization has, how long they are, and what follows: the cuts of its loops, and sums over rows. */
record NormRows(int count, int length) {
  // Rows are grouped into chunks of about so many elements.
  private static final int CHUNK = 1 << 14;
  // The gradients of gamma and beta are summed in at most so many parts.
  private static final int MOST_PARTS = 32;

  /** The rows of the first operand. */
  static NormRows of(List<Operand> in) {
    Shape shape = in.getFirst().shape();
    return new NormRows(Math.toIntExact(shape.elements(0, shape.rank() - 1)), shape.length(-1));
  }

  int grain() {
    return Math.max(1, CHUNK / Math.max(1, length));
  }

  /** Rows a part of a sum over rows; the shape alone decides. */
  int partRows() {
    return Math.max(
        Math.ceilDiv(count, MOST_PARTS), Math.clamp(CHUNK / Math.max(1, length), 1, 256));
  }

  int parts() {
    return Math.ceilDiv(count, partRows());
  }

  /** Of x, gamma and where the first result goes. */
  RowKernels.Row row(Operand x, Operand gamma, Operand out) {
    RowKernels.Row r = new RowKernels.Row(length);
    r.x = Operands.f32(x);
    r.gamma = Operands.f32(gamma);
    r.out = Operands.f32(out);
    return r;
  }

  /** Makes of a row one whose gradients are summed, in the part of the rows that starts at from. */
  void differentiate(RowKernels.Row r, int from, float[] dy, float[] dgammas, float[] dbetas) {
    r.dy = dy;
    r.h = new float[length];
    r.g = new float[length];
    r.dgamma = dgammas;
    r.dbeta = dbetas;
    r.part = from / partRows() * length;
  }

  /** Adds the parts in order, in double: there may be many rows, and the sums cancel. */
  void sumParts(float[] parts, float[] sums) {
    double[] totals = new double[length];
    for (int part = 0; part < parts(); part++) {
      for (int j = 0; j < length; j++) {
        totals[j] += parts[part * length + j];
      }
    }
    for (int j = 0; j < length; j++) {
      sums[j] = (float) totals[j];
    }
  }
}
