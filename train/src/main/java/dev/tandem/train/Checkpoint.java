package dev.tandem.train;

import dev.tandem.data.BatchLoader;
import dev.tandem.io.FileException;
import dev.tandem.io.SafeTensors;
import dev.tandem.io.SafeTensorsFile;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.ReduceOnPlateau;
import dev.tandem.tensor.Tensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * All that a run needs to go on as if it had never stopped, in one safetensors file: weights, buffers, the states of
 * generators and of the optimizer, the sums of the epoch begun, the best weights so far, and as metadata the progress. The
 * order of the data needs no state: it follows from seed and epoch.
 */
final class Checkpoint {
  private static final String FORMAT = "tandem checkpoint 1";
  private static final String BEST = "best.";

  private final Trainer.Setup setup;
  private final DeviceSums sums;
  private final TrainingStep step;
  private final Optional<BestWeights> best;

  Checkpoint(Trainer.Setup setup, DeviceSums sums, TrainingStep step, Optional<BestWeights> best) {
    this.setup = setup;
    this.sums = sums;
    this.step = step;
    this.best = best;
  }

  void save(Path file, Progress progress) {
    Map<String, Tensor> tensors = tensors();
    best.ifPresent(
        weights -> weights.copies().forEach((name, tensor) -> tensors.put(BEST + name, tensor)));
    SafeTensors.writeChecked(file, tensors, text(progress));
  }

