package dev.tandem.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Buffer;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.nn.Init;
import dev.tandem.nn.Linear;
import dev.tandem.nn.LossFunction;
import dev.tandem.nn.Module;
import dev.tandem.shape.DType;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Random;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.Descent;
import dev.tandem.train.Lesson;
import dev.tandem.train.StepReport;
import dev.tandem.train.Stopping;
import dev.tandem.train.TrainingListener;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** When steps are captured and when not, and what becomes of what they hold. */
final class CapturePolicyTest {
  private static final Stopping SIX_EPOCHS = Stopping.afterEpochs(6);

  /** What a listener makes is freed with the step, whether it was captured or not. */
  @Test
  void whatListenersMakeIsFreed() {
    try (Emulated gpu = Emulated.open();
        Lesson lesson = Lesson.clouds(gpu.backend(), SIX_EPOCHS)) {
      List<Long> open = new ArrayList<>();
      lesson.trainer.listen(
          new TrainingListener() {
            @Override
            public void step(StepReport report) {
              open.add(gpu.backend().memory().buffers());
              Tensor.zeros(gpu.backend(), TensorType.f32(3));
            }
          });
      lesson.trainer.run();
      assertEquals(open.get(20), open.getLast(), open::toString);
    }
  }

  @Test
  void aModelClosedBeforeItsTrainer() {
    try (Emulated gpu = Emulated.open()) {
      long before = gpu.backend().memory().buffers();
      Lesson lesson = Lesson.clouds(gpu.backend(), SIX_EPOCHS);
      lesson.trainer.run();
      lesson.model.close();
      lesson.optimizer.close();
      lesson.trainer.close();
      lesson.trainer.close();
      assertEquals(before, gpu.backend().memory().buffers());
    }
  }

  /** A layer that goes by a count of its own, which no replay would know of. */
  private static final class Counting extends Module {
    private final Linear linear;
    private int calls;

    Counting(Init init) {
      linear = child("linear", new Linear(init, 2, 3));
    }

    @Override
    public Tensor forward(Tensor x) {
      Tensor y = linear.forward(x);
      return training() ? y.mul(1.0 / ++calls) : y;
    }
  }

  @Test
  void stepsThatGoByANumberOnTheHostAreNotCaptured() {
    long[] replays = new long[1];
    try (Emulated gpu = Emulated.open()) {
      Backend backend = Replays.counting(gpu.backend(), replays);
      Counting model = new Counting(new Init(backend, DType.F32, new Random(1)));
      try (Lesson lesson =
          Lesson.of(
              model,
              new LossFunction.CrossEntropy(0),
              optimizer -> Descent.constant(optimizer, 0.1),
              Lesson.cloudFeed(),
              SIX_EPOCHS)) {
        lesson.trainer.run();
        assertEquals(0, replays[0]);
        assertEquals(6 * 6 + 1, model.calls, "each step, and one try to record");
      }
    }
  }

  /** Settings count from the next step on, also where steps have been captured already. */
  @Test
  void settingsMayChangeBetweenRuns() {
    for (boolean looking : new boolean[] {false, true}) {
      long[] replays = new long[1];
      try (Emulated gpu = Emulated.open();
          Lesson lesson = Lesson.clouds(Replays.counting(gpu.backend(), replays), SIX_EPOCHS)) {
        lesson.trainer.listen(Replays.at(15, lesson.trainer::requestStop)).run();
        long first = replays[0];
        assertTrue(first > 4, () -> "replayed " + first + " steps");
        if (looking) {
          lesson.trainer.checkEvery(1); // a look before the update needs a step in two parts
        } else {
          lesson.trainer.capture(false);
        }
        lesson.trainer.run();
        assertEquals(first, replays[0]);
      }
    }
  }

  /** Where a graph's memory is what others lack, the graph goes, and training goes on. */
  @Test
  void whereMemoryIsShortStepsAreNoLongerCaptured() {
    List<Object> results = new ArrayList<>();
    for (boolean captured : new boolean[] {false, true}) {
      CudaOptions options =
          CudaOptions.standard("cuda-emulated").withMemory(OptionalLong.of(2 << 20));
      long[] replays = new long[1];
      long[] until = new long[1];
      try (Emulated gpu = Emulated.open(options, 1L << 28);
          Lesson lesson = Lesson.clouds(Replays.counting(gpu.backend(), replays), SIX_EPOCHS)) {
        lesson.trainer.listen(
            Replays.at(
                20,
                () -> {
                  takeAllThereIs(gpu.backend());
                  until[0] = replays[0];
                }));
        lesson.trainer.capture(captured).run();
        results.add(lesson.weights());
        assertEquals(captured, until[0] > 0);
        assertEquals(until[0], replays[0]);
      }
    }
    assertEquals(results.get(0), results.get(1));
  }

  private static void takeAllThereIs(CudaBackend backend) {
    List<Buffer> all = new ArrayList<>();
    assertThrows(
        OutOfMemoryException.class,
        () -> {
          while (true) {
            all.add(backend.allocate(TensorType.f32(1024)));
          }
        });
    all.forEach(Buffer::close);
  }
}
