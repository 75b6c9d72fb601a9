package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.ClipConfig;
import dev.tandem.cli.config.OptimizerConfig;
import dev.tandem.cli.config.ScheduleConfig;
import dev.tandem.cli.config.TrainingConfig;
import dev.tandem.data.Dataset;
import dev.tandem.nn.Init;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.ReduceOnPlateau;
import dev.tandem.optim.Rule;
import dev.tandem.optim.Schedule;
import dev.tandem.tensor.Random;
import dev.tandem.train.Descent;
import dev.tandem.train.Evaluation;
import dev.tandem.train.Feed;
import dev.tandem.train.Learner;
import dev.tandem.train.Metrics;
import dev.tandem.train.Stopping;
import dev.tandem.train.Trainer;
import java.util.Optional;
import java.util.OptionalDouble;

/** A prepared run on a backend: its network with weights drawn, and its trainer. */
final class Session implements AutoCloseable {
  private final Prepared prepared;
  private final Sequential model;
  private final Learner learner;
  private final Optimizer optimizer;
  private final Trainer trainer;

  /** A run that begins: with drawn weights, or those of the config. */
  static Session begun(Prepared prepared, Backend backend) {
    return of(prepared, backend, InitialWeights.of(prepared.loaded()));
  }

  /** A run that goes on, with the weights of its checkpoint. */
  static Session resumed(Prepared prepared, Backend backend) {
    return of(prepared, backend, Optional.empty());
  }

  /** Of other batches than the config's, with weights that nobody looks at. */
  static Session planned(Prepared prepared, Init init, Feed feed, Optional<Integer> microBatch) {
    return new Session(prepared, init, feed, microBatch, Optional.empty());
  }

  private static Session of(Prepared prepared, Backend backend, Optional<InitialWeights> weights) {
    return new Session(
        prepared,
        new Init(backend, prepared.dtype(), new Random(prepared.config().seed())),
        new Feed(prepared.training(), prepared.validation()),
        prepared.config().training().microBatch(),
        weights);
  }

  private Session(
      Prepared prepared,
      Init init,
      Feed feed,
      Optional<Integer> microBatch,
      Optional<InitialWeights> weights) {
    this.prepared = prepared;
    model = prepared.network().build(init);
    // Before the optimizer, whose masters are copies.
    weights.ifPresent(initial -> initial.load(model));
    learner =
        new Learner(
            model,
            prepared.loss(),
            switch (prepared.config().training().reduction()) {
              case MEAN -> Learner.Reduction.MEAN;
              case SUM -> Learner.Reduction.SUM;
            });
    optimizer =
        new Optimizer(
            rule(prepared.config().optimizer()).update(),
            model.parameters(),
            options(prepared.config().training()));
    double lr = prepared.config().optimizer().lr();
    Descent descent =
        new Descent(
            optimizer, lr, schedule(feed.training().batches()), clipping(prepared.config().clip()));
    trainer =
        new Trainer(
            learner, microBatch.map(descent::inMicroBatches).orElse(descent), feed, stopping());
    prepared.config().cuda().capture().ifPresent(trainer::capture);
  }

  Sequential model() {
    return model;
  }

  Trainer trainer() {
    return trainer;
  }

  /** Measures the model as it is now. */
  Metrics measure(Dataset dataset) {
    return Evaluation.evaluate(learner, prepared.measured(dataset));
  }

  /** Shows samples to the model as it is now. */
  Examiner examiner(Dataset dataset) {
    return new Examiner(
        learner,
        prepared.data().inputs(),
        prepared.data().targets(),
        prepared.measured(dataset).batchSize());
  }

  @Override
  public void close() {
    trainer.close();
    optimizer.close();
    model.close();
  }

