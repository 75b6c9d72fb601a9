package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Opening;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.EpochReport;
import dev.tandem.train.Lesson;
import dev.tandem.train.Stopping;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The switches that look at each op, on the CUDA backend. */
final class SwitchesTest {
  /** Opens CUDA on a software GPU. */
  private static final class Software implements BackendProvider {
    @Override
    public String kind() {
      return "cuda";
    }

    @Override
    public int preference() {
      return 100;
    }

    @Override
    public Availability probe() {
      return Availability.yes("a software GPU");
    }

    @Override
    public long blockBytes(TensorType type) {
      return type.bytes();
    }

    @Override
    public List<String> diagnosis() {
      return List.of("a software GPU");
    }

    @Override
    public Backend open(int device) {
      return CudaBackend.open(
          EmulatedDriver.open(EmulatorOptions.standard().withMemory(1L << 28)),
          device,
          CudaOptions.standard("cuda:" + device));
    }
  }

  private static List<BackendProvider> providers() {
    List<BackendProvider> providers = new ArrayList<>(Backends.providers());
    providers.removeIf(provider -> provider.kind().equals("cuda"));
    providers.addFirst(new Software());
    return providers;
  }

  /** Opens "cuda" with these switches set, as {@code TANDEM_CHECK=1} in the environment would. */
  private static <T> T with(Map<String, String> switches, List<String> notes, Work<T> work) {
    switches.forEach(System::setProperty);
    try (Backend backend = Opening.of("cuda", providers(), notes::add)) {
      return work.on(backend);
    } finally {
      switches.keySet().forEach(System::clearProperty);
    }
  }

  private interface Work<T> {
    T on(Backend backend);
  }

  private static List<Double> losses(Backend backend) {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(3))) {
      lesson.trainer.run();
      return lesson.trainer.history().epochs().stream().map(EpochReport::trainLoss).toList();
    }
  }

  @Test
  void trainingUnderAShadowIsTheSameTraining() {
    List<Double> plain = with(Map.of(), new ArrayList<>(), SwitchesTest::losses);
    List<String> notes = new ArrayList<>();
    assertEquals(plain, with(Map.of("tandem.shadow", "cpu"), notes, SwitchesTest::losses));
    assertEquals(List.of(), notes, "no op was passed over");
  }

  @Test
  void checkingNamesTheOpThatBreaksDown() {
    String message =
        with(
            Map.of("tandem.check", "1"),
            new ArrayList<>(),
            backend -> {
              try (Tensor x = Tensor.of(backend, new float[] {1, 0, 2}, 3)) {
                return assertThrows(BackendException.class, () -> x.add(1).log().sub(1).log())
                    .getMessage();
              }
            });
    assertTrue(
        message.startsWith("log: the result is not finite, got a NaN or infinity at element 0"),
        message);
  }

  @Test
  void debuggingNamesEachOp() {
    List<String> notes = new ArrayList<>();
    float[] y =
        with(
            Map.of("tandem.debug", "2"),
            notes,
            backend -> {
              try (Tensor x = Tensor.of(backend, new float[] {1, 2}, 2)) {
                return x.mul(x).toFloats();
              }
            });
    assertArrayEquals(new float[] {1, 4}, y);
    assertTrue(notes.getFirst().startsWith("backend: cuda:0: "), notes::toString);
    assertTrue(notes.getFirst().contains("cuBLAS"), notes::toString);
    assertEquals("Mul[] [F32 (2), F32 (2)] -> [F32 (2)]", notes.getLast());
  }

  /** No step escapes by being captured, and none is another for being looked at. */
  @Test
  void everyOpOfEveryStepIsLookedAt() {
    List<Double> plain = with(Map.of(), new ArrayList<>(), SwitchesTest::losses);
    List<String> notes = new ArrayList<>();
    assertEquals(plain, with(Map.of("tandem.debug", "2"), notes, SwitchesTest::losses));
    long updates = notes.stream().filter(note -> note.startsWith("Many[rule=Adam[")).count();
    assertEquals(3 * 6, updates, "3 epochs of 6 steps");
    assertEquals(plain, with(Map.of("tandem.check", "1"), notes, SwitchesTest::losses));
  }

  @Test
  void whatLooksAtEachOpSaysWhyItDoesNotCapture() {
    Map.of("tandem.debug", "2", "tandem.check", "1")
        .forEach((property, value) -> {
          String refusal =
              with(
                  Map.of(property, value),
                  new ArrayList<>(),
                  backend -> {
                    assertFalse(backend.captures());
                    return assertThrows(BackendException.class, () -> backend.capture(() -> {}))
                        .getMessage();
                  });
          String name = property.toUpperCase(Locale.ROOT).replace('.', '_') + "=" + value;
          assertTrue(refusal.contains("got " + name + " and a step to record on cuda:0"), refusal);
        });
  }

  /** Ten bits of fraction instead of 23: an error that real F32 does not have, and no larger than that. */
  @Test
  void tf32IsOnlyWhereItIsAskedFor() {
    float[] numbers = new float[64 * 64];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = 1 + (i * 2654435761L % 1000003) / 1000003f;
    }
    double[] worst = new double[2];
    for (int i = 0; i < 2; i++) {
      try (Emulated gpu =
              Emulated.open(CudaOptions.standard("cuda-emulated").withTf32(i == 1), 1L << 28);
          Tensor x = Tensor.of(gpu.backend(), numbers, 64, 64)) {
        assertEquals(i == 1, gpu.backend().description().contains("TF32"));
        float[] y = x.matmul(x).toFloats();
        for (int row = 0; row < 64; row++) {
          double exact = 0;
          for (int k = 0; k < 64; k++) {
            exact += (double) numbers[row * 64 + k] * numbers[k * 64];
          }
          worst[i] = Math.max(worst[i], Math.abs(y[row * 64] - exact) / exact);
        }
      }
    }
    assertTrue(worst[0] < 1e-6, "F32: " + worst[0]);
    assertTrue(worst[1] > 1e-5 && worst[1] < 0x1p-10, "TF32: " + worst[1]);
  }
}
