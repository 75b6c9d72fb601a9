package dev.tandem.cuda;

import static dev.tandem.cuda.driver.DataType.F32;

import dev.tandem.backend.Operand;
import dev.tandem.cuda.Product.Place;
import dev.tandem.op.Linear.Conv2dGeometry;

/**
 * Convolutions as products: a batch's images are unfolded to columns (CKK, P), one for each of the P places of the window, as many
 * images at a time as scratch memory allows. C and O count the channels of all groups, K the window's pixels. Depthwise convolutions
 * have kernels of their own.
 */
final class CudaConv2d {
  private final Queue queue;
  private final long columnBytes;
  private final DepthwiseConv2d depthwise;

  /** @param columnBytes how many bytes of columns may exist at a time; one image's are made at least */
  CudaConv2d(Queue queue, long columnBytes) {
    this.queue = queue;
    this.columnBytes = columnBytes;
    depthwise = new DepthwiseConv2d(queue);
  }

  /** y[i] (O, P) = w (O, CK) columns of x[i] (CK, P), for each group. x: (N, C, H, W); w: (O, C / groups, KH, KW). */
  void forward(Conv2dGeometry geometry, Operand x, Operand w, Operand y) {
    Columns columns = Columns.of(geometry, x.shape(), w.shape(), y.shape());
    if (columns.rows() == 0) { // no channels: a sum of nothing
      queue.zero(Operands.address(y), y.type().bytes());
      return;
    }
    if (columns.depthwise()) {
      depthwise.forward(columns, x, w, y);
      return;
    }
    inPortions(
        columns,
        (first, count, scratch) -> {
          long from = Operands.address(x) + first * columns.imageBytes();
          if (scratch != null) {
            unfold(columns.sideBySide(), from, scratch, count);
            from = scratch.address();
          }
          grouped(
              columns,
              new Product(
                  false,
                  false,
                  columns.outputs() / columns.groups(),
                  columns.places(),
                  columns.rows() / columns.groups(),
                  Place.of(w, 0),
                  new Place(from, F32, columns.rows() * columns.places()),
                  outputs(columns, y, first),
                  0,
                  count));
        });
  }

  /** Columns of dx[i] (CK, P) = w^T (CK, O) dy[i] (O, P), folded back to pixels. dx: (N, C, H, W). */
  void gradInput(Conv2dGeometry geometry, Operand w, Operand dy, Operand dx) {
    Columns columns = Columns.of(geometry, dx.shape(), w.shape(), dy.shape());
    if (columns.outputs() == 0) {
      queue.zero(Operands.address(dx), dx.type().bytes());
      return;
    }
    if (columns.depthwise()) {
      depthwise.gradInput(columns, w, dy, dx);
      return;
    }
    inPortions(
        columns,
        (first, count, scratch) -> {
          long images = Operands.address(dx) + first * columns.imageBytes();
          grouped(
              columns,
              new Product(
                  true,
                  false,
                  columns.rows() / columns.groups(),
                  columns.places(),
                  columns.outputs() / columns.groups(),
                  Place.of(w, 0),
                  outputs(columns, dy, first),
                  new Place(
                      scratch == null ? images : scratch.address(),
                      F32,
                      columns.rows() * columns.places()),
                  0,
                  count));
          if (scratch != null) {
            fold(columns.sideBySide(), scratch, images, count);
          }
        });
  }

  /** What is done with some images of a batch. */
  private interface Portion {
    /** @param scratch for their columns; null where images are their own */
    void run(int first, int count, Scratch scratch);
  }

  /** All images, as many at a time as there may be columns of. */
  private void inPortions(Columns columns, Portion portion) {
    if (columns.pointwise()) {
      portion.run(0, columns.samples(), null);
      return;
    }
    int chunk = chunk(columns);
    try (Scratch scratch = columnsOf(columns, chunk)) {
      for (int first = 0; first < columns.samples(); first += chunk) {
        portion.run(first, Math.min(chunk, columns.samples() - first), scratch);
      }
    }
  }

