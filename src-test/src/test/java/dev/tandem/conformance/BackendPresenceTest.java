package dev.tandem.conformance;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.tandem.backend.Availability;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Flag;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What a run must not go without: the CPU backend always, other kinds when {@code TANDEM_REQUIRE} names them.
 */
@ExtendWith(ConformanceReport.class)
final class BackendPresenceTest {
  /** No backend but the engine of the tests in containers, which look for it themselves. */
  private static final String ENGINE = "docker";

  @Test
  void cpuIsUsableEverywhere() {
    requireUsable("cpu", "the reference backend");
  }

  @Test
  void requiredKindIsUsable() {
    Stream.of(Flag.REQUIRE.value().orElse("").split(","))
        .filter(kind -> !kind.isEmpty() && !kind.equals(ENGINE))
        .forEach(kind -> requireUsable(kind, "required by TANDEM_REQUIRE"));
  }

  private static void requireUsable(String kind, String why) {
    BackendProvider provider =
        Backends.providers().stream()
            .filter(candidate -> candidate.kind().equals(kind))
            .findFirst()
            .orElseGet(() ->
                fail(
                    "backend "
                        + kind
                        + " ("
                        + why
                        + ") is not on the class path, which has "
                        + Backends.providers().stream().map(BackendProvider::kind).toList()));
    Availability availability = provider.probe();
    assertTrue(
        availability.usable(),
        () -> "backend " + kind + " (" + why + ") cannot be used here: " + availability.reason());
  }
}
