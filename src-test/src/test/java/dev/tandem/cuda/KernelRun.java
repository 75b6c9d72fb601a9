package dev.tandem.cuda;

import dev.tandem.conformance.Values;
import dev.tandem.op.Op;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;

/** The results of an op on a software GPU, and the kernels that it launched. */
record KernelRun(List<Values> results, Set<Kernel> kernels) {
  /**
   * A software GPU whose sanitizer sees each tensor's memory. Its grids hold few threads: what has tens of thousands of elements
   * goes round its loops more than once.
   *
   * @param wide whether kernels count elements in 64 bits
   */
  static Emulated gpu(boolean wide) {
    CudaOptions options = CudaOptions.standard("cuda-emulated").withCaching(false);
    return Emulated.open(wide ? options.withWideFrom(1) : options, 1L << 30);
  }

  static KernelRun of(Emulated gpu, Op op, Values... inputs) {
    CudaBackend backend = gpu.backend();
    Map<Kernel, Long> before = backend.launches();
    List<Values> results = Emulated.run(backend, op, inputs);
    Set<Kernel> kernels = EnumSet.noneOf(Kernel.class);
    kernels.addAll(backend.launches().keySet());
    kernels.removeIf(kernel -> backend.launches().get(kernel).equals(before.get(kernel)));
    return new KernelRun(results, kernels);
  }

  /** The elements of the first result. */
  double[] first() {
    return results.getFirst().data();
  }

  /** A tensor whose elements are asked for one by one. */
  static Values drawn(DType dtype, Shape shape, DoubleSupplier draw) {
    return Values.of(dtype, shape, DoubleStream.generate(draw).limit(shape.elements()).toArray());
  }

  /** Whole numbers from low to high, whose sums are exact in any order while they stay below 2^24. */
  static Values whole(DType dtype, Shape shape, int low, int high, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return drawn(dtype, shape, () -> random.nextInt(low, high + 1));
  }
}
