package dev.tandem.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.backend.Backend;
import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.cuda.CudaBackend;
import dev.tandem.cuda.CudaBackendProvider;
import dev.tandem.cuda.CudaOptions;
import dev.tandem.ptx.EmulatedDriver;
import dev.tandem.ptx.machine.EmulatorOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan says what a run then takes of a GPU: here of one in software. */
final class PlanOnCudaTest {
  private static final String CONFIG =
      """
      precision: PRECISION
      cuda: {capture: false}
      data:
        source: {kind: text, file: FILE, tokens: bytes, length: 16, windows: {kind: random, number: 4}}
        validation: 0.1
        test: 0
      model:
        layers:
          - gpt: {layers: 2, heads: 2, channels: 16, recompute: RECOMPUTE}
      optimizer: {kind: adamw, lr: 0.001}
      training: {batch: 4, micro_batch: 2, epochs: 1}
      """;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"f32, false", "bf16, false", "bf16, true"})
  void aRunTakesWhatIsPlanned(String precision, String recompute) throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "In the beginning. ".repeat(30));
    Path file =
        Files.writeString(
            folder.resolve("planned.yaml"),
            CONFIG
                .replace("PRECISION", precision)
                .replace("RECOMPUTE", recompute)
                .replace("FILE", text.toString()));
    LoadedConfig loaded = LoadedConfig.read(file, List.of());
    Plan plan =
        Plan.of(Prepared.of(loaded, RunData.blank(loaded)), new CudaBackendProvider()::blockBytes);
    try (EmulatedDriver driver =
            EmulatedDriver.open(EmulatorOptions.standard().withMemory(1L << 30));
        Backend backend = CudaBackend.open(driver, 0, CudaOptions.standard("cuda-emulated"))) {
      Prepared prepared = Prepared.of(loaded);
      try (Session session = Session.begun(prepared, backend)) {
        session.trainer().run();
        session.measure(prepared.data().validation().orElseThrow());
      }
      assertEquals(backend.memory().peak(), plan.tensors());
      assertTrue(backend.memory().reserved() >= plan.blocks());
    }
  }
}
