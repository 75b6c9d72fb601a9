package dev.tandem.nn;

import dev.tandem.tensor.Tensor;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** A function applied to each element: what makes a network more than one matrix. x, y: S. */
public final class Activation extends Module {
  private final Kind kind;

  /** The functions, defined in {@link dev.tandem.op.Elementwise}. */
  public enum Kind {
    /** max(x, 0). */
    RELU {
      @Override
      Tensor of(Tensor x) {
        return x.relu();
      }
    },
    /** Slope 0.01 below zero, PyTorch's default. */
    LEAKY_RELU {
      @Override
      Tensor of(Tensor x) {
        return x.leakyRelu(0.01);
      }
    },
    /** 1 / (1 + e^-x). */
    SIGMOID {
      @Override
      Tensor of(Tensor x) {
        return x.sigmoid();
      }
    },
    /** The hyperbolic tangent. */
    TANH {
      @Override
      Tensor of(Tensor x) {
        return x.tanh();
      }
    },
    /** The exact form, with erf. */
    GELU {
      @Override
      Tensor of(Tensor x) {
        return x.geluErf();
      }
    },
    /** The tanh form, as in GPT-2. */
    GELU_TANH {
      @Override
      Tensor of(Tensor x) {
        return x.geluTanh();
      }
    },
    /** x * sigmoid(x). */
    SILU {
      @Override
      Tensor of(Tensor x) {
        return x.silu();
      }
    },
    /** log(1 + e^x). */
    SOFTPLUS {
      @Override
      Tensor of(Tensor x) {
        return x.softplus();
      }
    };

    abstract Tensor of(Tensor x);

    /** The name in configs: {@code gelu_tanh}. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** A layer without parameters. */
  public Activation(Kind kind) {
    this.kind = kind;
  }

  /**
   * The layer of a name: relu, leaky_relu, sigmoid, tanh, gelu (erf), gelu_tanh, silu, softplus.
   */
  public static Activation of(String name) {
    return Arrays.stream(Kind.values())
        .filter(kind -> kind.toString().equals(name))
        .findFirst()
        .map(Activation::new)
        .orElseThrow(() ->
            new IllegalArgumentException(
                "activation: no such function, got '"
                    + name
                    + "'; use one of "
                    + Arrays.stream(Kind.values())
                        .map(Kind::toString)
                        .collect(Collectors.joining(", "))));
  }

  /** Which function it is. */
  public Kind kind() {
    return kind;
  }

  @Override
  public Tensor forward(Tensor x) {
    return kind.of(x);
  }

  /** The function's name. */
  @Override
  public String describe() {
    return kind.toString();
  }
}
