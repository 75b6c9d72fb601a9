package dev.tandem.nn;

import dev.tandem.tensor.Tensor;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Modules one after another, named 0, 1, 2 and so on: y = last(... second(first(x))). Linear and convolutional layers are run together
 * with a relu that follows them.
 */
public final class Sequential extends Module {
  private final List<Module> layers;

  /** Of these layers, in order; their parameters are named by their place, from 0. */
  public Sequential(List<? extends Module> layers) {
    this.layers = List.copyOf(layers);
    for (int i = 0; i < this.layers.size(); i++) {
      child(Integer.toString(i), this.layers.get(i));
    }
  }

  /** Of these layers, in order. */
  public static Sequential of(Module... layers) {
    return new Sequential(List.of(layers));
  }

  /** The layers, in order. */
  public List<Module> layers() {
    return layers;
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor y = x;
    for (int i = 0; i < layers.size(); i++) {
      boolean relu =
          i + 1 < layers.size()
              && layers.get(i + 1) instanceof Activation next
              && next.kind() == Activation.Kind.RELU;
      if (relu && layers.get(i) instanceof BeforeRelu layer) {
        y = layer.forwardRelu(y);
        i++;
      } else {
        y = layers.get(i).forward(y);
      }
    }
    return y;
  }

  @Override
  public String describe() {
    return layers.stream()
        .map(Module::describe)
        .collect(Collectors.joining(", ", "Sequential(", ")"));
  }
}
