package dev.tandem.tensor;

import dev.tandem.shape.DType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Compares back-propagation with central differences, (L(w + h) - L(w - h)) / 2h, for any network of F64 tensors. Not for
 * networks that sit on a kink (relu at exactly 0) or draw random numbers: switch dropout off.
 *
 * @param step h, relative to max(1, |w|). 1e-5 balances truncation, about h^2, against rounding, about 1e-16 / h
 * @param elements how many elements of each parameter are tried, spread evenly; all of a smaller one
 */
public record GradCheck(double step, int elements) {

  /** All elements, h = 1e-5. */
  public static GradCheck thorough() {
    return new GradCheck(1e-5, Integer.MAX_VALUE);
  }

  /**
   * One element's two derivatives.
   *
   * @param error |backprop - numeric| / max(1, |backprop|, |numeric|)
   */
  public record Entry(String parameter, int index, double backprop, double numeric, double error) {
    @Override
    public String toString() {
      return parameter
          + "["
          + index
          + "]: backprop "
          + backprop
          + ", central difference "
          + numeric
          + ", error "
          + error;
    }
  }

  /** The worst element of each parameter, the worst first. */
  public record Report(List<Entry> worst) {
    /** The largest error of all parameters; 0 where there is none. */
    public double largestError() {
      return worst.isEmpty() ? 0 : worst.getFirst().error();
    }

    /** Throws, naming parameter and element, where the largest error is above the tolerance. Returns the report. */
    public Report require(double tolerance) {
      // Written so that NaN fails.
      if (!(largestError() <= tolerance)) {
        throw new AssertionError(
            "gradient check: derivatives differ by more than "
                + tolerance
                + ", got "
                + worst.getFirst()
                + "; look at the derivative of the ops that this parameter goes through");
      }
      return this;
    }
  }

  /**
   * Checks every parameter.
   *
   * @param loss computes the loss, a tensor of one element, afresh from the parameters; the same value every time
   * @param parameters F64 leaves that require gradients, by name; restored bit for bit
   */
  public Report check(Supplier<Tensor> loss, Map<String, Tensor> parameters) {
    parameters.forEach((name, parameter) -> {
      if (parameter.dtype() != DType.F64 || !parameter.requiresGradient()) {
        throw new IllegalArgumentException(
            "gradient check: parameters must be F64 leaves that require a gradient, got "
                + name
                + " "
                + parameter.type()
                + "; build the network in F64");
      }
      parameter.clearGradient();
    });
    double value = value(loss);
    if (Double.compare(value, value(loss)) != 0) {
      throw new IllegalArgumentException(
          "gradient check: the loss differs from call to call, got "
              + value
              + " first; switch dropout off and fix the batch");
    }
    try (Tape tape = Tape.open()) {
      tape.backward(loss.get());
    }
    List<Entry> worst = new ArrayList<>();
    parameters.forEach((name, parameter) -> {
      double[] gradient =
          parameter
              .gradient()
              .map(Tensor::toDoubles)
              .orElseThrow(() ->
                  new IllegalStateException(
                      "gradient check: no gradient reached "
                          + name
                          + " "
                          + parameter.type()
                          + "; the loss does not depend on it"));
      worst.add(worst(name, parameter, gradient, loss));
      parameter.clearGradient();
    });
    worst.sort(Comparator.comparingDouble(Entry::error).reversed());
    return new Report(List.copyOf(worst));
  }

  private Entry worst(String name, Tensor parameter, double[] gradient, Supplier<Tensor> loss) {
    double[] weights = parameter.toDoubles();
    int tried = Math.min(elements, weights.length);
    Entry worst = new Entry(name, 0, 0, 0, 0);
    for (int i = 0; i < tried; i++) {
      int index = (int) ((long) i * weights.length / tried);
      double center = weights[index];
      double reach = step * Math.max(1, Math.abs(center));
      // Differences of the rounded weights, not 2h, for the quotient.
      double above = center + reach;
      double below = center - reach;
      double rise;
      try {
        rise =
            valueAt(loss, parameter, weights, index, above)
                - valueAt(loss, parameter, weights, index, below);
      } finally {
        set(parameter, weights, index, center);
      }
      double numeric = rise / (above - below);
      double scale = Math.max(1, Math.max(Math.abs(numeric), Math.abs(gradient[index])));
      double error = Math.abs(numeric - gradient[index]) / scale;
      // By compare, to which NaN is the largest: no later element may push it out.
      if (i == 0 || Double.compare(error, worst.error()) > 0) {
        worst = new Entry(name, index, gradient[index], numeric, error);
      }
    }
    return worst;
  }

  private static double valueAt(
      Supplier<Tensor> loss, Tensor parameter, double[] weights, int index, double weight) {
    set(parameter, weights, index, weight);
    return value(loss);
  }

  private static void set(Tensor parameter, double[] weights, int index, double weight) {
    weights[index] = weight;
    parameter.write(MemorySegment.ofArray(weights));
  }

  private static double value(Supplier<Tensor> loss) {
    try (Scope _ = Scope.open()) {
      return loss.get().item();
    }
  }
}
