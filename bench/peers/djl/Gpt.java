import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Supplier;

/**
 * The GPT of {@code bench/Workload.java} in DJL's operations. DJL has no fused attention, so it is composed, and no tanh form of GELU, so
 * it is the erf form, which PyTorch computes in one kernel as it does the other.
 */
final class Gpt extends AbstractBlock {
  private static final int WIDTH = 256;
  private static final int HEADS = 4;
  private static final int LAYERS = 4;
  private static final float EPSILON = 1e-5f;

  private final List<Parameter> ordered = new ArrayList<>();
  private NDArray mask;

  Gpt() {
    weight("wte", 0.02, Batch.VOCABULARY, WIDTH);
    weight("wpe", 0.02, Batch.CONTEXT, WIDTH);
    double residual = 0.02 / Math.sqrt(2.0 * LAYERS);
    for (int layer = 0; layer < LAYERS; layer++) {
      norm("ln_1." + layer);
      dense("c_attn." + layer, WIDTH, 3 * WIDTH, 0.02);
      dense("attn.c_proj." + layer, WIDTH, WIDTH, residual);
      norm("ln_2." + layer);
      dense("c_fc." + layer, WIDTH, 4 * WIDTH, 0.02);
      dense("mlp.c_proj." + layer, 4 * WIDTH, WIDTH, residual);
    }
    norm("ln_f");
  }

  private void dense(String name, int in, int out, double deviation) {
    weight(name + ".weight", deviation, out, in);
    vector(name + ".bias", Initializer.ZEROS, out);
  }

  private void norm(String name) {
    vector(name + ".weight", Initializer.ONES, WIDTH);
    vector(name + ".bias", Initializer.ZEROS, WIDTH);
  }

  private void weight(String name, double deviation, long... shape) {
    parameter(name, new NormalInitializer((float) deviation), new Shape(shape));
  }

  private void vector(String name, Initializer initializer, long length) {
    parameter(name, initializer, new Shape(length));
  }

  private void parameter(String name, Initializer initializer, Shape shape) {
    ordered.add(
        addParameter(
            Parameter.builder()
                .setName(name)
                .setType(Parameter.Type.WEIGHT)
                .optShape(shape)
                .optInitializer(initializer)
                .build()));
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
    float[] hidden = new float[Batch.CONTEXT * Batch.CONTEXT];
    for (int row = 0; row < Batch.CONTEXT; row++) {
      for (int column = row + 1; column < Batch.CONTEXT; column++) {
        hidden[row * Batch.CONTEXT + column] = Float.NEGATIVE_INFINITY;
      }
    }
    mask = manager.create(hidden, new Shape(Batch.CONTEXT, Batch.CONTEXT));
    mask.detach();
  }

  @Override
  protected NDList forwardInternal(ParameterStore store, NDList inputs, boolean training, PairList<String, Object> settings) {
    NDArray tokens = inputs.head();
    Device device = tokens.getDevice();
    Iterator<Parameter> remaining = ordered.iterator();
    Supplier<NDArray> next = () -> store.getValue(remaining.next(), device, training);
    NDArray embedding = next.get();
    NDArray x = Embedding.embedding(tokens, embedding, SparseFormat.DENSE).head().add(next.get());
    for (int layer = 0; layer < LAYERS; layer++) {
      NDArray attended = attention(dense(norm(x, next), next));
      x = x.add(dense(attended, next));
      NDArray wide = Activation.gelu(dense(norm(x, next), next));
      x = x.add(dense(wide, next));
    }
    NDArray logits = Linear.linear(norm(x, next), embedding, null).head();
    return new NDList(logits.reshape(tokens.size(), Batch.VOCABULARY));
  }

  /** x: (N, T, 3 * WIDTH); y: (N, T, WIDTH). */
  private NDArray attention(NDArray x) {
    long batch = x.getShape().get(0);
    int length = WIDTH / HEADS;
    NDArray parts = x.reshape(batch, Batch.CONTEXT, 3, HEADS, length).transpose(2, 0, 3, 1, 4);
    NDArray scores = parts.get(0).matMul(parts.get(1).transpose(0, 1, 3, 2)).mul(1 / Math.sqrt(length)).add(mask);
    return scores.softmax(-1).matMul(parts.get(2)).transpose(0, 2, 1, 3).reshape(batch, Batch.CONTEXT, WIDTH);
  }

  private static NDArray dense(NDArray x, Supplier<NDArray> next) {
    return Linear.linear(x, next.get(), next.get()).head();
  }

  private static NDArray norm(NDArray x, Supplier<NDArray> next) {
    return LayerNorm.layerNorm(x, new Shape(WIDTH), next.get(), next.get(), EPSILON).head();
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {new Shape(inputs[0].size(), Batch.VOCABULARY)};
  }
}