  /** Brings everything back. Where something does not fit nothing has changed. */
  void load(Path file, Progress progress) {
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      Map<String, String> text = opened.metadata();
      if (!FORMAT.equals(text.get("format"))) {
        throw new FileException(
            "resume: "
                + file
                + " is no checkpoint, got format '"
                + text.get("format")
                + "'; give the checkpoint.safetensors of a run folder");
      }
      // Else a flipped bit in its name would take the checksum away, and nobody would look.
      need(file, text, "crc32c", "[0-9a-f]{8}");
      requireSame(file, text, "data", "data or batches", describe(setup.feed().training()));
      // Rules may keep states of the same names and shapes, as Adam and AdamW do.
      requireSame(file, text, "rule", "optimizer settings", rule());
      Progress read = progress(file, text);
      Optional<ReduceOnPlateau.State> plateau = plateau(file, text);
      boolean bestToo =
          best.isPresent()
              && opened.entries().keySet().stream().anyMatch(name -> name.startsWith(BEST));
      Map<String, Tensor> tensors = tensors();
      if (bestToo) {
        best.get().copies().forEach((name, tensor) -> tensors.put(BEST + name, tensor));
      }
      // The best weights may be left aside: whether to stop early is a choice that a resumed run
      // may change.
      opened.copyInto(tensors, name -> bestToo || !name.startsWith(BEST));
      progress.takeOver(read, bestToo || best.isEmpty());
      setup.descent().plateau().ifPresent(schedule -> plateau.ifPresent(schedule::restore));
    }
  }

  private Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Learner.weights(setup.learner().model())
        .forEach((name, tensor) -> tensors.put("model." + name, tensor));
    setup
        .learner()
        .model()
        .randomStates()
        .forEach((name, tensor) -> tensors.put("random." + name, tensor));
    setup
        .descent()
        .optimizer()
        .state()
        .forEach((name, tensor) -> tensors.put("optimizer." + name, tensor));
    sums.state().forEach((name, tensor) -> tensors.put("sums." + name, tensor));
    step.state().forEach((name, tensor) -> tensors.put("loss." + name, tensor));
    return tensors;
  }

  private Map<String, String> text(Progress progress) {
    Map<String, String> text = new LinkedHashMap<>();
    text.put("format", FORMAT);
    text.put("data", describe(setup.feed().training()));
    text.put("rule", rule());
    text.put("epoch", Integer.toString(progress.epoch));
    text.put("batch", Integer.toString(progress.batch));
    text.put("step", Long.toString(progress.step));
    text.put("terms", Long.toString(progress.terms));
    text.put("compared", Long.toString(progress.compared));
    text.put("learning_rate", Double.toString(progress.learningRate));
    text.put("best_loss", Double.toString(progress.bestLoss));
    text.put("best_epoch", Integer.toString(progress.bestEpoch));
    text.put("epochs_since_best", Integer.toString(progress.epochsSinceBest));
    text.put("history", progress.history.lines());
    setup
        .descent()
        .plateau()
        .map(ReduceOnPlateau::state)
        .ifPresent(state -> {
          text.put("plateau_best", Double.toString(state.best()));
          text.put("plateau_bad", Integer.toString(state.bad()));
          text.put("plateau_cooling", Integer.toString(state.cooling()));
          text.put("plateau_reductions", Integer.toString(state.reductions()));
        });
    return text;
  }

  private static Progress progress(Path file, Map<String, String> text) {
    Progress progress = new Progress();
    progress.epoch = whole(file, text, "epoch");
    progress.batch = whole(file, text, "batch");
    progress.step = Long.parseLong(need(file, text, "step", "\\d{1,18}"));
    progress.terms = Long.parseLong(need(file, text, "terms", "\\d{1,18}"));
    progress.compared = Long.parseLong(need(file, text, "compared", "\\d{1,18}"));
    progress.learningRate = real(file, text, "learning_rate");
    progress.bestLoss = real(file, text, "best_loss");
    progress.bestEpoch = whole(file, text, "best_epoch");
    progress.epochsSinceBest = whole(file, text, "epochs_since_best");
    progress.history = History.parse(file, need(file, text, "history", "(?s).*"));
    return progress;
  }

  private static Optional<ReduceOnPlateau.State> plateau(Path file, Map<String, String> text) {
    return text.containsKey("plateau_best")
        ? Optional.of(
            new ReduceOnPlateau.State(
                real(file, text, "plateau_best"),
                whole(file, text, "plateau_bad"),
                whole(file, text, "plateau_cooling"),
                whole(file, text, "plateau_reductions")))
        : Optional.empty();
  }

  private static int whole(Path file, Map<String, String> text, String key) {
    return Integer.parseInt(need(file, text, key, "\\d{1,9}"));
  }

  private static double real(Path file, Map<String, String> text, String key) {
    return Double.parseDouble(need(file, text, key, "NaN|-?Infinity|-?\\d+\\.\\d+(E-?\\d+)?"));
  }

  private static String need(Path file, Map<String, String> text, String key, String form) {
    String value = text.get(key);
    if (value == null || !value.matches(form)) {
      throw new FileException(
          "resume: "
              + file
              + " is damaged, got "
              + (value == null ? "no '" : "a wrong '")
              + key
              + "' in its metadata; go back to an older checkpoint");
    }
    return value;
  }

  private static void requireSame(
      Path file, Map<String, String> text, String key, String what, String here) {
    if (!here.equals(text.get(key))) {
      throw new FileException(
          "resume: "
              + file
              + " was written with other "
              + what
              + ", got "
              + text.get(key)
              + " where this run has "
              + here
              + "; use the run's own config");
    }
  }

  private String rule() {
    Optimizer optimizer = setup.descent().optimizer();
    return optimizer.options().equals(Optimizer.Options.standard())
        ? optimizer.rule().toString()
        : optimizer.rule() + " " + optimizer.options();
  }

  /** What decides which samples a batch has. */
  private static String describe(BatchLoader loader) {
    return loader.dataset().identity()
        + " in batches of "
        + loader.batchSize()
        + (loader.shuffleSeed().isPresent()
            ? ", shuffle seed " + loader.shuffleSeed().getAsLong()
            : ", in order")
        + (loader.dropLast() ? ", last one dropped" : "")
        + (loader.most() == Integer.MAX_VALUE ? "" : ", " + loader.most() + " an epoch");
  }
}
