import dev.tandem.backend.CapturedStep;
import dev.tandem.cuda.CudaBackend;
import dev.tandem.cuda.CudaOptions;
import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceAttribute;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.FunctionAttribute;
import dev.tandem.cuda.driver.Gemm;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.MathMode;
import dev.tandem.cuda.driver.MemoryInfo;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import dev.tandem.nn.Activation;
import dev.tandem.nn.BatchNorm;
import dev.tandem.nn.Conv2d;
import dev.tandem.nn.Flatten;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * What the host spends on the CUDA backend: Java's side of an op, and of a training step, on a driver that does nothing. What a
 * real driver adds for a launch, some microseconds, is not in it; nor is any work. Run it by bench/run.
 */
final class HostBench {
  private static final int ROUNDS = 15;
  private static final long WARM_NANOS = 3_000_000_000L;
  private static final int CALLS = 2_000;

  public static void main(String[] arguments) {
    try (CudaBackend backend = CudaBackend.open(new Idle(), 0, CudaOptions.standard("cuda:0"))) {
      Tensor a = Tensor.zeros(backend, TensorType.f32(64, 256));
      Tensor b = Tensor.zeros(backend, TensorType.f32(256));
      Tensor w = Tensor.zeros(backend, TensorType.f32(256, 128));
      time("relu", backend, () -> a.relu());
      time("add, stretched", backend, () -> a.add(b));
      time("matmul", backend, () -> a.matmul(w));
      time("sum of a column", backend, () -> a.sum(0));
      time("softmax", backend, () -> a.softmax(-1));
      Init init = new Init(backend, DType.F32, new Random(1));
      Sequential mlp = Sequential.of(new Linear(init, 256, 128), Activation.of("relu"), new Linear(init, 128, 10));
      step("step of an MLP, two layers", backend, mlp, Tensor.zeros(backend, TensorType.f32(64, 256)));
      Sequential cnn = Sequential.of(
          new Conv2d(init, 1, 32, 3), new BatchNorm(init, 32), Activation.of("relu"),
          new Conv2d(init, 32, 64, 3), new BatchNorm(init, 64), Activation.of("relu"),
          new Flatten(), new Linear(init, 64 * 4 * 4, 10));
      step("step of a CNN, two convolutions", backend, cnn, Tensor.zeros(backend, TensorType.f32(64, 1, 8, 8)));
    }
  }

  private static void time(String name, CudaBackend backend, Runnable op) {
    measure(name, backend, CALLS, () -> {
      try (Scope _ = Scope.open()) {
        op.run();
      }
    });
  }

  private static void step(String name, CudaBackend backend, Sequential model, Tensor x) {
    Tensor y = Tensor.zeros(backend, new TensorType(DType.I32, Shape.of(64)));
    Optimizer adam = new Optimizer(Rule.Adam.standard().update(), model.parameters());
    adam.learningRate(0.001);
    LossFunction loss = new LossFunction.CrossEntropy(0);
    model.training(true);
    Runnable step = () -> {
      try (Tape _ = Tape.open()) {
        loss.mean(model.forward(x), y).backward();
        adam.step();
      } finally {
        adam.clearGradients();
      }
    };
    measure(name, backend, CALLS / 20, step);
    try (CapturedStep captured = backend.capture(step)) {
      measure("  captured", backend, CALLS, captured::replay);
    }
  }

