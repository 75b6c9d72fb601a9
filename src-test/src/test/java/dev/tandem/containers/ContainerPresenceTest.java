package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Flag;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** That there are containers where {@code TANDEM_REQUIRE} names docker, and a word on them where there are not. */
@ExtendWith(ContainerPresenceTest.Closing.class)
final class ContainerPresenceTest {
  /** The report's line also where all that it counts is left out. */
  static final class Closing implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) {
      ContainerReport.closing(context);
    }
  }

  @Test
  void theEngineIsThereWhereItIsRequired() {
    if (List.of(Flag.REQUIRE.value().orElse("").split(",")).contains("docker")) {
      assertEquals(Optional.empty(), Engine.absent(), "containers are required by TANDEM_REQUIRE");
    }
  }
}
