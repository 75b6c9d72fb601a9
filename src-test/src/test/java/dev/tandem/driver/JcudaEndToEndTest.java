package dev.tandem.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.Backends;
import dev.tandem.backend.OutOfMemoryException;
import dev.tandem.conformance.Conformance;
import dev.tandem.conformance.ConformanceResult;
import dev.tandem.cuda.CudaBackend;
import dev.tandem.cuda.CudaBackendProvider;
import dev.tandem.cuda.CudaOptions;
import dev.tandem.cuda.EveryKernel;
import dev.tandem.cuda.Kernel;
import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.JcudaDriver;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import dev.tandem.shape.TensorType;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.Lesson;
import dev.tandem.train.Stopping;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The CUDA backend as a user opens it, through JCuda's and JCublas's own native libraries, on a {@link SoftwareCuda} and a
 * {@link SoftwareCublas}: all that a card would be told is told to the software GPU, by the way on which a card would hear it.
 * Where such libraries cannot be loaded, the test is that the binding says so.
 */
final class JcudaEndToEndTest {
  private static final String CUBLAS = "tandem.cublas";
  private static final int EPOCHS = 6;

  private static final String ASTRAY =
      """
      .version 7.8
      .target sm_80
      .address_size 64
      .visible .entry astray(.param .u64 to)
      {
        .reg .b64 %a;
        .reg .b32 %v;
        ld.param.u64 %a, [to];
        mov.u32 %v, 7;
        st.global.u32 [%a], %v;
        ret;
      }
      """;

  @TempDir private static Path folder;

  private static SoftwareCuda cuda;
  private static SoftwareCublas cublas;
  private static Path library;

  @BeforeAll
  static void load() throws IOException {
    if (LoopbackLibrary.supported()) {
      cuda = SoftwareCuda.get();
      library = folder.resolve("libcublas.so.12");
      cublas = SoftwareCublas.load(cuda, library);
      System.setProperty(CUBLAS, library.toString());
    }
  }

  @AfterAll
  static void forget() {
    System.clearProperty(CUBLAS);
  }

  /** Whatever a test does, it has closed all when it ends. */
  @AfterEach
  void nothingIsLeft() {
    if (cuda != null) {
      assertEquals(List.of(), cuda.leftovers());
    }
  }

  /** Runs a test on the backend of that name, and sees that the device refused nothing that the test did not ask for. */
  private static void onCuda(Consumer<Backend> test) {
    if (LoopbackBench.refused()) {
      return;
    }
    cuda.refusals();
    List<String> notes = new ArrayList<>();
    try (Backend backend = Backends.open("cuda", notes::add)) {
      assertEquals(List.of(), notes);
      test.accept(backend);
    } catch (RuntimeException | AssertionError e) { // a code says less than the device
      e.addSuppressed(new AssertionError("the device refused " + cuda.refusals()));
      throw e;
    }
    assertEquals(List.of(), cuda.refusals());
  }

  @Test
  void theBackendTellsItsDeviceAndBindings() {
    onCuda(backend -> {
      assertEquals("cuda:0", backend.name());
      String description = backend.description();
      assertTrue(
          description.matches(
              "cuda:0: Tandem software GPU, compute capability 8\\.0, 1\\.0 GiB, driver jcuda 12\\.\\d+\\.\\d+, cuBLAS 12\\.0\\.0 by jcublas: .*"),
          description);
      assertTrue(description.endsWith("jcublas: " + library), description);
    });
  }

  @Test
  void theDiagnosisTriesTheDevice() {
    List<String> lines = new CudaBackendProvider().diagnosis();
    if (LoopbackBench.refused()) {
      assertEquals(1, lines.size(), lines::toString);
      return;
    }
    assertEquals(5, lines.size(), lines::toString);
    assertTrue(lines.get(0).startsWith("driver: CUDA 13.0, by jcuda 12."), lines::toString);
    assertEquals("cuBLAS 12.0.0 by jcublas: " + library, lines.get(1));
    assertTrue(
        lines.get(3).contains("PTX of " + Kernel.values().length + " kernels loads"),
        lines::toString);
    assertTrue(
        lines.get(4).startsWith("cuda:0: self-test: 5 ops agree with plain loops"),
        lines::toString);
    assertEquals(List.of(), cuda.refusals());
  }

