package dev.tandem.optim;

import dev.tandem.backend.Backend;
import dev.tandem.op.Update;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
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
 * and never waits for the device. All parameters of an element type move in one update.
 *
 * <p>Parameters of BF16 and F16 have a master of F32 here, which is what the rule works on; see
 * {@link Update.Many}.
 */
public final class Optimizer implements AutoCloseable {
  /** Of no meaning; every run draws its own bits from the step on. */
  private static final long ROUNDING_SEED = 0x5EED;

  private final Update.Optimizer rule;
  private final Options options;
  private final Map<String, Tensor> parameters;
  private final List<Group> groups = new ArrayList<>();

  /** What {@link #state} shows: states, masters and step count, by their names in a checkpoint. */
  private final Map<String, Tensor> named = new LinkedHashMap<>();

  /** By element type of what is computed: a rate, and the factor of a step without one. */
  private final Map<DType, Tensor> rates = new EnumMap<>(DType.class);

  private final Map<DType, Tensor> ones = new EnumMap<>(DType.class);
  private final Tensor count;

  /** What stochastic rounding draws from; null without. */
  private final Tensor generator;

  private double learningRate = Double.NaN;

  /**
   * How a rule is applied.
   *
   * @param decay which parameters the rule's weight decay is for
   * @param rounding how weights of BF16 and F16 follow their masters; nothing to others
   */
  public record Options(Decay decay, Rounding rounding) {
    /** Decay of all weights, rounding to nearest. */
    public static Options standard() {
      return new Options(Decay.ALL, Rounding.TO_NEAREST);
    }

    /** The same with other weights decaying. */
    public Options withDecay(Decay other) {
      return new Options(other, rounding);
    }

    /** The same with another rounding. */
    public Options withRounding(Rounding other) {
      return new Options(decay, other);
    }
  }

  /** Which parameters decay. */
  public enum Decay {
    /** Every weight decays. */
    ALL,
    /** Those of two axes and more: not biases, and not the weights of norms, which small values do not make simpler. */
    MATRICES
  }

  /** How a number is brought to fewer digits. */
  public enum Rounding {
    /** To nearest, ties to even. */
    TO_NEAREST,
    /** Up or down by chance, in proportion to what is cut off: small steps are not lost on average. */
    STOCHASTIC
  }

  /** Parameters that one update moves: of one element type, by one rule. */
  private record Group(Update.Many update, List<String> names, List<Tensor> written) {
    DType dtype() {
      return written.getFirst().dtype();
    }
  }

  /**
   * @param parameters leaves that require gradients, on one backend, by name: those of a module.
   * They stay the caller's. A subset leaves the others as they are, which is how to fine-tune
   */
  public Optimizer(Update.Optimizer rule, Map<String, Tensor> parameters) {
    this(rule, parameters, Options.standard());
  }

  /** Of these parameters by name; they must be on one backend and require gradients. */
  public Optimizer(Update.Optimizer rule, Map<String, Tensor> parameters, Options options) {
    this.rule = rule;
    this.options = options;
    this.parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    check(this.parameters);
    Backend backend = this.parameters.values().iterator().next().backend();
    try (Scope _ = Scope.open()) { // frees the first where there is no room for the others
      byKind().forEach((kind, names) -> groups.add(group(backend, kind, names)));
      count = Tensor.zeros(backend, new TensorType(DType.I32, Shape.scalar()));
      named.put("step", count);
      generator =
          groups.stream().anyMatch(group -> draws(group.update))
              ? new Random(ROUNDING_SEED).state(backend)
              : null;
      if (generator != null) {
        named.put("rounding", generator);
      }
      named.values().forEach(Tensor::release);
      rates.values().forEach(Tensor::release);
      ones.values().forEach(Tensor::release);
    }
  }

  private record Kind(DType dtype, boolean decays) {}

  private Map<Kind, List<String>> byKind() {
    Map<Kind, List<String>> kinds = new LinkedHashMap<>();
    parameters.forEach((name, parameter) -> {
      boolean decays = options.decay == Decay.ALL || parameter.shape().rank() >= 2;
      kinds.computeIfAbsent(new Kind(parameter.dtype(), decays), _ -> new ArrayList<>()).add(name);
    });
    return kinds;
  }