  private Stopping stopping() {
    var training = prepared.config().training();
    var stop = training.stop();
    return new Stopping(
        training.epochs(),
        stop.targetLoss().map(OptionalDouble::of).orElse(OptionalDouble.empty()),
        stop.patience(),
        stop.minDelta(),
        stop.gradientNorm().map(OptionalDouble::of).orElse(OptionalDouble.empty()));
  }

  /** The schedule in steps, of which an epoch has so many. */
  private Schedule schedule(int batches) {
    ScheduleConfig config = prepared.config().schedule();
    long total = (long) prepared.config().training().epochs() * batches;
    long warmup = config.warmup() == 0 ? 0 : steps(config.warmup(), batches);
    if (warmup >= total) {
      throw prepared
          .loaded()
          .problem(
              "schedule.warmup",
              "longer than the training, got "
                  + config.warmup()
                  + " of "
                  + prepared.config().training().epochs()
                  + " epochs; choose less");
    }
    Schedule main =
        switch (config) {
          case ScheduleConfig.Constant _ -> new Schedule.Constant();
          case ScheduleConfig.Step step ->
              new Schedule.StepDecay(steps(step.every(), batches), step.factor());
          case ScheduleConfig.Cosine cosine ->
              new Schedule.Cosine(
                  total - warmup, cosine.end() * prepared.config().optimizer().lr());
          case ScheduleConfig.OneCycle cycle ->
              new Schedule.OneCycle(total, cycle.rise(), cycle.startDivisor(), cycle.endDivisor());
          case ScheduleConfig.Plateau plateau ->
              new ReduceOnPlateau(
                  new ReduceOnPlateau.Options(plateau.factor(), plateau.patience(), 1e-4, 0, 0));
        };
    // A first step with rate 0 would be wasted.
    return warmup == 0 ? main : new Schedule.LinearWarmup(warmup, 1.0 / warmup, main);
  }

  private static long steps(double epochs, int batches) {
    return Math.max(1, Math.round(epochs * batches));
  }

  private static Rule rule(OptimizerConfig config) {
    return switch (config) {
      case OptimizerConfig.Sgd sgd -> new Rule.Sgd(sgd.weightDecay());
      case OptimizerConfig.Momentum momentum ->
          new Rule.Momentum(momentum.momentum(), momentum.weightDecay());
      case OptimizerConfig.Nesterov nesterov ->
          new Rule.Nesterov(nesterov.momentum(), nesterov.weightDecay());
      case OptimizerConfig.Adagrad adagrad ->
          new Rule.Adagrad(adagrad.epsilon(), adagrad.weightDecay());
      case OptimizerConfig.RmsProp prop ->
          new Rule.RmsProp(prop.alpha(), prop.epsilon(), prop.weightDecay());
      case OptimizerConfig.Adam adam ->
          new Rule.Adam(adam.beta1(), adam.beta2(), adam.epsilon(), adam.weightDecay());
      case OptimizerConfig.AdamW adam ->
          new Rule.AdamW(adam.beta1(), adam.beta2(), adam.epsilon(), adam.weightDecay());
      case OptimizerConfig.Lion lion ->
          new Rule.Lion(lion.beta1(), lion.beta2(), lion.weightDecay());
    };
  }

  private static Optimizer.Options options(TrainingConfig config) {
    return new Optimizer.Options(
        switch (config.decay()) {
          case ALL -> Optimizer.Decay.ALL;
          case MATRICES -> Optimizer.Decay.MATRICES;
        },
        switch (config.rounding()) {
          case TO_NEAREST -> Optimizer.Rounding.TO_NEAREST;
          case STOCHASTIC -> Optimizer.Rounding.STOCHASTIC;
        });
  }

  private static Clipping clipping(ClipConfig config) {
    return switch (config) {
      case ClipConfig.None _ -> new Clipping.None();
      case ClipConfig.Value(double limit) -> new Clipping.ByValue(limit);
      case ClipConfig.Norm(double limit) -> new Clipping.ByGlobalNorm(limit);
    };
  }
}
