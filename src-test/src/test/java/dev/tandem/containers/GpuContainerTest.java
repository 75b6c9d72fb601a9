package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.containers.CleanContainer.Said;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Where the engine offers NVIDIA devices: the bundle in a container with the driver and cuBLAS. */
@ExtendWith(ContainerReport.class)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
final class GpuContainerTest {
  @Test
  @Tag(ContainerReport.GPU)
  void theConformanceSuitePasses() throws IOException, InterruptedException {
    try (CleanContainer container = CleanContainer.of(Engine.cuda()).withGpus().started()) {
      Said devices = container.shell("tandem devices");
      assertEquals("cuda: can be used", devices.out().getFirst(), devices::toString);
      Said said = container.shell("tandem conformance --backend cuda");
      System.out.println(said.out().getLast());
      assertEquals(0, said.code(), said::toString);
      assertTrue(
          said.out().getLast().matches("conformance: oracle \\d+, cuda:0 \\d+; .*"),
          said::toString);
    }
  }

  @Test
  @Tag(ContainerReport.GPU)
  void digitsTrain() throws IOException, InterruptedException {
    try (CleanContainer container = CleanContainer.of(Engine.cuda()).withGpus().started()) {
      Said said =
          container.shell(
              "cd /tmp && tandem train $TANDEM_HOME/examples/digits.yaml --backend cuda");
      assertEquals(0, said.code(), said::toString);
      PlainImageTest.assertAccurate(said);
    }
  }
}