  private static void measure(String name, CudaBackend backend, int calls, Runnable work) {
    long warmUntil = System.nanoTime() + WARM_NANOS;
    while (System.nanoTime() < warmUntil) {
      work.run();
    }
    long before = backend.launches().values().stream().mapToLong(Long::longValue).sum();
    double[] micros = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      long start = System.nanoTime();
      for (int i = 0; i < calls; i++) {
        work.run();
      }
      micros[round] = (System.nanoTime() - start) / 1e3 / calls;
    }
    long launches = backend.launches().values().stream().mapToLong(Long::longValue).sum() - before;
    Arrays.sort(micros);
    System.out.printf("%-34s %8.2f us [%.2f..%.2f], %d kernels%n", name, micros[ROUNDS / 2], micros[ROUNDS / 4],
        micros[3 * ROUNDS / 4], launches / ((long) ROUNDS * calls));
  }

  // ---- a driver that does nothing

  private record Idle() implements Driver {
    @Override public String name() { return "idle"; }
    @Override public int version() { return 12080; }
    @Override public List<Device> devices() { return List.of(new IdleDevice()); }
    @Override public void close() {}
  }

  private record IdleDevice() implements Device {
    @Override public int ordinal() { return 0; }
    @Override public String name() { return "idle"; }
    @Override public long totalBytes() { return 1L << 40; }
    @Override public int attribute(DeviceAttribute attribute) {
      return switch (attribute) {
        case MULTIPROCESSORS -> 132;
        case COMPUTE_CAPABILITY_MAJOR -> 9;
        case MAX_SHARED_BYTES_PER_BLOCK -> 48 << 10;
        default -> 0;
      };
    }
    @Override public Context open() { return new IdleContext(this); }
  }

  private static final class IdleContext implements Context {
    private final Device device;
    private long next = 256;

    IdleContext(Device device) { this.device = device; }

    @Override public Device device() { return device; }
    @Override public Module load(String name, String ptx) { return new IdleModule(); }
    @Override public Stream stream() { return new IdleStream(this); }
    @Override public Event event(boolean timing) { return new IdleEvent(); }
    @Override public DeviceMemory allocate(long bytes) {
      long address = next;
      next += (bytes + 255) / 256 * 256;
      return new IdleMemory(address, bytes);
    }
    @Override public PinnedMemory pin(long bytes) { return new IdlePinned(Arena.ofAuto().allocate(bytes, 256)); }
    @Override public MemoryInfo memory() { return new MemoryInfo(1L << 40, 1L << 40); }
    @Override public void keepFreed(long bytes) {}
    @Override public void trim(long bytesKept) {}
    @Override public void synchronize() {}
    @Override public Blas blas() { return new IdleBlas(); }
    @Override public void close() {}
  }

  private record IdleMemory(long address, long bytes) implements DeviceMemory {
    @Override public void close() {}
  }

  private record IdlePinned(MemorySegment segment) implements PinnedMemory {
    @Override public void close() {}
  }

  private record IdleModule() implements Module {
    @Override public Function function(String name) { return new IdleFunction(name); }
    @Override public DeviceMemory global(String name) { throw new UnsupportedOperationException(name); }
    @Override public void close() {}
  }

  private record IdleFunction(String name) implements Function {
    @Override public int attribute(FunctionAttribute attribute) { return 0; }
    @Override public void set(FunctionAttribute attribute, int value) {}
    @Override public int activeBlocks(int blockThreads, long dynamicSharedBytes) { return 1; }
  }

  private record IdleEvent() implements Event {
    @Override public boolean done() { return true; }
    @Override public void synchronize() {}
    @Override public double millisSince(Event start) { return 0; }
    @Override public void close() {}
  }

  private record IdleGraph() implements Graph, ExecutableGraph {
    @Override public long nodes() { return 0; }
    @Override public ExecutableGraph instantiate() { return this; }
    @Override public boolean update(Graph graph) { return true; }
    @Override public void close() {}
  }

  private static final class IdleStream implements Stream {
    private final Context context;
    private boolean capturing;

    IdleStream(Context context) { this.context = context; }

    @Override public long handle() { return 1; }
    @Override public DeviceMemory allocate(long bytes) { return context.allocate(bytes); }
    @Override public void free(DeviceMemory memory) {}
    @Override public void upload(long to, PinnedMemory from, long offset, long bytes) {}
    @Override public void download(PinnedMemory to, long offset, long from, long bytes) {}
    @Override public void copy(long to, long from, long bytes) {}
    @Override public void fill(long to, int pattern, int patternBytes, long count) {}
    @Override public void launch(Function function, LaunchShape shape, Arguments arguments) {}
    @Override public void launch(ExecutableGraph graph) {}
    @Override public void record(Event event) {}
    @Override public void await(Event event) {}
    @Override public boolean done() { return true; }
    @Override public void synchronize() {}
    @Override public void beginCapture() { capturing = true; }
    @Override public boolean capturing() { return capturing; }
    @Override public Graph endCapture() { capturing = false; return new IdleGraph(); }
    @Override public void close() {}
  }

  private record IdleBlas() implements Blas {
    @Override public String name() { return "idle"; }
    @Override public int version() { return 120000; }
    @Override public void stream(Stream stream) {}
    @Override public void workspace(long address, long bytes) {}
    @Override public void mathMode(MathMode mode, boolean fullReduction) {}
    @Override public void gemm(Gemm gemm) {}
    @Override public void close() {}
  }
}