  private static List<String> failures(ConformanceResult result) {
    return Stream.concat(
            result.ops().stream().flatMap(op -> op.failure().stream()), result.lost().stream())
        .toList();
  }

  /** Each kernel's arguments, structs by value among them, arrive as the PTX has its parameters; so do products. */
  @Test
  void everyCaseOfTheConformanceSuitePasses() {
    onCuda(backend -> {
      Map<String, Long> before = cuda.gpu().launches();
      long launches = cuda.calls("cuLaunchKernel");
      long single = cublas.calls("cublasGemmEx");
      long batched = cublas.calls("cublasGemmStridedBatchedEx");
      ConformanceResult result = new Conformance(_ -> true).run(backend, _ -> {});
      assertEquals(List.of(), failures(result));
      assertTrue(result.cases() > 1000, () -> result.cases() + " cases");
      Map<String, Long> asked = new TreeMap<>();
      assertInstanceOf(CudaBackend.class, backend)
          .launches()
          .forEach((kernel, count) -> asked.put(kernel.entry(), count));
      Map<String, Long> done = new TreeMap<>(cuda.gpu().launches());
      before.forEach((kernel, count) -> done.merge(kernel, -count, Long::sum));
      done.values().removeIf(count -> count == 0);
      assertEquals(asked, done, "launches asked for and done");
      assertEquals(sum(asked.values()), cuda.calls("cuLaunchKernel") - launches);
      assertTrue(cublas.calls("cublasGemmEx") > single, "products through JCublas");
      assertTrue(cublas.calls("cublasGemmStridedBatchedEx") > batched, "batches through JCublas");
    });
  }

  /** The kernels that count in 64 bits, and those for more elements than a case has. */
  @Test
  void everyKernelOfTheCatalogueRuns() {
    if (LoopbackBench.refused()) {
      return;
    }
    cuda.refusals();
    try (JcudaDriver driver = JcudaDriver.open();
        CudaBackend backend = CudaBackend.open(driver, 0, EveryKernel.OPTIONS)) {
      EveryKernel.run(backend);
    }
    assertEquals(List.of(), cuda.refusals());
  }

  private static long sum(Collection<Long> counts) {
    return counts.stream().mapToLong(Long::longValue).sum();
  }

  /** Weights, running statistics and losses after a training whose steps are captured. */
  private static List<Object> trained(Backend backend) {
    try (Lesson lesson = Lesson.clouds(backend, Stopping.afterEpochs(EPOCHS))) {
      lesson.trainer.capture(true).run();
      return List.of(lesson.weights(), Lesson.untimed(lesson.trainer.history()));
    }
  }

  @Test
  void aCapturedTrainingIsThatOfTheSoftwareGpuToTheBit() {
    onCuda(backend -> {
      long captures = cuda.calls("cuStreamBeginCapture_v2");
      long replays = cuda.calls("cuGraphLaunch");
      List<Object> through = trained(backend);
      assertTrue(cuda.calls("cuStreamBeginCapture_v2") > captures, "a step is captured");
      assertTrue(cuda.calls("cuGraphLaunch") - replays > 3 * EPOCHS, "most steps are replayed");
      EmulatorOptions options = EmulatorOptions.standard().withMemory(SoftwareCuda.BYTES);
      try (EmulatedDriver driver = EmulatedDriver.open(options);
          Backend direct = CudaBackend.open(driver, 0, CudaOptions.standard("cuda:0"))) {
        assertEquals(trained(direct), through);
      }
    });
  }