  private Group group(Backend backend, Kind kind, List<String> names) {
    DType wide = kind.dtype().statistics();
    rates.computeIfAbsent(wide, dtype -> Tensor.scalar(backend, dtype, 0));
    ones.computeIfAbsent(wide, dtype -> Tensor.scalar(backend, dtype, 1));
    List<Tensor> written = new ArrayList<>();
    for (String name : names) {
      Tensor parameter = parameters.get(name);
      written.add(parameter);
      for (String letter : letters(rule)) {
        written.add(
            state(name + "." + letter, Tensor.zeros(backend, parameter.type().withDType(wide))));
      }
      if (kind.dtype().half()) {
        written.add(state(name + ".master", parameter.cast(wide)));
      }
    }
    Update.Masters masters =
        !kind.dtype().half()
            ? Update.Masters.NONE
            : options.rounding == Rounding.STOCHASTIC
                ? Update.Masters.ROUNDED_STOCHASTICALLY
                : Update.Masters.ROUNDED_TO_NEAREST;
    Update.Optimizer own = kind.decays() ? rule : rule.withoutDecay();
    return new Group(new Update.Many(own, names.size(), masters), names, written);
  }

  private Tensor state(String name, Tensor state) {
    named.put(name, state);
    return state;
  }

  private static boolean draws(Update.Many update) {
    return update.masters() == Update.Masters.ROUNDED_STOCHASTICALLY;
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
  private static List<String> letters(Update.Optimizer rule) {
    return switch (rule) {
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
    return rule;
  }

  /** What it was made with. */
  public Options options() {
    return options;
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
    scalar.write(
        scalar.dtype() == DType.F64
            ? MemorySegment.ofArray(new double[] {value})
            : MemorySegment.ofArray(new float[] {(float) value}));
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
    move(ones);
  }

  /**
   * One update with every gradient multiplied by a factor, such as that of clipping. Where the factor is not finite nothing changes, the
   * step count included: so a step whose gradients overflowed is left out without waiting for the device.
   *
   * @param factor F32 or F64 ()
   */
  public void step(Tensor factor) {
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      Map<DType, Tensor> factors = new EnumMap<>(DType.class);
      rates.keySet().forEach(dtype -> factors.put(dtype, factor.cast(dtype)));
      move(factors);
    }
  }

  private void move(Map<DType, Tensor> factors) {
    if (Double.isNaN(learningRate)) {
      throw new IllegalStateException(
          "optimizer: no learning rate, got a step before one was set; call learningRate first");
    }
    Map<String, Tensor> gradients = gradients();
    Tensor.update(new Update.IncrementIfFinite(), count, factors.values().iterator().next());
    for (Group group : groups) {
      List<Tensor> operands = new ArrayList<>(group.written);
      group.names.forEach(name -> operands.add(gradients.get(name)));
      DType wide = group.dtype().statistics();
      operands.add(rates.get(wide));
      operands.add(factors.get(wide));
      if (rule.counted()) {
        operands.add(count);
      }
      if (draws(group.update)) {
        operands.add(generator);
      }
      Tensor.update(group.update, operands.toArray(Tensor[]::new));
      if (draws(group.update)) {
        Tensor.update(new Update.NextDraw(), generator);
      }
    }
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

  /**
   * Takes the parameters as they are now for what the next step starts from, where they were changed otherwise than by steps, as by
   * loading: a master whose rounding is not its weight becomes the weight. Nothing to do for weights without masters.
   */
  public void adoptWeights() {
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad()) {
      parameters.forEach((name, parameter) -> {
        Tensor master = named.get(name + ".master");
        if (master != null) {
          Tensor same = master.cast(parameter.dtype()).equalTo(parameter);
          Tensor wide = parameter.cast(master.dtype());
          Tensor.update(new Update.Assign(), master, Tensor.select(same, master, wide));
        }
      });
    }
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
   * its master, {@code 0.weight.master}, where it has one, the step count, I32 (), under {@code
   * step}, and what stochastic rounding draws from under {@code rounding}. Tensors of the optimizer's own; writing to them
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
              + rule
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
    ones.values().forEach(Tensor::close);
  }
}
