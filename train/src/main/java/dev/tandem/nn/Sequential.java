package dev.tandem.nn;

import dev.tandem.tensor.Tensor;
import java.util.List;
import java.util.stream.Collectors;

/** Modules one after another, named 0, 1, 2 and so on: y = last(... second(first(x))). */
public final class Sequential extends Module {
  private final List<Module> layers;

  public Sequential(List<? extends Module> layers) {
    this.layers = List.copyOf(layers);
    for (int i = 0; i < this.layers.size(); i++) {
      child(Integer.toString(i), this.layers.get(i));
    }
  }

  public static Sequential of(Module... layers) {
    return new Sequential(List.of(layers));
  }

  public List<Module> layers() {
    return layers;
  }

  @Override
  public Tensor forward(Tensor x) {
    Tensor y = x;
    for (Module layer : layers) {
      y = layer.forward(y);
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
