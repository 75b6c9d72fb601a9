package dev.tandem.cli;

import dev.tandem.backend.Availability;
import dev.tandem.backend.Backend;
import dev.tandem.backend.BackendException;
import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
    name = "devices",
    description = "Lists the backends: which can be used, and why the others cannot.",
    mixinStandardHelpOptions = true)
final class DevicesCommand implements Callable<Integer> {
  private final Terminal terminal;

  DevicesCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    Optional<String> automatic = Optional.empty();
    for (BackendProvider provider : Backends.providers()) {
      Availability availability = provider.probe();
      terminal.say(
          provider.kind() + ": " + (availability.usable() ? "can be used" : "cannot be used"));
      terminal.say("  " + (availability.usable() ? described(provider) : availability.reason()));
      if (availability.usable() && automatic.isEmpty()) {
        automatic = Optional.of(provider.kind());
      }
    }
    if (Backends.providers().stream().noneMatch(provider -> provider.kind().equals("cuda"))) {
      terminal.say("cuda: not in this version yet");
    }
    terminal.say("backend: auto takes " + automatic.orElse("none"));
    return automatic.isPresent() ? 0 : Main.FAILED;
  }

  /** What the backend says of itself; a driver that answers a probe may still refuse to open. */
  private static String described(BackendProvider provider) {
    try (Backend backend = provider.open(0)) {
      return backend.description();
    } catch (BackendException | IllegalArgumentException e) {
      return "but opening it failed: " + e.getMessage();
    }
  }
}
