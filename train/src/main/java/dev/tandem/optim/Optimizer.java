package dev.tandem.optim;

import dev.tandem.backend.Backend;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Moves named parameters along their gradients by one update rule, and keeps what the rule
 * remembers. Learning rate and step count lie on the device, so a step needs nothing from the host
 * and never waits for the device.
 */
public final class Optimizer implements AutoCloseable {
  private final Update.Optimizer update;
  private final Map<String, Tensor> parameters;

  /** By parameter name: the rule's states in their order. */
  private final Map<String, List<Tensor>> states = new LinkedHashMap<>();

  /** What {@link #state} shows: states and step count, by their names in a checkpoint. */
  private final Map<String, Tensor> named = new LinkedHashMap<>();

  /** A rate an element type, for an update takes lr in the type of w. */
  private final Map<DType, Tensor> rates = new EnumMap<>(DType.class);

  private final Tensor count;
  private double learningRate = Double.NaN;

  /**
   * @param parameters leaves that require gradients, on one backend, by name: those of a module.
   * They stay the caller's. A subset leaves the others as they are, which is how to fine-tune
   */
  public Optimizer(Update.Optimizer update, Map<String, Tensor> parameters) {
    this.update = update;
    this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    check(this.parameters);
    Backend backend = this.parameters.values().iterator().next().backend();
    try (Scope _ = Scope.open()) { // frees the first where there is no room for the others
      this.parameters.forEach((name, parameter) -> {
        List<Tensor> own = new ArrayList<>();
        for (String letter : letters(update)) {
          Tensor state = Tensor.zeros(backend, parameter.type());
          own.add(state);
          named.put(name + "." + letter, state);
        }
        states.put(name, own);
        rates.computeIfAbsent(parameter.dtype(), dtype -> Tensor.scalar(backend, dtype, 0));
      });
      count = Tensor.zeros(backend, new TensorType(DType.I32, Shape.scalar()));
      named.put("step", count);
      named.values().forEach(Tensor::release);
      rates.values().forEach(Tensor::release);
    }
  }

