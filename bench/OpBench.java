import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Operand;
import dev.tandem.op.Linear;
import dev.tandem.op.Op;
import dev.tandem.op.Sequence;
import dev.tandem.op.Size2d;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matrix products, convolutions and attention of the CPU backend, as a share of the multiply-add peak that this machine reaches in the
 * same run: a ratio, for these machines are shared and their clocks move. Run it by bench/run.
 */
final class OpBench {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  private static final int ROUNDS = 11;
  private static final long WARM_NANOS = 2_000_000_000L;
  private static final long ROUND_NANOS = 30_000_000L;
  private static final int CHAINS = 10;
  private static final int PEAK_STEPS = 4_000_000; // about as long as a round
  private static volatile float sink;

  private final Backend backend;
  private final int threads;

  private OpBench(Backend backend, int threads) {
    this.backend = backend;
    this.threads = threads;
  }

  public static void main(String[] arguments) throws InterruptedException {
    int threads = Integer.getInteger("tandem.threads", Runtime.getRuntime().availableProcessors());
    System.setProperty("tandem.threads", Integer.toString(threads));
    try (Backend backend = Backends.open("cpu", System.err::println)) {
      System.out.println(backend.description());
      OpBench bench = new OpBench(backend, threads);
      long warmUntil = System.nanoTime() + WARM_NANOS;
      while (System.nanoTime() < warmUntil) {
        bench.peak(); // else the first rounds are shares of an interpreted loop's rate
      }
      for (int side : new int[] {64, 128, 256, 512, 1024}) {
        bench.matmul(side, side, side, false, false);
      }
      bench.matmul(128, 784, 512, false, true);
      bench.matmul(784, 128, 512, true, false);
      bench.matmul(128, 512, 784, false, false);
      bench.convolution(64, 1, 28, 32, 5, 0);
      bench.convolution(64, 32, 12, 64, 5, 0);
      bench.convolution(64, 64, 14, 64, 3, 1);
      for (boolean causal : new boolean[] {false, true}) {
        bench.attention(16, 128, 4, 64, causal);
        bench.attention(2, 1024, 4, 64, causal);
      }
    }
  }

  private void matmul(int m, int k, int n, boolean ta, boolean tb) throws InterruptedException {
    String name = "matmul " + m + "x" + k + "x" + n + (ta ? " A^T" : "") + (tb ? " B^T" : "");
    run(name, 2.0 * m * n * k, new Linear.Matmul(ta, tb),
        ta ? TensorType.f32(k, m) : TensorType.f32(m, k), tb ? TensorType.f32(n, k) : TensorType.f32(k, n));
  }

  private void convolution(int images, int in, int side, int out, int kernel, int padding) throws InterruptedException {
    Linear.Conv2dGeometry geometry = new Linear.Conv2dGeometry(Size2d.of(1), Size2d.of(padding), Size2d.of(1), 1);
    TensorType x = TensorType.f32(images, in, side, side);
    TensorType w = TensorType.f32(out, in, kernel, kernel);
    TensorType y = new Linear.Conv2d(geometry).outputs(List.of(x, w)).getFirst();
    double flops = 2.0 * y.elements() * in * kernel * kernel;
    String name = images + "x" + in + "x" + side + "x" + side + ", " + kernel + "x" + kernel + " to " + out;
    run("conv2d " + name, flops, new Linear.Conv2d(geometry), x, w);
    run("  its dw", flops, new Linear.Conv2dGradWeight(geometry, w.shape()), x, y);
    if (in > 1) { // the first layer of a network needs none
      run("  its dx", flops, new Linear.Conv2dGradInput(geometry, x.shape()), w, y);
    }
  }

