package dev.tandem.cli;

import dev.tandem.data.BatchLoader;
import dev.tandem.data.DataException;
import dev.tandem.data.Dataset;
import dev.tandem.nn.Init;
import dev.tandem.nn.Sequential;
import dev.tandem.op.Flops;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.Feed;
import dev.tandem.train.StepReport;
import dev.tandem.train.TrainingListener;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * What a run will need: found by doing its first step, and one measuring after it, on a backend that computes nothing, so that there
 * is no second account of a step that could be wrong.
 *
 * @param batch samples a step
 * @param microBatch samples at a time
 * @param tensors bytes of all tensors at the peak, which is what backends report as {@link dev.tandem.backend.MemoryStatistics#peak}
 * @param kinds of what, by what it is for
 * @param blocks bytes of the blocks that those tensors lie in
 * @param reserved bytes of all blocks that steps make the allocator hold, idle ones too, or those of the peak where measuring takes
 *     more; what ops borrow while they run is not in it
 * @param work floating-point operations of a step
 * @param forward of a sample's forward pass, its products and attention alone
 */
record Plan(
    int batch,
    int microBatch,
    Map<String, Long> parameters,
    long tensors,
    Map<Ledger.Kind, Long> kinds,
    long blocks,
    long reserved,
    Map<Flops.Kind, Long> work,
    long forward) {

  /** Steps for a schedule to be laid over. */
  private static final int BATCHES = 1000;

  /** More samples at a time than anybody trains on. */
  private static final int MOST = 1 << 16;

  /** The plan of a config as it is. @param blockBytes what the backend's allocator sets aside for a tensor */
  static Plan of(Prepared prepared, ToLongFunction<TensorType> blockBytes) {
    int batch = prepared.training().batchSize();
    int micro = prepared.config().training().microBatch().orElse(batch);
    return of(prepared, blockBytes, batch, Math.min(micro, batch));
  }

  /** With another micro-batch. */
  static Plan of(
      Prepared prepared, ToLongFunction<TensorType> blockBytes, int batch, int microBatch) {
    Ledger ledger = new Ledger(blockBytes);
    Init init = Init.blank(new ShapeOnly(ledger), prepared.dtype());
    Dataset training =
        BlankData.like(prepared.data().training())
            .withSize((int) Math.min((long) BATCHES * batch, Integer.MAX_VALUE - 8));
    Feed feed = Feed.of(BatchLoader.of(training, batch));
    Optional<Integer> micro = microBatch == batch ? Optional.empty() : Optional.of(microBatch);
    try (Session session = Session.planned(prepared, init, feed, micro)) {
      ledger.beginSteps();
      session
          .trainer()
          .capture(false)
          .checkEvery(Integer.MAX_VALUE) // else zeros read back would be taken for a breakdown
          .listen(
              new TrainingListener() {
                @Override
                public void step(StepReport report) {
                  session.trainer().requestStop();
                }
              })
          .run();
      Map<Flops.Kind, Long> work = ledger.work();
      long reserved = ledger.reserved();
      RunData data = prepared.data();
      data.validation().or(data::test).ifPresent(part -> measure(session, part, microBatch));
      return new Plan(
          batch,
          microBatch,
          parameters(session.model()),
          ledger.peak(),
          ledger.atPeak(),
          ledger.blocksAtPeak(),
          // What measuring leaves idle is given back when memory is short.
          Math.max(reserved, ledger.blocksAtPeak()),
          work,
          forward(prepared));
    }
  }

  /** One portion of what is measured: they are all alike. */
  private static void measure(Session session, Dataset part, int trained) {
    session.measure(BlankData.like(part).withSize(Prepared.measuredAtOnce(part, trained)));
  }

  /** The products of one sample's forward pass. Backward has twice as many: one for each operand. */
  private static long forward(Prepared prepared) {
    Ledger ledger = new Ledger(TensorType::bytes);
    Init init = Init.blank(new ShapeOnly(ledger), prepared.dtype());
    try (Scope _ = Scope.open();
        Tape.Pause _ = Tape.noGrad();
        Sequential model = prepared.network().build(init)) {
      model.training(false);
      TensorType sample = prepared.data().training().input();
      TensorType type = sample.dtype().floating() ? sample.withDType(prepared.dtype()) : sample;
      Tensor x = Tensor.zeros(init.backend(), type.withShape(Shape.of(1).then(type.shape())));
      ledger.beginSteps();
      model.forward(x);
      return ledger.work().getOrDefault(Flops.Kind.PRODUCTS, 0L)
          + ledger.work().getOrDefault(Flops.Kind.ATTENTION, 0L);
    }
  }

  /** By the name of the layer that has them; within a layer, by its parts. */
  private static Map<String, Long> parameters(Sequential model) {
    Map<String, Long> counts = new LinkedHashMap<>();
    model
        .parameters()
        .forEach((name, tensor) -> counts.merge(part(name), tensor.shape().elements(), Long::sum));
    return counts;
  }

  /** {@code 0.h.3} of {@code 0.h.3.attn.c_attn.weight}, {@code 2} of {@code 2.weight}. */
  private static String part(String name) {
    String[] words = name.split("\\.");
    int shown = Math.min(words.length - 1, 2);
    if (words.length > 3 && words[2].matches("\\d+")) {
      shown = 3;
    }
    return String.join(".", Arrays.copyOf(words, shown));
  }

  long parameterCount() {
    return parameters.values().stream().mapToLong(Long::longValue).sum();
  }

  /** As {@link #modelFlops()}, without planning the rest. */
  static long modelFlops(Prepared prepared) {
    return 3 * forward(prepared);
  }

  /**
   * Floating-point operations that a step of one sample must do, whatever a backend does twice to save memory: three times those of
   * the forward pass.
   */
  long modelFlops() {
    return 3 * forward;
  }

  /**
   * The plan of the largest micro-batch of which all blocks fit, whatever the config's; empty where not even the smallest does. The
   * batch is made a multiple of it.
   */
  static Optional<Plan> largest(
      Prepared prepared, ToLongFunction<TensorType> blockBytes, long bytes) {
    int batch = prepared.training().batchSize();
    Optional<Plan> best = Optional.empty();
    int fits = 0;
    int tooMany = MOST + 1;
    int next = 1;
    while (tooMany - fits > 1) {
      int rows = Math.ceilDiv(batch, next) * next;
      Optional<Plan> plan = tried(prepared, blockBytes, rows, next);
      if (plan.isPresent() && plan.get().reserved() <= bytes) {
        best = plan;
        fits = next;
      } else if (next == 1 && plan.isEmpty()) {
        fits = 1; // batch norm finds no variance in one sample, but may in two
      } else {
        tooMany = next;
      }
      next = tooMany > MOST ? Math.min(MOST, 2 * next) : (fits + tooMany) / 2;
    }
    return best;
  }

  /** A plan; empty where its tensors are longer than tensors can be, or its samples too few for the network. */
  private static Optional<Plan> tried(
      Prepared prepared, ToLongFunction<TensorType> blockBytes, int batch, int microBatch) {
    try {
      return Optional.of(of(prepared, blockBytes, batch, microBatch));
    } catch (ArithmeticException | IllegalArgumentException | DataException _) {
      return Optional.empty();
    }
  }
}
