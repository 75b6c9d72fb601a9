package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.containers.CleanContainer.Said;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.testcontainers.DockerClientFactory;

/** A run that is killed while it writes a checkpoint, and goes on in another container that has its folder. */
@ExtendWith(ContainerReport.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class KilledContainerTest {
  /** Some 1.1 million parameters: a checkpoint of 13 MB takes long enough to be met while it is written. */
  private static final byte[] CONFIG =
      """
      seed: 1
      data: {source: digits, test: 0.2}
      model:
        layers:
          - flatten
          - linear: 1000
          - relu
          - linear: 1000
          - relu
          - linear: 10
      loss: cross_entropy
      optimizer: {kind: adam, lr: 0.001}
      training: {batch: 128, epochs: 3}
      run: {checkpoint_every: 1}
      """
          .getBytes(StandardCharsets.UTF_8);

  private static CleanContainer container(String volume) {
    return CleanContainer.of(Engine.plain())
        .withVolume(volume, "/work")
        .withFile(CONFIG, "/etc/killed.yaml");
  }

  @Test
  void aRunKilledWithinACheckpointGoesOnToTheSameBits() throws IOException, InterruptedException {
    String volume = "tandem-test-" + UUID.randomUUID();
    try {
      try (CleanContainer first = container(volume).started()) {
        // The run that nobody disturbs.
        Said whole =
            first.shell(
                "mkdir /whole && cd /whole && tandem train /etc/killed.yaml --backend cpu && sha256sum runs/*/model.safetensors");
        assertEquals(0, whole.code(), whole::toString);
        // Killed once there is a checkpoint and the next is being written.
        Said killed =
            first.shell(
                """
                cd /work
                tandem train /etc/killed.yaml --backend cpu >/dev/null 2>&1 &
                run=$!
                until [ -e runs/killed-1/checkpoint.safetensors ]; do sleep 0.05; done
                while kill -0 $run; do
                  set -- runs/killed-1/.checkpoint*.tmp
                  if [ -e "$1" ]; then
                    kill -STOP $run # holds it there, if it is not too late
                    sleep 0.1
                    if [ -e "$1" ]; then kill -9 $run; break; fi
                    kill -CONT $run
                  fi
                done
                wait $run
                echo "code $?"
                ls -A runs/killed-1\
                """);
        assertTrue(killed.out().contains("code 137"), killed::toString);
        assertTrue(
            killed.out().stream().anyMatch(file -> file.endsWith(".tmp")),
            () -> "not within a checkpoint: " + killed);
        try (CleanContainer second = container(volume).started()) {
          Said resumed =
              second.shell(
                  "cd /work && tandem train --resume runs/killed-1 --backend cpu && sha256sum runs/*/model.safetensors");
          assertEquals(0, resumed.code(), resumed::toString);
          assertTrue(
              resumed.out().stream().anyMatch(line -> line.startsWith("epoch 3/3")),
              resumed::toString);
          assertEquals(hash(whole), hash(resumed), resumed::toString);
          Said left = second.shell("ls -A /work/runs/killed-1");
          assertTrue(
              left.out().stream().noneMatch(file -> file.endsWith(".tmp")),
              () -> "what the kill left is cleared away: " + left);
        }
      }
    } finally {
      DockerClientFactory.instance().client().removeVolumeCmd(volume).exec();
    }
  }

  private static String hash(Said said) {
    return said.out().getLast().split(" ")[0];
  }
}
