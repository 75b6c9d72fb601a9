package dev.tandem.containers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tandem.backend.Flag;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** That there are containers, with GPUs, where {@code TANDEM_REQUIRE} names docker, with cuda, and a word on them where there are not. */
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
    assertEquals(
        Optional.empty(),
        missed(Flag.REQUIRE.value().orElse(""), Engine.absent(), Engine::withoutGpu));
  }

  /** What is required and absent. Docker and cuda, both named, are a GPU in containers too, whatever the machine itself has. */
  private static Optional<String> missed(
      String required, Optional<String> absent, Supplier<Optional<String>> withoutGpu) {
    List<String> kinds = List.of(required.split(","));
    if (!kinds.contains("docker")) {
      return Optional.empty();
    }
    if (absent.isPresent()) {
      return absent.map(reason -> "containers (required by TANDEM_REQUIRE): " + reason);
    }
    return kinds.contains("cuda")
        ? withoutGpu
            .get()
            .map(reason -> "cuda in containers (required by TANDEM_REQUIRE): " + reason)
        : Optional.empty();
  }

  @Test
  void eachKindIsMissedWhereItIsRequiredAndAbsent() {
    Optional<String> nothing = Optional.empty();
    Supplier<Optional<String>> noGpu = () -> Optional.of("no GPU");
    assertEquals(nothing, missed("", Optional.of("no engine"), noGpu));
    assertEquals(nothing, missed("cuda", Optional.of("no engine"), noGpu));
    assertEquals(nothing, missed("docker", nothing, noGpu));
    assertEquals(nothing, missed("docker,cuda", nothing, () -> nothing));
    assertEquals(
        Optional.of("containers (required by TANDEM_REQUIRE): no engine"),
        missed("docker,cuda", Optional.of("no engine"), noGpu));
    assertEquals(
        Optional.of("cuda in containers (required by TANDEM_REQUIRE): no GPU"),
        missed("cuda,docker", nothing, noGpu));
  }
}
