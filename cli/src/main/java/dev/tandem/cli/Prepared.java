package dev.tandem.cli;

import dev.tandem.cli.config.ClipConfig;
import dev.tandem.cli.config.Config;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.cli.config.LossConfig;
import dev.tandem.cli.config.TrainingConfig;
import dev.tandem.data.Augmentation;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Dataset;
import dev.tandem.data.Target;
import dev.tandem.nn.LossFunction;
import dev.tandem.shape.DType;
import dev.tandem.train.BatchMode;
import java.util.Optional;
import java.util.stream.IntStream;

/** A config whose data are open and whose network, loss and batches are known to fit them. */
record Prepared(LoadedConfig loaded, RunData data, Network network, LossFunction loss) {
  /** Samples that are measured at once; bounds memory, changes no result. */
  private static final int MEASURED = 256;

  /** Likewise the logits of a language model, of which a window has length times vocabulary. */
  private static final long LOGITS = 1L << 26;

  static Prepared of(LoadedConfig loaded) {
    return of(loaded, RunData.open(loaded));
  }

  /** @param data as this config describes them */
  static Prepared of(LoadedConfig loaded, RunData data) {
    Config config = loaded.config();
    Target target = data.training().target();
    LossFunction loss = loss(loaded, target);
    Network network = Network.of(loaded, data.training().input(), target, loss);
    TrainingConfig training = config.training();
    int size = data.training().size();
    if (training.mode() == TrainingConfig.Mode.MINI_BATCH && training.batch() > size) {
      throw loaded.problem(
          "training.batch",
          "larger than the data, got "
              + training.batch()
              + " for the "
              + size
              + " training samples; choose at most "
              + size
              + ", or mode: full-batch");
    }
    Prepared prepared = new Prepared(loaded, data, network, loss);
    prepared.checkSmallestBatch();
    if (config.precision() == Config.Precision.F16 && config.clip() instanceof ClipConfig.Value) {
      throw loaded.problem(
          "clip",
          "f16 gradients are scaled, so a limit for each does not say what it means; use {kind: norm, limit: 1}, or"
              + " precision: bf16");
    }
    return prepared;
  }

  /** Batch norm refuses a batch of one: better now than at the end of the first epoch. */
  private void checkSmallestBatch() {
    BatchLoader loader = training();
    int full = loader.batchSize();
    int last = loader.samples() % full;
    int micro = Math.min(full, config().training().microBatch().orElse(full));
    int smallest =
        IntStream.of(full, last, full % micro, last % micro, micro)
            .filter(samples -> samples > 0 && samples <= full)
            .min()
            .orElseThrow();
    try {
      network.tryBatch(data.training().input(), smallest);
    } catch (IllegalArgumentException e) {
      throw loaded.problem(
          config().training().microBatch().isPresent() ? "training.micro_batch" : "training.batch",
          "the smallest batch, of "
              + smallest
              + " of the "
              + loader.samples()
              + " training samples, does not fit the network: "
              + e.getMessage());
    }
  }

  Config config() {
    return loaded.config();
  }

  /** What parameters and activations are kept in. */
  DType dtype() {
    return dtype(config());
  }

  /** What a config keeps parameters and activations in. */
  static DType dtype(Config config) {
    return switch (config.precision()) {
      case F32, TF32 -> DType.F32;
      case BF16 -> DType.BF16;
      case F16 -> DType.F16;
    };
  }

  /** The loader that trains: shuffled, augmented, scaled, and made ahead of time. */
  BatchLoader training() {
    Config config = config();
    BatchMode mode =
        switch (config.training().mode()) {
          case ONLINE -> BatchMode.ONLINE;
          case MINI_BATCH -> BatchMode.MINI_BATCH;
          case FULL_BATCH -> BatchMode.FULL_BATCH;
        };
    BatchLoader loader = mode.loader(data.training(), config.training().batch());
    if (data.shuffled()) {
      loader = loader.shuffled(config.seed());
    }
    if (config.training().epochSteps().isPresent()) {
      loader = loader.atMost(config.training().epochSteps().get());
    }
    if (config.training().dropLast()) {
      loader = loader.droppingLast();
    }
    Optional<Augmentation> augmentation = RunData.augmentation(loaded, config.seed());
    if (augmentation.isPresent()) {
      loader = loader.with(augmentation.get());
    }
    return data.scaled(loader).prefetching(config.data().prefetch());
  }

  /** The loader that validates; empty where nothing is kept for it. */
  Optional<BatchLoader> validation() {
    return data.validation().map(this::measured);
  }

  /** A loader that measures, in the data set's own order. */
  BatchLoader measured(Dataset dataset) {
    int batch = training().batchSize();
    int trained = Math.min(batch, config().training().microBatch().orElse(batch));
    return data.scaled(BatchLoader.of(dataset, measuredAtOnce(dataset, trained)));
  }

  /** What can be trained on at once can be measured at once; of a language model no more, for its samples are large. */
  static int measuredAtOnce(Dataset dataset, int trained) {
    int most = Math.min(dataset.size(), Math.min(MEASURED, trained));
    return dataset.target() instanceof Target.Tokens
        ? most
        : Math.max(measuredAtOnce(dataset), most);
  }

  /** How many samples of a data set are measured at once, whatever was trained on. */
  static int measuredAtOnce(Dataset dataset) {
    long most =
        dataset.target() instanceof Target.Tokens(int vocabulary)
            ? Math.clamp(LOGITS / (dataset.input().elements() * vocabulary), 1, MEASURED)
            : MEASURED;
    return (int) Math.min(most, dataset.size());
  }

  /** The loss of a config, or the usual one for the target. */
  static LossFunction loss(LoadedConfig loaded, Target target) {
    LossConfig otherwise =
        target instanceof Target.Numbers
            ? new LossConfig.SquaredError()
            : new LossConfig.CrossEntropy(0);
    LossConfig config = loaded.config().loss().orElse(otherwise);
    boolean overClasses =
        config instanceof LossConfig.CrossEntropy || config instanceof LossConfig.KlDivergence;
    if (overClasses && target instanceof Target.Numbers numbers && numbers.names().size() == 1) {
      throw loaded.problem(
          "loss",
          "compares probabilities of classes, but the data have one number each; use"
              + " squared_error, or task: classes");
    }
    return switch (config) {
      case LossConfig.CrossEntropy(double smoothing) -> new LossFunction.CrossEntropy(smoothing);
      case LossConfig.BinaryCrossEntropy _ -> new LossFunction.BinaryCrossEntropyWithLogits();
      case LossConfig.SquaredError _ -> new LossFunction.SquaredError();
      case LossConfig.AbsoluteError _ -> new LossFunction.AbsoluteError();
      case LossConfig.Huber(double delta) -> new LossFunction.HuberError(delta);
      case LossConfig.Hinge _ -> new LossFunction.Hinge();
      case LossConfig.KlDivergence _ -> new LossFunction.KlDivergence();
      case LossConfig.SignedDifference _ -> new LossFunction.SignedDifference();
    };
  }
}