  /** The result's images, from one on. */
  private static Place outputs(Columns columns, Operand y, int first) {
    long image = columns.outputs() * columns.places();
    return Place.of(y, image).plus(first * image);
  }

  /**
   * dw (O, CK) = the sum over images of dy[i] (O, P) columns of x[i]^T (P, CK): one long product over the places of a chunk's images,
   * for which both are laid out with the images side by side. Chunks are added up in their order.
   */
  void gradWeight(Conv2dGeometry geometry, Operand x, Operand dy, Operand dw) {
    Columns columns = Columns.of(geometry, x.shape(), dw.shape(), dy.shape());
    if (columns.samples() == 0) {
      queue.zero(Operands.address(dw), dw.type().bytes());
      return;
    }
    if (columns.depthwise()) {
      depthwise.gradWeight(columns, x, dy, dw);
      return;
    }
    int chunk = chunk(columns);
    try (Scratch unfolded = columnsOf(columns, chunk);
        Scratch slopes =
            chunk == 1
                ? null
                : queue.scratch(
                    chunk * columns.outputBytes(), "a convolution's gradient, reordered")) {
      for (int first = 0; first < columns.samples(); first += chunk) {
        int count = Math.min(chunk, columns.samples() - first);
        unfold(
            columns.endToEnd(count),
            Operands.address(x) + first * columns.imageBytes(),
            unfolded,
            count);
        long from = Operands.address(dy) + first * columns.outputBytes();
        if (slopes != null) {
          unfold(columns.ofOutput().endToEnd(count), from, slopes, count);
          from = slopes.address();
        }
        long o = columns.outputs() / columns.groups();
        long rows = columns.rows() / columns.groups();
        long length = count * columns.places();
        queue.multiply(
            new Product(
                false,
                true,
                o,
                rows,
                length,
                new Place(from, F32, o * length),
                new Place(unfolded.address(), F32, rows * length),
                Place.of(dw, o * rows),
                first == 0 ? 0 : 1,
                columns.groups()));
      }
    }
  }

  /** The product of the first group for all images of a portion, done for every group, in as few calls as possible. */
  private void grouped(Columns columns, Product first) {
    long aStep = first.m() * first.k();
    long bStep = first.k() * first.n();
    long cStep = first.m() * first.n();
    if (first.batch() >= columns.groups()) {
      for (int group = 0; group < columns.groups(); group++) {
        queue.multiply(
            first.at(
                first.a().plus(group * aStep),
                first.b().plus(group * bStep),
                first.c().plus(group * cStep),
                first.batch()));
      }
    } else {
      for (int sample = 0; sample < first.batch(); sample++) {
        queue.multiply(
            first.at(
                first.a().every(aStep),
                first.b().plus(sample * first.b().stride()).every(bStep),
                first.c().plus(sample * first.c().stride()).every(cStep),
                columns.groups()));
      }
    }
  }

  private void unfold(Columns columns, long images, Scratch to, int count) {
    long elements = count * columns.rows() * columns.places();
    queue
        .kernel(Kernel.IM2COL_F32)
        .read(images, count * columns.imageBytes())
        .write(to.address(), elements * Float.BYTES)
        .int64(elements)
        .struct(columns.geometry(queue.wideFrom(), elements))
        .over(columns.places() % 4 == 0 ? elements / 4 : elements);
  }

  private void fold(Columns columns, Scratch from, long images, int count) {
    long elements = count * columns.imageBytes() / Float.BYTES;
    queue
        .kernel(Kernel.COL2IM_F32)
        .read(from.address(), count * columns.rows() * columns.places() * Float.BYTES)
        .write(images, count * columns.imageBytes())
        .int64(elements)
        .struct(columns.geometry(queue.wideFrom(), elements))
        .over(elements);
  }

  private int chunk(Columns columns) {
    return Math.clamp(columnBytes / columns.bytes(1), 1, Math.max(1, columns.samples()));
  }

  private Scratch columnsOf(Columns columns, int images) {
    return queue.scratch(columns.bytes(images), "the columns of a convolution");
  }
}
