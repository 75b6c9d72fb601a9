import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Operand;
import dev.tandem.op.Linear;
import dev.tandem.op.Op;
import dev.tandem.shape.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Tandem's side: {@code bench/Workload.java}, products, and the machine's ceilings. */
final class TandemWorker implements Worker {
  private final Backend backend = Backends.open("cpu", System.err::println);
  private final int threads;

  private TandemWorker(int threads) {
    this.threads = threads;
  }

  public static void main(String[] arguments) throws java.io.IOException {
    Worker.serve(new TandemWorker(Integer.parseInt(arguments[0])));
  }

  @Override
  public String version() {
    return backend.description();
  }

  @Override
  public Case open(List<String> words) {
    return switch (words.getFirst()) {
      case "gemm" -> product(Product.of(words.subList(1, words.size())));
      case "fma" -> Ceilings.fma(threads);
      case "triad" -> Ceilings.triad(threads);
      default -> {
        Workload workload = new Workload(words.get(0), Integer.parseInt(words.get(1)), backend);
        yield new Case(workload.parameters(), workload::step, workload::close);
      }
    };
  }

  private Case product(Product product) {
    int m = product.rows();
    int k = product.inner();
    int n = product.columns();
    Op op = new Linear.Matmul(product.transposedA(), product.transposedB());
    List<Operand> inputs =
        List.of(
            operand(product.transposedA() ? TensorType.f32(k, m) : TensorType.f32(m, k), product.a()),
            operand(product.transposedB() ? TensorType.f32(n, k) : TensorType.f32(k, n), product.b()));
    List<Operand> outputs = List.of(operand(TensorType.f32(m, n), new float[m * n]));
    return new Case(
        0,
        () -> {
          backend.run(op, inputs, outputs);
          return 0;
        },
        () -> {});
  }

  private Operand operand(TensorType type, float[] values) {
    Operand operand = new Operand(type, backend.allocate(type));
    backend.write(operand.buffer(), MemorySegment.ofArray(values));
    return operand;
  }
}