  @Test
  void anIndexOutOfRangeIsNamedAtTheNextRead() {
    onCuda(backend -> {
      try (Tensor table = Tensor.of(backend, new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
          Tensor wrong = Tensor.of(backend, new int[] {1, 7}, 2);
          Tensor right = Tensor.of(backend, new int[] {2, 0}, 2)) {
        BackendException failure =
            assertThrows(
                BackendException.class,
                () -> {
                  try (Tensor rows = table.embedding(wrong)) {
                    rows.toFloats();
                  }
                });
        assertEquals(
            "cuda:0: embedding: index is out of range, got 7 at element 1 of (2); indices run from 0 to 2",
            failure.getMessage());
        try (Tensor rows = table.embedding(right)) {
          assertArrayEquals(new float[] {5, 6, 1, 2}, rows.toFloats());
        }
      }
    });
  }

  @Test
  void outOfMemoryIsToldAndSurvived() {
    onCuda(backend -> {
      OutOfMemoryException failure =
          assertThrows(
              OutOfMemoryException.class, () -> backend.allocate(TensorType.f32(3, 1 << 28)));
      String message = failure.getMessage();
      assertTrue(message.startsWith("cuda:0: out of memory, asked for 3221225472 bytes"), message);
      assertTrue(message.contains("of the device's 1073741824 bytes are free"), message);
      List<String> refusals = cuda.refusals();
      assertFalse(refusals.isEmpty());
      refusals.forEach(refusal -> assertTrue(refusal.startsWith("cuMemAlloc_v2: "), refusal));
      try (Tensor x = Tensor.of(backend, new float[] {1, 2, 3}, 3);
          Tensor sum = x.add(1)) {
        assertArrayEquals(new float[] {2, 3, 4}, sum.toFloats());
      }
    });
  }

  /** The code of a kernel's failure comes back from the call that waits, and from all later ones. */
  @Test
  void aKernelThatGoesAstrayLosesTheContext() {
    if (LoopbackBench.refused()) {
      return;
    }
    try (JcudaDriver driver = JcudaDriver.open()) {
      Context context = driver.devices().getFirst().open();
      var stream = context.stream();
      Function kernel = context.load("astray.ptx", ASTRAY).function("astray");
      stream.launch(kernel, LaunchShape.of(1, 1), new Arguments().address(64));
      for (Executable call : List.<Executable>of(stream::synchronize, () -> context.allocate(4))) {
        DriverException failure = assertThrows(DriverException.class, call);
        assertEquals(DriverError.CUDA_ERROR_ILLEGAL_ADDRESS, failure.error());
        assertTrue(failure.getMessage().contains("context is lost"), failure.getMessage());
      }
      assertThrows(DriverException.class, context::close);
    }
    cuda.refusals();
  }

  /** The other binding, on the same library. */
  @Test
  void productsPassThroughForeignFunctions() {
    if (LoopbackBench.refused()) {
      return;
    }
    System.setProperty(CUBLAS, "ffm:" + library);
    try {
      onCuda(backend -> {
        assertTrue(backend.description().contains("cuBLAS 12.0.0 by ffm: " + library));
        long products = cublas.calls("cublasGemmEx");
        ConformanceResult result =
            new Conformance(Set.of("matmul", "conv2d")::contains).run(backend, _ -> {});
        assertEquals(List.of(), failures(result));
        assertTrue(cublas.calls("cublasGemmEx") > products);
      });
    } finally {
      System.setProperty(CUBLAS, library.toString());
    }
  }

  /** What any driver must do, done by JCuda with a device behind it. */
  @TestFactory
  Stream<DynamicTest> driverContract() {
    return Stream.of(new DriverContractTest().contract(), new DriverLifetimeTest().contract())
        .flatMap(List::stream)
        .filter(test -> !test.getDisplayName().startsWith("software GPU"));
  }
}
