package dev.tandem.optim;

import dev.tandem.op.Update;

/**
 * How a weight follows its gradient, with the settings a user chooses. The formulas stand at
 * {@link Update}; w is the weight, dw its gradient. Weight decay adds weightDecay * w to dw, but
 * for {@link AdamW} and {@link Lion}, which shrink w itself.
 */
public sealed interface Rule {
  /** The fused step that a backend runs. */
  Update.Optimizer update();

  /** The learning rate to try first. */
  double usualLearningRate();

  /** The delta rule: w = w - lr * dw. Widrow and Hoff 1960; Robbins and Monro 1951. */
  record Sgd(double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Sgd {
      notNegative("sgd", "weight decay", weightDecay);
    }

    /** The settings that are usual, weight decay off unless they have some. */
    public static Sgd standard() {
      return new Sgd(0);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.Sgd(weightDecay);
    }

    @Override
    public double usualLearningRate() {
      return 0.01;
    }
  }

  /**
   * Gradient descent with the inertia of a heavy ball: v = momentum * v + dw; w = w - lr * v.
   * Polyak 1964.
   */
  record Momentum(double momentum, double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Momentum {
      share("momentum", "momentum", momentum);
      notNegative("momentum", "weight decay", weightDecay);
    }

    /** PyTorch asks for the momentum; 0.9 is usual. */
    public static Momentum standard() {
      return new Momentum(0.9, 0);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.Momentum(momentum, false, weightDecay);
    }

    @Override
    public double usualLearningRate() {
      return 0.01;
    }
  }

  /**
   * Momentum that looks ahead: w = w - lr * (dw + momentum * v). Nesterov 1983, in the form of
   * Sutskever et al. 2013.
   */
  record Nesterov(double momentum, double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Nesterov {
      share("nesterov", "momentum", momentum);
      notNegative("nesterov", "weight decay", weightDecay);
    }

    /** The settings that are usual, weight decay off unless they have some. */
    public static Nesterov standard() {
      return new Nesterov(0.9, 0);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.Momentum(momentum, true, weightDecay);
    }

    @Override
    public double usualLearningRate() {
      return 0.01;
    }
  }

  /**
   * A rate a weight, which falls with the sum of its squared gradients. Duchi, Hazan and Singer
   * 2011.
   */
  record Adagrad(double epsilon, double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Adagrad {
      notNegative("adagrad", "epsilon", epsilon);
      notNegative("adagrad", "weight decay", weightDecay);
    }

    /** The settings that are usual, weight decay off unless they have some. */
    public static Adagrad standard() {
      return new Adagrad(1e-10, 0);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.Adagrad(epsilon, weightDecay);
    }

    @Override
    public double usualLearningRate() {
      return 0.01;
    }
  }

  /**
   * A rate a weight, over the root of the running mean of its squared gradients. Tieleman and
   * Hinton 2012.
   */
  record RmsProp(double alpha, double epsilon, double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public RmsProp {
      share("rms_prop", "alpha", alpha);
      notNegative("rms_prop", "epsilon", epsilon);
      notNegative("rms_prop", "weight decay", weightDecay);
    }

    /** The settings that are usual, weight decay off unless they have some. */
    public static RmsProp standard() {
      return new RmsProp(0.99, 1e-8, 0);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.RmsProp(alpha, epsilon, weightDecay);
    }

    @Override
    public double usualLearningRate() {
      return 0.01;
    }
  }

  /**
   * Momentum and a rate a weight, both corrected for starting at 0. Kingma and Ba 2014,
   * arXiv:1412.6980.
   */
  record Adam(double beta1, double beta2, double epsilon, double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Adam {
      moments("adam", beta1, beta2);
      notNegative("adam", "epsilon", epsilon);
      notNegative("adam", "weight decay", weightDecay);
    }

    /** The settings that are usual, weight decay off unless they have some. */
    public static Adam standard() {
      return new Adam(0.9, 0.999, 1e-8, 0);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.Adam(beta1, beta2, epsilon, weightDecay, false);
    }

    @Override
    public double usualLearningRate() {
      return 1e-3;
    }
  }

  /**
   * Adam whose decay shrinks the weight itself, past the rates. Loshchilov and Hutter 2017,
   * arXiv:1711.05101.
   */
  record AdamW(double beta1, double beta2, double epsilon, double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public AdamW {
      moments("adam_w", beta1, beta2);
      notNegative("adam_w", "epsilon", epsilon);
      notNegative("adam_w", "weight decay", weightDecay);
    }

    /** The settings that are usual, weight decay off unless they have some. */
    public static AdamW standard() {
      return new AdamW(0.9, 0.999, 1e-8, 0.01);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.Adam(beta1, beta2, epsilon, weightDecay, true);
    }

    @Override
    public double usualLearningRate() {
      return 1e-3;
    }
  }

  /**
   * The sign of a momentum: every weight moves by lr. Chen et al. 2023, arXiv:2302.06675; not in
   * torch.optim.
   */
  record Lion(double beta1, double beta2, double weightDecay) implements Rule {
    /** Throws {@link IllegalArgumentException} when a component is out of its range; the message names it. */
    public Lion {
      moments("lion", beta1, beta2);
      notNegative("lion", "weight decay", weightDecay);
    }

    /** The paper's: 0.9 and 0.99, no decay. */
    public static Lion standard() {
      return new Lion(0.9, 0.99, 0);
    }

    @Override
    public Update.Optimizer update() {
      return new Update.Lion(beta1, beta2, weightDecay);
    }

    @Override
    public double usualLearningRate() {
      return 1e-4;
    }
  }

  private static void notNegative(String rule, String what, double number) {
    if (!(number >= 0) || Double.isInfinite(number)) {
      throw new IllegalArgumentException(
          rule
              + ": "
              + what
              + " must be finite and not negative, got "
              + number
              + "; 0 means none");
    }
  }

  private static void share(String rule, String what, double number) {
    if (!(number >= 0 && number < 1)) {
      throw new IllegalArgumentException(
          rule
              + ": "
              + what
              + " must lie in [0, 1), got "
              + number
              + "; 0.9 and above average over more steps");
    }
  }

  private static void moments(String rule, double beta1, double beta2) {
    share(rule, "beta1", beta1);
    share(rule, "beta2", beta2);
  }
}
