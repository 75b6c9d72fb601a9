package dev.tandem.cli;

import dev.tandem.cli.ui.UiServer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "ui",
    description = {
      "Shows runs in a browser of this machine, as they go: their curves side by side, and the report of each.",
      "Every user of this machine can reach it, for it asks for no password; other machines cannot.",
      "To look from elsewhere: ssh -L 7070:localhost:7070 MACHINE"
    },
    mixinStandardHelpOptions = true)
final class UiCommand implements Callable<Integer> {
  private static final int PORTS = 65_535;

  private final Terminal terminal;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "FOLDER",
      defaultValue = "runs",
      description = "Where the runs are. Default: ${DEFAULT-VALUE}")
  private Path runs;

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "7070",
      description = "Where to listen; 0: any port that is free. Default: ${DEFAULT-VALUE}")
  private int port;

  UiCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    if (port < 0 || port > PORTS) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "--port must be 0 to " + PORTS + ", got " + port + "; 7070 is usual");
    }
    try (UiServer server = new UiServer(runs, port)) {
      terminal.say(
          "runs of "
              + runs.toAbsolutePath().normalize()
              + ": http://localhost:"
              + server.port()
              + "/ (Ctrl-C ends)");
      new CountDownLatch(1).await();
      return 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }
}
