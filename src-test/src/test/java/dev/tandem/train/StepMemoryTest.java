package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Dataset;
import dev.tandem.data.Target;
import dev.tandem.data.Values;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.Init;
import dev.tandem.nn.LossFunction;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.shape.DType;
import dev.tandem.shape.Shape;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tape;
import dev.tandem.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a trainer's step of a language model holds at a time. */
final class StepMemoryTest {
  private static final int BATCH = 8;

  /** Windows of the same token. */
  private record Monotone(int size, int length, int vocabulary) implements Dataset {
    @Override
    public String name() {
      return "monotone";
    }

    @Override
    public TensorType input() {
      return new TensorType(DType.I32, Shape.of(length));
    }

    @Override
    public Target target() {
      return new Target.Tokens(vocabulary);
    }

    @Override
    public void readInputs(int[] indices, int from, int count, Values rows) {}

    @Override
    public void readTargets(int[] indices, int from, int count, Values rows) {}
  }

  /** Bytes that tensors took at most in two steps, that the run held between them, and that a forward pass leaves on its tape. */
  private record Taken(long peak, long resident, long forward) {}

  private static Taken train(Gpt.Config config, DType dtype) {
    try (Backend backend = Backends.open("cpu", _ -> {});
        Gpt model = new Gpt(new Init(backend, dtype, new Random(1)), config);
        Optimizer optimizer = new Optimizer(Rule.AdamW.standard().update(), model.parameters());
        Trainer trainer =
            new Trainer(
                new Learner(model, new LossFunction.CrossEntropy(0)),
                Descent.constant(optimizer, 0.001),
                Feed.of(
                    BatchLoader.of(
                        new Monotone(2 * BATCH, config.context(), config.vocabulary()), BATCH)),
                Stopping.afterEpochs(1))) {
      trainer.run();
      long peak = backend.memory().peak();
      long resident = backend.memory().used();
      model.training(true);
      try (Tape _ = Tape.open()) {
        Tensor tokens =
            Tensor.of(backend, new int[BATCH * config.context()], BATCH, config.context());
        model.forward(tokens);
        return new Taken(peak, resident, backend.memory().used() - resident);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void thereIsOneTensorOfTheLogitsSize(DType dtype) {
    Gpt.Config config = new Gpt.Config(4096, 16, 1, 1, 4, 0, false);
    long logits = (long) BATCH * 16 * 4096 * dtype.bytes();
    Taken taken = train(config, dtype);
    // All else is small beside them: a second one, for their gradient, would show.
    assertTrue(
        taken.peak > logits && taken.peak < 1.75 * logits, () -> taken + ", logits " + logits);
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void backwardFreesActivationsAsItPassesThem(DType dtype) {
    Taken taken = train(new Gpt.Config(128, 64, 8, 2, 16, 0, false), dtype);
    long beyond = taken.peak - taken.resident;
    // Gradients of activations take as much again as activations where nothing is freed; one layer
    // of eight, and the gradients of
    // the weights, do not come to a quarter.
    assertTrue(beyond < 1.25 * taken.forward, () -> beyond + " bytes in a step: " + taken);
  }
}
