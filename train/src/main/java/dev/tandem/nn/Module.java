package dev.tandem.nn;

import dev.tandem.shape.ShapeException;
import dev.tandem.tensor.Tensor;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * A function from tensors to tensors with named parameters: a layer, or a network of layers. A
 * layer of one's own registers what it owns and says how it computes:
 *
 * <pre>{@code
 * final class Scaled extends Module {
 *   private final Tensor scale;
 *
 *   Scaled(Init init, int features) {
 *     scale = parameter("scale", init.draw(new Initializer.Constant(1), features));
 *   }
 *
 *   @Override
 *   public Tensor forward(Tensor x) {
 *     return x.mul(scale);
 *   }
 * }
 * }</pre>
 *
 * <p>Its gradient needs no code. Whatever is registered belongs to the module, which frees it when
 * closed.
 */
public abstract class Module implements AutoCloseable {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]+");

  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private final Map<String, Tensor> buffers = new LinkedHashMap<>();
  private final Map<String, Tensor> randomStates = new LinkedHashMap<>();
  private final Map<String, Module> children = new LinkedHashMap<>();
  private boolean training = true;

  /** Registers what is trained: the tensor becomes a leaf that gathers a gradient. Returns it. */
  protected final Tensor parameter(String name, Tensor value) {
    register(name, parameters, value);
    return value.requireGradient();
  }

  /**
   * Registers what is saved with the weights but not trained, such as running statistics. Returns
   * it.
   */
  protected final Tensor buffer(String name, Tensor value) {
    register(name, buffers, value);
    return value.release();
  }

  /** Registers the state of a generator that draws on the device, for checkpoints. Returns it. */
  protected final Tensor randomState(String name, Tensor state) {
    register(name, randomStates, state);
    return state.release();
  }

  /** Registers a part of this module. Returns it. */
  protected final <M extends Module> M child(String name, M child) {
    if (child == this) {
      throw new IllegalArgumentException(
          "module: a module cannot be its own part, got '" + name + "'; register another");
    }
    register(name, children, child);
    return child;
  }

  private <T> void register(String name, Map<String, T> kind, T value) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "module: a name consists of letters, digits and _, got '"
              + name
              + "'; dots separate a part from what is in it");
    }
    // One file holds parameters and buffers, so one name means one thing.
    if (parameters.containsKey(name)
        || buffers.containsKey(name)
        || randomStates.containsKey(name)
        || children.containsKey(name)) {
      throw new IllegalArgumentException(
          "module: the name is taken, got '"
              + name
              + "' twice in "
              + getClass().getSimpleName()
              + "; give each part a name of its own");
    }
    kind.put(name, value);
  }

  /** What the module computes. Recorded, and so differentiable, where a tape is open. */
  public abstract Tensor forward(Tensor x);

  /**
   * What is trained, by dotted name: {@code 0.weight} is the weight of the part {@code 0}. A
   * module's own come before those of its parts, each in the order of registration. A tensor that
   * is shared appears once, under its first name.
   */
  public final Map<String, Tensor> parameters() {
    return gather(module -> module.parameters);
  }

  /** State that is saved but not trained, named and ordered like {@link #parameters}. */
  public final Map<String, Tensor> buffers() {
    return gather(module -> module.buffers);
  }

  /**
   * The states of generators, I32 (4), named and ordered like {@link #parameters}: a checkpoint
   * needs them to resume.
   */
  public final Map<String, Tensor> randomStates() {
    return gather(module -> module.randomStates);
  }

  /** The parts, by their name in this module. */
  public final Map<String, Module> children() {
    return Collections.unmodifiableMap(children);
  }

  /** How many numbers are trained. */
  public final long parameterElements() {
    return parameters().values().stream()
        .mapToLong(parameter -> parameter.shape().elements())
        .sum();
  }

  private Map<String, Tensor> gather(Function<Module, Map<String, Tensor>> kind) {
    Map<String, Tensor> named = new LinkedHashMap<>();
    gather("", kind, named, Collections.newSetFromMap(new IdentityHashMap<>()));
    return Collections.unmodifiableMap(named);
  }

  private void gather(
      String prefix,
      Function<Module, Map<String, Tensor>> kind,
      Map<String, Tensor> named,
      Set<Tensor> seen) {
    kind.apply(this)
        .forEach((name, tensor) -> {
          if (seen.add(tensor)) {
            named.put(prefix + name, tensor);
          }
        });
    children.forEach((name, child) -> child.gather(prefix + name + ".", kind, named, seen));
  }

  /**
   * Whether the module computes as in training: dropout drops, batch norm uses the batch's
   * statistics. On at first.
   */
  public final boolean training() {
    return training;
  }

  /** Switches this module and all its parts between training and evaluation. Returns the module. */
  public final Module training(boolean on) {
    training = on;
    children.values().forEach(child -> child.training(on));
    return this;
  }

  /** One line for people: {@code Linear(784 -> 256)}. */
  public String describe() {
    return getClass().getSimpleName();
  }

  /** The description. */
  @Override
  public final String toString() {
    return describe();
  }

  /** Frees parameters, buffers and states of this module and its parts. */
  @Override
  public void close() {
    parameters.values().forEach(Tensor::close);
    buffers.values().forEach(Tensor::close);
    randomStates.values().forEach(Tensor::close);
    children.values().forEach(Module::close);
  }

  /**
   * Refuses an x whose axis, counted from the end if negative, has another length than the layer
   * was made for.
   */
  final void requireLength(Tensor x, int axis, int length, String axes) {
    int rank = x.shape().rank();
    if ((axis < 0 ? -axis : axis + 1) > rank || x.shape().length(axis) != length) {
      throw new ShapeException(
          describe() + ": x does not fit the layer, got " + x.type() + "; it must be " + axes);
    }
  }

  /** The number, if it is at least 1. */
  static int positive(String layer, String what, int number) {
    if (number < 1) {
      throw new IllegalArgumentException(
          layer + ": " + what + " must be at least 1, got " + number + "; give the layer's width");
    }
    return number;
  }
}
