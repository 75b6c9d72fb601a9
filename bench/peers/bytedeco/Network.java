import static org.bytedeco.pytorch.global.torch.adaptive_avg_pool2d;
import static org.bytedeco.pytorch.global.torch.batch_norm;
import static org.bytedeco.pytorch.global.torch.conv2d;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.linear;
import static org.bytedeco.pytorch.global.torch.max_pool2d;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.relu;
import static org.bytedeco.pytorch.global.torch.scaled_dot_product_attention;
import static org.bytedeco.pytorch.global.torch.zeros;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;

/** The networks of {@code bench/Workload.java} in libtorch's ops, with the same distributions of the first weights. */
final class Network {
  private static final int WIDTH = 256;
  private static final int HEADS = 4;
  private static final int LAYERS = 4;
  private static final double EPSILON = 1e-5;

  private final List<Tensor> parameters = new ArrayList<>();
  private UnaryOperator<Tensor> forward;

  private Network() {}

  static Network of(String name, int batch) {
    Network network = new Network();
    network.forward =
        switch (name) {
          case "mlp" -> network.mlp();
          case "cnn" -> network.cnn(batch);
          case "resnet" -> network.resnet(batch);
          default -> network.gpt(batch);
        };
    return network;
  }

  List<Tensor> parameters() {
    return parameters;
  }

  Tensor forward(Tensor x) {
    return forward.apply(x);
  }

  private UnaryOperator<Tensor> mlp() {
    return chain(dense(784, 512), t -> relu(t), dense(512, 512), t -> relu(t), dense(512, 10));
  }

  private UnaryOperator<Tensor> cnn(int batch) {
    return chain(
        convolution(1, 32, 3, 1, 0, true), t -> relu(t), t -> max_pool2d(t, 2, 2), convolution(32, 64, 3, 1, 0, true),
        t -> relu(t), t -> max_pool2d(t, 2, 2), t -> t.reshape(batch, 1600), dense(1600, 128), t -> relu(t), dense(128, 10));
  }

  private UnaryOperator<Tensor> resnet(int batch) {
    List<UnaryOperator<Tensor>> layers = new ArrayList<>(List.of(convolution(3, 64, 3, 1, 1, false), norm(64), t -> relu(t)));
    int in = 64;
    for (int out : new int[] {64, 128, 256, 512}) {
      for (int block = 0; block < 2; block++) {
        int stride = block == 0 && out > 64 ? 2 : 1;
        UnaryOperator<Tensor> branch =
            chain(
                convolution(in, out, 3, stride, 1, false), norm(out), t -> relu(t), convolution(out, out, 3, 1, 1, false),
                norm(out));
        UnaryOperator<Tensor> shortcut =
            stride == 1 ? t -> t : chain(convolution(in, out, 1, stride, 0, false), norm(out));
        layers.add(t -> relu(branch.apply(t).add(shortcut.apply(t))));
        in = out;
      }
    }
    layers.add(t -> adaptive_avg_pool2d(t, 1, 1).reshape(batch, 512));
    layers.add(dense(512, 10));
    return chain(layers);
  }

  private UnaryOperator<Tensor> gpt(int batch) {
    Tensor tokens = normal(0.02, Batch.VOCABULARY, WIDTH);
    Tensor positions = normal(0.02, Batch.CONTEXT, WIDTH);
    List<UnaryOperator<Tensor>> layers = new ArrayList<>();
    layers.add(t -> embedding(tokens, t).add(positions));
    double residual = 0.02 / Math.sqrt(2.0 * LAYERS);
    for (int layer = 0; layer < LAYERS; layer++) {
      UnaryOperator<Tensor> attention =
          chain(layerNorm(), dense(WIDTH, 3 * WIDTH, 0.02), t -> attention(t, batch), dense(WIDTH, WIDTH, residual));
      UnaryOperator<Tensor> mlp =
          chain(layerNorm(), dense(WIDTH, 4 * WIDTH, 0.02), t -> gelu(t, "tanh"), dense(4 * WIDTH, WIDTH, residual));
      layers.add(t -> t.add(attention.apply(t)));
      layers.add(t -> t.add(mlp.apply(t)));
    }
    layers.add(layerNorm());
    layers.add(t -> linear(t, tokens).reshape((long) batch * Batch.CONTEXT, Batch.VOCABULARY));
    return chain(layers);
  }

  /** x: (N, T, 3 * WIDTH); y: (N, T, WIDTH). */
  private static Tensor attention(Tensor x, int batch) {
    TensorVector parts = x.reshape(batch, Batch.CONTEXT, 3, HEADS, WIDTH / HEADS).permute(2, 0, 3, 1, 4).unbind(0);
    Tensor y =
        scaled_dot_product_attention(
            parts.get(0), parts.get(1), parts.get(2), new TensorOptional(), 0, true, new DoubleOptional(), false);
    return y.transpose(1, 2).reshape(batch, Batch.CONTEXT, WIDTH);
  }

  private UnaryOperator<Tensor> dense(int in, int out) {
    return dense(uniform(in, out, in), constant(0, out));
  }

  private UnaryOperator<Tensor> dense(int in, int out, double deviation) {
    return dense(normal(deviation, out, in), constant(0, out));
  }

  private static UnaryOperator<Tensor> dense(Tensor weight, Tensor bias) {
    return t -> linear(t, weight, new TensorOptional(bias));
  }

  private UnaryOperator<Tensor> convolution(int in, int out, int kernel, int stride, int padding, boolean biased) {
    Tensor weight = uniform(in * kernel * kernel, out, in, kernel, kernel);
    Tensor bias = biased ? constant(0, out) : null;
    return t ->
        conv2d(
            t, weight, bias == null ? new TensorOptional() : new TensorOptional(bias), new long[] {stride, stride},
            new long[] {padding, padding}, new long[] {1, 1}, 1);
  }

  private UnaryOperator<Tensor> norm(int channels) {
    Tensor weight = constant(1, channels);
    Tensor bias = constant(0, channels);
    Tensor mean = zeros(channels);
    Tensor variance = ones(channels);
    return t ->
        batch_norm(
            t, new TensorOptional(weight), new TensorOptional(bias), new TensorOptional(mean), new TensorOptional(variance), true,
            0.1, EPSILON, true);
  }

  private UnaryOperator<Tensor> layerNorm() {
    Tensor weight = constant(1, WIDTH);
    Tensor bias = constant(0, WIDTH);
    return t -> layer_norm(t, new long[] {WIDTH}, new TensorOptional(weight), new TensorOptional(bias), EPSILON, true);
  }

  private Tensor uniform(int fanIn, long... shape) {
    double bound = Math.sqrt(6.0 / fanIn);
    return parameter(zeros(shape).uniform_(-bound, bound, new GeneratorOptional()));
  }

  private Tensor normal(double deviation, long... shape) {
    return parameter(zeros(shape).normal_(0, deviation, new GeneratorOptional()));
  }

  private Tensor constant(double value, long... shape) {
    return parameter(value == 0 ? zeros(shape) : ones(shape));
  }

  private Tensor parameter(Tensor tensor) {
    tensor.set_requires_grad(true);
    parameters.add(tensor);
    return tensor;
  }

  @SafeVarargs
  private static UnaryOperator<Tensor> chain(UnaryOperator<Tensor>... layers) {
    return chain(List.of(layers));
  }

  private static UnaryOperator<Tensor> chain(List<UnaryOperator<Tensor>> layers) {
    return t -> {
      for (UnaryOperator<Tensor> layer : layers) {
        t = layer.apply(t);
      }
      return t;
    };
  }
}
