package dev.tandem.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.data.BatchLoader;
import dev.tandem.data.Text;
import dev.tandem.data.TokenWindows;
import dev.tandem.data.Tokenizer;
import dev.tandem.io.FileException;
import dev.tandem.io.SafeTensors;
import dev.tandem.io.SafeTensorsFile;
import dev.tandem.learning.Machines;
import dev.tandem.learning.OnEveryMachine;
import dev.tandem.learning.OnRealMachines;
import dev.tandem.nn.Embedding;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.nn.Sequential;
import dev.tandem.optim.Clipping;
import dev.tandem.optim.Optimizer;
import dev.tandem.optim.ReduceOnPlateau;
import dev.tandem.optim.Rule;
import dev.tandem.optim.Schedule;
import dev.tandem.shape.DType;
import dev.tandem.tensor.Scope;
import dev.tandem.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A run that is broken off and goes on in another process, or here with everything made anew, is the unbroken run. */
class CheckpointTest {
  @TempDir Path folder;

  private Path file() {
    return folder.resolve("checkpoint.safetensors");
  }

  /** Where a run stands, to the bit: numbers, moments, generators, reports. */
  private Map<String, List<Double>> everything(Lesson lesson) {
    Map<String, List<Double>> all = new LinkedHashMap<>(lesson.weights());
    lesson
        .model
        .randomStates()
        .forEach((name, state) -> all.put("random " + name, Lesson.numbers(state)));
    lesson
        .optimizer
        .state()
        .forEach((name, state) -> all.put("optimizer " + name, Lesson.numbers(state)));
    return all;
  }

  @OnRealMachines
  void goesOnToTheBitAfterAnEpoch(Backend backend) {
    continues(backend, 6, Stopping.afterEpochs(3));
  }

  @OnRealMachines
  void goesOnToTheBitInTheMiddleOfAnEpoch(Backend backend) {
    continues(backend, 8, Stopping.afterEpochs(3));
  }

  @OnRealMachines
  void goesOnToTheBitBetweenTheLastStepAndValidation(Backend backend) {
    continues(backend, 12, Stopping.afterEpochs(3));
  }

  @OnRealMachines
  void goesOnToTheBitWithEarlyStopping(Backend backend) {
    continues(backend, 13, Stopping.afterEpochs(8).withPatience(1, 0.1));
  }

  /** Windows are drawn anew in each epoch, of which one has 7 steps: it goes on with those that were to come. */
  @OnRealMachines
  void goesOnToTheBitAmongRandomWindows(Backend backend) {
    String letters = "one after the other, ".repeat(20);
    TokenWindows windows =
        Text.of("a line", letters, Tokenizer.characters(letters)).windows(6).random(28);
    int vocabulary = windows.target().vocabulary();
    continues(
        () -> {
          Init init = Machines.init(backend, DType.F32, 5);
          return Lesson.of(
              Sequential.of(new Embedding(init, vocabulary, 8), new Linear(init, 8, vocabulary)),
              new LossFunction.CrossEntropy(0),
              optimizer -> Descent.constant(optimizer, 0.1),
              Feed.of(BatchLoader.of(windows, 4).shuffled(3).prefetching(2)),
              Stopping.afterEpochs(4));
        },
        17);
  }

  /** An epoch has 6 steps: stops after so many, saves, and goes on with everything made anew. */
  private void continues(Backend backend, int steps, Stopping stopping) {
    continues(() -> Lesson.clouds(backend, stopping), steps);
  }

  private void continues(Supplier<Lesson> begin, int steps) {
    Map<String, List<Double>> unbroken;
    Outcome expected;
    try (Lesson lesson = begin.get()) {
      expected = lesson.trainer.run();
      unbroken = everything(lesson);
    }
    try (Lesson lesson = begin.get()) {
      lesson.trainer.listen(new StopAfter(lesson.trainer, steps));
      Outcome broken = lesson.trainer.run();
      assertEquals(Outcome.Reason.INTERRUPTED, broken.reason());
      assertEquals(steps, lesson.trainer.steps());
      lesson.trainer.save(file());
    }
    try (Lesson lesson = begin.get()) {
      lesson.trainer.resume(file());
      Outcome outcome = lesson.trainer.run();
      assertEquals(Lesson.untimed(expected.history()), Lesson.untimed(outcome.history()));
      assertEquals(expected.reason(), outcome.reason());
      assertEquals(expected.restored(), outcome.restored());
      assertEquals(unbroken, everything(lesson));
    }
  }

  /** A listener that asks to stop after a step, as a signal handler would at any time. */
  record StopAfter(Trainer trainer, long steps) implements TrainingListener {
    @Override
    public void step(StepReport report) {
      if (report.step() == steps) {
        trainer.requestStop();
      }
    }
  }

