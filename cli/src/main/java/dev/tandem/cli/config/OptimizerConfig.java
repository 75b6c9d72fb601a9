package dev.tandem.cli.config;

/** How weights change. Formulas and defaults are PyTorch's. */
@Choice("optimizer")
public sealed interface OptimizerConfig {
  double lr();

  /** A copy with another learning rate is made by {@code --set optimizer.lr=...}. */
  @Named("w = w - lr * dw")
  record Sgd(
      @Setting(
              value = "learning rate",
              otherwise = "0.01",
              min = 0,
              mistaken = {"learning_rate", "rate", "alpha"})
          double lr,
      @Setting(value = "pull of weights to 0", otherwise = "0", min = 0, mistaken = "l2")
          double weightDecay)
      implements OptimizerConfig {}

  @Named("SGD with a velocity; Polyak 1964")
  record Momentum(
      @Setting(
              value = "learning rate",
              otherwise = "0.01",
              min = 0,
              mistaken = {"learning_rate", "rate"})
          double lr,
      @Setting(value = "how much of the velocity stays", otherwise = "0.9", min = 0, below = 1)
          double momentum,
      @Setting(value = "pull of weights to 0", otherwise = "0", min = 0, mistaken = "l2")
          double weightDecay)
      implements OptimizerConfig {}

  @Named("momentum that looks ahead; Nesterov 1983")
  record Nesterov(
      @Setting(
              value = "learning rate",
              otherwise = "0.01",
              min = 0,
              mistaken = {"learning_rate", "rate"})
          double lr,
      @Setting(value = "how much of the velocity stays", otherwise = "0.9", min = 0, below = 1)
          double momentum,
      @Setting(value = "pull of weights to 0", otherwise = "0", min = 0, mistaken = "l2")
          double weightDecay)
      implements OptimizerConfig {}

  @Named("rates shrink with the sum of squared gradients; Duchi et al. 2011")
  record Adagrad(
      @Setting(
              value = "learning rate",
              otherwise = "0.01",
              min = 0,
              mistaken = {"learning_rate", "rate"})
          double lr,
      @Setting(value = "added to the root", otherwise = "1e-10", min = 0, mistaken = "eps")
          double epsilon,
      @Setting(value = "pull of weights to 0", otherwise = "0", min = 0, mistaken = "l2")
          double weightDecay)
      implements OptimizerConfig {}

  @Named(
      value = "rates follow the running mean of squared gradients; Tieleman and Hinton 2012",
      mistaken = "rmsprop")
  record RmsProp(
      @Setting(
              value = "learning rate",
              otherwise = "0.01",
              min = 0,
              mistaken = {"learning_rate", "rate"})
          double lr,
      @Setting(value = "how much of the mean stays", otherwise = "0.99", min = 0, below = 1)
          double alpha,
      @Setting(value = "added to the root", otherwise = "1e-8", min = 0, mistaken = "eps")
          double epsilon,
      @Setting(value = "pull of weights to 0", otherwise = "0", min = 0, mistaken = "l2")
          double weightDecay)
      implements OptimizerConfig {}

  @Named("Kingma and Ba 2014")
  record Adam(
      @Setting(
              value = "learning rate",
              otherwise = "0.001",
              min = 0,
              mistaken = {"learning_rate", "rate"})
          double lr,
      @Setting(value = "how much of the mean stays", otherwise = "0.9", min = 0, below = 1)
          double beta1,
      @Setting(value = "how much of the mean square stays", otherwise = "0.999", min = 0, below = 1)
          double beta2,
      @Setting(value = "added to the root", otherwise = "1e-8", min = 0, mistaken = "eps")
          double epsilon,
      @Setting(
              value = "pull of weights to 0, as part of the gradient",
              otherwise = "0",
              min = 0,
              mistaken = "l2")
          double weightDecay)
      implements OptimizerConfig {}

  @Named(value = "Adam with weight decay of its own; Loshchilov and Hutter 2017", as = "adamw")
  record AdamW(
      @Setting(
              value = "learning rate",
              otherwise = "0.001",
              min = 0,
              mistaken = {"learning_rate", "rate"})
          double lr,
      @Setting(value = "how much of the mean stays", otherwise = "0.9", min = 0, below = 1)
          double beta1,
      @Setting(value = "how much of the mean square stays", otherwise = "0.999", min = 0, below = 1)
          double beta2,
      @Setting(value = "added to the root", otherwise = "1e-8", min = 0, mistaken = "eps")
          double epsilon,
      @Setting(value = "pull of weights to 0", otherwise = "0.01", min = 0) double weightDecay)
      implements OptimizerConfig {}

  @Named("the sign of a running mean; Chen et al. 2023")
  record Lion(
      @Setting(
              value = "learning rate",
              otherwise = "0.0001",
              min = 0,
              mistaken = {"learning_rate", "rate"})
          double lr,
      @Setting(value = "share of the mean in the step", otherwise = "0.9", min = 0, below = 1)
          double beta1,
      @Setting(value = "how much of the mean stays", otherwise = "0.99", min = 0, below = 1)
          double beta2,
      @Setting(value = "pull of weights to 0", otherwise = "0", min = 0) double weightDecay)
      implements OptimizerConfig {}
}
