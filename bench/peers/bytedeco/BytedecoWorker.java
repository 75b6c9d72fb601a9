import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.matmul_out;
import static org.bytedeco.pytorch.global.torch.set_num_threads;
import static org.bytedeco.pytorch.global.torch.zeros;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch through Bytedeco: its own autograd and its own optimizers, called from Java. */
final class BytedecoWorker implements Worker {
  private final int threads;

  private BytedecoWorker(int threads) {
    this.threads = threads;
    set_num_threads(threads);
  }

  public static void main(String[] arguments) throws java.io.IOException {
    Worker.serve(new BytedecoWorker(Integer.parseInt(arguments[0])));
  }

  @Override
  public String version() {
    return "Bytedeco " + Tensor.class.getPackage().getImplementationVersion() + ", threads " + threads;
  }

  @Override
  public Case open(List<String> words) {
    String name = words.get(0);
    if (name.equals("gemm")) {
      return product(Product.of(words.subList(1, words.size())));
    }
    PointerScope scope = new PointerScope(); // of what lives as long as the case
    int size = Integer.parseInt(words.get(1));
    Batch batch = Batch.of(name, size);
    Tensor x = batch.tokens() == null ? floats(batch.images(), batch.shape()) : longs(batch.tokens(), batch.shape());
    Tensor y = longs(batch.labels(), batch.labels().length);
    Network network = Network.of(name, size);
    Optimizer optimizer = optimizer(name, new TensorVector(network.parameters().toArray(Tensor[]::new)));
    return new Case(
        network.parameters().stream().mapToLong(Tensor::numel).sum(),
        () -> {
          try (PointerScope _ = new PointerScope()) {
            optimizer.zero_grad();
            Tensor loss = cross_entropy_loss(network.forward(x), y);
            loss.backward();
            optimizer.step();
            return loss.item_float();
          }
        },
        scope::close);
  }

  /** A transposed operand is a view, as in a network. */
  private static Case product(Product product) {
    int m = product.rows();
    int k = product.inner();
    int n = product.columns();
    Tensor a = product.transposedA() ? floats(product.a(), k, m).t() : floats(product.a(), m, k);
    Tensor b = product.transposedB() ? floats(product.b(), n, k).t() : floats(product.b(), k, n);
    Tensor y = zeros(m, n);
    return new Case(
        0,
        () -> {
          try (PointerScope _ = new PointerScope()) {
            matmul_out(y, a, b);
            return 0;
          }
        },
        () -> {});
  }

  private static Optimizer optimizer(String name, TensorVector parameters) {
    return switch (name) {
      case "mlp", "resnet" -> {
        SGDOptions options = new SGDOptions(0.01);
        options.momentum().put(0.9);
        options.weight_decay().put(name.equals("resnet") ? 5e-4 : 0);
        yield new SGD(parameters, options);
      }
      case "cnn" -> new Adam(parameters, new AdamOptions(1e-3));
      default -> {
        AdamWOptions options = new AdamWOptions(3e-4);
        options.weight_decay().put(0.01);
        yield new AdamW(parameters, options);
      }
    };
  }

  private static Tensor floats(float[] values, long... shape) {
    return from_blob(new FloatPointer(values), shape).clone();
  }

  private static Tensor longs(int[] values, long... shape) {
    return from_blob(
            new LongPointer(Batch.widened(values)), shape, new TensorOptions(ScalarType.Long))
        .clone();
  }
}