  private static void check(Map<String, Tensor> parameters) {
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException(
          "optimizer: nothing to train, got no parameters; give those of a module");
    }
    Set<Tensor> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    parameters.forEach((name, parameter) -> {
      if (!parameter.requiresGradient()) {
        throw new IllegalArgumentException(
            "optimizer: a parameter must be a leaf that requires a gradient, got "
                + name
                + " "
                + parameter
                + "; register it as a parameter");
      }
      if (!seen.add(parameter)) {
        throw new IllegalArgumentException(
            "optimizer: a parameter would be updated twice a step, got a second name "
                + name
                + " "
                + parameter
                + "; name it once");
      }
    });
  }

  /** The states' names: their letters in the formulas of {@link Update}. */
  private static List<String> letters(Update.Optimizer update) {
    return switch (update) {
      case Update.Sgd _ -> List.of();
      case Update.Momentum _ -> List.of("v");
      case Update.Adagrad _ -> List.of("s");
      case Update.RmsProp _ -> List.of("s");
      case Update.Adam _ -> List.of("m", "v");
      case Update.Lion _ -> List.of("m");
    };
  }

  /** The rule, with its settings. */
  public Update.Optimizer rule() {
    return update;
  }

  /** Sets the rate of the steps to come. Written to the device only when it changes. */
  public void learningRate(double rate) {
    if (!(rate >= 0) || Double.isInfinite(rate)) {
      throw new IllegalArgumentException(
          "optimizer: the learning rate must be finite and not negative, got "
              + rate
              + "; 0.001 is a start");
    }
    if (rate != learningRate) {
      rates.values().forEach(scalar -> write(scalar, rate));
      learningRate = rate;
    }
  }

  private static void write(Tensor scalar, double value) {
    switch (scalar.dtype()) {
      case F64 -> scalar.write(MemorySegment.ofArray(new double[] {value}));
      case F32 -> scalar.write(MemorySegment.ofArray(new float[] {(float) value}));
      case BF16, F16 -> {
        try (Tensor rounded = Tensor.scalar(scalar.backend(), scalar.dtype(), value)) {
          Tensor.update(new Update.Assign(), scalar, rounded);
        }
      }
      case I32, U8 ->
          throw new IllegalArgumentException(
              "optimizer: integers have no learning rate, got "
                  + scalar.type()
                  + "; train floating-point parameters");
    }
  }

  /** The rate of the steps to come; NaN before the first is set. */
  public double learningRate() {
    return learningRate;
  }

  /**
   * One update of every parameter. The gradients stay until they are cleared.
   *
   * @throws IllegalStateException before anything has changed, if no rate is set, or naming every
   *     parameter that no gradient has reached since the last clear
   */
  public void step() {
    if (Double.isNaN(learningRate)) {
      throw new IllegalStateException(
          "optimizer: no learning rate, got a step before one was set; call learningRate first");
    }
    Map<String, Tensor> gradients = gradients();
    Tensor.update(new Update.Increment(), count);
    parameters.forEach((name, parameter) -> {
      List<Tensor> operands = new ArrayList<>();
      operands.add(parameter);
      operands.addAll(states.get(name));
      operands.add(gradients.get(name));
      operands.add(rates.get(parameter.dtype()));
      if (update.counted()) {
        operands.add(count);
      }
      Tensor.update(update, operands.toArray(Tensor[]::new));
    });
  }

  private Map<String, Tensor> gradients() {
    Map<String, Tensor> gradients = new LinkedHashMap<>();
    List<String> missing = new ArrayList<>();
    parameters.forEach((name, parameter) ->
        parameter
            .gradient()
            .ifPresentOrElse(gradient -> gradients.put(name, gradient), () -> missing.add(name)));
    if (!missing.isEmpty()) {
      throw new IllegalStateException(
          "optimizer: no gradient reached these parameters, got none for "
              + missing
              + "; does the loss depend on them, and did backward run? To leave them as they are,"
              + " give the optimizer the others");
    }
    return gradients;
  }

  /** What is trained, by name. */
  public Map<String, Tensor> parameters() {
    return parameters;
  }

  /** Forgets the gradients: the next backward starts from none. */
  public void clearGradients() {
    parameters.values().forEach(Tensor::clearGradient);
  }

  /**
   * How many steps have been done, those before a restored checkpoint included. Waits for the
   * device.
   */
  public long steps() {
    return count.toInts()[0];
  }

  /**
   * What the optimizer remembers, for checkpoints: each parameter's states, {@code 0.weight.m},
   * and the step count, I32 (), under {@code step}. Tensors of the optimizer's own; writing to them
   * restores it.
   */
  public Map<String, Tensor> state() {
    return Collections.unmodifiableMap(named);
  }

  /**
   * Takes over a state as {@link #state} gave it, copying. @throws IllegalArgumentException naming
   * all that differs
   */
  public void restore(Map<String, Tensor> saved) {
    List<String> wrong = new ArrayList<>();
    named.forEach((name, state) -> {
      Tensor source = saved.get(name);
      if (source == null) {
        wrong.add(name + " is missing");
      } else if (!source.type().equals(state.type())) {
        wrong.add(name + " is " + source.type() + ", not " + state.type());
      }
    });
    saved.keySet().stream()
        .filter(name -> !named.containsKey(name))
        .forEach(name -> wrong.add(name + " is unknown"));
    if (!wrong.isEmpty()) {
      throw new IllegalArgumentException(
          "optimizer: the saved state is not of "
              + update
              + " for these parameters, got "
              + String.join(", ", wrong)
              + "; restore with the network and the rule it was saved with");
    }
    named.forEach((name, state) -> {
      byte[] bytes = new byte[Math.toIntExact(state.type().bytes())];
      saved.get(name).read(MemorySegment.ofArray(bytes));
      state.write(MemorySegment.ofArray(bytes));
    });
  }

  /** Frees the states, not the parameters. */
  @Override
  public void close() {
    named.values().forEach(Tensor::close);
    rates.values().forEach(Tensor::close);
  }
}
