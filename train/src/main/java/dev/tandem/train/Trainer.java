package dev.tandem.train;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Flag;
import dev.tandem.data.Batch;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Batches;
import dev.tandem.data.Dataset;
import dev.tandem.data.Target;
import dev.tandem.io.SafeTensors;
import dev.tandem.nn.Module;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of learning: epochs of batches, each a forward pass, a loss, a backward pass and an update, until a rule of {@link
 * Stopping} holds, someone asks to stop, or numbers break down.
 *
 * <pre>{@code
 * try (Trainer trainer = new Trainer(new Learner(model, new CrossEntropy(0)), Descent.constant(optimizer, 0.1),
 *     Feed.of(training, validation), Stopping.afterEpochs(20).withPatience(3, 0))) {
 *   Outcome outcome = trainer.run();
 *   trainer.saveModel(file, Map.of());
 * }
 * }</pre>
 *
 * <p>A step waits for the device only where numbers are looked at: every {@link #checkEvery} steps, where a listener asks
 * for a loss, and at the end of an epoch. A trainer belongs to one thread, that of its backend; only {@link #requestStop}
 * may be called from another.
 */
public final class Trainer implements AutoCloseable {
  /** Steps between looks for NaN where each one makes the host wait for a device. */
  private static final int DEVICE_CHECK_EVERY = 20;

  /** What a backend may hold for a step to be done twice, once captured: as much again fits on every card that Tandem takes. */
  private static final long MOST_FOR_A_LOOK = 2L << 30;

  private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

  /** What a run consists of. */
  record Setup(Learner learner, Descent descent, Feed feed, Stopping stopping) {}

  private final Setup setup;
  private final Module model;
  private final Backend backend;
  private final DeviceSums sums;
  private final TrainingStep step;
  private final Optional<BestWeights> best;
  private final Checkpoint checkpoint;
  private final Progress progress = new Progress();
  private final List<TrainingListener> listeners = new ArrayList<>();
  private int checkEvery;
  private boolean captureWanted = Flag.CAPTURE.number(1) > 0;
  private CapturedSteps captured;
  private boolean wentBack;
  private volatile boolean stopRequested;

  /** Sets up a run. Model, optimizer and data stay their makers' to close. */
  public Trainer(Learner learner, Descent descent, Feed feed, Stopping stopping) {
    setup = new Setup(learner, descent, feed, stopping);
    model = learner.model();
    backend = learner.backend();
    sums = new DeviceSums(backend, learner.dtype().statistics(), TrainingStep.DONE + 1);
    TrainingStep made = null;
    try {
      made = new TrainingStep(setup, sums);
      best = stopping.patience() > 0 ? Optional.of(new BestWeights(model)) : Optional.empty();
    } catch (RuntimeException | Error e) {
      if (made != null) {
        made.close();
      }
      sums.close();
      throw e;
    }
    step = made;
    setup.descent().optimizer().adoptWeights(); // which may have been loaded after it was made
    checkpoint = new Checkpoint(setup, sums, step, best);
    // Where nothing is queued, looking costs nothing.
    checkEvery = backend.queues() ? DEVICE_CHECK_EVERY : 1;
  }

  /** Adds one who follows the run. Returns this trainer. */
  public Trainer listen(TrainingListener listener) {
    listeners.add(listener);
    return this;
  }

  /**
   * How many steps pass between looks whether loss and gradients are finite. With 1, the default on the CPU, the look is
   * before the update, so a breakdown is traced to its cause and the weights are those before it; with more, the default on
   * a device, the step is still named exactly, but not its cause: a bad step changes no weight and leaves no trace. Returns this trainer.
   */
  public Trainer checkEvery(int steps) {
    if (steps < 1) {
      throw new IllegalArgumentException(
          "training: check every must be at least 1 step, got " + steps + "; 1 is exact");
    }
    checkEvery = steps;
    forgetCaptured();
    return this;
  }

  /**
   * Whether steps may be captured and replayed, where the backend can and {@link #checkEvery} leaves a step whole; true at first.
   * A module whose forward depends on more than its input, such as a count it keeps on the host, must not be: a replay does
   * what the captured call did. Nor do listeners find gradients after a captured step.
   * Returns this trainer.
   */
  public Trainer capture(boolean allowed) {
    captureWanted = allowed;
    forgetCaptured();
    return this;
  }

  /** The next step asks anew whether to capture. */
  private void forgetCaptured() {
    if (captured != null) {
      captured.close();
      captured = null;
    }
  }

  // ---- the loop

  /** Trains until something ends the run. After an interruption, or a resume, calling it goes on. */
  public Outcome run() {
    while (true) {
      Optional<Outcome.Reason> verdict = setup.stopping().verdict(progress);
      if (verdict.isPresent()) {
        return end(verdict.get(), Optional.empty());
      }
      if (stopRequested) {
        stopRequested = false;
        // What is kept to go on from has been looked at.
        Optional<Divergence> broken = divergence(sums.read(), 0, Optional.empty());
        return broken.isPresent()
            ? end(Outcome.Reason.DIVERGED, broken)
            : end(Outcome.Reason.INTERRUPTED, Optional.empty());
      }
      Optional<Divergence> divergence = epoch();
      if (divergence.isPresent()) {
        return end(Outcome.Reason.DIVERGED, divergence);
      }
    }
  }

  private Outcome end(Outcome.Reason reason, Optional<Divergence> divergence) {
    // An interrupted run goes on from its last weights, so it keeps them.
    Optional<BestWeights> kept =
        reason == Outcome.Reason.INTERRUPTED ? Optional.empty() : keptBest();
    kept.ifPresent(BestWeights::restore);
    kept.ifPresent(_ -> setup.descent().optimizer().adoptWeights());
    wentBack = kept.isPresent();
    model.training(false);
    Outcome outcome =
        new Outcome(reason, progress.history, kept.map(_ -> progress.bestEpoch), divergence);
    listeners.forEach(listener -> listener.stopped(outcome));
    return outcome;
  }

  /** Trains the rest of the present epoch, and reports it unless it was broken off. */
  private Optional<Divergence> epoch() {
    BatchLoader loader = setup.feed().training();
    listeners.forEach(listener -> listener.started(progress.epoch + 1, loader.batches()));
    model.training(true);
    if (progress.batch == 0) {
      sums.clear();
      step.begin();
    }
    long begin = System.nanoTime();
    long samples = 0;
    try (Batches batches = loader.epoch(progress.epoch, progress.batch)) {
      while (!stopRequested && batches.hasNext()) {
        Batch batch = batches.next();
        Optional<Divergence> divergence = step(batch);
        if (divergence.isPresent()) {
          return divergence;
        }
        samples += batch.size();
      }
    }
    if (stopRequested) {
      return Optional.empty();
    }
    double[] totals = sums.read();
    double seconds = (System.nanoTime() - begin) / 1e9;
    Optional<Divergence> divergence = divergence(totals, 0, Optional.empty());
    return divergence.isPresent() ? divergence : report(totals, timing(seconds, samples));
  }

  private Timing timing(double seconds, long samples) {
    Dataset dataset = setup.feed().training().dataset();
    double speed = samples == 0 ? 0 : samples / seconds;
    return new Timing(
        seconds,
        speed,
        dataset.target() instanceof Target.Tokens
            ? OptionalDouble.of(speed * dataset.input().elements())
            : OptionalDouble.empty(),
        backend.memory().peak());
  }

  /** Measures and reports an epoch; the validation loss is the last place where numbers can break down. */
  private Optional<Divergence> report(double[] totals, Timing timing) {
    Optional<Metrics> validation =
        setup.feed().validation().map(loader -> Evaluation.run(setup.learner(), loader, false));
    double trainLoss = totals[TrainingStep.LOSS] / progress.terms;
    double monitored = validation.map(Metrics::loss).orElse(trainLoss);
    boolean improved = progress.observe(monitored, setup.stopping().minDelta());
    if (improved) {
      best.ifPresent(BestWeights::take);
    }
    setup.descent().plateau().ifPresent(plateau -> plateau.observe(monitored));
    EpochReport report =
        new EpochReport(
            progress.epoch + 1,
            progress.step,
            trainLoss,
            progress.compared == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(totals[TrainingStep.CORRECT] / progress.compared),
            validation,
            progress.learningRate,
            totals[TrainingStep.NORM] / totals[TrainingStep.DONE],
            improved,
            timing);
    progress.finish(report);
    sums.clear();
    listeners.forEach(listener -> listener.epoch(report));
    return Double.isFinite(monitored)
        ? Optional.empty()
        : Optional.of(
            new Diagnosis(setup, report.epoch(), progress.step, progress.step)
                .inValidation(monitored));
  }

  // ---- one step

  private Optional<Divergence> step(Batch batch) {
    progress.learningRate =
        setup.descent().schedule().at(progress.step, setup.descent().learningRate());
    setup.descent().optimizer().learningRate(progress.learningRate);
    try (Scope _ = Scope.open()) { // also for what listeners make
      Optional<TrainingStep.Counts> replayed =
          gradientsWanted() ? Optional.empty() : captured().run(batch);
      if (replayed.isEmpty()) {
        InParts course = new InParts(batch);
        step.run(Upload.raw(backend, batch.inputs()), Upload.raw(backend, batch.targets()), course);
        return course.divergence;
      }
      Optional<Divergence> divergence = look(batch);
      if (divergence.isEmpty()) {
        done(batch, replayed.get());
      }
      return divergence;
    }
  }

  /**
   * Whether the next step is to be done as it is, for a replayed one keeps its gradients to itself. Beside a captured step it takes
   * memory of its own: not worth it where that is much.
   */
  private boolean gradientsWanted() {
    int batches = setup.feed().training().batches();
    return backend.memory().reserved() <= MOST_FOR_A_LOOK
        && listeners.stream()
            .anyMatch(listener ->
                listener.wantsGradients(progress.epoch + 1, progress.batch + 1, batches));
  }

  private void done(Batch batch, TrainingStep.Counts counts) {
    progress.terms += counts.terms();
    progress.compared += counts.compared();
    progress.batch++;
    progress.step++;
    tell(batch);
  }

  /** Made at the first step, when all settings have been made. */
  private CapturedSteps captured() {
    if (captured == null) {
      // A look before the update needs a step in two parts.
      captured = new CapturedSteps(backend, step, captureWanted && checkEvery > 1, LOG::warn);
    }
    return captured;
  }

  /** A step that looks before its update whether the numbers are finite, and lets listeners see the gradients. */
  private final class InParts implements TrainingStep.Course {
    private final Batch batch;
    private Optional<Divergence> divergence = Optional.empty();

    private InParts(Batch batch) {
      this.batch = batch;
    }

    @Override
    public boolean proceed() {
      divergence = look(batch);
      return divergence.isEmpty();
    }

    @Override
    public void done(TrainingStep.Counts counts) {
      Trainer.this.done(batch, counts);
    }
  }

  private void tell(Batch batch) {
    if (!listeners.isEmpty()) {
      StepReport report =
          new StepReport(
              progress.epoch + 1,
              progress.batch,
              setup.feed().training().batches(),
              progress.step,
              batch.size(),
              progress.learningRate,
              step.meanLoss());
      listeners.forEach(listener -> listener.step(report));
    }
  }

  // ---- breakdown

  /** What broke down up to and with this step, which is not counted yet, if it is one to look at. */
  private Optional<Divergence> look(Batch batch) {
    if ((progress.step + 1) % checkEvery != 0) {
      return Optional.empty();
    }
    return divergence(sums.read(), 1, Optional.of(batch));
  }

  /** @param begun 1 where a step is in the sums but not counted as done, otherwise 0 */
  private Optional<Divergence> divergence(double[] totals, int begun, Optional<Batch> batch) {
    int batches = progress.batch + begun;
    if (sound(totals, batches)) {
      return Optional.empty();
    }
    // Loss and gradient were finite as often as counted, before the first time that they were not.
    int bad = Math.min(batches, (int) totals[TrainingStep.FINITE] + 1);
    long seen = progress.step + begun;
    Diagnosis diagnosis = new Diagnosis(setup, progress.epoch + 1, seen - batches + bad, seen);
    return Optional.of(diagnosis.of(batch, progress.learningRate));
  }

  private static boolean sound(double[] totals, int batches) {
    return totals[TrainingStep.FINITE] == batches
        && Double.isFinite(totals[TrainingStep.LOSS])
        && Double.isFinite(totals[TrainingStep.NORM]);
  }

  // ---- from outside

  /** Whether every step of the present epoch came to finite numbers, so that it can be gone on from. Waits for the device. */
  public boolean sound() {
    return sound(sums.read(), progress.batch);
  }

  /** Asks the run to stop after its present step. Any thread may. The next {@link #run} goes on from there. */
  public void requestStop() {
    stopRequested = true;
  }

  /**
   * Writes all that the run needs to go on. Between steps: before {@link #run}, after an interruption, or from a listener.
   *
   * @throws IllegalStateException after a run that went back to its best weights, which with the optimizer's last state would
   *     go on as no run ever did; {@link #saveModel} keeps them
   */
  public void save(Path file) {
    if (wentBack) {
      throw new IllegalStateException(
          "checkpoint: the run has gone back to its best weights, got epoch "
              + progress.bestEpoch
              + " of "
              + progress.epoch
              + "; save from a listener while it runs, or save the model");
    }
    checkpoint.save(file, progress);
  }

  /**
   * Goes back to where a run was when it was saved. Model, optimizer, data and batches must be made as they were then.
   *
   * @throws dev.tandem.io.FileException naming what does not fit; then nothing has changed
   */
  public void resume(Path file) {
    checkpoint.load(file, progress);
    wentBack = false;
  }

  /** Parameters and buffers by name: the best so far where early stopping keeps them, otherwise the model's own. */
  public Map<String, Tensor> weights() {
    return keptBest().map(BestWeights::copies).orElseGet(() -> Learner.weights(model));
  }

  private Optional<BestWeights> keptBest() {
    return best.filter(_ -> progress.bestEpoch > 0);
  }

  /** Writes {@link #weights} to a safetensors file. */
  public void saveModel(Path file, Map<String, String> metadata) {
    SafeTensors.writeChecked(file, weights(), metadata);
  }

  /** The epochs so far. */
  public History history() {
    return progress.history;
  }

  /** Updates so far. */
  public long steps() {
    return progress.step;
  }

  /** The model's parameters by name, with the gradients of a step while a listener is told of it. */
  Map<String, Tensor> parameters() {
    return model.parameters();
  }

  /** What a step's gradients were multiplied by, which are there while a listener is told of it. Waits for the device. */
  double gradientScale() {
    return step.gradientScale();
  }

  /** Steps between those at which the host waits for the device anyway. */
  int looksEvery() {
    return checkEvery;
  }

  /** Whether only the best weights are kept, as early stopping does. */
  boolean keepsBest() {
    return best.isPresent();
  }

  /** Frees what the trainer made itself: sums, and the copy of the best weights. */
  @Override
  public void close() {
    forgetCaptured();
    step.close();
    sums.close();
    best.ifPresent(BestWeights::close);
  }
}
