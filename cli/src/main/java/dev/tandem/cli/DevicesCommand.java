package dev.tandem.cli;

import dev.tandem.backend.BackendProvider;
import dev.tandem.backend.Backends;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
    name = "devices",
    description = "Lists the backends: which can be used, and what was found on the way to them.",
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
      boolean usable = provider.probe().usable();
      terminal.say(provider.kind() + ": " + (usable ? "can be used" : "cannot be used"));
      provider.diagnosis().forEach(line -> terminal.say("  " + line));
      if (usable && automatic.isEmpty()) {
        automatic = Optional.of(provider.kind());
      }
    }
    terminal.say("backend: auto takes " + automatic.orElse("none"));
    return automatic.isPresent() ? 0 : Main.FAILED;
  }
}
