package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Text;
import dev.tandem.data.TokenWindows;
import dev.tandem.data.Tokenizer;
import dev.tandem.io.SafeTensors;
import dev.tandem.io.SafeTensorsFile;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.nn.Gpt;
import dev.tandem.nn.LossFunction;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.Rule;
import dev.tandem.optim.Schedule;
import dev.tandem.shape.DType;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;

/**
 * A GPT with all that draws random numbers or keeps a state: dropout, blocks computed again, masters rounded stochastically, a loss
 * scale in F16, gradients gathered over parts of a batch, random windows. Ten steps, a checkpoint, everything made anew, and the
 * losses and the last state are those of the unbroken run to the bit.
 */
class LanguageModelResumeTest {
  private static final int BROKEN_AFTER = 10;

  /** Of 8 steps each: the break is in the second. */
  private static final int EPOCHS = 3;

  @TempDir Path folder;

  @OnRealMachines
  void goesOnToTheBitInF32(Backend backend) {
    continues(backend, DType.F32);
  }

  @OnRealMachines
  void goesOnToTheBitInBf16(Backend backend) {
    continues(backend, DType.BF16);
  }

  @OnRealMachines
  void goesOnToTheBitInF16(Backend backend) {
    continues(backend, DType.F16);
  }

  private void continues(Backend backend, DType dtype) {
    List<Double> unbroken = new ArrayList<>();
    Map<String, byte[]> expected;
    try (Lesson lesson = lesson(backend, dtype)) {
      lesson.trainer.listen(new Losses(unbroken)).run();
      expected = state(lesson);
    }
    assertEquals(EPOCHS * 8, unbroken.size());
    assertTrue(unbroken.getLast() < 0.9 * unbroken.getFirst(), unbroken::toString);
    assertEquals(
        dtype == DType.F16,
        expected.keySet().stream().anyMatch(name -> name.contains("loss.scale")),
        "the loss scale is there");
    Path file = folder.resolve("checkpoint.safetensors");
    List<Double> losses = new ArrayList<>();
    try (Lesson lesson = lesson(backend, dtype)) {
      lesson
          .trainer
          .listen(new Losses(losses))
          .listen(new CheckpointTest.StopAfter(lesson.trainer, BROKEN_AFTER));
      assertEquals(Outcome.Reason.INTERRUPTED, lesson.trainer.run().reason());
      lesson.trainer.save(file);
    }
    assertEquals(BROKEN_AFTER, losses.size());
    try (Lesson lesson = lesson(backend, dtype)) {
      lesson.trainer.resume(file);
      lesson.trainer.listen(new Losses(losses)).run();
      assertEquals(unbroken, losses);
      Map<String, byte[]> got = state(lesson);
      assertEquals(expected.keySet(), got.keySet());
      expected.forEach((name, bytes) -> assertArrayEquals(bytes, got.get(name), name));
    }
  }

  private record Losses(List<Double> into) implements TrainingListener {
    @Override
    public void step(StepReport report) {
      into.add(report.loss());
    }
  }

  /** Every tensor of a checkpoint: weights, masters, moments, generators, sums, the loss scale. */
  private Map<String, byte[]> state(Lesson lesson) {
    Path file = folder.resolve("state.safetensors");
    lesson.trainer.save(file);
    Map<String, byte[]> state = new TreeMap<>();
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      opened
          .entries()
          .forEach((name, entry) -> state.put(name, entry.bytes().toArray(ValueLayout.JAVA_BYTE)));
    }
    return state;
  }

  private static Lesson lesson(Backend backend, DType dtype) {
    String text = "the cat sat on the mat, and the dog sat by the door. ".repeat(12);
    TokenWindows windows =
        Text.of("cats and dogs", text, Tokenizer.characters(text)).windows(8).random(32);
    Gpt model =
        new Gpt(
            Machines.init(backend, dtype, 5),
            new Gpt.Config(windows.target().vocabulary(), 8, 2, 2, 16, 0.1, true));
    Optimizer optimizer =
        new Optimizer(
            Rule.AdamW.standard().update(),
            model.parameters(),
            new Optimizer.Options(Optimizer.Decay.MATRICES, Optimizer.Rounding.STOCHASTIC));
    Descent descent =
        new Descent(
                optimizer,
                0.01,
                new Schedule.LinearWarmup(4, 0.25, new Schedule.Cosine(20, 0.001)),
                new Clipping.ByGlobalNorm(1))
            .inMicroBatches(2);
    return Lesson.of(
        model,
        new LossFunction.CrossEntropy(0),
        descent,
        Feed.of(BatchLoader.of(windows, 4).shuffled(3).prefetching(2)),
        Stopping.afterEpochs(EPOCHS));
  }
}