  /** Counts what the mask leaves of two products forward and five backward. */
  private void attention(int sequences, int positions, int heads, int length, boolean causal) throws InterruptedException {
    int width = heads * length;
    double scale = 1 / Math.sqrt(length);
    TensorType qkv = TensorType.f32(sequences, positions, 3 * width);
    TensorType y = TensorType.f32(sequences, positions, width);
    TensorType lse = TensorType.f32(sequences, heads, positions);
    double pairs = positions * (causal ? (positions + 1) / 2.0 : positions);
    double flops = 2.0 * sequences * pairs * width;
    String name = sequences + "x" + positions + "x" + heads + "x" + length + (causal ? " causal" : "");
    run("attention " + name, 2 * flops, new Sequence.PackedAttention(heads, heads, causal, scale), qkv);
    run("  its gradients", 5 * flops, new Sequence.PackedAttentionGrad(heads, heads, causal, scale), qkv, y, lse, y);
  }

  /** Alternates the op with the peak's loop, so that both see the same machine. */
  private void run(String name, double flops, Op op, TensorType... inputs) throws InterruptedException {
    List<Operand> in = Arrays.stream(inputs).map(this::filled).toList();
    List<Operand> out = op.outputs(List.of(inputs)).stream().map(this::filled).toList();
    long warmUntil = System.nanoTime() + WARM_NANOS;
    while (System.nanoTime() < warmUntil) {
      backend.run(op, in, out);
    }
    double[] rates = new double[ROUNDS];
    double[] shares = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      double peak = peak();
      long start = System.nanoTime();
      int calls = 0;
      do {
        backend.run(op, in, out);
        calls++;
      } while (System.nanoTime() - start < ROUND_NANOS);
      backend.finish();
      rates[round] = flops * calls / (System.nanoTime() - start);
      shares[round] = rates[round] / peak;
    }
    Arrays.sort(rates);
    Arrays.sort(shares);
    System.out.printf("%-34s %7.1f GFLOP/s  %4.0f %% of peak [%.0f..%.0f]%n", name, rates[ROUNDS / 2],
        100 * shares[ROUNDS / 2], 100 * shares[ROUNDS / 4], 100 * shares[3 * ROUNDS / 4]);
    in.forEach(operand -> operand.buffer().close());
    out.forEach(operand -> operand.buffer().close());
  }

  private Operand filled(TensorType type) {
    Random random = new Random(1);
    float[] elements = new float[Math.toIntExact(type.elements())];
    for (int i = 0; i < elements.length; i++) {
      elements[i] = random.nextFloat() - 0.5f;
    }
    Operand operand = new Operand(type, backend.allocate(type));
    backend.write(operand.buffer(), MemorySegment.ofArray(elements));
    return operand;
  }

  /** GFLOP/s of fused multiply-adds in registers, summed over as many threads as the backend has, each by its own clock. */
  private double peak() throws InterruptedException {
    double[] rates = new double[threads];
    List<Thread> workers = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      int worker = i;
      workers.add(Thread.ofPlatform().start(() -> rates[worker] = rate()));
    }
    rates[0] = rate();
    for (Thread worker : workers) {
      worker.join();
    }
    return Arrays.stream(rates).sum();
  }

  private static double rate() {
    long start = System.nanoTime();
    sink = chains(PEAK_STEPS);
    return 2.0 * CHAINS * SPECIES.length() * PEAK_STEPS / (System.nanoTime() - start);
  }

  /** Independent chains hide the latency of one. */
  private static float chains(int steps) {
    FloatVector a = FloatVector.broadcast(SPECIES, 0.999f);
    FloatVector b = FloatVector.broadcast(SPECIES, 1e-3f);
    FloatVector c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b;
    for (int i = 0; i < steps; i++) {
      c0 = c0.fma(a, b);
      c1 = c1.fma(a, b);
      c2 = c2.fma(a, b);
      c3 = c3.fma(a, b);
      c4 = c4.fma(a, b);
      c5 = c5.fma(a, b);
      c6 = c6.fma(a, b);
      c7 = c7.fma(a, b);
      c8 = c8.fma(a, b);
      c9 = c9.fma(a, b);
    }
    return c0.add(c1).add(c2).add(c3).add(c4).add(c5).add(c6).add(c7).add(c8).add(c9).lane(0);
  }
}