  @OnEveryMachine
  void theSamePlaceGivesTheSameBytes(Backend backend) throws IOException {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(1))) {
      lesson.trainer.save(file());
      byte[] first = Files.readAllBytes(file());
      lesson.trainer.resume(file());
      lesson.trainer.save(file());
      assertArrayEquals(first, Files.readAllBytes(file()));
    }
  }

  /** The best weights with the moments of the last step are the state of no run. */
  @OnEveryMachine
  void aRunThatHasGoneBackToItsBestWeightsIsNoPlaceToGoOnFrom(Backend backend) {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(2).withPatience(2, 0))) {
      lesson.trainer.run();
      IllegalStateException e =
          assertThrows(IllegalStateException.class, () -> lesson.trainer.save(file()));
      assertTrue(e.getMessage().startsWith("checkpoint: the run has gone back"), e.getMessage());
      assertFalse(Files.exists(file()));
    }
  }

  @OnEveryMachine
  void aPlateauIsRemembered(Backend backend) {
    ReduceOnPlateau plateau = new ReduceOnPlateau(new ReduceOnPlateau.Options(0.5, 1, 0.9, 0, 0));
    try (Lesson lesson = line(backend, new Schedule.LinearWarmup(1, 0.5, plateau), 8)) {
      Outcome outcome = lesson.trainer.run();
      assertTrue(plateau.state().reductions() > 0, plateau.state()::toString);
      assertTrue(outcome.history().last().orElseThrow().learningRate() < 0.01);
      lesson.trainer.save(file());
    }
    ReduceOnPlateau other = new ReduceOnPlateau(new ReduceOnPlateau.Options(0.5, 1, 0.9, 0, 0));
    try (Lesson lesson = line(backend, other, 9)) {
      lesson.trainer.resume(file());
      assertEquals(plateau.state(), other.state());
    }
  }

  private static Lesson line(Backend backend, Schedule schedule, int epochs) {
    return Lesson.of(
        Lesson.straight(backend),
        new LossFunction.SquaredError(),
        optimizer -> new Descent(optimizer, 0.01, schedule, new Clipping.None()),
        Feed.of(BatchLoader.of(Lesson.line(32), 8)),
        Stopping.afterEpochs(epochs));
  }

  // ---- what does not fit

  @OnEveryMachine
  void aCheckpointOfAnotherRunIsRefusedAndNothingChanges(Backend backend) {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(1))) {
      lesson.trainer.save(file());
    }
    try (Module model =
            Sequential.of(
                new Linear(Machines.init(backend, DType.F32, 1), 2, 16),
                new Linear(Machines.init(backend, DType.F32, 2), 16, 4));
        Optimizer adamw = new Optimizer(Rule.AdamW.standard().update(), model.parameters());
        Optimizer adam = new Optimizer(Rule.Adam.standard().update(), model.parameters());
        Trainer narrow = trainer(model, adamw);
        Trainer ruled = trainer(model, adam)) {
      Map<String, List<Double>> before = weights(model);
      assertEquals(
          "load: "
              + file()
              + " does not fit, got unexpected 'model.1.running_mean',"
              + " 'model.1.running_var', 'model.4.bias', 'model.4.weight' and 5 more like that; 'model.1.bias' as F32 (16) where F32 (4)"
              + " is needed, 'model.1.weight' as F32 (16) where F32 (4, 16) is needed,"
              + " 'optimizer.1.weight.m' as F32 (16) where F32 (4, 16) is needed, 'optimizer.1.weight.v' as F32 (16) where"
              + " F32 (4, 16) is needed and 2 more like that; use the config that the file was written"
              + " with",
          refused(() -> narrow.resume(file())).getMessage());
      assertEquals(
          "resume: "
              + file()
              + " was written with other optimizer settings, got "
              + adamw.rule()
              + " where this run has "
              + adam.rule()
              + "; use the run's own config",
          refused(() -> ruled.resume(file())).getMessage());
      assertEquals(before, weights(model));
      assertEquals(0, narrow.steps());
    }
    try (Lesson line = line(backend, new Schedule.Constant(), 1)) {
      FileException refused = refused(() -> line.trainer.resume(file()));
      assertEquals(
          "resume: "
              + file()
              + " was written with other data or batches, got 90 samples in batches of 16, shuffle"
              + " seed 7 where this run has 32 samples in batches of 8, in order; use the run's own config",
          refused.getMessage());
    }
  }

  @OnEveryMachine
  void weightsOfAnotherShapeOrTypeAreListed(Backend backend) {
    Path model = folder.resolve("model.safetensors");
    try (Tensor weight = Tensor.of(backend, new float[6], 2, 3);
        Tensor bias = Tensor.of(backend, new int[2], 2);
        Tensor scale = Tensor.of(backend, new float[] {5}, 1)) {
      SafeTensors.write(
          model, Map.of("weight", weight, "bias", bias, "scale", scale), Map.of("k", "v"));
      try (Linear layer = new Linear(Machines.init(backend, DType.F32, 1), 2, 3)) {
        List<Double> before = Lesson.numbers(layer.parameters().get("weight"));
        FileException refused = refused(() -> SafeTensors.load(model, layer.parameters()));
        assertEquals(
            "load: "
                + model
                + " does not fit, got unexpected 'scale'; 'weight' as F32 (2, 3) where F32 (3, 2) is"
                + " needed, 'bias' as I32 (2) where F32 (3) is needed; use the config that the file was written with",
            refused.getMessage());
        assertEquals(before, Lesson.numbers(layer.parameters().get("weight")));
      }
    }
  }

  @OnEveryMachine
  void tensorsComeBackToTheBit(Backend backend) {
    Path model = folder.resolve("model.safetensors");
    int[] bits = {0, 1, 0x7f7fffff, 0x80000000, 0xff800000, 0x3f800001};
    float[] floats = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      floats[i] = Float.intBitsToFloat(bits[i]);
    }
    try (Tensor odd = Tensor.of(backend, floats, 2, 3);
        Tensor wholes =
            Tensor.of(backend, new int[] {Integer.MIN_VALUE, -1, Integer.MAX_VALUE}, 3);
        Tensor bytes = Tensor.of(backend, new byte[] {0, 127, -128, -1}, 4);
        Tensor nothing = Tensor.of(backend, new float[0], 0, 7);
        Tensor one = Tensor.scalar(backend, DType.F32, 3)) {
      Map<String, Tensor> tensors =
          Map.of("odd", odd, "wholes", wholes, "bytes", bytes, "nothing", nothing, "one", one);
      SafeTensors.write(model, tensors, Map.of("k", "v"));
      odd.write(MemorySegment.ofArray(new float[6]));
      wholes.write(MemorySegment.ofArray(new int[3]));
      bytes.write(MemorySegment.ofArray(new byte[4]));
      assertEquals(Map.of("k", "v"), SafeTensors.load(model, tensors));
      assertArrayEquals(
          bits,
          IntStream.range(0, 6).map(i -> Float.floatToRawIntBits(odd.toFloats()[i])).toArray());
      assertArrayEquals(new int[] {Integer.MIN_VALUE, -1, Integer.MAX_VALUE}, wholes.toInts());
      assertArrayEquals(new byte[] {0, 127, -128, -1}, bytes.toBytes());
    }
  }

  @OnEveryMachine
  void aModelFileOrADamagedOneIsRefused(Backend backend) throws IOException {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(1))) {
      lesson.trainer.saveModel(file(), Map.of());
      assertEquals(
          "resume: "
              + file()
              + " is no checkpoint, got format 'null'; give the checkpoint.safetensors of a run"
              + " folder",
          refused(() -> lesson.trainer.resume(file())).getMessage());
      lesson.trainer.save(file());
      byte[] whole = Files.readAllBytes(file());
      for (int length : new int[] {0, 5, 8, 100, 4000, whole.length - 1}) {
        Files.write(file(), Arrays.copyOf(whole, Math.min(length, whole.length - 1)));
        refused(() -> lesson.trainer.resume(file()));
      }
      String text = new String(whole, StandardCharsets.ISO_8859_1);
      Files.write(
          file(),
          text.replace("\"step\":\"0\"", "\"step\":\"1\"").getBytes(StandardCharsets.ISO_8859_1));
      String damaged = refused(() -> lesson.trainer.resume(file())).getMessage();
      assertTrue(
          damaged.startsWith("safetensors: " + file() + " is damaged, got a checksum of "),
          damaged);
      // Sound as a file, and yet no checkpoint: as another program might write it.
      Files.write(file(), whole);
      try (SafeTensorsFile opened = SafeTensors.open(file());
          Scope _ = Scope.open()) {
        Map<String, Tensor> tensors = new TreeMap<>();
        opened
            .entries()
            .forEach((name, entry) ->
                tensors.put(name, Tensor.of(backend, entry.type(), entry.bytes())));
        Map<String, String> metadata = new TreeMap<>(opened.metadata());
        metadata.put("step", "x");
        SafeTensors.writeChecked(file(), tensors, metadata);
      }
      assertEquals(
          "resume: "
              + file()
              + " is damaged, got a wrong 'step' in its metadata; go back to an older checkpoint",
          refused(() -> lesson.trainer.resume(file())).getMessage());
    }
  }

  @Test
  void theHistoryOfACheckpointMayBeLong() {
    Backend backend = Machines.real().findFirst().orElseThrow().getPayload();
    try (Lesson lesson = line(backend, new Schedule.Constant(), 600)) {
      lesson.trainer.run();
      lesson.trainer.save(file());
    }
    try (Lesson lesson = line(backend, new Schedule.Constant(), 600)) {
      lesson.trainer.resume(file());
      assertEquals(600, lesson.trainer.history().epochs().size());
    }
  }

  private static FileException refused(Executable action) {
    FileException refused = assertThrows(FileException.class, action);
    assertTrue(refused.getMessage().matches("[^:]+: .+, got .+; .+"), refused.getMessage());
    return refused;
  }

  private static Trainer trainer(Module model, Optimizer optimizer) {
    return new Trainer(
        new Learner(model, new LossFunction.CrossEntropy(0)),
        Descent.constant(optimizer, 0.1),
        Lesson.cloudFeed(),
        Stopping.afterEpochs(2));
  }

  private static Map<String, List<Double>> weights(Module model) {
    Map<String, List<Double>> numbers = new TreeMap<>();
    Learner.weights(model).forEach((name, tensor) -> numbers.put(name, Lesson.numbers(tensor)));
    return numbers;
  }
}
